"""Whether a lead can nudge somebody on a question now: a button, or words in its place."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from django.urls import reverse

from inbox.access import Viewer
from inbox.models import Interaction
from inbox.presenters.filters import Filters, item_href
from inbox.presenters.waiting_read import Known
from inbox.presenters.when import at, clock
from inbox.services.nudge import EVERY


@dataclass(frozen=True)
class Nudge:
    """``state`` is ``free`` (a button), ``done``, ``mine`` (an answer is the reader's to give) or
    ``nobody``; ``words`` stand in the button's place. ``last`` is said of a button pressed before.
    """

    state: str
    user: str
    name: str
    href: str
    words: str = ""
    last: str = ""


def nudge_href(id_: str) -> str:
    """Where the button is sent."""
    return reverse("nudge", args=["-"]).replace("/-/", f"/{quote(id_, safe='')}/")


def nudge_of(viewer: Viewer, item: Interaction, user_id: str, known: Known, now: datetime) -> Nudge:
    """What stands beside a person whom the question waits for. No query."""
    name = known.names.get(user_id, user_id)
    if user_id == viewer.mobius_id:
        return Nudge("mine", user_id, name, item_href(item.mobius_id, Filters()))
    if user_id not in known.active:
        return Nudge("nobody", user_id, name, "", "Nobody to nudge")
    href, last = nudge_href(item.mobius_id), known.nudges.get((item.mobius_id, user_id))
    if last is None:
        return Nudge("free", user_id, name, href)
    if now - last.at < EVERY:
        return Nudge("done", user_id, name, href, f"Nudged {clock(last.at)}")
    return Nudge("free", user_id, name, href, last=f"nudged last {at(last.at, now)}")
