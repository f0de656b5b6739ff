from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from inbox.models import Interaction
from inbox.web.insights.chart import (
    Cell,
    Chart,
    Row,
    Series,
    count,
    long_day,
    percent,
    share,
    short_day,
    time,
)
from inbox.web.insights.queries import Figures
from inbox.web.ui.labels import item_status, whole
from inbox.web.ui.messages import sentences
from inbox.web.ui.when import span

Days = Mapping[date, Figures]
Quantile = Callable[[Figures, float], float | None]

_ENDED = {
    "answered": "completed",
    "expired": "expired",
    "cancelled": "cancelled",
    "bypassed": "bypassed",
}
"""The figures of closed questions, each with their state."""


def flow(total: Figures, days: Days, today: date) -> Chart:
    return Chart(
        key="flow",
        title=_("Asked and answered each day"),
        kind="line",
        unit="count",
        headlines=(
            (whole(total.asked), _("asked")),
            (whole(total.answered), _("answered")),
        ),
        labels=[short_day(day) for day in days],
        series=(
            Series(_("Asked"), "2", [figures.asked for figures in days.values()], dash=True),
            Series(_("Answered"), "1", [figures.answered for figures in days.values()]),
        ),
        columns=(_("Day"), _("Asked"), *(item_status(state).label for state in _ENDED.values())),
        csv_columns=("day", "asked", *_ENDED, "time_zone"),
        rows=[
            _row(day, figures, *(count(getattr(figures, name)) for name in ("asked", *_ENDED)))
            for day, figures in days.items()
        ],
        note=_("Today is incomplete.") if today in days else "",
        empty_text="" if total.asked or total.ended else _("No questions were asked or answered."),
    )


def answer_time(total: Figures, days: Days) -> Chart:
    """The time from a question to the answer that closes it."""
    return _time(
        total,
        days,
        key="time-to-answer",
        title=_("Time to answer"),
        quantile=Figures.answer,
        number=lambda figures: figures.answered,
        noun=_("Answers"),
        csv_noun="answers",
        note=ngettext(
            "%(count)s answer, on a logarithmic scale.",
            "%(count)s answers, on a logarithmic scale.",
            total.answered,
        ),
        empty_text=_("No questions were answered."),
    )


def claim_time(total: Figures, days: Days) -> Chart:
    """The time from a group's question to its claim."""
    return _time(
        total,
        days,
        key="time-to-claim",
        title=_("Time to claim"),
        quantile=Figures.claim,
        number=lambda figures: figures.claims,
        noun=_("Claims"),
        csv_noun="claims",
        note=ngettext(
            "%(count)s claim, on a logarithmic scale.",
            "%(count)s claims, on a logarithmic scale.",
            total.claims,
        ),
        empty_text=_("No claims."),
    )


def _time(
    total: Figures,
    days: Days,
    *,
    key: str,
    title: str,
    quantile: Quantile,
    number: Callable[[Figures], int],
    noun: str,
    csv_noun: str,
    note: str,
    empty_text: str,
) -> Chart:
    medians = [quantile(figures, 0.5) for figures in days.values()]
    most = [quantile(figures, 0.9) for figures in days.values()]
    return Chart(
        key=key,
        title=title,
        kind="line",
        unit="seconds",
        headlines=(
            (time(quantile(total, 0.5)).words, _("median")),
            (time(quantile(total, 0.9)).words, _("p90")),
        ),
        labels=[short_day(day) for day in days],
        series=(
            Series(_("p90"), "2", most, dash=True),
            Series(_("Median"), "1", medians),
        ),
        columns=(_("Day"), noun, _("Median"), _("p90")),
        csv_columns=("day", csv_noun, "median_seconds", "p90_seconds", "time_zone"),
        rows=[
            _row(day, figures, count(number(figures)), time(median), time(within))
            for (day, figures), median, within in zip(days.items(), medians, most, strict=True)
        ],
        note=sentences(
            note % {"count": whole(number(total))} if number(total) else "",
            _("p90: nine out of ten took no longer."),
        ),
        empty_text="" if number(total) else empty_text,
    )


def _row(day: date, figures: Figures, *cells: Cell) -> Row:
    """Names the time zone if the day was counted in another one."""
    zone = "" if figures.zone == settings.TIME_ZONE else f" ({figures.zone})"
    return Row(f"{long_day(day)}{zone}", day.isoformat(), cells, extra=(figures.zone,))


def endings(total: Figures, days: Mapping[date, Figures]) -> Chart:
    other = total.answered - total.approved - total.rejected
    zones = ", ".join(dict.fromkeys(figures.zone for figures in days.values()))
    parts = [
        (_("Approved"), "approved", total.approved, "1"),
        (_("Rejected"), "rejected", total.rejected, "2"),
        (_("Other answers"), "other", other, "3"),
        (item_status("expired").label, "expired", total.expired, "bad"),
    ]
    if total.cancelled:
        parts.append((item_status("cancelled").label, "cancelled", total.cancelled, "axis"))
    if total.bypassed:
        parts.append((item_status("bypassed").label, "bypassed", total.bypassed, "warn"))
    approvals = total.approved + total.rejected + total.unapproved
    return Chart(
        key="endings",
        title=_("Outcomes"),
        kind="share",
        unit="count",
        headlines=(
            (percent(total.expired, total.ended), _("expired unanswered")),
            (percent(total.approved, approvals), _("of approvals approved")),
        ),
        labels=(_("All closed questions"),),
        series=[Series(label, tint, [number]) for label, _name, number, tint in parts],
        columns=(_("Outcome"), _("Questions"), _("Share")),
        csv_columns=("outcome", "questions", "share", "time_zone"),
        rows=[
            Row(label, name, (count(number), share(number, total.ended)), tint, extra=(zones,))
            for label, name, number, tint in parts
        ],
        note=_("%(closed)s closed, %(expired)s of %(approvals)s approvals expired.")
        % {
            "closed": whole(total.ended),
            "expired": whole(total.unapproved),
            "approvals": whole(approvals),
        },
        empty_text="" if total.ended else _("No questions have closed."),
        open_table=True,
    )


