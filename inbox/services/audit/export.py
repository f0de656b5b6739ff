"""The decision log as a file, streamed: its length costs no memory.

An asynchronous generator, for under ASGI a plain one is collected whole before its first byte.
"""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.db.models import QuerySet

from inbox.models import Decision, DecisionHead
from inbox.models.canonical import canonical
from inbox.services.audit import chain

CHUNK = 200
COLUMNS = (*chain.FIELDS[chain.VERSION], "previous", "hash", "mac")
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")

Lines = Callable[[Iterable[Decision]], str]


async def as_csv(rows: QuerySet[Decision], head: DecisionHead) -> AsyncIterator[str]:
    """A table for a spreadsheet. Its last row is the head: its number, which is also the number
    of entries, ``hash`` and ``mac``.
    """
    yield "\ufeff" + _table([COLUMNS])
    async for part in _parts(rows, head, lambda found: _table(_cells(row) for row in found)):
        yield part
    count = f"{head.number} {'entry' if head.number == 1 else 'entries'}"
    last = chain.head_fields(head) | {"verb": "head", "title": count}
    yield _table([[_cell(last.get(name, "")) for name in COLUMNS]])


async def as_json_lines(rows: QuerySet[Decision], head: DecisionHead) -> AsyncIterator[str]:
    """A line an entry, with the canonical JSON that was hashed; the last one is the head."""
    async for part in _parts(rows, head, lambda found: "".join(map(_line, found))):
        yield part
    yield json.dumps({"head": chain.head_fields(head)}) + "\n"


async def _parts(rows: QuerySet[Decision], head: DecisionHead, lines: Lines) -> AsyncIterator[str]:
    """``rows`` up to ``head`` in the order of their numbers, part by part."""
    after = 0
    while True:
        text, count, after = await sync_to_async(_part)(rows, after, head.number, lines)
        if text:
            yield text
        if count < CHUNK:
            return


def _part(rows: QuerySet[Decision], after: int, until: int, lines: Lines) -> tuple[str, int, int]:
    found = list(rows.filter(number__gt=after, number__lte=until).order_by("number")[:CHUNK])
    return lines(found), len(found), found[-1].number if found else after


def _line(row: Decision) -> str:
    seal = f'"hash":{json.dumps(row.hash)},"previous":{json.dumps(row.previous)}'
    return f'{{"entry":{chain.text_of(row)},{seal}}}\n'


def _cells(row: Decision) -> list[str]:
    return [_cell(getattr(row, name, "")) for name in COLUMNS]


def _cell(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula: those begin with a quote."""
    match value:
        case datetime():
            return value.isoformat()
        case bool() | dict() | list() | None:
            text = canonical(value)
        case _:
            text = str(value)
    # A number of our own is no formula; a negative one somebody typed is text all the same.
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_FORMULA) else text


def _table(rows: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
