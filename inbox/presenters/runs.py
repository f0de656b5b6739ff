"""What all who watch a run are shown alike: status, step names and times, nothing of a question."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from inbox.models import Run
from inbox.presenters.track import Stop, track


@dataclass(frozen=True)
class LiveRun:
    """The head of a run: ``runs/_live.html`` reads it under the name ``live``.

    ``status`` is the wire's word, ``state`` what is shown.
    """

    id: str
    status: str
    state: str
    stops: tuple[Stop, ...]


def live_head(run: Run, now: datetime | None = None) -> dict[str, Any]:
    """The context of ``runs/_live.html``, and the ``steps`` read for it. One query."""
    steps = list(run.steps.defer("raw"))
    stops = track(run, steps, now or timezone.now())
    return {"live": LiveRun(run.mobius_id, run.status, run.state, stops), "steps": steps}
