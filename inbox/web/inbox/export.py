from collections.abc import AsyncIterator, Iterable
from datetime import tzinfo
from typing import Any

from asgiref.sync import sync_to_async
from django.utils import timezone

from inbox.access.redaction import masked
from inbox.audit.spreadsheet import BEGIN, table
from inbox.models import Recipient, Run
from inbox.web.questions.order import order_of
from inbox.web.questions.queries import list_rows, runs_of, with_columns
from inbox.web.ui.lists import PAGE
from inbox.web.ui.own_data import OwnData
from inbox.web.ui.scopes import Filters

CHUNK = 4 * PAGE
COLUMNS = (
    "answered_at",
    "closed_at",
    "status",
    "type",
    "question",
    "question_id",
    "workflow",
    "run_id",
    "requester",
    "answer",
    "comment",
    "run_status",
    "run_ended_at",
)


async def as_csv(own: OwnData, filters: Filters, zone: tzinfo) -> AsyncIterator[str]:
    """Times are UTC, ``answer`` is JSON. ``zone`` is the viewer's, for filters such as *Today*."""
    yield BEGIN + table([COLUMNS])
    cursor = ""
    while True:
        text, cursor = await sync_to_async(_part)(own, filters, zone, cursor)
        yield text
        if not cursor:
            return


def _part(own: OwnData, filters: Filters, zone: tzinfo, cursor: str) -> tuple[str, str]:
    """Some rows, and the cursor of the next ones, empty after the last."""
    order = order_of(filters, {})
    # The response is streamed after the middleware has restored the installation's zone.
    with timezone.override(zone):
        rows = order.first(list_rows(own, filters), cursor, CHUNK)
    page = list(with_columns(rows, filters, "comment"))
    ended_at = ("finished", "completed_at", "updated_at")
    runs = runs_of(own.viewer, own.upstream, filters, page, *ended_at)
    cells = (_cells(row, runs.get(row.interaction.run_id or "")) for row in page)
    return table(cells), order.keyset.cursor(page[-1]) if len(page) == CHUNK else ""


def _cells(row: Recipient, run: Run | None) -> Iterable[Any]:
    item = row.interaction
    answered = row.answered_at is not None
    return (
        row.answered_at or "",
        item.closed_at or row.closed_at or "",
        item.state,
        item.type,
        item.title,
        item.mobius_id,
        item.workflow,
        item.run_id or "",
        item.asked_by,
        masked(row.value) if answered else "",
        row.comment or "",
        run.state if run is not None else "",
        (run.ended_at if run is not None else None) or "",
    )
