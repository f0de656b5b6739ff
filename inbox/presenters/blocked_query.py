"""What the address of *Blocked* says: which of all that waits."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

SHOWN = ("late", "today", "stale", "all")
"""What a counter counts: overdue, expires today, held for too long, everybody must answer."""
OVER = {"1h": 1, "4h": 4, "1d": 24}
"""Waiting for longer than so many hours."""


@dataclass(frozen=True)
class BlockedQuery:
    """All empty: everything that waits. ``group`` and ``person`` are Mobius ids."""

    show: str = ""
    over: str = ""
    workflow: str = ""
    group: str = ""
    person: str = ""
    q: str = ""

    @classmethod
    def read(cls, query: Mapping[str, Any]) -> "BlockedQuery":
        """Read a query string; what it does not know is left out."""
        said = {
            field.name: " ".join(str(query.get(field.name) or "").split())[:300]
            for field in fields(cls)
        }
        said["show"] = said["show"] if said["show"] in SHOWN else ""
        said["over"] = said["over"] if said["over"] in OVER else ""
        return cls(**said)

    def replace(self, **changed: str) -> "BlockedQuery":
        """The same, something changed."""
        return replace(self, **changed)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """What is said."""
        return tuple((name, value) for name, value in asdict(self).items() if value)

    def href(self) -> str:
        """The page that shows this."""
        text = urlencode(self.pairs)
        return reverse("blocked") + (f"?{text}" if text else "")
