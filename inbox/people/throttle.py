"""Limits of password attempts, for every form with a password: sign-in, the admin's, and changing
one's own.

django-axes records failures and refuses attempts. It supports one limit only, so ours are here:

- ``AXES_FAILURE_LIMIT`` for one name from one address, counted by axes;
- ``PER_ADDRESS`` in ``WINDOW`` from one address, whatever the names;
- ``PER_NAME`` in ``WINDOW`` for one name. Beyond that, the name gets one attempt per ``TURN``, and
  one per ``TURN_OF_ADDRESS`` from the same address: otherwise one attacker could take every turn.

A browser that has signed in with the name before, and someone who is signed in, are limited by
their own failures alone (``PER_KNOWN`` in ``WINDOW``): no one else can lock them out.

Codes of the second factor are limited for each account (``PER_KNOWN`` in ``WINDOW``): who gets that
far knows the password. Requests for a sign-in link are limited for each address (``PER_ADDRESS`` in
``WINDOW``).

A refused attempt is not checked and does not count as a failure.
"""

import math
from datetime import datetime, timedelta
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from inbox.lib.addresses import counted_address
from inbox.models import KnownFailure, SignInTurn
from inbox.people import known_browser

WINDOW = timedelta(minutes=15)
PER_ADDRESS = 100
PER_NAME = 20
TURN = timedelta(seconds=10)
TURN_OF_ADDRESS = timedelta(minutes=1)
PER_KNOWN = 5
KEEP_FAILURES = timedelta(days=7)
KEEP_SIGN_INS = timedelta(days=90)


