from collections.abc import Collection, Iterable, Mapping

from django import forms
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from inbox.access import Viewer
from inbox.models import Recipient, Upstream
from inbox.models.distinct import distinct_values
from inbox.people.names import names_of
from inbox.web.questions.queries import Sample, done
from inbox.web.ui.groups import group_names
from inbox.web.ui.labels import TASK, asked_in, kind, run_name
from inbox.web.ui.lists import MOST, PAGE, Choice, by_label, chips
from inbox.web.ui.people import People
from inbox.web.ui.scopes import (
    AGES,
    ANSWERS,
    CLAIMS,
    DUE,
    GROUPINGS,
    OPEN,
    SORTS,
    Filters,
    rows_of,
)
from inbox.web.ui.when import DATES

FILTERS = frozenset(Filters.base_fields).difference(Filters.not_filters, ["q"])
"""The filters besides the search."""
MINE, GROUPS = "mine", "groups"
KINDS = {
    "approval": gettext_noop("Approvals"),
    "review": gettext_noop("Reviews"),
    "input": gettext_noop("Inputs"),
    TASK: gettext_noop("Tasks"),
}
"""The types that can be filtered by, and the label of their filter above the list."""


def selects(viewer: Viewer, upstream: Upstream, filters: Filters) -> tuple[forms.BoundField, ...]:
    rows = rows_of(filters.rows, viewer, upstream)
    rows = done(rows) if filters.done else rows
    orders = filters.shown.sorts
    usual = str(filters.shown.order)
    fields = (
        filters.select("answer", _("Any answer"), _options(ANSWERS)),
        filters.select(
            "closed", _("Any time"), [(key, str(words)) for key, words in DATES.items()]
        ),
        filters.select(
            "type", _("Any type"), [(type_, kind(type_).label) for type_ in _types(upstream)]
        ),
        filters.select("workflow", _("Any workflow"), _workflows(rows)),
        filters.select("requester", _("Anyone"), _requesters(upstream, rows)),
        filters.select("target", _("Anyone"), _assignees(upstream, rows)),
        filters.select("run", _("Any run"), _runs(rows)),
        filters.select("age", _("Any time"), _options(AGES)),
        filters.select("due", _("Any time"), _options(DUE)),
        filters.select("claimed", _("Any"), _options(CLAIMS)),
        filters.select("sort", usual, [(key, str(SORTS[key][0])) for key in orders if key]),
        filters.select("group_by", _("Same as sort order"), _options(GROUPINGS)),
    )
    unused = (*filters.shown.unused, *(() if upstream.has_groups else ("target", "claimed")))
    return tuple(field for field in fields if field.name not in unused)


def _workflows(rows: QuerySet[Recipient]) -> list[tuple[str, str]]:
    return [(name, name) for name in distinct_values(rows, "workflow", MOST)]


def _requesters(upstream: Upstream, rows: QuerySet[Recipient]) -> list[tuple[str, str]]:
    ids = distinct_values(rows, "asked_by", MOST)
    names = names_of(upstream, ids)
    return by_label({id_: names.of(id_) for id_ in ids})


def _assignees(upstream: Upstream, rows: QuerySet[Recipient]) -> list[tuple[str, str]]:
    grouped = rows.filter(group_id__isnull=False).order_by()
    ids = [str(id_) for id_ in grouped.values_list("group_id", flat=True).distinct()[:MOST]]
    names = group_names(upstream, set(ids))
    groups = {id_: names.get(id_, id_) for id_ in ids}
    return [(MINE, _("You")), (GROUPS, _("Any of your groups")), *by_label(groups)]


def _runs(rows: QuerySet[Recipient]) -> list[tuple[str, str]]:
    asked = rows.filter(run_id__in=distinct_values(rows, "run_id", MOST)).order_by()
    found = asked.values_list("run_id", "workflow").distinct()
    return by_label({str(id_): _run_label(str(id_), workflow) for id_, workflow in found})


def _run_label(id_: str, workflow: str) -> str:
    return run_name(workflow, id_) if workflow else asked_in("", id_)


def _options(values: Mapping[str, tuple[Promise, Promise]]) -> list[tuple[str, str]]:
    return [(key, str(option)) for key, (option, _chip) in values.items()]


def _chip(values: Mapping[str, tuple[Promise, Promise]], key: str) -> str:
    return str(values[key][1]) if key else ""


