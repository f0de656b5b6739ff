"""Accepting what was submitted, or requesting changes.

A request for a review names no round, so the question is read first: it must not meet answers that
the person has not seen. Then the attempt is stored and sent once. Unless the response shows the
review, the question is read again, and the outcome says what that shows. A review that may have
arrived is never repeated by itself.
"""

import logging
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from asgiref.sync import sync_to_async
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from inbox import access
from inbox.access import Refusal, Viewer, viewer_of
from inbox.answering import draft, unread
from inbox.answering.command import READ_WITHIN, Command, execute, is_uncertain
from inbox.answering.look_up import apply_snapshot, look_up
from inbox.answering.outcome import Kind, Outcome, facts_of
from inbox.answering.question import AccountDeactivated, NotAsked, find_own
from inbox.audit import decision_log
from inbox.audit.decision_log import entry_by
from inbox.audit.origin import BACKGROUND, Origin
from inbox.lib.instants import read_instant
from inbox.mirror.snapshots import Payload
from inbox.mobius.errors import (
    Conflict,
    Denied,
    InvalidResponse,
    MobiusError,
    RateLimited,
    Unauthorized,
)
from inbox.models import ActionAttempt, Decision, Interaction, Reviewer, Upstream
from inbox.models.decision import ACCEPT, REQUEST_CHANGES
from inbox.models.interaction import ACCEPTED, CHANGES_REQUESTED
from inbox.people import credentials
from inbox.people.clients import NoCredential, RequestCredential, member_credential
from inbox.processes.answer_lock import StillAnswering, answering

log = logging.getLogger(__name__)


class Verb(StrEnum):
    ACCEPT = ACCEPT
    REQUEST_CHANGES = REQUEST_CHANGES

    @property
    def shown_as(self) -> str:
        """The action in the question's lifecycle."""
        return ACCEPTED if self is Verb.ACCEPT else CHANGES_REQUESTED

    @property
    def kind(self) -> Kind:
        return Kind.ACCEPTED if self is Verb.ACCEPT else Kind.CHANGES_REQUESTED


@dataclass(frozen=True)
class Review:
    """What a person decides, of the ``round`` that the page showed; None for the present one."""

    reviewer: Reviewer
    interaction_id: str
    verb: Verb
    comment: str = ""
    round: int | None = None
    origin: Origin = BACKGROUND


@dataclass(frozen=True)
class ReviewCommand(Command[Interaction]):
    review: Review
    viewer: Viewer
    item: Interaction
    credential: RequestCredential
    attempt: ActionAttempt

    @property
    def run_id(self) -> str:
        return self.item.run_id or ""

    async def send(self) -> Payload:
        interaction = await self.credential.client().review(
            self.item.mobius_id, action=self.attempt.verb, comment=self.attempt.comment or None
        )
        if interaction.id != self.item.mobius_id:
            raise InvalidResponse("Mobius returned a different question.")
        return interaction

    async def read(self, *, within: float = READ_WITHIN) -> Payload:
        return await look_up(self.item.mobius_id, within=within)

    def on_accepted(self, response: Payload) -> Outcome[Interaction]:
        self.attempt.accepted_at = timezone.now()
        self.attempt.save(update_fields=["accepted_at"])
        credentials.mark_used(self.review.reviewer)
        item = _settle(self.attempt, self.viewer, response)
        return _shown(self.review, self.viewer, item, self.attempt.round) or self._outcome(
            Kind.RECEIVED, item
        )

    def on_not_sent(self, error: MobiusError) -> Outcome[Interaction]:
        self.attempt.delete()
        return self._outcome(Kind.UNREACHABLE, self.item)

    def on_error(self, error: MobiusError, snapshot: Payload | None) -> Outcome[Interaction]:
        if isinstance(error, Unauthorized):
            credentials.mark_refused(self.review.reviewer)
        self.attempt.note_failure(error.status)
        if snapshot is None:
            kind = Kind.RATE_LIMITED if isinstance(error, RateLimited) else Kind.UNCONFIRMED
            outcome = self._outcome(kind, self.item)
            return replace(outcome, checked=False, retry_after=error.retry_after)
        item = _settle(self.attempt, self.viewer, snapshot)
        if not is_uncertain(error):
            ActionAttempt.objects.filter(pk=self.attempt.pk).delete()
        shown = _shown(self.review, self.viewer, item, self.attempt.round)
        return shown or self._outcome(_kind_of(error), item, error)

    def _outcome(
        self, kind: Kind, item: Interaction, error: MobiusError | None = None
    ) -> Outcome[Interaction]:
        facts = {} if error is None else facts_of(error)
        return Outcome(kind, item, self.review.verb, **facts)


