"""CSV for spreadsheets. No cell is a formula, and nothing is localised."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from inbox.models.canonical import canonical

BEGIN = "\ufeff"
"""What a file begins with, so that spreadsheets read it as UTF-8."""
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


def table(rows: Iterable[Iterable[Any]]) -> str:
    """The rows as CSV, all cells in quotes."""
    text = io.StringIO()
    lines = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    lines.writerows([cell(value) for value in row] for row in rows)
    return text.getvalue()


def cell(value: Any) -> str:
    """The text of a cell. A spreadsheet formula gets a quote in front."""
    match value:
        case datetime():
            return value.isoformat()
        case bool() | dict() | list() | None:
            text = canonical(value)
        case _:
            text = str(value)
    # Typed text that begins like a formula is escaped, negative numbers included.
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_FORMULA) else text
