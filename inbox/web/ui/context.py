"""What a workflow sent beside its question, as cards a person can read."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.bidi import show_overrides
from inbox.web.ui import diff
from inbox.web.ui.markdown import FORMATTED, Text, hidden_host, render_plain
from inbox.web.ui.words import label

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
            left = len(value) - len(nodes)
            words = ngettext(
                "%(count)d more in the raw JSON", "%(count)d more in the raw JSON", left
            )
            nodes.append(Node("…", text=words % {"count": left}))
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
        meta = ngettext("%(count)d key", "%(count)d keys", count) % {"count": count}
    else:
        meta = ngettext("%(count)d item", "%(count)d items", count) % {"count": count}
    return Node(
        key,
        meta=meta,
        children=_children(item, depth + 1, budget),
        branch=True,
        open=depth < OPEN_DEPTH and count <= OPEN_SIZE,
    )


SHORT = 80
FOLD_TEXT = 700
MOST_ROWS = 100
MOST_COLUMNS = 8
MOST_CARDS = 50

_PAIRS = (("from", "to"), ("before", "after"), ("was", "now"), ("old", "new"))
_LEVELS = {
    "low": "low",
    "minor": "low",
    "medium": "mid",
    "moderate": "mid",
    "high": "high",
    "major": "high",
    "critical": "high",
    "severe": "high",
}
_LEVEL_ICONS = {"low": "minus", "mid": "alert", "high": "alert"}
_LEVEL_COLUMNS = {"level", "risk", "severity", "impact", "likelihood", "priority", "probability"}


@dataclass(frozen=True)
class Cell:
    """A value on one line. ``was`` is what it changed from; ``href`` makes it a link."""

    text: str
    href: str = ""
    was: str = ""
    changed: bool = False
    level: str = ""

    @property
    def host(self) -> str:
        """Where the link leads, where its words do not say so."""
        return hidden_host(self.href, self.text) if self.href else ""

    @property
    def level_icon(self) -> str:
        """The icon of a level: colour alone would not say it."""
        return _LEVEL_ICONS.get(self.level, "")


@dataclass(frozen=True)
class Card:
    """One thing to read. ``kind`` says which of the other fields it has.

    ``facts``: rows of (label, Cell). ``pairs``: the same under a heading. ``table``: columns and
    rows. ``diff``: files. ``links``, ``list``: cells. ``text``: text; where it is ``folded``,
    ``lead`` is its beginning. ``tree``: nodes. ``cut`` counts rows that were left out.
    """

    kind: str
    title: str = ""
    facts: tuple[tuple[str, Cell], ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    files: tuple[diff.FileDiff, ...] = ()
    cells: tuple[Cell, ...] = ()
    text: Text | None = None
    folded: bool = False
    lead: str = ""
    nodes: tuple[Node, ...] = ()
    cut: int = 0

    @property
    def template(self) -> str:
        """The fragment that shows it."""
        name = "list" if self.kind == "links" else self.kind
        return f"interactions/cards/_{name}.html"

    @property
    def added(self) -> int:
        """Lines added in all files of a diff."""
        return sum(file.added for file in self.files)

    @property
    def removed(self) -> int:
        """Lines removed in all files of a diff."""
        return sum(file.removed for file in self.files)


def is_address(text: str) -> bool:
    """A web address and nothing else: no other scheme may become a link."""
    return text.startswith(("https://", "http://")) and not any(c.isspace() for c in text)


def one_line(value: Any) -> Cell | None:
    """A value that fits a line, else None."""
    match value:
        case None:
            return Cell("–")
        case bool():
            return Cell(_("Yes") if value else _("No"))
        case int() | float():
            return Cell(str(value))
        case str():
            return _text(value.strip())
        case dict():
            return _change(value) or _named_link(value)
        case _:
            return None


def _text(text: str) -> Cell | None:
    if is_address(text):
        return Cell(_bare(text), href=text)
    text = show_overrides(text)
    return Cell(text or "–") if len(text) <= SHORT and "\n" not in text else None


def _bare(address: str) -> str:
    text = address.split("://", 1)[1].rstrip("/")
    return text if len(text) <= 60 else f"{text[:59]}…"


def _pair(value: dict[str, Any]) -> tuple[Any, Any] | None:
    for old, new in _PAIRS:
        if set(value) == {old, new}:
            return value[old], value[new]
    return None


def _change(value: dict[str, Any]) -> Cell | None:
    pair = _pair(value)
    if pair is None or any(isinstance(side, dict | list) for side in pair):
        return None
    was, now = one_line(pair[0]), one_line(pair[1])
    if was is None or now is None:
        return None
    return Cell(now.text, href=now.href, was=was.text, changed=True)


def _named_link(value: dict[str, Any]) -> Cell | None:
    address = value.get("url") or value.get("href")
    name = next((value[k] for k in ("title", "label", "name", "text") if value.get(k)), None)
    if len(value) == 2 and isinstance(address, str) and isinstance(name, str):
        return Cell(name, href=address) if is_address(address) else None
    return None


def cards(
    context: dict[str, Any], *, shown_elsewhere: frozenset[str] = frozenset()
) -> tuple[Card, ...]:
    """The cards of a context: one of all short facts first, then each other value in its order.

    ``shown_elsewhere`` are keys that the page shows itself (the soft deadline). All texts together
    are formatted up to ``FORMATTED`` bytes; what exceeds ``MOST_ROWS`` facts or ``MOST_CARDS``
    cards is one text of JSON.
    """
    facts: list[tuple[str, Cell]] = []
    rest: list[Card] = []
    more: dict[str, Any] = {}
    budget = FORMATTED
    for key, value in context.items():
        if key in shown_elsewhere:
            continue
        if len(facts) >= MOST_ROWS or len(rest) >= MOST_CARDS:
            more[key] = value
        elif (cell := one_line(value)) is not None:
            facts.append((label(key), cell))
        else:
            more_cards = list(_cards_of(label(key), value, budget))
            budget -= sum(card.text.size for card in more_cards if card.text is not None)
            rest.extend(more_cards)
    if more:
        rest.append(_text_card(_("More"), pretty(more), 0))
    first = [Card("facts", facts=tuple(facts))] if facts else []
    return (*first, *rest)


def _text_card(title: str, value: str, budget: int) -> Card:
    return Card(
        "text",
        title,
        text=render_plain(value, max(0, budget)),
        folded=len(value) > FOLD_TEXT,
        lead=value[:FOLD_TEXT],
    )


def _cards_of(title: str, value: Any, budget: int) -> Iterator[Card]:
    match value:
        case str() if diff.looks_like_diff(value):
            if page_context := diff.beside(value):
                yield _text_card(title, page_context, budget)
            yield _diff(title, diff.parse(value))
        case str():
            yield _text_card(title, value, budget)
        case dict() if (sides := _pair(value)) and _too_long(sides):
            for name, side in zip(value, value.values(), strict=True):
                part = _("%(title)s: %(part)s") % {"title": title, "part": label(name).lower()}
                yield _text_card(part, _as_text(side), budget)
                budget = 0
        case dict():
            yield _of_dict(title, value)
        case list() if value:
            yield _of_list(title, value)
        case _:
            yield Card("list", title, cells=(Cell(_("Empty")),))


def _too_long(sides: tuple[Any, Any]) -> bool:
    """Too long to be compared."""
    return sum(len(_as_text(side)) for side in sides) > diff.COMPARED


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else pretty(value)


def _diff(title: str, files: tuple[diff.FileDiff, ...]) -> Card:
    return Card("diff", title, files=files)


def _of_dict(title: str, value: dict[str, Any]) -> Card:
    pair = _pair(value)
    if pair is not None:
        before, after = map(_as_text, pair)
        files = diff.compare(before, after, path=title)
        return _diff(title, files) if files else Card("list", title, cells=(Cell(_("No change")),))
    lines = [(label(str(key)), one_line(item)) for key, item in value.items()]
    flat = tuple((key, cell) for key, cell in lines if cell is not None)
    if flat and len(flat) == len(lines) <= MOST_ROWS:
        return Card("pairs", title, facts=flat)
    return Card("tree", title, nodes=grow(value))


def _of_list(title: str, value: list[Any]) -> Card:
    if all(isinstance(item, str) and diff.looks_like_diff(item) for item in value):
        return _diff(title, tuple(file for item in value for file in diff.parse(item)))
    patches = _patches(value)
    if patches:
        return _diff(title, patches)
    cells = tuple(one_line(item) for item in value)
    flat = tuple(cell for cell in cells if cell is not None)
    if len(flat) == len(cells):
        kind = "links" if all(cell.href for cell in flat) else "list"
        return Card(kind, title, cells=flat[:MOST_ROWS], cut=max(0, len(flat) - MOST_ROWS))
    return _table(title, value) or Card("tree", title, nodes=grow(value))


def _patches(value: list[Any]) -> tuple[diff.FileDiff, ...]:
    """``[{"path", "patch"}, …]``, as code hosts send them; empty where it is something else."""
    files: list[diff.FileDiff] = []
    for item in value:
        text = item.get("patch") or item.get("diff") if isinstance(item, dict) else None
        if not isinstance(text, str) or not diff.looks_like_diff(text):
            return ()
        path = str(item.get("path") or item.get("file") or item.get("filename") or "")
        for file in diff.parse(text):
            files.append(
                diff.FileDiff(file.path or path, file.added, file.removed, file.pieces, file.cut)
            )
    return tuple(files)


def _table(title: str, value: list[Any]) -> Card | None:
    if not all(isinstance(item, dict) for item in value):
        return None
    keys = list(dict.fromkeys(key for item in value for key in item))
    if not 1 <= len(keys) <= MOST_COLUMNS:
        return None
    rows: list[tuple[Cell, ...]] = []
    for item in value[:MOST_ROWS]:
        cells = [_table_cell(key, item[key]) if key in item else Cell("") for key in keys]
        if any(cell is None for cell in cells):
            return None
        rows.append(tuple(cell for cell in cells if cell is not None))
    return Card(
        "table",
        title,
        columns=tuple(label(str(key)) for key in keys),
        rows=tuple(rows),
        cut=max(0, len(value) - MOST_ROWS),
    )


def _table_cell(key: str, value: Any) -> Cell | None:
    if isinstance(value, str) and str(key).lower() in _LEVEL_COLUMNS:
        level = _LEVELS.get(value.strip().lower(), "")
        text = value.strip()
        return Cell(text[:1].upper() + text[1:], level=level) if level else Cell(text)
    if isinstance(value, str) and len(value) <= 300:
        return one_line(value) or Cell(" ".join(value.split()))
    return one_line(value)
