"""Taking a group's question, and giving it back.

Upstream decides who holds it. A POST goes out once; after anything but a plain yes the question is
read, and the outcome tells what is true: it is yours, somebody holds it, it is closed, it is free.
"""

import logging
from dataclasses import dataclass
from enum import StrEnum

from asgiref.sync import sync_to_async

from inbox import access
from inbox.access import Refusal, Viewer, viewer_of
from inbox.live.watching import watching
from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import MobiusError, Nonsense, Unauthorized
from inbox.mobius.types import Interaction as Told
from inbox.models import ClaimAttempt, Interaction, Reviewer, Upstream
from inbox.reviewers import credentials
from inbox.reviewers.clients import Means, NoCredential, own_means
from inbox.services import claim_log, claim_words, conclusion
from inbox.services.attempts import Reading, mirror
from inbox.services.draft import NotAsked, asked_item
from inbox.services.look_up import look_up, patience_after
from inbox.services.origin import BACKGROUND, Origin
from inbox.services.outcome import Outcome

__all__ = ["NotAsked", "Verb", "claim", "look", "release", "settle_open"]

log = logging.getLogger(__name__)


class Verb(StrEnum):
    """The two things that can be done, as the decision log calls them."""

    CLAIM = "claim"
    RELEASE = "release"

    def refusal(self, viewer: Viewer, item: Interaction) -> Refusal | None:
        """Why the viewer cannot, as far as the mirror knows."""
        if self is Verb.CLAIM:
            return access.why_not_claim(viewer, item)
        return access.why_not_release(viewer, item)

    async def post(self, client: MobiusClient, id: str) -> Told:
        """The call."""
        try:
            return await (client.claim(id) if self is Verb.CLAIM else client.release(id))
        finally:
            watching.acted()

    def done(self, viewer: Viewer, item: Interaction) -> bool:
        """The question shows what was asked for."""
        if not item.pending:
            return False
        if self is Verb.CLAIM:
            return access.held_by(viewer, item)
        return not item.claimed_by


@dataclass(frozen=True)
class Pressing:
    """Who does what to which question, and with what."""

    verb: Verb
    reviewer: Reviewer
    viewer: Viewer
    item: Interaction
    means: Means
    attempt: ClaimAttempt


async def claim(*, reviewer: Reviewer, interaction_id: str, origin: Origin = BACKGROUND) -> Outcome:
    """Hold the question as ``reviewer``, so that nobody else spends time on it.

    One that is held already stays held. Raises ``NotAsked``, also for a question that was asked of
    one person alone.
    """
    return await _press(Verb.CLAIM, reviewer, interaction_id, origin)


async def release(
    *, reviewer: Reviewer, interaction_id: str, origin: Origin = BACKGROUND
) -> Outcome:
    """Give the question back to its group; only its holder can. Raises as ``claim``."""
    return await _press(Verb.RELEASE, reviewer, interaction_id, origin)


async def look(verb: Verb, *, reviewer: Reviewer, interaction_id: str) -> Outcome:
    """What became of a claim or a release whose outcome never reached the person who sent it.

    Reads the question and sends nothing. ``STILL_OPEN`` where it can be sent again. Raises as
    ``claim``.
    """
    viewer = await sync_to_async(viewer_of)(reviewer.user)
    item = await sync_to_async(asked_item)(viewer, interaction_id)
    if item.target_type != "group":
        raise NotAsked(interaction_id)
    try:
        reading = await look_up(interaction_id)
    except MobiusError as error:
        return claim_words.unknown(item, error)
    return await sync_to_async(_looked)(verb, reviewer, viewer, item, reading)


def _looked(
    verb: Verb, reviewer: Reviewer, viewer: Viewer, item: Interaction, reading: Reading
) -> Outcome:
    sent = ClaimAttempt.objects.filter(
        verb=verb, reviewer=reviewer, upstream=item.upstream, interaction_id=item.mobius_id
    )
    for attempt in sent.select_related("reviewer", "upstream"):
        claim_log.settle(attempt, viewer, reading)
    mirror(reading).publish()
    item.refresh_from_db()
    return _truth(verb, viewer, item) or claim_words.not_recorded(verb, item)


