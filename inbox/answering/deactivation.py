"""Deactivating the account of a person who leaves.

First the account is switched off, so that it can start nothing new and its streams end; the same
transaction withdraws the held answers. Then the claims are released with the person's own token,
the token is removed, and the sessions are deleted. If the process ends in between, deactivating the
person again does the rest.
"""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from time import monotonic

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q, QuerySet

from inbox import access
from inbox.access import Viewer, viewer_of
from inbox.answering import attempts, checkers, claiming, returned
from inbox.answering.claiming import Verb
from inbox.answering.outcome import Kind, Outcome
from inbox.answering.question import NotAsked
from inbox.audit import decision_log
from inbox.audit.decision_log import entry_by_actor
from inbox.audit.origin import BACKGROUND, Origin, current_actor
from inbox.lib.page_slots import release_slot
from inbox.live import topics
from inbox.live.bus import get_bus
from inbox.models import (
    ActionAttempt,
    Attempt,
    BatchItem,
    Credential,
    Interaction,
    Notice,
    OneTimeLink,
    Reviewer,
    Upstream,
)
from inbox.notify import notices
from inbox.people import device_sign_ins, member_tokens, sessions

WITHDRAWN = "answer_withdrawn"
TRY_FOR = 10.0
"""Seconds for which releases are retried while Mobius can't be reached or limits requests."""
TRY_AGAIN_AFTER = 1.0

_TEMPORARY = (Kind.UNREACHABLE, Kind.UNCONFIRMED, Kind.RATE_LIMITED, Kind.STILL_OPEN)
_WITHOUT_TOKEN = (Kind.NO_CREDENTIAL, Kind.TOKEN_REFUSED)
_NO_CLAIM_LEFT = (Kind.CLOSED, Kind.CLAIMED_BY_ANOTHER, Kind.NO_CLAIMS)


class Reason(StrEnum):
    YOURSELF = "yourself"
    LAST_ADMINISTRATOR = "last_administrator"


class NotDeactivated(Exception):
    """Nothing has changed."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Blocked(StrEnum):
    """``CLAIMED``: nobody else can answer while the person's claim lasts. ``ALONE``: nobody else
    was asked or can review it. ``NEEDED``: the others are too few.
    """

    CLAIMED = "claimed"
    ALONE = "alone"
    NEEDED = "needed"


@dataclass(frozen=True)
class Left:
    """``blocked`` are those that can't be completed without the person, soonest due first."""

    blocked: tuple[tuple[Interaction, Blocked], ...]
    others: int


@dataclass(frozen=True)
class Deactivated:
    """``answers``: withdrawn held ones. ``kept``: outcomes of claims that could not be released."""

    answers: int
    released: int
    kept: tuple[Outcome[Interaction], ...]
    token: bool
    sessions: int
    left: Left


async def deactivate(
    *, reviewer: Reviewer, by: Reviewer | None = None, origin: Origin = BACKGROUND
) -> Deactivated:
    """``by`` is None for a command.

    Raises ``NotDeactivated`` for one's own account and for the last administrator.
    """
    answers = await sync_to_async(_switch_off)(reviewer, by)
    released, kept = await _release_claims(reviewer, origin)
    token, ended = await sync_to_async(_shut_out)(reviewer)
    left = await sync_to_async(left_open)(reviewer)
    await sync_to_async(_tell_leads)(reviewer, left)
    get_bus().publish([topics.runs()])
    return Deactivated(answers, released, kept, token=token, sessions=ended, left=left)


def why_not(reviewer: Reviewer, by: Reviewer | None) -> Reason | None:
    if reviewer == by:
        return Reason.YOURSELF
    active = get_user_model().objects.filter(is_active=True, is_superuser=True)
    others = active.exclude(pk=reviewer.user_id)
    is_one = active.filter(pk=reviewer.user_id).exists()
    return Reason.LAST_ADMINISTRATOR if is_one and not others.exists() else None


def is_unfinished(reviewer: Reviewer) -> bool:
    """It was deactivated in another way, or the process ended too early."""
    upstream = Upstream.current()
    return (
        Credential.objects.filter(reviewer=reviewer).exists()
        or _held(reviewer, upstream).exists()
        or _waiting_in_batches(reviewer, upstream).exists()
        or bool(sessions.open_sessions(reviewer.user))
    )


