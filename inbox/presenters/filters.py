"""What the address of a list says: which rows, from where on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from inbox.presenters.scopes import DONE, OPEN, SCOPES, Scope


@dataclass(frozen=True)
class Filters:
    """What the query string asks for. ``target`` is empty, ``mine``, ``groups`` or a group's id.

    ``scope`` is a key of ``inbox.presenters.scopes.SCOPES``.
    """

    scope: str = ""
    type: str = ""
    target: str = ""
    q: str = ""
    cursor: str = ""

    @classmethod
    def read(cls, query: Mapping[str, Any]) -> "Filters":
        """Read a query string; what it does not know is left out."""
        scope = str(query.get("scope") or "")
        return cls(
            scope=scope if scope in SCOPES else "",
            type=str(query.get("type") or "")[:40],
            target=str(query.get("target") or "")[:200],
            q=" ".join(str(query.get("q") or "").split())[:200],
            cursor=str(query.get("cursor") or "")[:100],
        )

    def query(self, **more: str) -> str:
        """The query string, with its question mark, or nothing."""
        said = {
            "scope": self.scope,
            "type": self.type,
            "target": self.target,
            "q": self.q,
            "cursor": self.cursor,
            **more,
        }
        text = urlencode({key: value for key, value in said.items() if value})
        return f"?{text}" if text else ""

    @property
    def shown(self) -> Scope:
        """The part of the list."""
        return SCOPES[self.scope]

    @property
    def done(self) -> bool:
        """What is over, newest first."""
        return self.scope == DONE

    @property
    def counted(self) -> bool:
        """The part that the counts are of."""
        return self.scope == OPEN

    @property
    def narrowed(self) -> bool:
        """Something is left out of the list."""
        return bool(self.type or self.target or self.q)

    def replace(self, **changes: Any) -> "Filters":
        """The same filters with some changed, from their first page."""
        return replace(self, **{"cursor": "", **changes})


def inbox_href(filters: Filters) -> str:
    """The list as it is filtered."""
    return reverse("inbox") + filters.query()


def item_href(id_: str, filters: Filters) -> str:
    """The page of an item, with the list beside it as it is filtered now."""
    return reverse("interaction", args=[id_]) + filters.query()