async def _press(verb: Verb, reviewer: Reviewer, interaction_id: str, origin: Origin) -> Outcome:
    ready = await sync_to_async(_prepare)(verb, reviewer, interaction_id, origin)
    if isinstance(ready, Outcome):
        return ready
    try:
        told = await verb.post(ready.means.client(), interaction_id)
        if told.id != interaction_id:
            raise Nonsense("Mobius answered with another question.")
    except MobiusError as error:
        return await _after_failure(ready, error)
    outcome = await sync_to_async(_taken)(ready, Reading(interaction_id, told))
    if outcome is None:
        return await _after_failure(ready, Nonsense("Mobius took it, and does not show it."))
    return outcome


def _prepare(
    verb: Verb, reviewer: Reviewer, interaction_id: str, origin: Origin
) -> Pressing | Outcome:
    """All that comes before the POST: an outcome where there is nothing to send.

    Who holds it is upstream's to say: the mirror may not have heard yet that it was given back.
    """
    viewer = viewer_of(reviewer.user)
    item = asked_item(viewer, interaction_id)
    if item.target_type != "group":
        raise NotAsked(interaction_id)
    refusal = verb.refusal(viewer, item)
    if refusal is Refusal.NO_CLAIMS:
        return claim_words.no_claims(item)
    if refusal is Refusal.CLOSED:
        return claim_words.closed(viewer, item)
    try:
        means = own_means(reviewer)
    except NoCredential as none:
        return claim_words.no_credential(item, lost=none.lost)
    attempt = claim_log.begin(verb, reviewer, viewer, item, origin)
    return Pressing(verb, reviewer, viewer, item, means, attempt)


def _taken(pressing: Pressing, reading: Reading) -> Outcome | None:
    """The POST was answered with the question. None where it does not show what was done."""
    item, _ = claim_log.settle(pressing.attempt, pressing.viewer, reading, accepted=True)
    credentials.mark_used(pressing.reviewer)
    return _truth(pressing.verb, pressing.viewer, item)


async def _after_failure(pressing: Pressing, error: MobiusError) -> Outcome:
    if conclusion.never_left(error):
        await pressing.attempt.adelete()
        return claim_words.not_sent(pressing.item)
    try:
        reading: Reading | None = await look_up(
            pressing.item.mobius_id, within=patience_after(error)
        )
    except MobiusError:
        reading = None
    return await sync_to_async(_failed)(pressing, error, reading)


def _failed(pressing: Pressing, error: MobiusError, reading: Reading | None) -> Outcome:
    """The POST failed. ``reading`` is the question after it, if it was read.

    As with answers, only the question tells whether Mobius accepted it.
    """
    if isinstance(error, Unauthorized):
        credentials.mark_refused(pressing.reviewer)
    claim_log.note_failure(pressing.attempt, error.status)
    if reading is None:
        return claim_words.unknown(pressing.item, error)
    item, took_place = claim_log.settle(pressing.attempt, pressing.viewer, reading)
    if took_place:
        credentials.mark_used(pressing.reviewer)
    return _truth(pressing.verb, pressing.viewer, item) or claim_words.as_before(
        pressing.verb, item, error
    )


async def settle_open() -> None:
    """Find out what became of every claim and release that nobody knows of. At start, and every
    minute.
    """
    for attempt, viewer in await sync_to_async(_all_open)():
        try:
            reading = await look_up(attempt.interaction_id)
        except MobiusError as error:
            log.info("open claims wait: %s", error)
            return
        await sync_to_async(claim_log.settle)(attempt, viewer, reading)


def _all_open() -> list[tuple[ClaimAttempt, Viewer]]:
    rows = ClaimAttempt.objects.filter(upstream=Upstream.present())
    found = rows.select_related("reviewer__user", "upstream").order_by("pk")
    return [(attempt, viewer_of(attempt.reviewer.user)) for attempt in found]


def _truth(verb: Verb, viewer: Viewer, item: Interaction) -> Outcome | None:
    """What the question shows of the person's wish; None where it is as it was before."""
    if verb.done(viewer, item):
        return claim_words.done(verb, item)
    match verb.refusal(viewer, item):
        case Refusal.CLOSED:
            return claim_words.closed(viewer, item)
        case Refusal.HELD:
            return claim_words.held(item)
        case Refusal.NO_CLAIMS:
            return claim_words.no_claims(item)
        case _:
            return None
