"""Checks before a start. Only this module creates ``secrets.env``, once for an installation."""

import logging
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connections, router
from django.db.migrations.executor import MigrationExecutor

from inbox.audit import anchor, chain, decision_log, log_status
from inbox.lib import private_files, secrets
from inbox.lib.startup import Misconfigured, StartRefused
from inbox.models import Credential, DecisionHead, append_only
from inbox.people import vault

log = logging.getLogger(__name__)

ENGINE = "engine"
"""The app whose tables are in another database, which this process may not have."""

LOST = (
    "restore secrets.env from a backup, or set CREDENTIAL_KEYS to the keys it had; if they are "
    'lost for good, run manage.py reseal_decisions --reason "…"'
)


def prepare() -> None:
    """Also creates ``secrets.env`` and the log's first head. Raises ``StartRefused``."""
    try:
        problem = _problem()
        if problem and not settings.SECRETS.stored and (settings.DATA_DIR / secrets.FILE).exists():
            # Another process has created it since this one started, and the first account after it.
            make_secrets()
            problem = _problem()
        if problem:
            raise StartRefused(f"{problem}: {LOST}.")
        is_new = not settings.SECRETS.stored
        if is_new:
            make_secrets()
        elif not settings.VAPID_KEY:
            _add_vapid_key()
        if _has_tables():
            decision_log.begin()
            if is_new and connections["default"].vendor == "postgresql":
                # Another machine of the installation; its keys have been checked.
                anchor.join(decision_log.head())
            anchor.appender.begin_copy(decision_log.head())
    except DatabaseError as error:
        why = str(error).partition("\n")[0]
        raise StartRefused(f"The database cannot be used: {why}.") from error


def is_migrated() -> bool:
    """Read each time, since another release may have migrated. Raises ``DatabaseError`` or
    ``InterfaceError``.
    """
    executor = MigrationExecutor(connections["default"])
    own = [node for node in executor.loader.graph.leaf_nodes() if node[0] != ENGINE]
    return not executor.migration_plan(own)


def report_log() -> None:
    """A long log is verified later, in the background."""
    if _has_tables():
        append_only.log_missing_triggers(using=router.db_for_read(DecisionHead))
        log_status.log_verifier.report(log_status.inspect().verdict)


def make_secrets() -> None:
    """Another process may have created ``secrets.env`` meanwhile. Raises ``StartRefused``."""
    try:
        created = secrets.create(settings.DATA_DIR, settings.GIVEN_SECRETS)
    except Misconfigured as error:
        raise StartRefused(str(error)) from None
    settings.SECRETS = created
    settings.SECRET_KEY = created.secret_key
    settings.CREDENTIAL_KEYS = created.credential_keys
    settings.VAPID_KEY = created.vapid_key
    if settings.EMBEDDED:
        settings.MOBIUS_API_KEY = created.service_key()


def _add_vapid_key() -> None:
    try:
        settings.SECRETS = secrets.add_vapid_key(settings.DATA_DIR, settings.GIVEN_SECRETS)
    except Misconfigured as error:
        log.warning("Web push isn't offered. %s", error)
    settings.VAPID_KEY = settings.SECRETS.vapid_key


def before_an_account(instance: Any, **_: Any) -> None:
    if instance._state.adding and not settings.SECRETS.stored:
        prepare()


def folders() -> list[Path]:
    found = [file.parent for file in _sqlite_files()] + [settings.DATA_DIR]
    return list({os.stat(folder).st_dev: folder for folder in found if folder.exists()}.values())


def secure_files() -> None:
    """Also warns if others can access their folder."""
    try:
        private_files.restrict(settings.DATA_DIR, _sqlite_files())
    except OSError as error:
        log.warning("%s cannot be made private: %s.", error.filename, error.strerror)
    if private_files.others_can_enter(settings.DATA_DIR):
        log.warning(
            "Other accounts on this machine can access DATA_DIR %s. Restrict it with chmod 700.",
            settings.DATA_DIR,
        )


def _problem() -> str:
    """Empty if these keys belong to this database."""
    if not _has_tables():
        return ""
    if not settings.CREDENTIAL_KEYS and get_user_model().objects.exists():
        return (
            f"{settings.DATA_DIR / secrets.FILE} is missing, and the database already has accounts"
        )
    head = DecisionHead.objects.first()
    if head is not None and not chain.sealed(head):
        return "None of the keys matches the head of the decision log"
    tokens = Credential.objects.values_list("sealed", flat=True).iterator(chunk_size=200)
    if Credential.objects.exists() and not any(map(vault.opens, tokens)):
        return "None of the keys can decrypt any stored member token"
    return ""


def _sqlite_files() -> list[Path]:
    return [
        Path(connection.settings_dict["NAME"])
        for connection in connections.all()
        if connection.vendor == "sqlite"
    ]


def _has_tables() -> bool:
    connection = connections[router.db_for_read(DecisionHead)]
    return DecisionHead._meta.db_table in connection.introspection.table_names()
