"""Whether a lead can nudge somebody on a question now: a button, or words in its place."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from inbox import access
from inbox.access import Viewer
from inbox.models import Interaction, Upstream
from inbox.presenters.blocked_read import Known, known
from inbox.presenters.when import at, clock
from inbox.services.nudge import EVERY


@dataclass(frozen=True)
class Nudge:
    """``state`` is ``free`` (a button), ``done``, ``mine`` (an answer is the reader's to give) or
    ``nobody``; ``words`` stand in the button's place. ``last`` is said of a button pressed before.
    ``turns_at`` is when words give way to the button again.
    """

    state: str
    user: str
    name: str
    href: str
    words: str = ""
    last: str = ""
    turns_at: datetime | None = None


def nudge_href(id_: str) -> str:
    """Where the button is sent."""
    return reverse("nudge", args=[id_])


def nudge_of(viewer: Viewer, item: Interaction, user_id: str, known: Known, now: datetime) -> Nudge:
    """What stands beside a person whom the question waits for. No query."""
    name = known.names.get(user_id, user_id)
    if user_id == viewer.mobius_id:
        return Nudge("mine", user_id, name, item.get_absolute_url())
    if user_id not in known.active:
        return Nudge("nobody", user_id, name, "", "Can't be nudged")
    href, last = nudge_href(item.mobius_id), known.nudges.get((item.mobius_id, user_id))
    if last is None:
        return Nudge("free", user_id, name, href)
    if now - last.at < EVERY:
        again, words = last.at + EVERY, f"Nudged {clock(last.at)}"
        return Nudge("done", user_id, name, href, words, turns_at=again)
    return Nudge("free", user_id, name, href, last=f"nudged last {at(last.at, now)}")


def waits_for(item: Interaction) -> list[str]:
    """Who could move it on now: its target, its holder, else all who have not answered."""
    if item.target_type == "user":
        return [item.target_id]
    if access.can_be_held(item) and item.claimed_by:
        return [item.claimed_by]
    return item.missing


def nudges_on(
    viewer: Viewer, upstream: Upstream, items: Iterable[Interaction], now: datetime
) -> dict[str, tuple[Nudge, ...]]:
    """For a lead each open question's id and whom it waits for. One query, none for others."""
    waiting = {item: waits_for(item) for item in items if item.pending} if viewer.lead else {}
    if not waiting:
        return {}
    about = known(upstream, {id_ for ids in waiting.values() for id_ in ids}, now)
    return {
        item.mobius_id: tuple(nudge_of(viewer, item, id_, about, now) for id_ in ids)
        for item, ids in waiting.items()
    }
