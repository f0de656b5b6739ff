from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.forms import BoundField
from django.urls import reverse
from django.utils import dateformat
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from inbox.access import Viewer, redaction
from inbox.audit.decision_log import head
from inbox.audit.log_status import inspect
from inbox.models import Decision, Interaction, Upstream
from inbox.models.decision import LOG_RESEALED, WITH_RECEIPT
from inbox.people.directory import known_people
from inbox.people.names import names_of
from inbox.web.decisions.queries import NEWEST_FIRST, OBSERVED, DecisionFilters
from inbox.web.ui import decision_words
from inbox.web.ui.decision_verbs import VERBS
from inbox.web.ui.groups import group_names
from inbox.web.ui.labels import RIGHTS, run_name, whole
from inbox.web.ui.lists import MOST, PAGE, chips
from inbox.web.ui.messages import problem_text
from inbox.web.ui.people import Face, People
from inbox.web.ui.when import DATES, ago

COUNTED = 10_000
"""The most entries that are counted one by one."""


def decision_list(
    viewer: Viewer, upstream: Upstream, filters: DecisionFilters, now: datetime
) -> dict[str, Any]:
    """One page of the log, newest first."""
    entries = redaction.entries_seen_by(viewer, upstream)
    cleaned = filters.cleaned_data
    found = NEWEST_FIRST.after(filters.rows(entries, now), cleaned["cursor"])
    page = NEWEST_FIRST.page(list(found[: PAGE + 1]))
    rows = page.rows
    people = People(names_of(upstream, decision_words.people_in(rows)))
    items = _items(upstream, rows)
    groups = group_names(upstream, decision_words.mapped_groups(upstream, rows))
    item_title = next((row.title for row in rows if row.title), cleaned["item"])
    return {
        "filters": filters,
        "status": _log_status(rows, now),
        "days": _days([_row(row, upstream, items, people, groups) for row in rows], now),
        "selects": _selects(filters),
        "entries_words": _count(entries, filters, now),
        "chips": chips(filters, {"item": item_title}),
        "next_href": filters.href(cursor=page.cursor) if page.cursor else "",
        "csv_href": reverse("decisions-csv") + filters.querystring(cursor=""),
        "lines_href": reverse("decisions-jsonl") + filters.querystring(cursor=""),
    }


def _items(upstream: Upstream, rows: Iterable[Decision]) -> dict[str, Interaction]:
    ids = {row.interaction_id for row in rows if row.interaction_id}
    found = Interaction.objects.filter(upstream=upstream, mobius_id__in=ids)
    return {item.mobius_id: item for item in found.only("mobius_id", "questions")}


def _row(
    entry: Decision,
    upstream: Upstream,
    items: dict[str, Interaction],
    people: People,
    groups: Mapping[str, str],
) -> dict[str, Any]:
    here = (entry.base_url, entry.project) == (upstream.base_url, upstream.project)
    item = items.get(entry.interaction_id) if here else None
    questions = decision_words.questions_of(entry, item)
    about, about_href, sub = _about(entry, item, groups if here else {}, here)
    icon, by = decision_words.credential(entry)
    receipt_href = ""
    if entry.verb in WITH_RECEIPT and item:
        receipt_href = f"{reverse('receipt', args=[entry.interaction_id])}?entry={entry.number}"
    return {
        "entry": entry,
        "face": _face(entry, people),
        "did": decision_words.did(entry, people),
        "about": about,
        "about_href": about_href,
        "sub": sub,
        "words": decision_words.value(entry, questions),
        "unconfirmed": decision_words.unknown(entry),
        "icon": icon,
        "by": by,
        "receipt_href": receipt_href,
    }


def _face(entry: Decision, people: People) -> Face:
    if entry.actor:
        return people.face(entry.actor)
    name = entry.account or decision_words.unnamed_actor(entry)
    return Face("", name, name)


def _about(
    entry: Decision, item: Interaction | None, groups: Mapping[str, str], here: bool
) -> tuple[str, str, str]:
    """The subject of an entry, its address and the line below it."""
    run = run_name(entry.workflow, entry.run_id)
    if entry.interaction_id:
        href = item.get_absolute_url() if item else ""
        return entry.title or _("Untitled question"), href, run
    if entry.run_id:
        return run, reverse("run", args=[entry.run_id]) if here else "", entry.title
    if entry.group_id:
        href = reverse("group", args=[entry.group_id]) if here else ""
        return decision_words.title(entry, groups) or entry.group_id, href, _("group")
    return _about_account(entry) or entry.title or "–", "", ""


def _about_account(entry: Decision) -> str:
    if entry.verb.startswith("token_"):
        if not entry.title:
            return _("Own member token")
        return _("Member token of %(name)s") % {"name": entry.title}
    values = entry.value if isinstance(entry.value, dict) else {}
    if "role" in values:
        return _("Role %(name)s") % {"name": RIGHTS.get(entry.title, entry.title)}
    return _("Account %(name)s") % {"name": entry.title} if "account" in values else ""


def _days(rows: Iterable[dict[str, Any]], now: datetime) -> list[tuple[str, list[dict[str, Any]]]]:
    days: dict[date, list[dict[str, Any]]] = {}
    for row in rows:
        days.setdefault(localtime(row["entry"].at).date(), []).append(row)
    today = localtime(now).date()
    return [(_day_words(day, today), found) for day, found in days.items()]


def _day_words(day: date, today: date) -> str:
    if day == today:
        return _("Today")
    if (today - day).days == 1:
        return _("Yesterday")
    if day.year == today.year:
        return dateformat.format(day, pgettext("date format", "l j F"))
    return dateformat.format(day, pgettext("date format", "l j F Y"))


def _selects(filters: DecisionFilters) -> tuple[BoundField, ...]:
    did = [(verb, str(words.label)) for verb, words in VERBS.items()]
    did.append((OBSERVED, _("Observed")))
    named = Decision.objects.exclude(workflow="").order_by("workflow")
    flows = [(name, name) for name in named.values_list("workflow", flat=True).distinct()[:MOST]]
    return (
        filters.select("span", _("Any time"), [(key, str(words)) for key, words in DATES.items()]),
        filters.select("who", _("Anyone"), known_people()),
        filters.select("did", _("Any action"), did),
        filters.select("workflow", _("Any workflow"), flows),
    )


def _count(entries: QuerySet[Decision], filters: DecisionFilters, now: datetime) -> str:
    if not filters.narrowed:
        return _entries(head().number)
    found = filters.rows(entries, now).order_by()[: COUNTED + 1].count()
    if found > COUNTED:
        return _("more than %(count)s entries") % {"count": whole(COUNTED)}
    return _entries(found)


def _entries(count: int) -> str:
    return ngettext("%(count)s entry", "%(count)s entries", count) % {"count": whole(count)}


def _log_status(rows: Iterable[Decision], now: datetime) -> dict[str, Any]:
    """``head`` is the last hash, shortened; ``broken_at`` the newest entry with a break."""
    seen, last = inspect(rows), head()
    declared = Decision.objects.filter(verb=LOG_RESEALED).order_by("-number")
    checked = _("last checked %(ago)s") % {"ago": ago(seen.at, now)} if seen.at else ""
    return {
        "intact": seen.verdict.intact,
        "problem": problem_text(seen.verdict.problem),
        "entries": _entries(last.number),
        "checked": checked or _("first check in progress"),
        "head": f"{last.hash[:8]}…{last.hash[-8:]}",
        "number": last.number,
        "broken_at": declared.values_list("number", flat=True).first(),
    }