async def review(review: Review) -> Outcome[Interaction]:
    """Raises ``NotAsked`` unless the question asks the person or they check it."""
    try:
        async with answering(review.reviewer.pk, review.interaction_id):
            viewer, item = await sync_to_async(_found)(review)
            if access.why_not_review(viewer, item) is Refusal.OWN_WORK:
                return Outcome(Kind.OWN_WORK, item, review.verb)
            try:
                snapshot = await look_up(review.interaction_id)
            except MobiusError as error:
                return await sync_to_async(_unread)(review, item, error)
            return await execute(await sync_to_async(_prepare)(review, viewer, item, snapshot))
    except StillAnswering:
        _, item = await sync_to_async(_found)(review)
        return Outcome(Kind.UNCONFIRMED, item, review.verb)


async def recheck(review: Review) -> Outcome[Interaction]:
    """Reads the question and sends nothing, after a response was lost.

    ``NOT_RECORDED`` means that it can be sent again. Raises as ``review``.
    """
    viewer, item = await sync_to_async(_found)(review)
    try:
        snapshot = await look_up(review.interaction_id)
    except MobiusError:
        return Outcome(Kind.UNCONFIRMED, item, review.verb)
    item = await sync_to_async(_apply)(review, viewer, item, snapshot)
    shown = await sync_to_async(_shown)(review, viewer, item, review.round)
    return shown or Outcome(Kind.NOT_RECORDED, item, review.verb)


async def settle_open() -> None:
    for attempt, viewer in await sync_to_async(_all_open)():
        try:
            async with answering(attempt.reviewer_id, attempt.interaction_id, wait=0):
                snapshot = await look_up(attempt.interaction_id, background=True)
                await sync_to_async(_settle)(attempt, viewer, snapshot)
        except StillAnswering:
            continue
        except MobiusError as error:
            log.info("open reviews are still waiting: %s", error)
            return


def taken(viewer: Viewer, item: Interaction) -> bool:
    """Mobius has accepted the viewer's review of this round, and does not show it yet."""
    own = ActionAttempt.objects.filter(
        reviewer__user_id=viewer.user_id,
        upstream_id=item.upstream_id,
        interaction_id=item.mobius_id,
        verb__in=list(Verb),
        round=item.round,
        accepted_at__isnull=False,
    )
    return own.exists()


def _found(review: Review) -> tuple[Viewer, Interaction]:
    if not review.reviewer.user.is_active:
        raise AccountDeactivated(review.interaction_id)
    viewer = viewer_of(review.reviewer.user)
    item = find_own(viewer, review.interaction_id)
    must_be_reviewed(item)
    return viewer, item


def must_be_reviewed(item: Interaction) -> None:
    """Raises ``NotAsked``."""
    if not item.details.get("checkers"):
        raise NotAsked(item.mobius_id)


def _unread(review: Review, item: Interaction, error: MobiusError) -> Outcome[Interaction]:
    """Nothing is sent; whether an earlier attempt has arrived is still unknown."""
    kind = Kind.RATE_LIMITED if isinstance(error, RateLimited) else Kind.UNREACHABLE
    sent = _attempts(review, item).exists()
    return Outcome(
        Kind.UNCONFIRMED if sent else kind, item, review.verb, retry_after=error.retry_after
    )


def _prepare(
    review: Review, viewer: Viewer, item: Interaction, snapshot: Payload
) -> ReviewCommand | Outcome[Interaction]:
    item = _apply(review, viewer, item, snapshot)
    shown = _shown(review, viewer, item, review.round)
    if shown is not None:
        return shown
    if taken(viewer, item):
        return Outcome(Kind.RECEIVED, item, review.verb)
    try:
        credential = member_credential(review.reviewer)
    except NoCredential as none:
        return Outcome(Kind.NO_CREDENTIAL, item, review.verb, lost=none.lost)
    with transaction.atomic():
        # It did not arrive, and the person asks to send it again.
        _attempts(review, item).delete()
        attempt = ActionAttempt.objects.create(
            reviewer=review.reviewer,
            upstream_id=item.upstream_id,
            interaction_id=item.mobius_id,
            verb=review.verb,
            address=review.origin.address,
            question_updated_at=item.updated_at,
            round=item.round,
            comment=review.comment,
            created_at=timezone.now(),
        )
        unread.acted_on(review.reviewer, item)
    return ReviewCommand(review, viewer, item, credential, attempt)


