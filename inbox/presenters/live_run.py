"""What everybody who watches a run is shown alike: status, step names, times. Nothing of a question."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from inbox.models import Run, Upstream
from inbox.presenters.track import Stop, track


@dataclass(frozen=True)
class LiveRun:
    """The context of ``runs/_live.html``, under the name ``live``."""

    id: str
    status: str
    stops: tuple[Stop, ...]


def live_run(run: Run, now: datetime) -> LiveRun:
    """The shared part of a run's page. One query, for the steps."""
    return LiveRun(run.mobius_id, run.status, track(run, run.steps.all(), now))


def shared(run_id: str) -> LiveRun | None:
    """The same by id, within the present upstream; None for a run that the mirror does not have."""
    run = Run.objects.filter(upstream=Upstream.present(), mobius_id=run_id).first()
    return None if run is None else live_run(run, timezone.now())
