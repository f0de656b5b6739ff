"""Claiming a group's question, and releasing it.

Mobius decides who has a claim. A request is sent once. Unless it plainly succeeds, the question is
read, and the outcome says what that shows: claimed by the person or someone else, closed, or free.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from asgiref.sync import sync_to_async
from django.db import transaction
from django.utils import timezone

from inbox import access
from inbox.access import Refusal, Viewer, viewer_of
from inbox.answering.command import READ_WITHIN, Command, execute
from inbox.answering.look_up import apply_snapshot, look_up
from inbox.answering.outcome import Kind, Outcome, facts_of
from inbox.answering.question import NotAsked, find_asked
from inbox.audit import decision_log
from inbox.audit.decision_log import entry_by
from inbox.audit.origin import BACKGROUND, Origin
from inbox.mirror.snapshots import Payload
from inbox.mobius.errors import Denied, InvalidResponse, MobiusError, RateLimited, Unauthorized
from inbox.models import ActionAttempt, Decision, Interaction, Reviewer, Upstream
from inbox.people import credentials
from inbox.people.clients import NoCredential, RequestCredential, member_credential

log = logging.getLogger(__name__)


class Verb(StrEnum):
    CLAIM = "claim"
    RELEASE = "release"

    def refusal(self, viewer: Viewer, item: Interaction) -> Refusal | None:
        if self is Verb.CLAIM:
            return access.why_not_claim(viewer, item)
        return access.why_not_release(viewer, item)

    def done(self, viewer: Viewer, item: Interaction) -> bool:
        if not item.pending:
            return False
        if self is Verb.CLAIM:
            return access.has_claimed(viewer, item)
        return not item.claimed_by


@dataclass(frozen=True)
class ClaimCommand(Command[Interaction]):
    """``by``: the account that asked for it, if that is not the reviewer's own."""

    verb: Verb
    reviewer: Reviewer
    viewer: Viewer
    item: Interaction
    credential: RequestCredential
    attempt: ActionAttempt
    by: str = ""

    async def send(self) -> Payload:
        client, id = self.credential.client(), self.item.mobius_id
        claims = self.verb is Verb.CLAIM
        interaction = await (client.claim(id) if claims else client.release(id))
        if interaction.id != id:
            raise InvalidResponse("Mobius returned a different question.")
        return interaction

    async def read(self, *, within: float = READ_WITHIN) -> Payload:
        return await look_up(self.item.mobius_id, within=within)

    def on_accepted(self, response: Payload) -> Outcome[Interaction] | None:
        item, _ = _settle(self.attempt, self.viewer, response, accepted=True, by=self.by)
        credentials.mark_used(self.reviewer)
        return _conclusive_outcome(self.verb, self.viewer, item)

    def on_not_sent(self, error: MobiusError) -> Outcome[Interaction]:
        self.attempt.delete()
        return Outcome(Kind.UNREACHABLE, self.item, self.verb)

    def on_error(self, error: MobiusError, snapshot: Payload | None) -> Outcome[Interaction]:
        if isinstance(error, Unauthorized):
            credentials.mark_refused(self.reviewer)
        self.attempt.note_failure(error.status)
        if snapshot is None:
            return _unconfirmed(self.verb, self.item, error)
        item, took_place = _settle(self.attempt, self.viewer, snapshot, by=self.by)
        if took_place:
            credentials.mark_used(self.reviewer)
        return _conclusive_outcome(self.verb, self.viewer, item) or _unchanged(
            self.verb, item, error
        )


async def claim(
    *, reviewer: Reviewer, interaction_id: str, origin: Origin = BACKGROUND
) -> Outcome[Interaction]:
    """Claim the question; someone else's claim stays.

    Raises ``NotAsked``, even for a question to a single person.
    """
    ready = await sync_to_async(_prepare)(Verb.CLAIM, reviewer, interaction_id, origin)
    return await execute(ready)


async def release(
    *, reviewer: Reviewer, interaction_id: str, origin: Origin = BACKGROUND, by: str = ""
) -> Outcome[Interaction]:
    """Only the person who claimed it can release it, so their token is used even if the account
    ``by`` requests it. Raises ``NotAsked``.
    """
    ready = await sync_to_async(_prepare)(Verb.RELEASE, reviewer, interaction_id, origin, by)
    return await execute(ready)


async def recheck(verb: Verb, *, reviewer: Reviewer, interaction_id: str) -> Outcome[Interaction]:
    """Reads the question and sends nothing, after a response was lost.

    ``NOT_RECORDED`` means that it can be sent again. Raises as ``claim``.
    """
    viewer, item = await sync_to_async(_group_item)(reviewer, interaction_id)
    try:
        snapshot = await look_up(interaction_id)
    except MobiusError as error:
        return _unconfirmed(verb, item, error)
    return await sync_to_async(_rechecked)(verb, reviewer, viewer, item, snapshot)


def _rechecked(
    verb: Verb, reviewer: Reviewer, viewer: Viewer, item: Interaction, snapshot: Payload
) -> Outcome[Interaction]:
    sent = ActionAttempt.objects.filter(
        verb=verb, reviewer=reviewer, upstream=item.upstream, interaction_id=item.mobius_id
    )
    for attempt in sent.select_related("reviewer", "upstream"):
        _settle(attempt, viewer, snapshot)
    apply_snapshot(snapshot).publish()
    item.refresh_from_db()
    return _conclusive_outcome(verb, viewer, item) or Outcome(Kind.NOT_RECORDED, item, verb)