def held_answers(reviewer: Reviewer) -> int:
    upstream = Upstream.current()
    return _held(reviewer, upstream).count() + _waiting_in_batches(reviewer, upstream).count()


def claims_of(reviewer: Reviewer) -> QuerySet[Interaction]:
    """The open questions that the person has claimed, or is claiming right now."""
    upstream, own = Upstream.current(), reviewer.mobius_id
    rows = Interaction.objects.pending().filter(upstream=upstream)
    if not own:
        return rows.none()
    requests = ActionAttempt.objects.filter(reviewer=reviewer, upstream=upstream, verb=Verb.CLAIM)
    being_claimed = Q(mobius_id__in=requests.values("interaction_id"))
    return rows.filter(Q(claimed_by=own) | being_claimed, target_type="group").order_by("pk")


def left_open(reviewer: Reviewer) -> Left:
    if not reviewer.mobius_id:
        return Left((), 0)
    rows = Interaction.objects.open().filter(
        upstream=Upstream.current(),
        recipients__user_id=reviewer.mobius_id,
        recipients__open__in=(True,),
    )
    rows = rows.defer("raw", "context", "message")
    items = rows.order_by(F("due_at").asc(nulls_last=True), "pk")
    viewer = viewer_of(reviewer.user)
    missing = {user_id for item in items for user_id in (*item.missing, *item.checkers)}
    switched_off = Reviewer.objects.filter(mobius_id__in=missing, user__is_active=False)
    unable = {reviewer.mobius_id, *switched_off.values_list("mobius_id", flat=True)}
    reasons = [(item, _blocked(viewer, item, unable)) for item in items]
    blocked = tuple((item, reason) for item, reason in reasons if reason is not None)
    return Left(blocked, len(reasons) - len(blocked))


def _blocked(viewer: Viewer, item: Interaction, unable: Collection[str | None]) -> Blocked | None:
    """``unable`` are the person and those who were deactivated before."""
    if item.in_review:
        others = [user_id for user_id in item.checkers if user_id not in unable]
        return None if others else Blocked.ALONE
    if access.has_claimed(viewer, item) and item.takes_one_answer:
        return Blocked.CLAIMED
    others = [user_id for user_id in item.missing if user_id not in unable]
    if not others and (item.target_type == "user" or item.takes_one_answer):
        return Blocked.ALONE
    return Blocked.NEEDED if item.is_short_of(unable) else None


@transaction.atomic
def _tell_leads(reviewer: Reviewer, left: Left) -> None:
    """Of the questions that can't be completed any more because too few people are left, and of
    those that no one else reviews.
    """
    reviews = [item.mobius_id for item, _ in left.blocked if item.in_review]
    checkers.tell_leads(Upstream.current(), reviews)
    short = [item for item, reason in left.blocked if reason is Blocked.NEEDED]
    leads = Reviewer.objects.filter(user__is_active=True, user__groups__name=access.TEAM_LEAD)
    for lead in leads if short else ():
        for item in short:
            notices.notify(
                lead,
                Notice.Kind.TOO_FEW_LEFT,
                upstream_id=item.upstream_id,
                interaction_id=item.mobius_id,
                sender=reviewer.mobius_id or "",
                sender_name=reviewer.name,
            )


@transaction.atomic
def _switch_off(reviewer: Reviewer, by: Reviewer | None) -> int:
    """Returns the number of withdrawn answers."""
    upstream = Upstream.lock_current()
    member_tokens.lock(reviewer.user)
    user: User = get_user_model().objects.select_for_update().get(pk=reviewer.user_id)
    if (reason := why_not(reviewer, by)) is not None:
        raise NotDeactivated(reason)
    if user.is_active:
        user.is_active = False
        user.save(update_fields=["is_active"])
    reviewer.user.is_active = False
    OneTimeLink.objects.filter(user=user).delete()
    device_sign_ins.discard(reviewer)
    return _withdraw(reviewer, upstream)


