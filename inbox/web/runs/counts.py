from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from inbox.access import Viewer
from inbox.models import Upstream
from inbox.people.names import Names, names_of
from inbox.web.ui.groups import group_names
from inbox.web.ui.scopes import counted_words
from inbox.web.ui.when import midnight

LONG = timedelta(hours=4)
"""After this long a suspended run counts as held up."""

MOST_RUNS = 1_000
"""The runs in a status are counted up to this number."""

# One statement of our own: Django would take several times as long to compose it. Each part counts
# one range of an index, up to a limit, so that it costs no more with more runs.
_RUNS = """
SELECT '{kind}', '{state}', COUNT(*) FROM (
  SELECT 1 FROM inbox_run
  WHERE upstream_id = %s AND deleted IN (false) AND state = '{state}' {bound} LIMIT {most}
) AS counted
"""


@dataclass(frozen=True)
class MonitorCounts:
    """``notable`` runs have been suspended for over four hours or have ended today."""

    figures: Mapping[tuple[str, str], int]
    people: Names
    groups: Mapping[str, str]

    def notable(self, state: str) -> str:
        return counted_words(self.figures.get(("notable", state), 0), most=MOST_RUNS)

    def runs(self, *states: str) -> str:
        kinds = ("notable", "other")
        total = sum(self.figures.get((kind, state), 0) for kind in kinds for state in states)
        return counted_words(total, most=MOST_RUNS) or "0"


def monitor_counts(
    viewer: Viewer, upstream: Upstream, now: datetime, *, people: set[str], groups: set[str]
) -> MonitorCounts:
    return MonitorCounts(
        figures=_figures(upstream, now) if viewer.lead else {},
        people=names_of(upstream, people),
        groups=group_names(upstream, groups),
    )


def _figures(upstream: Upstream, now: datetime) -> dict[tuple[str, str], int]:
    parts = _parts(upstream, now)
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(text for text, _ in parts),
            [value for _, values in parts for value in values],
        )
        return {(kind, state): number for kind, state, number in cursor.fetchall()}


Part = tuple[str, Sequence[Any]]


def _parts(upstream: Upstream, now: datetime) -> list[Part]:
    def instant(at: datetime) -> Any:
        return connection.ops.adapt_datetimefield_value(at)

    def runs(kind: str, state: str, bound: str = "", *at: Any) -> Part:
        text = _RUNS.format(kind=kind, state=state, bound=bound, most=MOST_RUNS + 1)
        return text, [upstream.pk, *at]

    held_up, today = instant(now - LONG), instant(midnight(now))
    before, since = "AND status_since < %s", "AND status_since >= %s"
    return [
        runs("notable", "suspended", "AND status_since <= %s", held_up),
        runs("other", "suspended", "AND status_since > %s", held_up),
        *(runs("other", state) for state in ("running", "active", "queued")),
        *(runs("other", state, before, today) for state in ("failed", "cancelled")),
        *(runs("notable", state, since, today) for state in ("failed", "cancelled", "completed")),
    ]
