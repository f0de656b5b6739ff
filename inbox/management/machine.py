import shutil
import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connections, transaction

from inbox.lib import private_files
from inbox.lib.addresses import is_loopback
from inbox.lib.outage import is_disk_full
from inbox.lib.process_name import HOST, PREFIX
from inbox.management.findings import Finding, Verdict
from inbox.models import Credential, Upstream
from inbox.people import rotation
from inbox.processes import lease
from inbox.upstream import installation

MEGABYTE = 1_000_000
TOO_LITTLE_SPACE = 200 * MEGABYTE
LITTLE_SPACE = 1000 * MEGABYTE
CLOCK_MAY_DIFFER = timedelta(seconds=5)
CLOCK_MUST_AGREE = timedelta(minutes=1)
"""Beyond this, answers made here count as made elsewhere."""

OWN_CONNECTIONS = 3
"""Connections of each process beside the pool."""
# Other accounts' sessions are counted, but pg_stat_activity has no details of them.
CONNECTIONS = """
SELECT current_setting('max_connections')::int
    - current_setting('superuser_reserved_connections')::int,
  (SELECT sum(numbackends) FROM pg_stat_database)::int,
  count(*), count(DISTINCT application_name)
FROM pg_stat_activity
WHERE datname = current_database() AND starts_with(application_name, %(here)s)
"""


def examine() -> list[Finding]:
    return [*_settings(), *map(_space_of, installation.folders()), *_database(), _keys()]


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
            findings += [clock("the database", offset), _connections(), _leader()]
    except DatabaseError as error:
        why = str(error).partition("\n")[0]
        if is_disk_full(error):
            text = f"Database: {name} can't be written to, because its disk is full. Free up space."
            return [Finding(Verdict.FAILS, text)]
        text = (
            f"Database: {name} can't be written to: {why}. Check that it's running and that this "
            "account can write to it."
        )
        return [Finding(Verdict.FAILS, text)]
    return findings


def _connections() -> Finding:
    """Beside other inboxes on the same server."""
    with connections["default"].cursor() as cursor:
        cursor.execute(CONNECTIONS, {"here": f"{PREFIX}{HOST}-"})
        allowed, are_open, own, processes = cursor.fetchone()
    more = settings.DATABASE_CONNECTIONS + OWN_CONNECTIONS * max(processes, 1)
    text = (
        f"Connections: {are_open} of PostgreSQL's {allowed} are open, {own} of them by this "
        f"machine, which may open {more}."
    )
    if are_open - own + more <= allowed:
        return Finding(Verdict.OK, text)
    return Finding(
        Verdict.TO_DO, f"{text} Lower DATABASE_CONNECTIONS, or raise PostgreSQL's max_connections."
    )


def _leader() -> Finding:
    if name := lease.leader():
        return Finding(Verdict.OK, f"Leader: {name} (host and process) syncs with Mobius.")
    text = "No process leads, so nothing is synced. Start the inbox, or look into its log."
    return Finding(Verdict.TO_DO, text)


def clock(whose: str, offset: timedelta) -> Finding:
    """``offset`` is theirs minus ours."""
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