def _held(reviewer: Reviewer, upstream: Upstream) -> QuerySet[Attempt]:
    return Attempt.objects.filter(
        reviewer=reviewer, upstream=upstream, state=Attempt.State.HELD
    ).order_by("pk")


def _waiting_in_batches(reviewer: Reviewer, upstream: Upstream) -> QuerySet[BatchItem]:
    return BatchItem.objects.filter(
        batch__reviewer=reviewer,
        batch__upstream=upstream,
        batch__confirmed_at__isnull=False,
        batch__finished_at=None,
        state=BatchItem.State.WAITING,
    ).order_by("pk")


def _withdraw(reviewer: Reviewer, upstream: Upstream) -> int:
    """The sender and the batches check the account before each request, so nothing is sent
    afterwards.
    """
    withdrawn = []
    for attempt in _held(reviewer, upstream).select_related("reviewer__user", "upstream"):
        if attempts.give_up_held(attempt):
            returned.bring_back(attempt, Kind.DEACTIVATED)
            withdrawn.append(attempt.interaction_id)
    waiting = list(_waiting_in_batches(reviewer, upstream))
    BatchItem.objects.filter(
        pk__in=[item.pk for item in waiting], state=BatchItem.State.WAITING
    ).update(state=BatchItem.State.FAILED, outcome=Kind.DEACTIVATED)
    withdrawn += [item.interaction_id for item in waiting]
    _log_withdrawn(reviewer, upstream, withdrawn)
    return len(withdrawn)


def _log_withdrawn(reviewer: Reviewer, upstream: Upstream, ids: list[str]) -> None:
    items = {
        item.mobius_id: item
        for item in Interaction.objects.filter(upstream=upstream, mobius_id__in=ids)
    }
    decision_log.append(
        *(
            entry_by_actor(
                verb=WITHDRAWN,
                upstream=upstream,
                item=items.get(id_),
                value={"user": reviewer.mobius_id or reviewer.user.get_username()},
            )
            for id_ in ids
        )
    )


async def _release_claims(
    reviewer: Reviewer, origin: Origin
) -> tuple[int, tuple[Outcome[Interaction], ...]]:
    """Also releases claims made in the meantime. Returns the number released and the other
    outcomes.
    """
    released = 0
    kept: list[Outcome[Interaction]] = []
    tried: set[int] = set()
    failed: Outcome[Interaction] | None = None
    by, until = current_actor().account, monotonic() + TRY_FOR
    while claims := await sync_to_async(_untried)(reviewer, tried):
        for item in claims:
            tried.add(item.pk)
            if failed is not None:
                # The others would fail for the same reason.
                kept.append(replace(failed, subject=item))
                continue
            outcome = await _release(reviewer, item, origin, by, until=until)
            if outcome.kind is Kind.RELEASED:
                if item.claimed_by == reviewer.mobius_id:
                    released += 1
            elif outcome.kind not in _NO_CLAIM_LEFT:
                kept.append(outcome)
            if outcome.kind in (*_TEMPORARY, *_WITHOUT_TOKEN):
                failed = outcome
    return released, tuple(kept)


def _untried(reviewer: Reviewer, tried: Iterable[int]) -> list[Interaction]:
    return list(claims_of(reviewer).exclude(pk__in=tried))


async def _release(
    reviewer: Reviewer, item: Interaction, origin: Origin, by: str, *, until: float
) -> Outcome[Interaction]:
    while True:
        try:
            outcome = await claiming.release(
                reviewer=reviewer, interaction_id=item.mobius_id, origin=origin, by=by
            )
        except NotAsked:
            return Outcome(Kind.NOT_ALLOWED, item, Verb.RELEASE)
        pause = max(TRY_AGAIN_AFTER, outcome.retry_after or 0.0)
        if outcome.kind not in _TEMPORARY or monotonic() + pause > until:
            return outcome
        async with release_slot():
            await asyncio.sleep(pause)


def _shut_out(reviewer: Reviewer) -> tuple[bool, int]:
    had_token = Credential.objects.filter(reviewer=reviewer).exists()
    member_tokens.revoke([reviewer])
    return had_token, sessions.sign_out_everywhere(reviewer.user)
