"""How a run or question was ended early: cancelled, or bypassed by a signal, and by whom."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from inbox.access import Viewer
from inbox.answering.cancelling import VERB as QUESTION_CANCELLED
from inbox.models import Decision, Interaction, Run, Upstream
from inbox.models.attempt import SKEW
from inbox.web.ui.people import People

CLAIMED, RELEASED = "interaction_group_claimed", "interaction_group_released"
CANCELLED, SIGNALLED = "run_cancelled", "run_signalled"


@dataclass(frozen=True)
class Ending:
    """``text`` has no full stop. ``href`` is empty if the viewer may not open the decision."""

    text: str
    href: str = ""


def entries_of(upstream: Upstream, run_ids: Collection[str]) -> dict[str, list[Decision]]:
    """By run, oldest first."""
    found: dict[str, list[Decision]] = {}
    if run_ids:
        rows = Decision.objects.filter(
            verb__in=(CANCELLED, SIGNALLED, QUESTION_CANCELLED),
            run_id__in=run_ids,
            base_url=upstream.base_url,
            project=upstream.project,
        )
        for entry in rows.order_by("number"):
            found.setdefault(entry.run_id, []).append(entry)
    return found


def cancelled_by(run: Run, entries: Iterable[Decision]) -> Decision | None:
    """None if it was cancelled elsewhere."""
    ended = run.ended_at
    if not run.cancelled or ended is None:
        return None
    cancellations = [entry for entry in entries if entry.verb == CANCELLED]
    certain = [entry for entry in cancellations if not _uncertain(entry)]
    likely = [entry for entry in cancellations if abs(entry.at - ended) <= SKEW]
    return next(iter(certain or likely), None)


def bypassed_by(item: Interaction, entries: Iterable[Decision]) -> Decision | None:
    """None if it was sent elsewhere."""
    if item.state != Interaction.BYPASSED:
        return None
    signals = [
        entry
        for entry in entries
        if entry.verb == SIGNALLED and _value(entry).get("signal") == item.signal_name
    ]
    certain = [entry for entry in signals if not _uncertain(entry)]
    return next(iter(certain or signals), None)


def run_ending(
    viewer: Viewer, run: Run, entries: Iterable[Decision], people: People
) -> Ending | None:
    if not run.cancelled:
        return None
    entry = cancelled_by(run, entries)
    if entry is None:
        return Ending(_("The run was cancelled outside this app"))
    text = done_by(entry, people, _("You cancelled the run"), _("%(name)s cancelled the run"))
    return Ending(text, decision_href(viewer, entry))


def question_ending(
    viewer: Viewer,
    item: Interaction,
    run: Run | None,
    entries: Collection[Decision],
    people: People,
) -> Ending | None:
    """None unless ``item`` closed before its deadline without an answer."""
    if item.state == Interaction.BYPASSED:
        entry = bypassed_by(item, entries)
        if entry is None:
            return Ending(_("Bypassed by a signal sent outside this app"))
        text = done_by(
            entry,
            people,
            _("You sent a signal that bypassed the question"),
            _("%(name)s sent a signal that bypassed the question"),
        )
        return Ending(text, decision_href(viewer, entry))
    if item.state != Interaction.CANCELLED:
        return None
    you, other = _("You cancelled the question"), _("%(name)s cancelled the question")
    own = [entry for entry in entries if entry.verb == QUESTION_CANCELLED]
    own = [entry for entry in own if entry.interaction_id == item.mobius_id]
    if own:
        return Ending(done_by(own[-1], people, you, other), decision_href(viewer, own[-1]))
    ending = run_ending(viewer, run, entries, people) if run is not None else None
    if ending is None and (actor := _cancelled_by(item)):
        ending = Ending(people.sentence(actor, you, other))
    outside = _("Cancelled outside this app")
    return ending or Ending(outside if run is None else _("Closed when the run ended"))


def _cancelled_by(item: Interaction) -> str | None:
    """None if upstream does not say."""
    actors = (event["actor_id"] for event in item.lifecycle if event["action"] == "cancelled")
    return next(actors, None)


def decision_href(viewer: Viewer, entry: Decision) -> str:
    """Only leads may open it."""
    return entry.get_absolute_url() if viewer.lead else ""


def signal_name(entry: Decision) -> str:
    return str(_value(entry).get("signal") or "")


def done_by(entry: Decision, people: People, you: str, other: str, **facts: Any) -> str:
    """Like ``People.sentence``; but the maker of an entry may have no Mobius ID."""
    if not entry.actor and entry.account:
        return other % {"name": entry.account, **facts}
    return people.sentence(entry.actor, you, other, **facts)


def _uncertain(entry: Decision) -> bool:
    """Mobius never confirmed that the request arrived."""
    return _value(entry).get("arrived") == "unknown"


def _value(entry: Decision) -> Mapping[str, Any]:
    return entry.value if isinstance(entry.value, dict) else {}
