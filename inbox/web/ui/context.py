"""The context that a workflow sent with its question, as readable cards."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, zip_longest
from typing import Any

from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from inbox.access.redaction import Masked
from inbox.lib.bidi import show_overrides
from inbox.web.ui import diff, tree
from inbox.web.ui.labels import label
from inbox.web.ui.markdown import FORMATTED, Text, render_plain
from inbox.web.ui.values import Cell, amounts_in, one_line, pair_of, pretty

FOLDED_FROM = 1_000
"""Characters from which a text is folded: so that more is hidden than a few words."""
BEGINNING = 500
"""Characters of a folded text that are shown, at most."""
MOST_FACTS = 100
MOST_ROWS = 500
MOST_COLUMNS = 8
PAGE = 50
"""Rows of a table that ``static/js/reading.js`` shows at once."""
MOST_CARDS = 50
MOST_LINES = 2_000
SEARCHED_FROM = 12
"""Trees with more nodes than this get a search field."""

MOST_NODES = 2_000
"""Nodes of all trees of a context."""
MOST_ROWS_IN_ALL = 1_000
"""Rows of all its tables and lists."""

CODE = {
    "code", "command", "config", "css", "dockerfile", "html", "javascript", "json", "log", "logs",
    "output", "python", "query", "script", "shell", "snippet", "source", "sql", "stack",
    "stacktrace", "stderr", "stdout", "toml", "traceback", "xml", "yaml", "yml",
}  # fmt: skip
"""Names of code and of what is written like it. Only the last word of a key counts."""

_FENCE = re.compile(r"```[\w+-]*\n(.*?)\n?```", re.DOTALL)
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
_LEVEL_COLUMNS = {"level", "risk", "severity", "impact", "likelihood", "priority", "probability"}


@dataclass(frozen=True)
class Column:
    """``number``: all its values are numbers."""

    label: str
    number: bool = False


@dataclass(frozen=True)
class Card:
    """``facts`` are rows of (label, Cell). ``lead`` is the beginning of a ``folded`` text. ``cut``
    is the number of rows or lines that were left out.
    """

    kind: str
    title: str = ""
    facts: tuple[tuple[str, Cell], ...] = ()
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    files: tuple[diff.FileDiff, ...] = ()
    cells: tuple[Cell, ...] = ()
    text: Text | None = None
    folded: bool = False
    lead: str = ""
    lines: tuple[str, ...] = ()
    nodes: tuple[tree.Node, ...] = ()
    cut: int = 0

    @property
    def template(self) -> str:
        name = "list" if self.kind == "links" else self.kind
        return f"interactions/cards/_{name}.html"

    @property
    def added(self) -> int:
        return sum(file.added for file in self.files)

    @property
    def removed(self) -> int:
        return sum(file.removed for file in self.files)

    @property
    def paged(self) -> bool:
        return len(self.rows) > PAGE

    @property
    def searched(self) -> bool:
        return len(self.nodes) > SEARCHED_FROM


class _Budget:
    """Bytes of formatted text, nodes and rows that may still be shown."""

    def __init__(self) -> None:
        self.text = FORMATTED
        self.nodes = tree.Budget(MOST_NODES)
        self.rows = MOST_ROWS_IN_ALL


def as_shown(digest: str) -> str:
    """Cards also depend on language and time zone."""
    return f"{digest}-{get_language()}-{get_current_timezone_name()}"


def cards(
    context: dict[str, Any], *, shown_elsewhere: frozenset[str] = frozenset()
) -> tuple[Card, ...]:
    """``shown_elsewhere`` are keys that the page shows itself. Beyond ``FORMATTED`` bytes,
    ``MOST_FACTS`` or ``MOST_CARDS``, the rest is JSON.
    """
    facts: list[tuple[str, Cell]] = []
    rest: list[Card] = []
    more: dict[str, Any] = {}
    budget = _Budget()
    amounts = amounts_in(context)
    for key, value in context.items():
        if key in shown_elsewhere:
            continue
        if len(facts) >= MOST_FACTS or len(rest) >= MOST_CARDS:
            more[key] = value
        elif (cell := one_line(value, amounts.get(key))) is not None:
            facts.append((_label(key), cell))
        else:
            rest.extend(_cards_of(key, value, budget))
    if more:
        budget.text = 0
        rest.append(_text_card(_("More"), pretty(more), budget))
    first = [Card("facts", facts=tuple(facts))] if facts else []
    return (*first, *rest)


def _label(key: str) -> str:
    return show_overrides(label(key))


def _text_card(title: str, value: str, budget: _Budget) -> Card:
    text = render_plain(value, max(0, budget.text))
    budget.text -= text.size
    if len(value) < FOLDED_FROM:
        return Card("text", title, text=text)
    return Card("text", title, text=text, folded=True, lead=show_overrides(_beginning(value)))


def _beginning(text: str) -> str:
    return re.sub(r"\s+\S*$", "", text.strip()[:BEGINNING]) + "…"


def _cards_of(key: str, value: Any, budget: _Budget) -> Iterator[Card]:
    title = _label(key)
    match value:
        case str() if patch := diff.parse(value):
            if patch.around:
                yield _text_card(title, patch.around, budget)
            yield Card("diff", title, files=patch.files)
        case str() if code := _code(key, value):
            yield _code_card(title, code)
        case str():
            yield _text_card(title, value, budget)
        case dict() if (sides := pair_of(value)) and _too_long(sides):
            for name, side in zip(value, value.values(), strict=True):
                part = _("%(title)s: %(part)s") % {"title": title, "part": label(name).lower()}
                yield _text_card(part, _as_text(side), budget)
                budget.text = 0
        case dict() if value:
            yield _of_dict(title, value, budget)
        case list() if value:
            yield _of_list(title, value, budget)
        case _:
            yield Card("list", title, cells=(Cell(_("Empty")),))


def _code(key: str, text: str) -> str:
    """Its key names code, or it is one fenced block."""
    if fence := _FENCE.fullmatch(text.strip()):
        return fence[1]
    named = label(key).lower().split()[-1:]
    return text if named and named[0] in CODE and "\n" in text.strip() else ""


def _code_card(title: str, code: str) -> Card:
    lines = show_overrides(code).rstrip("\n").split("\n")
    return Card("code", title, lines=tuple(lines[:MOST_LINES]), cut=max(0, len(lines) - MOST_LINES))


def _too_long(sides: tuple[Any, Any]) -> bool:
    return sum(len(_as_text(side)) for side in sides) > diff.COMPARED


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else pretty(value)


def _naming_changes(before: Any, after: Any) -> Any:
    """Marks masks that hide another secret than in ``before``."""
    match before, after:
        case Masked(), Masked() if before.digest != after.digest:
            return _("%(mask)s (changed)") % {"mask": after}
        case dict(), dict():
            return {key: _naming_changes(before.get(key), item) for key, item in after.items()}
        case list(), list():
            return [_naming_changes(*sides) for sides in zip_longest(before, after)][: len(after)]
        case _:
            return after


def _tree(title: str, value: dict[str, Any] | list[Any], budget: _Budget) -> Card:
    return Card("tree", title, nodes=tuple(tree.nodes(value, budget.nodes)))


def _of_dict(title: str, value: dict[str, Any], budget: _Budget) -> Card:
    pair = pair_of(value)
    if pair is not None:
        before, after = _as_text(pair[0]), _as_text(_naming_changes(*pair))
        files = diff.compare(before, after, path=title)
        if not files:
            return Card("list", title, cells=(Cell(_("No change")),))
        return Card("diff", title, files=files)
    amounts = amounts_in(value)
    lines = [(_label(key), one_line(item, amounts.get(key))) for key, item in value.items()]
    flat = tuple((key, cell) for key, cell in lines if cell is not None)
    if flat and len(flat) == len(lines) <= MOST_FACTS:
        return Card("pairs", title, facts=flat)
    return _tree(title, value, budget)


def _of_list(title: str, value: list[Any], budget: _Budget) -> Card:
    if files := _patches(value):
        return Card("diff", title, files=files)
    cells = tuple(one_line(item) for item in value)
    flat = tuple(cell for cell in cells if cell is not None)
    if len(flat) == len(cells):
        kind = "links" if all(cell.href for cell in flat) else "list"
        shown = min(len(flat), MOST_FACTS, budget.rows)
        budget.rows -= shown
        return Card(kind, title, cells=flat[:shown], cut=len(flat) - shown)
    return _table(title, value, budget) or _tree(title, value, budget)


def _patches(value: list[Any]) -> tuple[diff.FileDiff, ...]:
    """A list of diffs, or ``[{"path", "patch"}, …]`` as code hosts send it; else empty."""
    files: list[diff.FileDiff] = []
    for item in value:
        fields = item if isinstance(item, dict) else {"patch": item}
        text = fields.get("patch") or fields.get("diff")
        patch = diff.parse(text) if isinstance(text, str) else None
        if patch is None:
            return ()
        path = str(fields.get("path") or fields.get("file") or fields.get("filename") or "")
        files += [replace(file, path=file.path or path) for file in patch.files]
    return tuple(files)


def _table(title: str, value: list[Any], budget: _Budget) -> Card | None:
    if not all(isinstance(item, dict) for item in value):
        return None
    keys = list(dict.fromkeys(key for item in value for key in item))
    if not 1 <= len(keys) <= MOST_COLUMNS:
        return None
    rows: list[tuple[Cell, ...]] = []
    for item in islice(value, min(MOST_ROWS, budget.rows)):
        amounts = amounts_in(item)
        cells = [
            _table_cell(key, item[key], amounts.get(key)) if key in item else Cell("")
            for key in keys
        ]
        if any(cell is None for cell in cells):
            return None
        rows.append(tuple(cell for cell in cells if cell is not None))
    budget.rows -= len(rows)
    return Card(
        "table",
        title,
        columns=tuple(
            Column(_label(key), all(row[place].number for row in rows if row[place].text))
            for place, key in enumerate(keys)
        ),
        rows=tuple(rows),
        cut=len(value) - len(rows),
    )


def _table_cell(key: str, value: Any, currency: str | None) -> Cell | None:
    if isinstance(value, Masked):
        return one_line(value)
    if isinstance(value, str) and key.lower() in _LEVEL_COLUMNS:
        level = _LEVELS.get(value.strip().lower(), "")
        text = value.strip()
        return Cell(text[:1].upper() + text[1:], level=level) if level else Cell(text)
    if isinstance(value, str) and len(value) <= 300:
        return one_line(value) or Cell(show_overrides(" ".join(value.split())))
    return one_line(value, currency)