Bounds = dict[str, tuple[datetime, datetime]]

_AGES = {
    "under_15m": (gettext_noop("Under 15 min"), timedelta(0), timedelta(minutes=15)),
    "under_1h": (gettext_noop("15 min – 1 h"), timedelta(minutes=15), timedelta(hours=1)),
    "under_4h": (gettext_noop("1–4 h"), timedelta(hours=1), timedelta(hours=4)),
    "under_1d": (gettext_noop("4–24 h"), timedelta(hours=4), timedelta(days=1)),
    "over_1d": (gettext_noop("Over a day"), timedelta(days=1), timedelta(days=36500)),
}
_AHEAD = {
    "in_1h": (gettext_noop("Within an hour"), timedelta(0), timedelta(hours=1)),
    "in_4h": (gettext_noop("In 1–4 h"), timedelta(hours=1), timedelta(hours=4)),
    "in_12h": (gettext_noop("In 4–12 h"), timedelta(hours=4), timedelta(hours=12)),
    "in_24h": (gettext_noop("In 12–24 h"), timedelta(hours=12), timedelta(hours=24)),
}


def ages(now: datetime) -> Bounds:
    """Times of asking. The first range includes the near future, for clocks that are ahead."""
    ahead = timedelta(days=1)
    return {
        key: (now - older, now + ahead if key == "under_15m" else now - younger)
        for key, (_label, younger, older) in _AGES.items()
    }


def ahead(now: datetime) -> Bounds:
    return {key: (now + since, now + until) for key, (_label, since, until) in _AHEAD.items()}


def open_now(counts: Mapping[str, int], oldest: Interaction | None, now: datetime) -> Chart:
    total = sum(counts.values())
    numbers = [counts[key] for key in _AGES]
    tints = ["bad" if key == "over_1d" else "1" for key in _AGES]
    return Chart(
        key="open",
        title=_("Open questions by age"),
        kind="bars",
        unit="count",
        headlines=(
            (whole(total), _("open")),
            (whole(counts["over_1d"]), _("over a day")),
        ),
        labels=[_(label) for label, _younger, _older in _AGES.values()],
        series=(Series(_("Open"), "1", numbers, tints=tints),),
        columns=(_("Age"), _("Open")),
        csv_columns=("age", "open"),
        rows=[Row(_(label), key, (count(counts[key]),)) for key, (label, *_ends) in _AGES.items()],
        note="" if oldest is None else _age(oldest, now),
        question=oldest,
        empty_text="" if total else _("No open questions."),
    )


def _age(item: Interaction, now: datetime) -> str:
    age = span((now - item.created_at).total_seconds())
    return _("%(duration)s old:") % {"duration": age}


def forecast(
    soon: Sequence[Mapping[str, Any]], usual: Mapping[tuple[str, str, str], float]
) -> Chart:
    """The estimate uses the share of the same workflow, type and group, or of all questions where
    none of that kind has closed yet.
    """
    counts = dict.fromkeys(_AHEAD, 0)
    likely = dict.fromkeys(_AHEAD, 0.0)
    for kind in soon:
        key = (kind["workflow"], kind["type"], kind["group_id"] or "")
        rate = usual.get(key, usual.get(("", "", ""), 0.0))
        for band in _AHEAD:
            counts[band] += kind[band]
            likely[band] += kind[band] * rate
    total, answered = sum(counts.values()), sum(likely.values())
    has_history = bool(usual)
    rows = [
        Row(
            _(label),
            key,
            (count(counts[key]), _about(likely[key]), _about(counts[key] - likely[key])),
        )
        for key, (label, _since, _until) in _AHEAD.items()
    ]
    return Chart(
        key="forecast",
        title=_("Expiring in the next 24 hours"),
        kind="bars",
        unit="count",
        headlines=(
            (whole(total), _("expire")),
            (percent(answered, total) if has_history else "–", _("usually answered in time")),
        ),
        labels=[_(label) for label, _since, _until in _AHEAD.values()],
        series=(
            Series(_("Usually answered"), "1", [round(likely[key], 1) for key in _AHEAD]),
            Series(_("May expire"), "bad", [round(counts[key] - likely[key], 1) for key in _AHEAD]),
        ),
        columns=(_("Expires"), _("Questions"), _("Usually answered"), _("May expire")),
        csv_columns=("expires", "questions", "usually_answered", "may_expire"),
        rows=rows,
        note=_("Based on how similar questions ended in the last 90 days.")
        if has_history
        else _("No similar questions have closed yet."),
        empty_text="" if total else _("No open questions expire within a day."),
    )


def _about(number: float) -> Cell:
    about = round(number, 1)
    return Cell(number_format(int(about) if about.is_integer() else about), f"{number:.2f}")
