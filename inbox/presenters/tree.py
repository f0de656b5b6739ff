"""Nested values as a tree that folds."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

MOST_NODES = 400
MOST_DEPTH = 10
OPEN_DEPTH = 2
OPEN_SIZE = 12


@dataclass(frozen=True)
class Node:
    """A leaf has ``text``; a branch has ``children`` and says in ``meta`` how many."""

    key: str
    text: str = ""
    meta: str = ""
    children: tuple["Node", ...] = ()
    branch: bool = False
    open: bool = False


class _Budget:
    def __init__(self, nodes: int) -> None:
        self.left = nodes


def compact(value: Any) -> str:
    """A value as JSON on one line, letters of every script as they are."""
    return json.dumps(value, ensure_ascii=False, default=str)


def pretty(value: Any) -> str:
    """A value as indented JSON."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def grow(value: dict[str, Any] | list[Any]) -> tuple[Node, ...]:
    """The children of a dict or list. Past 400 nodes or 10 levels the rest is one line of JSON."""
    return _children(value, 0, _Budget(MOST_NODES))


def _pairs(value: dict[str, Any] | list[Any]) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict):
        return ((str(key), item) for key, item in value.items())
    return ((str(index), item) for index, item in enumerate(value))


def _children(value: dict[str, Any] | list[Any], depth: int, budget: _Budget) -> tuple[Node, ...]:
    nodes: list[Node] = []
    for key, item in _pairs(value):
        if budget.left <= 0:
            nodes.append(Node("…", text=f"{len(value) - len(nodes)} more, see the raw JSON"))
            break
        budget.left -= 1
        nodes.append(_node(key, item, depth, budget))
    return tuple(nodes)


def _node(key: str, item: Any, depth: int, budget: _Budget) -> Node:
    if not isinstance(item, dict | list) or not item or depth >= MOST_DEPTH:
        text = compact(item)
        return Node(key, text=text if len(text) <= 2000 else text[:2000] + "…")
    count = len(item)
    if isinstance(item, dict):
        meta = "1 key" if count == 1 else f"{count} keys"
    else:
        meta = f"list of {count}"
    return Node(
        key,
        meta=meta,
        children=_children(item, depth + 1, budget),
        branch=True,
        open=depth < OPEN_DEPTH and count <= OPEN_SIZE,
    )