def filter_chips(
    filters: Filters,
    listed: Iterable[Recipient],
    *,
    people: People,
    groups: Mapping[str, str],
    own_groups: Collection[str],
) -> tuple[Choice, ...]:
    """Filters with a link above the list are left out. Only names in the ``listed`` rows are known;
    other IDs are shown as they are.
    """
    cleaned = filters.cleaned_data
    workflow = next((row.workflow for row in listed), "")
    labels = {
        "workflow": cleaned["workflow"],
        "requester": _("Requested by %(name)s") % {"name": people.object(cleaned["requester"])},
        "run": _run_label(cleaned["run"], workflow),
        "age": _chip(AGES, cleaned["age"]),
        "due": _chip(DUE, cleaned["due"]),
        "claimed": _chip(CLAIMS, cleaned["claimed"]),
        "answer": _chip(ANSWERS, cleaned["answer"]),
        "closed": str(DATES.get(cleaned["closed"], "")),
        "sort": filters.sort_words,
        "group_by": _chip(GROUPINGS, cleaned["group_by"]),
    }
    if cleaned["type"] not in KINDS:
        labels["type"] = kind(cleaned["type"]).label
    if cleaned["target"] not in (MINE, GROUPS, *own_groups):
        labels["target"] = groups.get(cleaned["target"], cleaned["target"])
    return chips(filters, labels)


def counted_choices(
    filters: Filters,
    counts: Sample,
    names: Mapping[str, str],
    *,
    has_groups: bool,
    has_reviews: bool,
    changed_groups: Collection[str] = (),
) -> tuple[Choice, ...]:
    """``has_groups``, ``has_reviews``: Mobius has them. ``changed_groups`` are listed too: a page
    may show an old count beside them.
    """
    found = [
        Choice(
            _("All"),
            filters.href(**dict.fromkeys(FILTERS, "")),
            on=not any(filters.cleaned_data[name] for name in FILTERS),
            key="all",
            count=_count(filters, counts, counts.total),
        ),
    ]
    if has_reviews and "review" not in filters.shown.unused:
        count = _count(filters, counts, counts.to_review)
        found.append(_choice(filters, "review", _("To review"), count, review="yes"))
    if has_groups:
        mine, shared = counts.direct, counts.total - counts.direct
        found += [
            _choice(filters, "mine", _("Yours"), _count(filters, counts, mine), target="mine"),
            _choice(
                filters, "groups", _("Groups"), _count(filters, counts, shared), target="groups"
            ),
        ]
    groups = {*counts.groups, *changed_groups}
    if len(groups) > 1 or changed_groups or filters.cleaned_data["target"] in groups:
        named = [(names.get(id_) or id_, id_) for id_ in groups]
        found += [
            _choice(
                filters,
                f"group-{id_}",
                name,
                _group_count(filters, counts, id_),
                target=id_,
            )
            for name, id_ in sorted(named, key=lambda entry: entry[0].lower())
        ]
    return tuple(found)


def _types(upstream: Upstream) -> list[str]:
    return [type_ for type_ in KINDS if type_ != TASK or upstream.adapter.has_tasks]


def choices(
    upstream: Upstream, filters: Filters, counts: Sample, names: Mapping[str, str]
) -> tuple[Choice, ...]:
    every, *by_target = counted_choices(
        filters,
        counts,
        names,
        has_groups=upstream.has_groups,
        has_reviews=upstream.adapter.has_reviews,
    )
    found = [every]
    if filters.done:
        words = _("Run failed after my answer")
        found.append(_choice(filters, "failed", words, failed="yes"))
    found += by_target
    found += [_choice(filters, type_, _(KINDS[type_]), type=type_) for type_ in _types(upstream)]
    if "unread" not in filters.shown.unused:
        found.append(_choice(filters, "unread", _("Unread"), unread="yes"))
    if "drafts" not in filters.shown.unused:
        found.append(_choice(filters, "drafts", _("Drafts"), drafts="yes"))
    if filters.shown.key == OPEN:
        found.append(_choice(filters, "snoozed", _("Snoozed"), snoozed="yes"))
    return tuple(found)


def _choice(filters: Filters, key: str, label: str, count: str = "", **changes: str) -> Choice:
    on = all(filters.cleaned_data[name] == value for name, value in changes.items())
    return Choice(label, filters.href(**changes), on, key, count)


def _count(filters: Filters, counts: Sample, count: int) -> str:
    return counts.words(count) if filters.counted else ""


def _group_count(filters: Filters, counts: Sample, id_: str) -> str:
    """Empty if the group may only have questions that were not counted."""
    known = id_ in counts.groups or counts.whole
    return _count(filters, counts, counts.groups.get(id_, 0)) if known else ""


def found_words(filters: Filters, count: int) -> str:
    if not filters.narrowed:
        return ""
    if count > PAGE:
        return _("More than %(count)d found") % {"count": PAGE}
    if not count:
        return _("None found")
    return ngettext("%(count)d found", "%(count)d found", count) % {"count": count}
