"""The charts of a span: what came and went each day, how long it took, how it ended."""

from collections.abc import Callable, Mapping
from datetime import date

from django.conf import settings

from inbox.presenters.insights.chart import (
    Cell,
    Chart,
    Headline,
    Row,
    Series,
    count,
    long_day,
    percent,
    share,
    short_day,
    time,
    whole,
)
from inbox.presenters.insights.figures import Figures

Days = Mapping[date, Figures]
Quantile = Callable[[Figures, float], float | None]


def flow(total: Figures, days: Days, today: date) -> Chart:
    """Arrivals against answers."""
    return Chart(
        key="flow",
        title="Asked and answered each day",
        kind="line",
        unit="count",
        headlines=(
            Headline(whole(total.asked), "asked"),
            Headline(whole(total.answered), "answered"),
        ),
        labels=[short_day(day) for day in days],
        series=(
            Series("Asked", "2", [each.asked for each in days.values()], dash=True),
            Series("Answered", "1", [each.answered for each in days.values()]),
        ),
        columns=("Day", "Asked", "Answered", "Expired", "Cancelled", "Bypassed"),
        csv_columns=("day", "asked", "answered", "expired", "cancelled", "bypassed", "time_zone"),
        rows=[
            _row(
                day,
                each,
                count(each.asked),
                count(each.answered),
                count(each.expired),
                count(each.cancelled),
                count(each.bypassed),
            )
            for day, each in days.items()
        ],
        note="Today is incomplete." if today in days else "",
        nothing="" if total.asked or total.ended else "Nothing was asked or answered.",
    )


def answer_time(total: Figures, days: Days) -> Chart:
    """From being asked to the answer that closed it."""
    return _time(
        total,
        days,
        key="time-to-answer",
        title="Time to answer",
        quantile=Figures.answer,
        number=lambda each: each.answered,
        noun="Answers",
        nothing="Nothing was answered.",
    )


def claim_time(total: Figures, days: Days) -> Chart:
    """From a group's being asked to somebody's taking it."""
    return _time(
        total,
        days,
        key="time-to-claim",
        title="Time to claim",
        quantile=Figures.claim,
        number=lambda each: each.claims,
        noun="Claims",
        nothing="No claims.",
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
    nothing: str,
) -> Chart:
    medians = [quantile(each, 0.5) for each in days.values()]
    most = [quantile(each, 0.9) for each in days.values()]
    return Chart(
        key=key,
        title=title,
        kind="line",
        unit="seconds",
        headlines=(
            Headline(time(quantile(total, 0.5)).words, "median"),
            Headline(time(quantile(total, 0.9)).words, "p90"),
        ),
        labels=[short_day(day) for day in days],
        series=(
            Series("p90", "2", most, dash=True),
            Series("Median", "1", medians),
        ),
        columns=("Day", noun, "Median", "p90"),
        csv_columns=("day", noun.lower(), "median_seconds", "p90_seconds", "time_zone"),
        rows=[
            _row(day, each, count(number(each)), time(median), time(within))
            for (day, each), median, within in zip(days.items(), medians, most, strict=True)
        ],
        note=_of(number(total), noun),
        nothing="" if number(total) else nothing,
    )


def _row(day: date, figures: Figures, *cells: Cell) -> Row:
    """A day's line. One that was counted in another time zone than the installation's says so."""
    zone = "" if figures.zone == settings.TIME_ZONE else f" ({figures.zone})"
    return Row(f"{long_day(day)}{zone}", day.isoformat(), cells, extra=(figures.zone,))


def _of(count: int, noun: str) -> str:
    """``1 claim, on a logarithmic scale.``; no scale is spoken of where nothing is drawn."""
    words = f"{whole(count)} {noun.lower().removesuffix('s') if count == 1 else noun.lower()}"
    return f"{words}, on a logarithmic scale." if count else f"{words}."


def endings(total: Figures) -> Chart:
    """What became of all that ended."""
    other = total.answered - total.approved - total.rejected
    parts = [
        ("Approved", "approved", total.approved, "1"),
        ("Rejected", "rejected", total.rejected, "2"),
        ("Chosen or written", "other", other, "3"),
        ("Expired", "expired", total.expired, "bad"),
    ]
    if total.cancelled:
        parts.append(("Cancelled", "cancelled", total.cancelled, "axis"))
    if total.bypassed:
        parts.append(("Bypassed by a signal", "bypassed", total.bypassed, "warn"))
    approvals = total.approved + total.rejected + total.unapproved
    return Chart(
        key="endings",
        title="How they ended",
        kind="share",
        unit="count",
        headlines=(
            Headline(percent(total.expired, total.ended), "expired unanswered"),
            Headline(percent(total.approved, approvals), "of approvals approved"),
        ),
        labels=("All ended questions",),
        series=[Series(label, tint, [number]) for label, _, number, tint in parts],
        columns=("Outcome", "Questions", "Share"),
        csv_columns=("outcome", "questions", "share"),
        rows=[
            Row(label, name, (count(number), share(number, total.ended)), tint)
            for label, name, number, tint in parts
        ],
        note=f"{whole(total.ended)} ended, {whole(total.unapproved)} of {whole(approvals)} "
        "approvals expired.",
        nothing="" if total.ended else "No questions have ended.",
        open_table=True,
    )
