from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.access import Viewer
from inbox.models import Interaction, Upstream
from inbox.people.names import names_of
from inbox.web.blocked.parts import (
    BlockedQuestion,
    Missing,
    PageContext,
    blocked_question,
    by_group,
    by_person,
    by_question,
    is_overdue,
    missing_of,
)
from inbox.web.blocked.queries import EXPIRING, MOST, OVER, BlockedFilters, read
from inbox.web.questions.nudging import LastNudge, last_nudges, waited_for
from inbox.web.ui.answers import progress
from inbox.web.ui.claims import claimed_too_long, since_words
from inbox.web.ui.groups import read_groups
from inbox.web.ui.labels import listed
from inbox.web.ui.lists import Choice, Counter, by_label, chips
from inbox.web.ui.people import People
from inbox.web.ui.when import clock, midnight, span

PANEL_ROWS = 6
"""How many questions each side panel lists."""
CHOICES = 30


def blocked_context(
    viewer: Viewer, upstream: Upstream, filters: BlockedFilters, now: datetime
) -> dict[str, Any]:
    """By question where Mobius has no runs, else by person and by group. ``unknown``: it isn't
    known who is asked. ``unlisted``: IDs behind *and 4 more*. ``whole``: every matching question
    was read.
    """
    cleaned = filters.cleaned_data
    items, whole = read(viewer, upstream, filters, now)
    ids = {id_ for item in items for id_ in waited_for(item)}
    names = names_of(upstream, {*ids, cleaned["person"], viewer.mobius_id})
    group_ids = {item.group_id or "" for item in items} | {cleaned["group"]}
    page_context = PageContext(
        viewer=viewer,
        filters=filters,
        people=People(names, viewer.mobius_id),
        nudges=last_nudges(upstream, ids, now),
        groups=read_groups(upstream, group_ids - {""}),
        now=now,
    )
    kinds = {
        name: [item for item in items if matches(item, now)] for name, matches in _MATCHES.items()
    }
    counters = _counters(items, kinds, filters, now, whole=whole)
    if not upstream.has_groups:
        # There are no claims either.
        counters = tuple(counter for counter in counters if counter.key != "stale")
    expiring = sorted(kinds["today"], key=lambda item: item.expires_at or now)
    shown = kinds[cleaned["show"]] if cleaned["show"] else items
    people, groups, questions = [], [], []
    if upstream.has_runs:
        people, groups = by_person(shown, page_context), by_group(shown, page_context)
    else:
        questions = by_question(shown, page_context)
    unlisted = [item.mobius_id for part in (*people, *groups) for item in part["rest"]]
    return {
        "filters": filters,
        "counters": counters,
        "chips": _chips(page_context),
        "menus": _menus(items, page_context),
        "people": people,
        "groups": groups,
        "questions": questions,
        "unknown": [
            blocked_question(item, page_context) for item in shown if _is_for_no_one_known(item)
        ],
        "unlisted": " ".join(dict.fromkeys(unlisted)),
        "expiring": _panel("today", expiring, _expiring, page_context),
        "claimed": _panel("stale", kinds["stale"], _claimed, page_context),
        "nudges": _todays_nudges(items, page_context),
        "whole": whole,
        "most": MOST,
    }


def _is_for_no_one_known(item: Interaction) -> bool:
    return not item.group_id and not any(waited_for(item))


def _expires_soon(item: Interaction, now: datetime) -> bool:
    return item.expires_at is not None and now < item.expires_at <= now + EXPIRING


def _everybody(item: Interaction, _now: datetime) -> bool:
    return item.pending and item.shared and item.policy_kind == "all"


_MATCHES: Mapping[str, Callable[[Interaction, datetime], bool]] = {
    "late": is_overdue,
    "today": _expires_soon,
    "stale": claimed_too_long,
    "all": _everybody,
}


def _counters(
    items: Sequence[Interaction],
    kinds: Mapping[str, Sequence[Interaction]],
    filters: BlockedFilters,
    now: datetime,
    *,
    whole: bool,
) -> tuple[Counter, ...]:
    show = filters.cleaned_data["show"]
    oldest = soonest = answers = ""
    if items:
        oldest = _("oldest %(duration)s") % {"duration": _duration(items[0].created_at, now)}
    ends = [item.expires_at for item in kinds["today"] if item.expires_at is not None]
    if ends:
        soonest = _("next in %(duration)s") % {"duration": _duration(now, min(ends))}
    limit = span(settings.CLAIM_STALE_AFTER.total_seconds())
    missing = sum(of - have for have, of in filter(None, map(progress, kinds["all"])))
    if missing:
        words = ngettext("%(count)d answer missing", "%(count)d answers missing", missing)
        answers = words % {"count": missing}
    over = _("over %(duration)s") % {"duration": limit}
    counters = (
        ("", _("Waiting"), "hourglass", "", items, oldest),
        ("late", _("Overdue"), "alert", "bad", kinds["late"], _("still open")),
        ("today", _("Expiring in the next 24 hours"), "clock", "warn", kinds["today"], soonest),
        ("stale", _("Claimed too long"), "claimed", "warn", kinds["stale"], over),
        ("all", _("Everyone must answer"), "groups", "", kinds["all"], answers),
    )
    return tuple(
        Counter(
            key=key or "waiting",
            label=label,
            icon=icon,
            tone=f"tone-{tone}" if tone and found else "",
            figure=_figure(len(found), whole=whole or key in ("late", "today", "stale")),
            small=small if found else "",
            href=filters.href(show="" if key == show else key),
            on=key == show,
        )
        for key, label, icon, tone, found, small in counters
    )


