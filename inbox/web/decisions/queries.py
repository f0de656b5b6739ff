"""What the address of the decision log asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.timezone import localtime

from inbox.models import Decision

SPANS = {
    "today": ("Today", 0),
    "7": ("Last 7 days", 6),
    "30": ("Last 30 days", 29),
    "90": ("Last 90 days", 89),
    "365": ("Last 365 days", 364),
}
"""Key, words, and how many days before today it begins."""
OBSERVED = "observed"
"""As a verb of the filter: answers that were not made here."""


@dataclass(frozen=True)
class DecisionQuery:
    """Each is empty where nothing is asked for. ``item`` is the id of a question."""

    q: str = ""
    who: str = ""
    did: str = ""
    span: str = ""
    workflow: str = ""
    item: str = ""
    cursor: str = ""

    @classmethod
    def read(cls, query: Mapping[str, Any]) -> "DecisionQuery":
        """Read a query string; what it does not know is left out."""
        span = str(query.get("span") or "")
        return cls(
            q=" ".join(str(query.get("q") or "").replace("\0", "").split())[:200],
            who=_text(query, "who"),
            did=_text(query, "did"),
            span=span if span in SPANS else "",
            workflow=_text(query, "workflow"),
            item=_text(query, "item"),
            cursor=_text(query, "cursor"),
        )

    @property
    def narrowed(self) -> bool:
        """Something is left out."""
        return self.replace() != DecisionQuery()

    def replace(self, **changes: str) -> "DecisionQuery":
        """The same with some of it changed, from its first page."""
        return replace(self, **{"cursor": "", **changes})

    def query(self) -> str:
        """The query string with its question mark, or nothing."""
        text = urlencode({key: value for key, value in vars(self).items() if value})
        return f"?{text}" if text else ""

    def href(self, page: str = "decisions") -> str:
        """The page with this query."""
        return reverse(page) + self.query()

    def rows(self, entries: QuerySet[Decision], now: datetime) -> QuerySet[Decision]:
        """Those of ``entries`` that are asked for, in no order."""
        rows = entries
        if self.who:
            rows = rows.filter(Q(actor=self.who) | Q(actor="", account=self.who))
        if self.did == OBSERVED:
            rows = rows.filter(observed=True)
        elif self.did:
            rows = rows.filter(verb=self.did)
        if self.workflow:
            rows = rows.filter(workflow=self.workflow)
        if self.item:
            rows = rows.filter(interaction_id=self.item)
        if self.span:
            rows = rows.filter(at__gte=_since(self.span, now))
        if self.q:
            rows = rows.filter(_says(self.q))
        return rows

    def page(
        self, entries: QuerySet[Decision], now: datetime, most: int
    ) -> tuple[list[Decision], str]:
        """``most`` of them, the newest first, and the cursor of what follows."""
        rows = self.rows(entries, now)
        at, number = _read(self.cursor)
        if at is not None:
            rows = rows.filter(at__lte=at).filter(Q(at__lt=at) | Q(number__lt=number))
        found = list(rows.order_by("-at", "-number")[: most + 1])
        if len(found) <= most:
            return found, ""
        last = found[most - 1]
        return found[:most], f"{last.at.isoformat()}_{last.number}"


def _text(query: Mapping[str, Any], name: str) -> str:
    return str(query.get(name) or "").replace("\0", "")[:300]


def _since(span: str, now: datetime) -> datetime:
    midnight = localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=SPANS[span][1])


def _says(words: str) -> Q:
    """All of the words stand in one of the texts, or it is an id or a number."""
    exact = Q(interaction_id=words) | Q(run_id=words) | Q(group_id=words) | Q(operation_id=words)
    if words.replace(",", "").isdecimal() and len(words) < 15:
        exact |= Q(number=int(words.replace(",", "")))
    texts = Q()
    for name in ("title", "comment", "workflow"):
        texts |= Q(**{f"{name}__icontains": words})
    return exact | texts


def _read(cursor: str) -> tuple[datetime | None, int]:
    text, _, number = cursor.rpartition("_")
    try:
        at, before = (parse_datetime(text) if text else None), int(number or 0)
    except ValueError:
        return None, 0
    return (None, 0) if at is None or at.tzinfo is None else (at, before)
