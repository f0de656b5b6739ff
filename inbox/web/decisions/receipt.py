"""Receipts: entries of the decision log, to print."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils import dateformat
from django.utils.timezone import get_current_timezone_name, localtime
from django.utils.translation import pgettext

from inbox import access
from inbox.access import Viewer, redaction
from inbox.instants import read_instant
from inbox.models import Decision, DecisionHead, Interaction, Upstream
from inbox.models.decision import RESPOND
from inbox.people.names import names_of
from inbox.services.audit.chain import NOTHING
from inbox.services.audit.decision_log import head
from inbox.services.audit.log_status import inspect
from inbox.services.audit.verify import check_entry
from inbox.web.decisions import messages
from inbox.web.ui import context as evidence
from inbox.web.ui import markdown
from inbox.web.ui.answers import Words
from inbox.web.ui.context import Card
from inbox.web.ui.groups import group_names
from inbox.web.ui.labels import run_name
from inbox.web.ui.markdown import Text
from inbox.web.ui.messages import problem_text
from inbox.web.ui.people import People


@dataclass(frozen=True)
class Receipt:
    """What ``decisions/_receipt.html`` shows. ``decided`` and ``sent`` are empty unless the answer
    was held. ``problem`` is why the log or the entry isn't intact.
    """

    entry: Decision
    head: DecisionHead
    title: str
    when: str
    zone: str
    utc: str
    who: str
    words: Words | None
    rest: str
    did: str
    by: str
    address: str
    unknown: bool
    run: str
    http_status: int | None
    entered: str
    decided: str
    sent: str
    body: Text
    cards: Sequence[Card]
    message: str
    stood: str
    problem: str


def answers(viewer: Viewer, upstream: Upstream, item: Interaction) -> list[Decision]:
    """The entries for a question's answers that the viewer may see. One query."""
    rows = Decision.objects.filter(
        interaction_id=item.mobius_id,
        base_url=upstream.base_url,
        project=upstream.project,
        verb=RESPOND,
    ).order_by("number")
    return seen_by(viewer, item, rows)


def seen_by(viewer: Viewer, item: Interaction, entries: Iterable[Decision]) -> list[Decision]:
    """The answers among the entries of a question that the viewer may see."""
    hidden = access.hides_answers(viewer, item)
    return [
        entry
        for entry in entries
        if entry.verb == RESPOND and (not hidden or entry.actor == viewer.mobius_id)
    ]


def receipts(
    viewer: Viewer, upstream: Upstream, entries: Sequence[Decision], item: Interaction | None
) -> tuple[Receipt, ...]:
    """Receipts for ``entries``. Leads see every address, others only their own."""
    people = People(names_of(messages.people_in(entries)))
    groups = group_names(upstream, messages.mapped_groups(upstream, entries))
    last, problems = head(), _problems(entries)
    return tuple(
        _receipt(
            viewer,
            entry,
            item,
            people,
            groups=groups,
            last=last,
            problem=problems[entry.number],
        )
        for entry in entries
    )


def _problems(entries: Sequence[Decision]) -> dict[int, str]:
    """The problem of each entry by its number, else that of the log."""
    wanted = [entry.number - 1 for entry in entries]
    before = dict(Decision.objects.filter(number__in=wanted).values_list("number", "hash"))
    log = inspect().verdict
    broken = {
        entry.number: check_entry(entry, before.get(entry.number - 1, NOTHING)) for entry in entries
    }
    return {number: problem_text((verdict or log).problem) for number, verdict in broken.items()}


def _receipt(
    viewer: Viewer,
    entry: Decision,
    item: Interaction | None,
    people: People,
    *,
    groups: Mapping[str, str],
    last: DecisionHead,
    problem: str,
) -> Receipt:
    mirrored = (item.questions or [None])[0] if item is not None else None
    question = messages.question_of(entry, mirrored)
    value_text = messages.value(entry, question)
    shown = entry.shown if isinstance(entry.shown, dict) else {}
    message = str(shown.get("message") or "")
    context = shown.get("context")
    own = entry.actor == viewer.mobius_id
    # Of an older version, the fields are not hashed.
    held = entry.version > 2 and entry.decided_at != entry.sent_at
    return Receipt(
        entry=entry,
        head=last,
        title=messages.headline(entry, question, people, groups),
        when=_full(entry.at),
        zone=get_current_timezone_name(),
        utc=dateformat.format(entry.at.astimezone(UTC), "H:i:s"),
        who=people.full(entry.actor) if entry.actor else entry.account,
        words=value_text,
        rest="" if value_text is not None else messages.value_as_json(entry),
        did=messages.did(entry, people),
        by=messages.credential(entry)[1],
        address=entry.address if viewer.lead or own else "",
        unknown=messages.unknown(entry),
        run=run_name(entry.workflow, entry.run_id),
        http_status=entry.http_status if entry.version > 1 else None,
        entered=_full(entry.entered_at),
        decided=_full(entry.decided_at) if held and entry.decided_at else "",
        sent=_full(entry.sent_at) if held and entry.sent_at else "",
        body=markdown.render(message),
        cards=evidence.cards(redaction.masked(context)) if isinstance(context, dict) else (),
        message=message.strip(),
        stood=_stood(shown),
        problem=problem,
    )


def _full(at: datetime) -> str:
    return dateformat.format(localtime(at), pgettext("date format", "l j F Y, H:i:s"))


def _stood(shown: dict[str, Any]) -> str:
    at = read_instant(str(shown.get("updated_at") or ""))
    return dateformat.format(localtime(at), pgettext("date format", "j F Y, H:i:s")) if at else ""