def _figure(count: int, *, whole: bool) -> str:
    return f"{count}+" if not whole or count > MOST else str(count)


def _duration(since: datetime, until: datetime) -> str:
    return span((until - since).total_seconds())


def _chips(page_context: PageContext) -> tuple[Choice, ...]:
    cleaned = page_context.filters.cleaned_data
    labels = {
        "over": _("Waiting over %(hours)d h") % {"hours": OVER.get(cleaned["over"], 0)},
        "workflow": cleaned["workflow"],
        "group": page_context.groups.names.get(cleaned["group"], cleaned["group"]),
        "person": page_context.people.name(cleaned["person"]),
        "q": _("“%(text)s”") % {"text": cleaned["q"]},
    }
    return chips(page_context.filters, labels)


def _menus(items: Sequence[Interaction], page_context: PageContext) -> list[dict[str, Any]]:
    """Only choices that occur among the questions."""
    people, filters = page_context.people, page_context.filters
    ids = {id_ for item in items for id_ in waited_for(item)}
    names = page_context.groups.names
    groups = {id_: names[id_] for item in items if (id_ := item.group_id or "") in names}
    over = {key: _("Over %(hours)d h") % {"hours": hours} for key, hours in OVER.items()}
    options_by_name = (
        (
            "workflow",
            _("Workflow"),
            {item.workflow: item.workflow for item in items if item.workflow},
        ),
        ("group", _("Group"), groups),
        ("person", _("Person"), {id_: people.name(id_) for id_ in ids}),
        ("over", _("Waiting over"), over),
    )
    menus = []
    for name, label, options in options_by_name:
        if filters.cleaned_data[name] or not options:
            continue
        pairs = options.items() if name == "over" else by_label(options)
        choices = [Choice(words, filters.href(**{name: value})) for value, words in pairs]
        menus.append({"name": name, "label": label, "choices": choices[:CHOICES]})
    return menus


def _panel(
    show: str,
    items: Sequence[Interaction],
    row_of: Callable[[Interaction, PageContext], Any],
    page_context: PageContext,
) -> dict[str, Any]:
    # The page that the panel links to lists all of them.
    shown = items if page_context.filters.cleaned_data["show"] == show else items[:PANEL_ROWS]
    more = len(items) - len(shown)
    return {
        "rows": [row_of(item, page_context) for item in shown],
        "count": _figure(len(items), whole=True),
        "more": _figure(more, whole=len(items) <= MOST) if more > 0 else "",
        "href": page_context.filters.href(show=show),
    }


def _claimed(item: Interaction, page_context: PageContext) -> tuple[BlockedQuestion, Missing]:
    return blocked_question(item, page_context), missing_of(
        item, item.claimed_by or "", page_context
    )


def _expiring(item: Interaction, page_context: PageContext) -> tuple[BlockedQuestion, str]:
    question = blocked_question(item, page_context)
    if question.claimed:
        claimed = page_context.people.sentence(
            item.claimed_by,
            _("Claimed by you %(since)s."),
            _("Claimed by %(name)s %(since)s."),
            since=since_words(item, page_context.now),
        )
        return question, claimed
    names = page_context.people.objects(waited_for(item))
    words = _("Mobius doesn't say who this is for.")
    if names:
        words = _("Waiting for %(names)s.") % {"names": listed(names)}
    return question, words


def _todays_nudges(items: Sequence[Interaction], page_context: PageContext) -> list[dict[str, str]]:
    titles = {item.mobius_id: item.title for item in items}
    today = midnight(page_context.now)
    nudges = [
        nudge
        for nudge in page_context.nudges.values()
        if nudge.at >= today and nudge.item in titles
    ]
    nudges.sort(key=lambda nudge: nudge.at, reverse=True)
    return [_nudge_today(nudge, titles[nudge.item], page_context) for nudge in nudges[:PANEL_ROWS]]


def _nudge_today(nudge: LastNudge, title: str, page_context: PageContext) -> dict[str, str]:
    people = page_context.people
    names = {"name": nudge.sender_name, "user": people.object(nudge.user)}
    by_viewer = people.is_viewer(nudge.sender)
    words = (_("You nudged %(user)s") if by_viewer else _("%(name)s nudged %(user)s")) % names
    read = _("Not read yet")
    if nudge.read_at:
        read = _("Read at %(time)s") % {"time": clock(nudge.read_at)}
    title = f"{title or _('A question')} · {read}"
    return {"words": words, "title": title, "when": clock(nudge.at)}
