"""What a workflow sent beside its question, as cards a person can read.

``cards`` chooses by the shape of each value, never by a schema: what it does not recognise is
shown as a tree, and all of it is one click away as raw JSON.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.safestring import SafeString

from inbox.presenters import diff, tree
from inbox.presenters.markdown import render_plain
from inbox.presenters.words import label

SHORT = 80
FOLD_TEXT = 700
MOST_ROWS = 100
MOST_COLUMNS = 8

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
    def level_icon(self) -> str:
        """The icon of a level: colour alone would not say it."""
        return _LEVEL_ICONS.get(self.level, "")


@dataclass(frozen=True)
class Card:
    """One thing to read. ``kind`` says which of the other fields it has.

    ``facts``: rows of (label, Cell). ``pairs``: the same under a heading. ``table``: columns and
    rows. ``diff``: files. ``links``, ``list``: cells. ``text``: html; where it is ``folded``,
    ``lead`` is its beginning. ``tree``: nodes. ``cut`` counts rows that were left out.
    """

    kind: str
    title: str = ""
    facts: tuple[tuple[str, Cell], ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    files: tuple[diff.FileDiff, ...] = ()
    cells: tuple[Cell, ...] = ()
    html: SafeString = field(default_factory=SafeString)
    folded: bool = False
    lead: str = ""
    nodes: tuple[tree.Node, ...] = ()
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
            return Cell("Yes" if value else "No")
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


def cards(context: dict[str, Any], *, known: frozenset[str] = frozenset()) -> tuple[Card, ...]:
    """The cards of a context: one of all short facts first, then each other value in its order.

    ``known`` are keys that the page shows elsewhere (the soft deadline).
    """
    facts: list[tuple[str, Cell]] = []
    rest: list[Card] = []
    for key, value in context.items():
        if key in known:
            continue
        cell = one_line(value)
        if cell is not None:
            facts.append((label(key), cell))
        else:
            rest.extend(_cards_of(label(key), value))
    first = [Card("facts", facts=tuple(facts))] if facts else []
    return (*first, *rest)


def _cards_of(title: str, value: Any) -> Iterator[Card]:
    match value:
        case str() if diff.looks_like_diff(value):
            yield _diff(title, diff.parse(value))
        case str():
            yield Card(
                "text",
                title,
                html=render_plain(value),
                folded=len(value) > FOLD_TEXT,
                lead=value[:FOLD_TEXT],
            )
        case dict():
            yield _of_dict(title, value)
        case list() if value:
            yield _of_list(title, value)
        case _:
            yield Card("list", title, cells=(Cell("Nothing"),))


def _diff(title: str, files: tuple[diff.FileDiff, ...]) -> Card:
    return Card("diff", title, files=files)


def _of_dict(title: str, value: dict[str, Any]) -> Card:
    pair = _pair(value)
    if pair is not None:
        before, after = (side if isinstance(side, str) else tree.pretty(side) for side in pair)
        files = diff.compare(before, after, path=title)
        return _diff(title, files) if files else Card("list", title, cells=(Cell("No change"),))
    lines = [(label(str(key)), one_line(item)) for key, item in value.items()]
    flat = tuple((key, cell) for key, cell in lines if cell is not None)
    if flat and len(flat) == len(lines):
        return Card("pairs", title, facts=flat)
    return Card("tree", title, nodes=tree.grow(value))


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
    return _table(title, value) or Card("tree", title, nodes=tree.grow(value))


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
