from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from inbox.access.redaction import Masked, pointer
from inbox.web.ui.context import Card

MOST = 200
"""The most masked values that a page lists."""


@dataclass(frozen=True)
class Masks:
    """``paths`` are JSON Pointers of masks in a diff or a text, which have no button of their own;
    ``more`` is their number beyond ``MOST``.
    """

    paths: tuple[str, ...]
    more: int
    any: bool


def masks_in(*values: Any, beside: Iterable[Card]) -> Masks:
    """Masks in the cards ``beside`` them have their own button there."""
    found = list(_paths(values))
    in_cards = {path for card in beside for path in _paths_in(card)}
    rest = [path for path in found if path not in in_cards]
    return Masks(tuple(rest[:MOST]), max(0, len(rest) - MOST), bool(found))


def _paths(values: Iterable[Any]) -> Iterator[str]:
    stack = list(values)[::-1]
    while stack:
        part = stack.pop()
        if isinstance(part, Masked):
            yield pointer(part.path)
        elif isinstance(part, dict):
            stack += reversed(part.values())
        elif isinstance(part, list):
            stack += reversed(part)


def _paths_in(card: Card) -> Iterator[str]:
    facts = (cell for _, cell in card.facts)
    for cell in (*facts, *card.cells, *(cell for row in card.rows for cell in row)):
        yield from (cell.masked, cell.was_masked)
    yield from (node.masked for node in card.nodes)
