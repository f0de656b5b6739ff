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
from inbox.mirror.snapshots import Payload
from inbox.mobius.errors import Denied, InvalidResponse, MobiusError, RateLimited, Unauthorized
from inbox.models import ClaimAttempt, Decision, Interaction, Reviewer, Upstream
from inbox.models.attempt import SKEW
from inbox.people import credentials
from inbox.people.clients import NoCredential, RequestCredential, member_credential
from inbox.services.audit import decision_log
from inbox.services.audit.decision_log import entry_by
from inbox.services.command import READ_WITHIN, Command, execute
from inbox.services.look_up import apply_snapshot, look_up
from inbox.services.origin import BACKGROUND, Origin
from inbox.services.outcome import Kind, Outcome, facts_of
from inbox.services.question import NotAsked, find_asked

log = logging.getLogger(__name__)


class Verb(StrEnum):
    """The two operations, as the decision log calls them."""

    CLAIM = "claim"
    RELEASE = "release"

    def refusal(self, viewer: Viewer, item: Interaction) -> Refusal | None:
        """Why the viewer cannot do this, as far as the mirror knows."""
        if self is Verb.CLAIM:
            return access.why_not_claim(viewer, item)
        return access.why_not_release(viewer, item)

    def done(self, viewer: Viewer, item: Interaction) -> bool:
        """Whether the question shows the requested state."""
        if not item.pending:
            return False
        if self is Verb.CLAIM:
            return access.has_claimed(viewer, item)
        return not item.claimed_by


@dataclass(frozen=True)
class ClaimCommand(Command[Interaction]):
    """A claim or a release whose attempt is stored. ``by``: the account that asked for it, if that
    is not the reviewer's own.
    """

    verb: Verb
    reviewer: Reviewer
    viewer: Viewer
    item: Interaction
    credential: RequestCredential
    attempt: ClaimAttempt
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
        """As with answers, only the question tells whether Mobius accepted it."""
        if isinstance(error, Unauthorized):
            credentials.mark_refused(self.reviewer)
        _note_failure(self.attempt, error.status)
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
    """Claim the question as ``reviewer``, so that no one else spends time on it.

    Someone else's claim stays. Raises ``NotAsked``, even for a question to a single person.
    """
    ready = await sync_to_async(_prepare)(Verb.CLAIM, reviewer, interaction_id, origin)
    return await execute(ready)


async def release(
    *, reviewer: Reviewer, interaction_id: str, origin: Origin = BACKGROUND, by: str = ""
) -> Outcome[Interaction]:
    """Release the question to its group. Only the person who claimed it can, so their token is used
    even if someone else, with the account ``by``, requests it. Raises ``NotAsked``.
    """
    ready = await sync_to_async(_prepare)(Verb.RELEASE, reviewer, interaction_id, origin, by)
    return await execute(ready)


async def recheck(verb: Verb, *, reviewer: Reviewer, interaction_id: str) -> Outcome[Interaction]:
    """The outcome of a claim or a release whose response never reached the person who sent it.

    Reads the question and sends nothing. ``NOT_RECORDED`` means that it can be sent again. Raises
    as ``claim``.
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
    sent = ClaimAttempt.objects.filter(
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
    """Check and store the claim or release; an outcome if there is nothing to send.

    Mobius checks whether someone else has claimed it: the mirror may not know of a release yet.
    """
    viewer, item = _group_item(reviewer, interaction_id)
    refusal = verb.refusal(viewer, item)
    if refusal in (Refusal.NO_CLAIMS, Refusal.CLOSED):
        return Outcome(Kind(refusal), item, verb)
    try:
        credential = member_credential(reviewer)
    except NoCredential as none:
        return Outcome(Kind.NO_CREDENTIAL, item, verb, lost=none.lost)
    attempt = ClaimAttempt.objects.create(
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
    """Settle every claim and release of unknown outcome. Called at start and every minute."""
    for attempt, viewer in await sync_to_async(_all_open)():
        try:
            snapshot = await look_up(attempt.interaction_id)
        except MobiusError as error:
            log.info("open claims are still waiting: %s", error)
            return
        await sync_to_async(_settle)(attempt, viewer, snapshot)


def _all_open() -> list[tuple[ClaimAttempt, Viewer]]:
    rows = ClaimAttempt.objects.filter(upstream=Upstream.current())
    attempts = rows.select_related("reviewer__user", "upstream").order_by("pk")
    return [(attempt, viewer_of(attempt.reviewer.user)) for attempt in attempts]


def _conclusive_outcome(
    verb: Verb, viewer: Viewer, item: Interaction
) -> Outcome[Interaction] | None:
    """The outcome that the question shows; None if it is as it was before."""
    if verb.done(viewer, item):
        return Outcome(Kind.CLAIMED if verb is Verb.CLAIM else Kind.RELEASED, item, verb)
    refusal = verb.refusal(viewer, item)
    if refusal in (Refusal.CLOSED, Refusal.CLAIMED_BY_ANOTHER, Refusal.NO_CLAIMS):
        return Outcome(Kind(refusal), item, verb)
    return None


def _unconfirmed(verb: Verb, item: Interaction, error: MobiusError) -> Outcome[Interaction]:
    """The outcome if the question could not be read after the request."""
    kind = Kind.RATE_LIMITED if isinstance(error, RateLimited) else Kind.UNCONFIRMED
    return Outcome(kind, item, verb, checked=False, retry_after=error.retry_after)


def _unchanged(verb: Verb, item: Interaction, error: MobiusError) -> Outcome[Interaction]:
    """The outcome if the request was refused or lost, and the question is unchanged."""
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


def _note_failure(attempt: ClaimAttempt, http_status: int | None) -> None:
    """Store the status of a failed request; None if there was no response."""
    if http_status is not None:
        attempt.http_status, attempt.ended_at = http_status, timezone.now()
        attempt.save(update_fields=["http_status", "ended_at"])


def _settle(
    attempt: ClaimAttempt,
    viewer: Viewer,
    snapshot: Payload,
    *,
    accepted: bool = False,
    by: str = "",
) -> tuple[Interaction, bool]:
    """Apply ``snapshot`` to the mirror, log the change if the attempt made it, and publish.

    Returns the current row, and whether the attempt took effect. ``accepted``: the response had the
    question. The attempt is deleted once its outcome is known.
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
            ClaimAttempt.objects.filter(pk=attempt.pk).delete()
    changes.publish()
    return item, took_place


def _changed_at(attempt: ClaimAttempt, viewer: Viewer, item: Interaction) -> datetime | None:
    """When the question changed to the requested state; None if it has not, or was in it before."""
    if item.updated_at <= attempt.question_updated_at:
        return None
    if attempt.verb == Verb.CLAIM:
        return item.claimed_at if access.has_claimed(viewer, item) else None
    return None if item.claimed_by else item.updated_at


def _of_attempt(attempt: ClaimAttempt, at: datetime) -> bool:
    """Whether a change at that time is this attempt's, if no response says so."""
    if attempt.verb != Verb.CLAIM and not attempt.was_claimed:
        return False
    ended = attempt.ended_at or timezone.now()
    return attempt.created_at - SKEW <= at <= ended + SKEW


def _log(
    attempt: ClaimAttempt,
    viewer: Viewer,
    item: Interaction,
    at: datetime,
    http_status: int | None,
    *,
    by: str,
) -> None:
    """Log each change once: two simultaneous requests make one claim."""
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
