"""How many passwords may be tried, for every form that takes one: sign-in, the admin's, and the
change of one's own.

django-axes records failures and answers a refused try. It knows one limit only, so ours are here:

- ``AXES_FAILURE_LIMIT`` for one name from one address, counted by axes;
- ``PER_ADDRESS`` in ``WINDOW`` from one address, whatever the names;
- ``PER_NAME`` in ``WINDOW`` for one name. From then on the name takes one try each ``TURN``, and
  from the same address one each ``TURN_OF_ADDRESS``: else two that take every turn would keep out
  everybody else.

A browser that has signed in as the name before, and whoever is signed in as it, are bounded by
their own failures alone (``OWN`` in ``WINDOW``): nobody else can lock them out.

A refused try is not looked at and does not count as a failure.
"""

import math
from datetime import datetime, timedelta
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_ip_address, get_client_username, get_cool_off
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from inbox.models import KnownFailure, SignInTurn
from inbox.people import known_browser

WINDOW = timedelta(minutes=15)
PER_ADDRESS = 100
PER_NAME = 20
TURN = timedelta(seconds=10)
TURN_OF_ADDRESS = timedelta(minutes=1)
OWN = 5
KEEP_FAILURES = timedelta(days=7)
KEEP_SIGN_INS = timedelta(days=90)


class Throttle(AxesDatabaseHandler):
    """The handler of django-axes, with our limits."""

    def is_allowed(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        """The password may be looked at now. Where tries are taken in turns, this one is taken."""
        username = get_client_username(request, credentials) or ""
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
        """Count a failure; that of somebody who is known also by itself."""
        refused = getattr(request, "axes_locked_out", False)
        super().user_login_failed(sender, credentials, request, **kwargs)
        known = request and _known_as(request, get_client_username(request, credentials) or "")
        if request and known and not refused:
            KnownFailure.objects.create(by=known)
            # axes has said what holds for others.
            locked = _until(_failures_of(known), OWN, timezone.now()) is not None
            request.axes_locked_out = locked  # type: ignore[attr-defined]

    def user_logged_in(self, sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
        """The right password: failures before it no longer count."""
        super().user_logged_in(sender, request, user, **kwargs)
        _failures_of(_account(user), _browser(request, user.get_username())).delete()

    def reset_attempts(self, **which: Any) -> int:
        """An operator ends the pauses (``axes_reset``): of those who are known, all."""
        KnownFailure.objects.all().delete()
        return int(super().reset_attempts(**which))

    def remove_out_of_limit_failure_logs(self, **_: Any) -> int:
        """Nothing: they are what is counted. ``tidy`` removes the old ones."""
        return 0


def wait(request: HttpRequest, username: str) -> timedelta:
    """How long this browser has to wait before it may try ``username``; zero for not at all."""
    now = timezone.now()
    known = _known_as(request, username)
    until = [_until(_failures_of(known), OWN, now)] if known else _waits(request, username, now)
    return max([now, *(each for each in until if each is not None)]) - now


def seconds_to_wait(request: HttpRequest, username: str) -> int:
    """Whole seconds after which a browser that was just refused may try again; at least one."""
    return max(1, math.ceil(wait(request, username).total_seconds()))


def tidy() -> None:
    """Forget old failures, sign-ins and turns."""
    now = timezone.now()
    AccessAttempt.objects.filter(attempt_time__lte=now - get_cool_off()).delete()
    AccessFailureLog.objects.filter(attempt_time__lte=now - KEEP_FAILURES).delete()
    AccessLog.objects.filter(attempt_time__lte=now - KEEP_SIGN_INS).delete()
    SignInTurn.objects.filter(next_at__lte=now).delete()
    KnownFailure.objects.filter(attempt_time__lte=now - WINDOW).delete()


def _known_as(request: HttpRequest, username: str) -> str:
    """Whom this try is counted for; empty where it is anybody's."""
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated and user.get_username() == username:
        return _account(user)
    return _browser(request, username)


def _account(user: Any) -> str:
    return f"account {user.pk}"


def _browser(request: HttpRequest, username: str) -> str:
    browser = known_browser.known_as(request, username)
    return f"browser {browser} as {username}" if browser else ""


def _failures_of(*known: str) -> QuerySet[KnownFailure]:
    return KnownFailure.objects.filter(by__in=known)


def _waits(request: HttpRequest, username: str, now: datetime) -> list[datetime | None]:
    """When each limit allows a try by somebody who is not known."""
    address = get_client_ip_address(request)
    from_address = AccessFailureLog.objects.filter(ip_address=address)
    until = [_pair_until(username, address, now), _until(from_address, PER_ADDRESS, now)]
    if _in_turns(username):
        until += _ahead(now).filter(username=username).values_list("next_at", flat=True)
        of_both = from_address.filter(username=username)
        until.append(_until(of_both, 1, now, window=TURN_OF_ADDRESS))
    return until


def _pair_until(username: str, address: str | None, now: datetime) -> datetime | None:
    """When a name has fewer failures from an address than the limit. axes counts them in a row for
    each kind of browser, and forgets a row some time after its last failure.
    """
    cool_off = get_cool_off()
    rows = AccessAttempt.objects.filter(username=username, ip_address=address)
    rows = rows.filter(attempt_time__gt=now - cool_off).order_by("attempt_time")
    counted = list(rows.values_list("attempt_time", "failures_since_start"))
    left, until = sum(failures for _, failures in counted), None
    for at, failures in counted:
        if left >= settings.AXES_FAILURE_LIMIT:
            until = at + cool_off
        left -= failures
    return until


def _until(
    failures: QuerySet[Any], limit: int, now: datetime, *, window: timedelta = WINDOW
) -> datetime | None:
    """When fewer than ``limit`` of the failures are in the window; None where so it is now."""
    recent = failures.filter(attempt_time__gt=now - window).order_by("-attempt_time")
    times = list(recent.values_list("attempt_time", flat=True)[limit - 1 : limit])
    return times[0] + window if times else None


def _in_turns(username: str) -> bool:
    """Too many have failed as ``username``."""
    failures = AccessFailureLog.objects.filter(username=username)
    return _until(failures, PER_NAME, timezone.now()) is not None


def _take_turn(username: str) -> bool:
    """Take the turn; False where another browser was faster."""
    now = timezone.now()
    turns, next_at = SignInTurn.objects.filter(username=username), now + TURN
    if turns.exclude(pk__in=_ahead(now)).update(next_at=next_at):
        return True
    return SignInTurn.objects.get_or_create(username=username, defaults={"next_at": next_at})[1]


def _ahead(now: datetime) -> QuerySet[SignInTurn]:
    """The turns to wait for. One that is further ahead than any that was taken while this try
    waited for the database is of a time before the clock was set back.
    """
    return SignInTurn.objects.filter(next_at__gt=now, next_at__lte=now + 2 * TURN)
