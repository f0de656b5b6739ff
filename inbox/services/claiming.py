"""Taking a group's question, and giving it back.

Upstream decides who holds it. A POST goes out once; after anything but a plain yes the question is
read, and the outcome tells what is true: it is yours, somebody holds it, it is closed, it is free.
"""

from dataclasses import dataclass
from enum import StrEnum

from asgiref.sync import sync_to_async

from inbox import access
from inbox.access import Refusal, Viewer, viewer_of
from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import Conflict, MobiusError, Nonsense, Rejected, Unauthorized
from inbox.mobius.types import Interaction as Told
from inbox.models import Interaction, Reviewer
from inbox.reviewers import credentials
from inbox.reviewers.clients import Means, NoCredential, own_means
from inbox.services import claim_log, claim_words, conclusion
from inbox.services.attempts import Reading
from inbox.services.draft import NotAsked, asked_item
from inbox.services.look_up import look_up
from inbox.services.origin import BACKGROUND, Origin
from inbox.services.outcome import Outcome

__all__ = ["NotAsked", "Verb", "claim", "release"]


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
        return await (client.claim(id) if self is Verb.CLAIM else client.release(id))

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
    origin: Origin


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
    return Pressing(verb, reviewer, viewer, item, means, origin)


def _taken(pressing: Pressing, reading: Reading) -> Outcome | None:
    """The POST was answered with the question. None where it does not show what was done."""
    item = claim_log.settle(
        pressing.verb,
        pressing.reviewer,
        pressing.viewer,
        pressing.item,
        reading,
        done=_done(pressing),
        origin=pressing.origin,
    )
    credentials.mark_used(pressing.reviewer)
    return _truth(pressing, item)


def _done(pressing: Pressing) -> claim_log.Done:
    return lambda item: pressing.verb.done(pressing.viewer, item)


async def _after_failure(pressing: Pressing, error: MobiusError) -> Outcome:
    if conclusion.never_left(error):
        return claim_words.not_sent(pressing.item, error)
    try:
        reading: Reading | None = await look_up(pressing.item.mobius_id)
    except MobiusError:
        reading = None
    return await sync_to_async(_failed)(pressing, error, reading)


def _failed(pressing: Pressing, error: MobiusError, reading: Reading | None) -> Outcome:
    """The POST was refused, or nobody knows. ``reading`` is the question after it, if read."""
    if isinstance(error, Unauthorized):
        credentials.mark_refused(pressing.reviewer)
    item = pressing.item
    uncertain = isinstance(error, conclusion.UNCERTAIN)
    if reading is not None:
        done = _done(pressing) if uncertain else None
        item = claim_log.settle(
            pressing.verb,
            pressing.reviewer,
            pressing.viewer,
            item,
            reading,
            done=done,
            origin=pressing.origin,
        )
    elif uncertain:
        return claim_words.unknown(item)
    elif isinstance(error, Conflict | Rejected):
        return claim_words.refused_unread(item)
    outcome = _truth(pressing, item)
    return outcome or claim_words.as_before(pressing.verb, item, error)


def _truth(pressing: Pressing, item: Interaction) -> Outcome | None:
    """What the question shows of the person's wish; None where it is as it was before."""
    if pressing.verb.done(pressing.viewer, item):
        return claim_words.done(pressing.verb, item)
    match pressing.verb.refusal(pressing.viewer, item):
        case Refusal.CLOSED:
            return claim_words.closed(pressing.viewer, item)
        case Refusal.HELD:
            return claim_words.held(item)
        case Refusal.NO_CLAIMS:
            return claim_words.no_claims(item)
        case _:
            return None
