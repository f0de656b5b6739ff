"""CSV for spreadsheets. No cell is a formula, and nothing is localised."""

import csv
import io
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from inbox.models.canonical import canonical

BEGIN = "\ufeff"
"""Makes spreadsheets read a file as UTF-8."""
_FORMULA = frozenset("=+-@＝＋－＠\t\r\n")


def table(rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    lines = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    lines.writerows([cell(value) for value in row] for row in rows)
    return text.getvalue()


def cell(value: Any) -> str:
    """A formula gets a quote in front."""
    match value:
        case datetime():
            return value.isoformat()
        case bool() | dict() | list() | None:
            text = canonical(value)
        case _:
            text = str(value)
    # Typed text that begins like a formula is escaped, negative numbers included.
    return f"'{text}" if _is_formula(text) else text


def _is_formula(text: str) -> bool:
    """Spreadsheets drop white space and format characters before a formula."""
    for character in text:
        if character in _FORMULA:
            return True
        if not character.isspace() and unicodedata.category(character) != "Cf":
            return False
    return False
