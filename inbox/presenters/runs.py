"""What all who watch a run are shown alike: status, step names and times, nothing of a question."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from inbox.models import Run
from inbox.presenters.track import Stop, track


@dataclass(frozen=True)
class LiveRun:
    """The head of a run: ``runs/_live.html`` reads it under the name ``live``."""

    id: str
    status: str
    stops: tuple[Stop, ...]


def live_head(run: Run, now: datetime | None = None) -> dict[str, Any]:
    """The context of ``runs/_live.html``. One query, for the steps."""
    stops = track(run, run.steps.all(), now or timezone.now())
    return {"live": LiveRun(run.mobius_id, run.status, stops)}