class Throttle(AxesDatabaseHandler):
    def is_allowed(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        """Takes the name's turn, if it has turns."""
        username = _username(request, credentials)
        if wait(request, username):
            return False
        return bool(_known_as(request, username)) or not _in_turns(username) or _take_turn(username)

    def user_login_failed(
        self,
        sender: Any,
        credentials: dict[str, Any],
        request: HttpRequest | None = None,
        **kwargs: Any,
    ) -> None:
        refused = getattr(request, "axes_locked_out", False)
        super().user_login_failed(sender, credentials, request, **kwargs)
        known = request and _known_as(request, _username(request, credentials))
        if request and known and not refused:
            KnownFailure.objects.create(by=known)
            # axes has set this for unknown browsers, whose limits are others.
            locked = _until(_failures_of(known), PER_KNOWN, timezone.now()) is not None
            request.axes_locked_out = locked  # type: ignore[attr-defined]

    def user_logged_in(self, sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
        """A correct password deletes the failures before it."""
        super().user_logged_in(sender, request, user, **kwargs)
        _failures_of(_account(user), _browser(request, user.get_username())).delete()

    def reset_attempts(self, **filters: Any) -> int:
        """For ``axes_reset``; deletes those of known browsers and people in any case."""
        KnownFailure.objects.all().delete()
        return int(super().reset_attempts(**filters))

    def remove_out_of_limit_failure_logs(self, **_: Any) -> int:
        """Keep them: they are what is counted. ``tidy`` deletes old ones."""
        return 0


def wait(request: HttpRequest, username: str) -> timedelta:
    now = timezone.now()
    known = _known_as(request, username)
    until = (
        [_until(_failures_of(known), PER_KNOWN, now)] if known else _waits(request, username, now)
    )
    return max([now, *(at for at in until if at is not None)]) - now


def seconds_to_wait(request: HttpRequest, username: str) -> int:
    """At least one."""
    return max(1, math.ceil(wait(request, username).total_seconds()))


def seconds_until_code(user: Any) -> int:
    now = timezone.now()
    until = _until(_failures_of(_codes(user)), PER_KNOWN, now)
    return 0 if until is None else max(1, math.ceil((until - now).total_seconds()))


def code_failed(user: Any) -> None:
    KnownFailure.objects.create(by=_codes(user))


def code_worked(user: Any) -> None:
    _failures_of(_codes(user)).delete()


def seconds_until_link(request: HttpRequest) -> int:
    now = timezone.now()
    until = _until(_failures_of(_links(request)), PER_ADDRESS, now)
    return 0 if until is None else max(1, math.ceil((until - now).total_seconds()))


def link_asked(request: HttpRequest) -> None:
    KnownFailure.objects.create(by=_links(request))


def tidy() -> None:
    now = timezone.now()
    AccessAttempt.objects.filter(attempt_time__lte=now - settings.AXES_COOLOFF_TIME).delete()
    AccessFailureLog.objects.filter(attempt_time__lte=now - KEEP_FAILURES).delete()
    AccessLog.objects.filter(attempt_time__lte=now - KEEP_SIGN_INS).delete()
    SignInTurn.objects.filter(next_at__lte=now).delete()
    KnownFailure.objects.filter(attempt_time__lte=now - WINDOW).delete()


def _username(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    return (credentials or request.POST).get("username") or ""


def _known_as(request: HttpRequest, username: str) -> str:
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated and user.get_username() == username:
        return _account(user)
    return _browser(request, username)


def _account(user: Any) -> str:
    return f"account {user.pk}"


def _codes(user: Any) -> str:
    return f"codes of {user.pk}"


def _links(request: HttpRequest) -> str:
    return f"links to {counted_address(request)}"


def _browser(request: HttpRequest, username: str) -> str:
    browser = known_browser.name_of_browser(request, username)
    return f"browser {browser} as {username}" if browser else ""


def _failures_of(*known: str) -> QuerySet[KnownFailure]:
    return KnownFailure.objects.filter(by__in=known)


def _waits(request: HttpRequest, username: str, now: datetime) -> list[datetime | None]:
    address = counted_address(request)
    from_address = AccessFailureLog.objects.filter(ip_address=address)
    until = [_pair_until(username, address, now), _until(from_address, PER_ADDRESS, now)]
    if _in_turns(username):
        until += _ahead(now).filter(username=username).values_list("next_at", flat=True)
        of_both = from_address.filter(username=username)
        until.append(_until(of_both, 1, now, window=TURN_OF_ADDRESS))
    return until


def _pair_until(username: str, address: str | None, now: datetime) -> datetime | None:
    """axes has a row for each user agent, which counts until ``AXES_COOLOFF_TIME`` after its last
    failure.
    """
    cool_off = settings.AXES_COOLOFF_TIME
    rows = AccessAttempt.objects.filter(username=username, ip_address=address)
    rows = rows.filter(attempt_time__gt=now - cool_off, attempt_time__lte=now + cool_off)
    rows = rows.order_by("attempt_time")
    counted = list(rows.values_list("attempt_time", "failures_since_start"))
    remaining, until = sum(failures for _, failures in counted), None
    for at, failures in counted:
        if remaining >= settings.AXES_FAILURE_LIMIT:
            until = at + cool_off
        remaining -= failures
    return until


def _until(
    failures: QuerySet[Any], limit: int, now: datetime, *, window: timedelta = WINDOW
) -> datetime | None:
    """When fewer than ``limit`` of the failures are in the window; None if that is so now."""
    # One that is impossibly far ahead is from before the clock was set back.
    recent = failures.filter(attempt_time__gt=now - window, attempt_time__lte=now + window)
    recent = recent.order_by("-attempt_time")
    times = list(recent.values_list("attempt_time", flat=True)[limit - 1 : limit])
    return times[0] + window if times else None


def _in_turns(username: str) -> bool:
    failures = AccessFailureLog.objects.filter(username=username)
    return _until(failures, PER_NAME, timezone.now()) is not None


def _take_turn(username: str) -> bool:
    """False if another browser was faster."""
    now = timezone.now()
    turns, next_at = SignInTurn.objects.filter(username=username), now + TURN
    if turns.exclude(pk__in=_ahead(now)).update(next_at=next_at):
        return True
    return SignInTurn.objects.get_or_create(username=username, defaults={"next_at": next_at})[1]


def _ahead(now: datetime) -> QuerySet[SignInTurn]:
    """One that is impossibly far ahead is from before the clock was set back."""
    return SignInTurn.objects.filter(next_at__gt=now, next_at__lte=now + 2 * TURN)