def _group_item(reviewer: Reviewer, interaction_id: str) -> tuple[Viewer, Interaction]:
    viewer = viewer_of(reviewer.user)
    item = find_asked(viewer, interaction_id)
    if item.target_type != "group":
        raise NotAsked(interaction_id)
    return viewer, item


def _prepare(
    verb: Verb, reviewer: Reviewer, interaction_id: str, origin: Origin, by: str = ""
) -> ClaimCommand | Outcome[Interaction]:
    """Mobius checks other people's claims: the mirror may not know of a release yet."""
    viewer, item = _group_item(reviewer, interaction_id)
    refusal = verb.refusal(viewer, item)
    if refusal in (Refusal.NO_CLAIMS, Refusal.CLOSED):
        return Outcome(Kind(refusal), item, verb)
    try:
        credential = member_credential(reviewer)
    except NoCredential as none:
        return Outcome(Kind.NO_CREDENTIAL, item, verb, lost=none.lost)
    attempt = ActionAttempt.objects.create(
        reviewer=reviewer,
        upstream_id=item.upstream_id,
        interaction_id=item.mobius_id,
        verb=verb,
        address=origin.address,
        was_claimed=access.has_claimed(viewer, item),
        question_updated_at=item.updated_at,
        created_at=timezone.now(),
    )
    return ClaimCommand(verb, reviewer, viewer, item, credential, attempt, by)


async def settle_open() -> None:
    for attempt, viewer in await sync_to_async(_all_open)():
        try:
            snapshot = await look_up(attempt.interaction_id)
        except MobiusError as error:
            log.info("open claims are still waiting: %s", error)
            return
        await sync_to_async(_settle)(attempt, viewer, snapshot)


def _all_open() -> list[tuple[ActionAttempt, Viewer]]:
    rows = ActionAttempt.objects.filter(upstream=Upstream.current(), verb__in=list(Verb))
    attempts = rows.select_related("reviewer__user", "upstream").order_by("pk")
    return [(attempt, viewer_of(attempt.reviewer.user)) for attempt in attempts]


def _conclusive_outcome(
    verb: Verb, viewer: Viewer, item: Interaction
) -> Outcome[Interaction] | None:
    """None if the question is as it was before."""
    if verb.done(viewer, item):
        return Outcome(Kind.CLAIMED if verb is Verb.CLAIM else Kind.RELEASED, item, verb)
    refusal = verb.refusal(viewer, item)
    if refusal in (Refusal.CLOSED, Refusal.CLAIMED_BY_ANOTHER, Refusal.NO_CLAIMS):
        return Outcome(Kind(refusal), item, verb)
    return None


def _unconfirmed(verb: Verb, item: Interaction, error: MobiusError) -> Outcome[Interaction]:
    kind = Kind.RATE_LIMITED if isinstance(error, RateLimited) else Kind.UNCONFIRMED
    return Outcome(kind, item, verb, checked=False, retry_after=error.retry_after)


def _unchanged(verb: Verb, item: Interaction, error: MobiusError) -> Outcome[Interaction]:
    match error:
        case Unauthorized():
            kind = Kind.TOKEN_REFUSED
        case Denied():
            kind = Kind.NOT_ACCEPTED
        case RateLimited():
            kind = Kind.RATE_LIMITED
        case _:
            kind = Kind.STILL_OPEN
    return Outcome(kind, item, verb, **facts_of(error))


def _settle(
    attempt: ActionAttempt,
    viewer: Viewer,
    snapshot: Payload,
    *,
    accepted: bool = False,
    by: str = "",
) -> tuple[Interaction, bool]:
    """Apply ``snapshot``, log the change if the attempt made it, publish; True if it took effect.

    ``accepted``: the response had the question.
    """
    with transaction.atomic():
        changes = apply_snapshot(snapshot, attempt.upstream)
        item = Interaction.objects.get(
            upstream_id=attempt.upstream_id, mobius_id=attempt.interaction_id
        )
        at = _changed_at(attempt, viewer, item)
        took_place = at is not None and (accepted or _of_attempt(attempt, at))
        if at is not None and took_place:
            _log(attempt, viewer, item, at, None if accepted else attempt.http_status, by=by)
        if took_place or accepted or attempt.given_up:
            # Not attempt.delete(): the instance is settled again if the response showed nothing.
            ActionAttempt.objects.filter(pk=attempt.pk).delete()
    changes.publish()
    return item, took_place


def _changed_at(attempt: ActionAttempt, viewer: Viewer, item: Interaction) -> datetime | None:
    """None if the question is not in the requested state, or was in it before."""
    if item.updated_at <= attempt.question_updated_at:
        return None
    if attempt.verb == Verb.CLAIM:
        return item.claimed_at if access.has_claimed(viewer, item) else None
    return None if item.claimed_by else item.updated_at


def _of_attempt(attempt: ActionAttempt, at: datetime) -> bool:
    if attempt.verb != Verb.CLAIM and not attempt.was_claimed:
        return False
    return attempt.may_have_made(at)


def _log(
    attempt: ActionAttempt,
    viewer: Viewer,
    item: Interaction,
    at: datetime,
    http_status: int | None,
    *,
    by: str,
) -> None:
    """Two simultaneous requests make one claim, which is logged once."""
    entries = Decision.objects.of(item.upstream).filter(verb=attempt.verb, at=at)
    own = entries.filter(interaction_id=item.mobius_id, actor=viewer.mobius_id or "")
    if own.exists():
        return
    decision_log.append(
        entry_by(
            attempt.reviewer,
            verb=attempt.verb,
            upstream=item.upstream,
            origin=Origin(attempt.address),
            at=at,
            item=item,
            credential_kind="member",
            value={"by": by} if by else None,
            http_status=http_status,
        )
    )
