"""Where the time of a run went: to people, or to the machine."""

from collections.abc import Iterable
from datetime import datetime

from inbox.models import Interaction, Run
from inbox.presenters.when import exact_span


def where_the_time_went(
    run: Run, items: Iterable[Interaction], now: datetime
) -> tuple[tuple[str, str], ...]:
    """How long it waited for people, and the rest of its time."""
    end = run.ended_at or now
    waits = sorted(
        (item.created_at, min(item.closed_at or end, end))
        for item in items
        if item.created_at < end
    )
    waited = 0.0
    reached: datetime | None = None
    for begin, over in waits:
        start = begin if reached is None else max(begin, reached)
        if over > start:
            waited += (over - start).total_seconds()
            reached = over
    whole = (end - run.created_at).total_seconds()
    return (
        ("Waiting for people", exact_span(waited) if waited else "–"),
        ("Everything else", exact_span(max(0.0, whole - waited))),
    )
