from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils import dateformat
from django.utils.timezone import get_current_timezone_name, localtime
from django.utils.translation import pgettext

from inbox import access
from inbox.access import Viewer, redaction
from inbox.audit.chain import NOTHING
from inbox.audit.decision_log import head
from inbox.audit.log_status import inspect
from inbox.audit.verify import check_entry
from inbox.lib.instants import read_instant
from inbox.models import Decision, Interaction, Upstream
from inbox.models.decision import WITH_RECEIPT
from inbox.people.names import names_of
from inbox.web.ui import context as evidence
from inbox.web.ui import decision_words, markdown
from inbox.web.ui.groups import group_names
from inbox.web.ui.labels import run_name
from inbox.web.ui.messages import problem_text
from inbox.web.ui.people import People


def answers(viewer: Viewer, upstream: Upstream, item: Interaction) -> list[Decision]:
    rows = Decision.objects.filter(
        interaction_id=item.mobius_id,
        base_url=upstream.base_url,
        project=upstream.project,
        verb__in=WITH_RECEIPT,
    ).order_by("number")
    return access.receipts_seen_by(viewer, item, rows)


def receipts(
    viewer: Viewer, upstream: Upstream, entries: Sequence[Decision], item: Interaction | None
) -> list[dict[str, Any]]:
    """Leads see every address, others only their own."""
    people = People(names_of(upstream, decision_words.people_in(entries)))
    groups = group_names(upstream, decision_words.mapped_groups(upstream, entries))
    last, problems = head(), _problems(entries)
    return [
        {
            **_receipt(viewer, entry, item, people, groups),
            "head": last,
            "problem": problems[entry.number],
        }
        for entry in entries
    ]


def _problems(entries: Sequence[Decision]) -> dict[int, str]:
    """By the number of the entry; one that is intact has the problem of the log."""
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
    groups: Mapping[str, str],
) -> dict[str, Any]:
    """``decided`` and ``sent`` are empty unless the answer was held."""
    questions = decision_words.questions_of(entry, item)
    words = decision_words.value(entry, questions)
    shown = entry.shown if isinstance(entry.shown, dict) else {}
    message = str(shown.get("message") or "")
    context = shown.get("context") if isinstance(shown.get("context"), dict) else {}
    own = entry.actor == viewer.mobius_id
    # Of an older version, the fields are not hashed.
    held = entry.version > 2 and entry.decided_at != entry.sent_at
    return {
        "entry": entry,
        "title": decision_words.headline(entry, questions, people, groups),
        "when": _full(entry.at),
        "zone": get_current_timezone_name(),
        "utc": dateformat.format(entry.at.astimezone(UTC), "H:i:s"),
        "who": people.full(entry.actor) if entry.actor else entry.account,
        "words": words,
        "rest": "" if words is not None else decision_words.value_as_json(entry),
        "did": decision_words.did(entry, people),
        "by": decision_words.credential(entry)[1],
        "address": entry.address if viewer.lead or own else "",
        "unknown": decision_words.unknown(entry),
        "run": run_name(entry.workflow, entry.run_id),
        "http_status": entry.http_status if entry.version > 1 else None,
        "entered": _full(entry.entered_at),
        "decided": _full(entry.decided_at) if held and entry.decided_at else "",
        "sent": _full(entry.sent_at) if held and entry.sent_at else "",
        "message": message.strip(),
        "body": markdown.render(message),
        "cards": evidence.cards(redaction.masked_context(context)),
        "stood": _stood(shown),
    }


def _full(at: datetime) -> str:
    return dateformat.format(localtime(at), pgettext("date format", "l j F Y, H:i:s"))


def _stood(shown: dict[str, Any]) -> str:
    at = read_instant(str(shown.get("updated_at") or ""))
    return dateformat.format(localtime(at), pgettext("date format", "j F Y, H:i:s")) if at else ""
