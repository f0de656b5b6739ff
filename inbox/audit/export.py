"""The decision log as a streamed file, in constant memory.

The generators are asynchronous: under ASGI a synchronous one is consumed before the first byte.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from asgiref.sync import sync_to_async
from django.db.models import QuerySet

from inbox.audit import chain
from inbox.audit.spreadsheet import BEGIN, table
from inbox.models import Decision, DecisionHead
from inbox.models.answers import value_of

CHUNK = 200
COLUMNS = (*chain.FIELDS[chain.VERSION], "previous", "hash", "mac")

Lines = Callable[[Iterable[Decision]], str]


async def as_csv(rows: QuerySet[Decision], head: DecisionHead) -> AsyncIterator[str]:
    """The last row is the head: the number of entries, ``hash``, ``mac``."""
    yield BEGIN + table([COLUMNS])
    async for part in _parts(rows, head, lambda entries: table(_cells(row) for row in entries)):
        yield part
    count = f"{head.number} {'entry' if head.number == 1 else 'entries'}"
    last = chain.head_fields(head) | {"verb": "head", "title": count}
    yield table([[last.get(name, "") for name in COLUMNS]])


async def as_json_lines(rows: QuerySet[Decision], head: DecisionHead) -> AsyncIterator[str]:
    """One line for each entry, with the canonical JSON that was hashed; the last is the head."""
    async for part in _parts(rows, head, lambda entries: "".join(map(_line, entries))):
        yield part
    yield json.dumps({"head": chain.head_fields(head)}) + "\n"


async def _parts(rows: QuerySet[Decision], head: DecisionHead, lines: Lines) -> AsyncIterator[str]:
    after = 0
    while True:
        text, count, after = await sync_to_async(_part)(rows, after, head.number, lines)
        if text:
            yield text
        if count < CHUNK:
            return


def _part(rows: QuerySet[Decision], after: int, until: int, lines: Lines) -> tuple[str, int, int]:
    entries = list(rows.filter(number__gt=after, number__lte=until).order_by("number")[:CHUNK])
    return lines(entries), len(entries), entries[-1].number if entries else after


def _line(row: Decision) -> str:
    seal = f'"hash":{json.dumps(row.hash)},"previous":{json.dumps(row.previous)}'
    return f'{{"entry":{chain.text_of(row)},{seal}}}\n'


def _cells(row: Decision) -> list[Any]:
    """An answer to one question is in the column ``value`` too, as in older versions."""
    cells = {name: getattr(row, name, "") for name in COLUMNS}
    if row.answers is not None:
        cells["value"] = value_of(row.answers)
    return list(cells.values())
