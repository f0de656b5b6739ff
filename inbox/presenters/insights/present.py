"""The charts of this moment: what is open, and what the next day will bring."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from inbox.models import Interaction
from inbox.presenters.insights.chart import (
    Cell,
    Chart,
    Headline,
    Row,
    Series,
    count,
    percent,
    whole,
)
from inbox.presenters.when import span

Bounds = dict[str, tuple[datetime, datetime]]

_AGES = {
    "under_15m": ("Under 15 min", timedelta(0), timedelta(minutes=15)),
    "under_1h": ("15 min – 1 h", timedelta(minutes=15), timedelta(hours=1)),
    "under_4h": ("1 – 4 h", timedelta(hours=1), timedelta(hours=4)),
    "under_1d": ("4 – 24 h", timedelta(hours=4), timedelta(days=1)),
    "over_1d": ("Over a day", timedelta(days=1), timedelta(days=36500)),
}
_AHEAD = {
    "in_1h": ("Within the hour", timedelta(0), timedelta(hours=1)),
    "in_4h": ("In 1 – 4 h", timedelta(hours=1), timedelta(hours=4)),
    "in_12h": ("In 4 – 12 h", timedelta(hours=4), timedelta(hours=12)),
    "in_24h": ("In 12 – 24 h", timedelta(hours=12), timedelta(hours=24)),
}


def ages(now: datetime) -> Bounds:
    """When what is of an age was asked. A clock that is a little ahead is no age of its own."""
    ahead = timedelta(days=1)
    return {
        key: (now - older, now + ahead if key == "under_15m" else now - younger)
        for key, (_, younger, older) in _AGES.items()
    }


def ahead(now: datetime) -> Bounds:
    """The stretches of the next day."""
    return {key: (now + since, now + until) for key, (_, since, until) in _AHEAD.items()}


def open_now(counts: Mapping[str, int], oldest: Interaction | None, now: datetime) -> Chart:
    """What is open, by how long it has been."""
    total = sum(counts.values())
    numbers = [counts[key] for key in _AGES]
    tints = ["bad" if key == "over_1d" else "1" for key in _AGES]
    return Chart(
        key="open",
        title="Open now, by age",
        kind="bars",
        unit="count",
        headlines=(
            Headline(whole(total), "open"),
            Headline(whole(counts["over_1d"]), "over a day"),
        ),
        labels=[label for label, _, _ in _AGES.values()],
        series=(Series("Open", "1", numbers, tints=tints),),
        columns=("Age", "Open"),
        csv_columns=("age", "open"),
        rows=[Row(label, key, (count(counts[key]),)) for key, (label, _, _) in _AGES.items()],
        note="" if oldest is None else f"{span((now - oldest.created_at).total_seconds())} old:",
        href="" if oldest is None else oldest.get_absolute_url(),
        link="" if oldest is None else oldest.title,
        nothing="" if total else "Nothing is open.",
    )


def forecast(
    soon: Sequence[Mapping[str, Any]], usual: Mapping[tuple[str, str, str], float]
) -> Chart:
    """What expires within a day, and how much of its kind usually gets answered in time.

    A kind is a workflow, a type and a group; of one that has never ended the share of all stands.
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
    known = bool(usual)
    rows = [
        Row(
            label, key, (count(counts[key]), _about(likely[key]), _about(counts[key] - likely[key]))
        )
        for key, (label, _, _) in _AHEAD.items()
    ]
    return Chart(
        key="forecast",
        title="Expiring in the next 24 hours",
        kind="bars",
        unit="count",
        headlines=(
            Headline(whole(total), "expire"),
            Headline(percent(answered, total) if known else "–", "usually answered in time"),
        ),
        labels=[label for label, _, _ in _AHEAD.values()],
        series=(
            Series("Usually answered", "1", [round(likely[key], 1) for key in _AHEAD]),
            Series("May expire", "bad", [round(counts[key] - likely[key], 1) for key in _AHEAD]),
        ),
        columns=("Expires", "Questions", "Usually answered", "May expire"),
        csv_columns=("expires", "questions", "usually_answered", "may_expire"),
        rows=rows,
        note="Based on how similar questions ended in the last 90 days."
        if known
        else "No similar question has ended yet.",
        nothing="" if total else "No open question expires within a day.",
    )


def _about(number: float) -> Cell:
    return Cell(f"{number:.1f}".removesuffix(".0"), f"{number:.2f}")
