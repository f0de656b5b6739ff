"""Checks before a start: the keys, the accounts, and the files in ``DATA_DIR``.

Only this module creates ``secrets.env``, and only for a new installation.
"""

import logging
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connections, router
from django.db.migrations.executor import MigrationExecutor

from inbox.models import Credential, DecisionHead, append_only
from inbox.people import vault
from inbox.services.audit import chain, decision_log, entry_count, log_status
from reviewer_site import private_files, secrets
from reviewer_site.environment import Misconfigured

log = logging.getLogger(__name__)

ENGINE = "engine"
"""The app whose tables are in another database, which this process may not have."""

LOST = (
    "restore secrets.env from a backup, or set CREDENTIAL_KEYS to the keys it had; if they are "
    'lost for good, run manage.py reseal_decisions --reason "…"'
)


class StartRefused(Exception):
    """The installation must not start; ``str()`` of it is one sentence for the operator."""


def prepare() -> None:
    """Check the keys against the database; create ``secrets.env`` and the log's first head if they
    are missing. Raises ``StartRefused``.
    """
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
        if _has_tables():
            decision_log.begin()
            if is_new and connections["default"].vendor == "postgresql":
                # Another machine of the installation; its keys have been checked.
                entry_count.join(decision_log.head())
    except DatabaseError as error:
        why = str(error).partition("\n")[0]
        raise StartRefused(f"The database cannot be used: {why}.") from error


def is_migrated() -> bool:
    """Whether all migrations were applied. Read each time, since a newer release may have migrated
    or rolled back while this process runs. Raises ``DatabaseError`` or ``InterfaceError``.
    """
    executor = MigrationExecutor(connections["default"])
    own = [node for node in executor.loader.graph.leaf_nodes() if node[0] != ENGINE]
    return not executor.migration_plan(own)


def report_log() -> None:
    """Report a decision log that is not intact or not protected against changes. A long log is
    verified later, in the background.
    """
    if _has_tables():
        append_only.log_missing_triggers(using=router.db_for_read(DecisionHead))
        log_status.log_verifier.report(log_status.inspect().verdict)


def make_secrets() -> None:
    """Create ``secrets.env``, or read the one that another process has just created. Raises
    ``StartRefused``.
    """
    try:
        created = secrets.create(settings.DATA_DIR, settings.GIVEN_SECRETS)
    except Misconfigured as error:
        raise StartRefused(str(error)) from None
    settings.SECRETS = created
    settings.SECRET_KEY = created.secret_key
    settings.CREDENTIAL_KEYS = created.credential_keys
    if settings.EMBEDDED:
        settings.MOBIUS_API_KEY = created.service_key()


def before_an_account(instance: Any, **_: Any) -> None:
    """Receiver of ``pre_save`` that creates the secrets before the first account."""
    if instance._state.adding and not settings.SECRETS.stored:
        prepare()


def secure_files() -> None:
    """Set the product's own files to 0600, and warn if others can access their folder."""
    databases = [
        Path(options["NAME"])
        for options in settings.DATABASES.values()
        if options["ENGINE"] == "reviewer_site.sqlite"
    ]
    try:
        private_files.restrict(settings.DATA_DIR, databases)
    except OSError as error:
        log.warning("%s cannot be made private: %s.", error.filename, error.strerror)
    if private_files.others_can_enter(settings.DATA_DIR):
        log.warning(
            "Other accounts on this machine can access DATA_DIR %s. Restrict it with chmod 700.",
            settings.DATA_DIR,
        )


def _problem() -> str:
    """Why these keys do not belong to this database; empty if they do."""
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


def _has_tables() -> bool:
    """Whether the database was migrated."""
    connection = connections[router.db_for_read(DecisionHead)]
    return DecisionHead._meta.db_table in connection.introspection.table_names()
