from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inbox.engine import payloads
from inbox.engine.actions.auth import Caller
from inbox.engine.actions.runs import find_run
from inbox.engine.models import Event, Project
from inbox.engine.rules import times


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """``data`` is JSON without line breaks."""

    seq: int
    run_id: str | None
    type: str
    at: datetime
    data: str


def after(
    *, project_id: int, since: int, limit: int = 500, run_id: str | None = None
) -> list[LoggedEvent]:
    rows = Event.objects.filter(project_id=project_id, seq__gt=since)
    if run_id is not None:
        rows = rows.filter(run_id=run_id)
    frames = rows.order_by("seq").values_list("seq", "run_id", "type", "at", "frame")[:limit]
    return [LoggedEvent(*row) for row in frames]


def newest(*, project_id: int) -> int:
    return Project.objects.values_list("seq", flat=True).get(pk=project_id)


def seed(*, caller: Caller, run_id: str, since: int | None) -> dict[str, Any]:
    """The first frame of a run's stream. Its ``seq`` is read before the run, so that what happens
    in between is sent twice rather than never.
    """
    seq = newest(project_id=caller.project_id) if since is None else since
    row = find_run(caller.project_id, run_id)
    return {
        "type": "run_updated",
        "run_id": row.id,
        "seq": seq,
        "timestamp": times.to_text(row.updated_at),
        "data": payloads.run(row),
    }
