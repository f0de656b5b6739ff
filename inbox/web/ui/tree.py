"""Nested data as a tree, in the order in which a template writes it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import ngettext

from inbox.access.redaction import Masked, pointer
from inbox.lib.bidi import show_overrides
from inbox.web.ui.values import compact, date_words

MOST_DEPTH = 100
MOST_CHILDREN = 200
"""The most children of a branch that are shown, so that the branches after a long one are too."""
LONGEST = 2_000
"""The most characters of a value; all of it is in the raw JSON."""
OPEN_DEPTH = 2
OPEN_SIZE = 12


@dataclass(frozen=True)
class Node:
    """``leaf``: a key and its value as JSON. ``branch``: a key and the number of its children,
    which follow up to the next ``end`` of the same depth. ``cut``: how many were left out.
    """

    kind: str
    depth: int
    key: str = ""
    text: str = ""
    date: str = ""
    masked: str = ""
    open: bool = False
    cut: int = 0


class Budget:
    def __init__(self, nodes: int) -> None:
        self.left = nodes


def nodes(value: dict[str, Any] | list[Any], budget: Budget, depth: int = 0) -> Iterator[Node]:
    """Without a node for the value itself."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for place, (key, item) in enumerate(pairs):
        if budget.left <= 0 or place >= MOST_CHILDREN:
            yield Node("cut", depth, cut=len(value) - place)
            return
        budget.left -= 1
        name = show_overrides(str(key))
        if isinstance(item, Masked):
            yield Node("leaf", depth, name, item, masked=pointer(item.path))
        elif isinstance(item, dict | list) and item and depth < MOST_DEPTH:
            open_ = depth < OPEN_DEPTH and len(item) <= OPEN_SIZE
            yield Node("branch", depth, name, _size(item), open=open_)
            yield from nodes(item, budget, depth + 1)
            yield Node("end", depth)
        else:
            text = show_overrides(compact(item))
            shown = text if len(text) <= LONGEST else text[:LONGEST] + "…"
            yield Node("leaf", depth, name, shown, date_words(item))


def _size(item: dict[str, Any] | list[Any]) -> str:
    count = {"count": len(item)}
    if isinstance(item, dict):
        return ngettext("%(count)d key", "%(count)d keys", len(item)) % count
    return ngettext("%(count)d item", "%(count)d items", len(item)) % count