def _apply(review: Review, viewer: Viewer, item: Interaction, snapshot: Payload) -> Interaction:
    """The question as it is now. Settles what the person sent before."""
    for attempt in _attempts(review, item).select_related("reviewer__user", "upstream"):
        _settle(attempt, viewer, snapshot)
    apply_snapshot(snapshot).publish()
    upstream = item.upstream
    item = Interaction.objects.get(pk=item.pk)
    item.upstream = upstream
    return item


def _attempts(review: Review, item: Interaction) -> QuerySet[ActionAttempt]:
    return ActionAttempt.objects.filter(
        reviewer=review.reviewer,
        upstream_id=item.upstream_id,
        interaction_id=item.mobius_id,
        verb__in=list(Verb),
    )


def _all_open() -> list[tuple[ActionAttempt, Viewer]]:
    rows = ActionAttempt.objects.filter(upstream=Upstream.current(), verb__in=list(Verb))
    attempts = rows.select_related("reviewer__user", "upstream").order_by("pk")
    return [(attempt, viewer_of(attempt.reviewer.user)) for attempt in attempts]


def _shown(
    review: Review, viewer: Viewer, item: Interaction, round: int | None
) -> Outcome[Interaction] | None:
    """None if it is still in review, in this ``round``; with None in any."""
    own = [
        check
        for check in item.checks
        if check["actor_id"] == viewer.mobius_id
        and check["action"] == review.verb.shown_as
        and round in (None, check["round"])
    ]
    if own and not (round is None and item.in_review):
        return Outcome(review.verb.kind, item, review.verb)
    if item.deleted:
        return Outcome(Kind.DELETED, item, review.verb)
    refusal = access.why_not_review(viewer, item)
    if refusal in (Refusal.CLOSED, Refusal.NOT_IN_REVIEW, Refusal.OWN_WORK):
        return Outcome(Kind(refusal), item, review.verb)
    if round not in (None, item.round):
        return Outcome(Kind.SUBMITTED_AGAIN, item, review.verb)
    return None


def _settle(attempt: ActionAttempt, viewer: Viewer, snapshot: Payload) -> Interaction:
    """Apply ``snapshot``, log the review if the question shows it, publish."""
    with transaction.atomic():
        changes = apply_snapshot(snapshot, attempt.upstream)
        item = Interaction.objects.get(
            upstream_id=attempt.upstream_id, mobius_id=attempt.interaction_id
        )
        item.upstream = attempt.upstream
        check = next((each for each in item.checks if each["round"] == attempt.round), None)
        if check is not None and _made(attempt, viewer, check):
            _log(attempt, viewer, item, check)
            draft.delete_comment(attempt.reviewer, item, attempt.comment)
        if check is not None or not item.is_open or attempt.given_up:
            ActionAttempt.objects.filter(pk=attempt.pk).delete()
    changes.publish()
    return item


def _made(attempt: ActionAttempt, viewer: Viewer, check: dict[str, Any]) -> bool:
    at = read_instant(check["at"] or "")
    return (
        check["actor_id"] == viewer.mobius_id
        and check["action"] == Verb(attempt.verb).shown_as
        and check["comment"] in (None, attempt.comment)
        and (at is None or attempt.may_have_made(at))
    )


def _log(attempt: ActionAttempt, viewer: Viewer, item: Interaction, check: dict[str, Any]) -> None:
    """Once, however often it is settled."""
    logged = Decision.objects.of(item.upstream).filter(
        verb=attempt.verb,
        interaction_id=item.mobius_id,
        actor=viewer.mobius_id or "",
        round=attempt.round,
    )
    if logged.exists():
        return
    decision_log.append(
        entry_by(
            attempt.reviewer,
            verb=attempt.verb,
            upstream=item.upstream,
            origin=Origin(attempt.address),
            at=read_instant(check["at"] or ""),
            item=item,
            round=attempt.round,
            comment=attempt.comment,
            credential_kind="member",
            http_status=None if attempt.accepted_at else attempt.http_status,
        )
    )


def _kind_of(error: MobiusError) -> Kind:
    """The question was read, and is in review as before."""
    match error:
        case Unauthorized():
            return Kind.TOKEN_REFUSED
        case Denied():
            return Kind.NOT_ALLOWED
        case RateLimited():
            return Kind.RATE_LIMITED
        case Conflict():
            return Kind.STILL_OPEN
        case _:
            return Kind.STILL_OPEN if is_uncertain(error) else Kind.NOT_ACCEPTED
