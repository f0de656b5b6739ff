"""Checks settings, disk space, database, clock and keys."""

import os
import shutil
import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connections, transaction

from inbox.management.findings import Finding, Verdict
from inbox.models import Credential, Upstream
from inbox.people import rotation
from reviewer_site import private_files
from reviewer_site.environment import is_loopback

MEGABYTE = 1_000_000
TOO_LITTLE_SPACE = 200 * MEGABYTE
LITTLE_SPACE = 1000 * MEGABYTE
CLOCK_MAY_DIFFER = timedelta(seconds=5)
CLOCK_MUST_AGREE = timedelta(minutes=1)
"""Beyond this, answers made here count as made elsewhere."""


def examine() -> list[Finding]:
    return [*_settings(), *_space(), *_database(), _keys()]


def _settings() -> list[Finding]:
    """A malformed setting ends the command before this."""
    findings = [
        Finding(
            Verdict.FAILS if message.level >= checks.ERROR else Verdict.TO_DO,
            f"{message.msg} {message.hint or ''}".rstrip(),
        )
        for message in checks.run_checks(tags=[checks.Tags.database], databases=["default"])
    ]
    local = is_loopback(urlsplit(settings.PUBLIC_URL).hostname or "")
    if settings.DEBUG:
        text = "DEBUG is on, so error pages show source code and settings. Set DEBUG=off."
        findings.append(Finding(Verdict.TO_DO if local else Verdict.FAILS, text))
    if local and not is_loopback(settings.BIND_ADDRESS):
        text = (
            f"BIND_ADDRESS {settings.BIND_ADDRESS} opens the port to the network without HTTPS. "
            "Put a proxy with a certificate in front, and set PUBLIC_URL to its address."
        )
        findings.append(Finding(Verdict.TO_DO, text))
    if private_files.others_can_enter(settings.DATA_DIR):
        text = (
            f"Other accounts on this machine can enter DATA_DIR {settings.DATA_DIR}. "
            f"Run chmod 700 {settings.DATA_DIR}."
        )
        findings.append(Finding(Verdict.TO_DO, text))
    return findings or [Finding(Verdict.OK, f"Settings: valid. DATA_DIR: {settings.DATA_DIR}.")]


def _space() -> list[Finding]:
    """The free space for ``DATA_DIR`` and for SQLite's databases, once for each disk."""
    folders = [settings.DATA_DIR]
    folders += [
        Path(options["NAME"]).parent
        for options in settings.DATABASES.values()
        if options["ENGINE"] == "reviewer_site.sqlite"
    ]
    disks = {os.stat(folder).st_dev: folder for folder in reversed(folders) if folder.exists()}
    return [_space_of(folder) for folder in disks.values()]


def _space_of(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    text = f"Free space for {folder}: {free / (1000 * MEGABYTE):.1f} GB."
    if free < TOO_LITTLE_SPACE:
        more = "Free up space now: on a full disk, no answers can be sent."
        return Finding(Verdict.FAILS, f"{text} {more}")
    if free < LITTLE_SPACE:
        return Finding(Verdict.TO_DO, f"{text} Free up space before it is full.")
    return Finding(Verdict.OK, text)


def _database() -> list[Finding]:
    """Write and roll back, and compare the clocks."""
    connection = connections["default"]
    name = f"{connection.display_name} {connection.settings_dict['NAME']}"
    try:
        with transaction.atomic():
            upstream = Upstream.lock_current()
            upstream.save(update_fields=["tally_zone"])
            transaction.set_rollback(True)
        findings = [Finding(Verdict.OK, f"Database: {name} can be read and written.")]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                before = time.time()
                cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
                (theirs,) = cursor.fetchone()
            middle = (before + time.time()) / 2
            offset = timedelta(seconds=float(theirs) - middle)
            findings.append(clock("the database", offset))
    except DatabaseError as error:
        why = str(error).partition("\n")[0]
        text = (
            f"Database: {name} can't be written to: {why}. Check that it's running, that its "
            "disk has free space and that this account can write to it."
        )
        return [Finding(Verdict.FAILS, text)]
    return findings


def clock(whose: str, offset: timedelta) -> Finding:
    """How far this machine's clock is from another. ``offset`` is theirs minus ours."""
    away = abs(offset)
    if away <= CLOCK_MAY_DIFFER:
        return Finding(Verdict.OK, f"Clock: agrees with that of {whose}.")
    seconds = round(away.total_seconds())
    side = "behind" if offset > timedelta() else "ahead of"
    text = (
        f"Clock: {seconds} s {side} that of {whose}. Synchronise both, for example with chrony "
        "or systemd-timesyncd."
    )
    return Finding(Verdict.FAILS if away > CLOCK_MUST_AGREE else Verdict.TO_DO, text)


def _keys() -> Finding:
    if lost := rotation.lost():
        text = (
            "Keys: they can't decrypt the member tokens or second factors of "
            f"{', '.join(lost)}. Add the key that encrypted them to CREDENTIAL_KEYS. If that key "
            "is lost, remove these people's second factors in the admin and have them add their "
            "token again on the Account page."
        )
        return Finding(Verdict.FAILS, text)
    count = Credential.objects.count()
    return Finding(Verdict.OK, f"Keys: they decrypt all member tokens ({count}).")
