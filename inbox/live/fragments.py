"""What all who watch a run may see of it: status, step names and times, nothing of a question."""

from django.template.loader import render_to_string

from inbox.live import topics
from inbox.models import Run, Upstream
from inbox.presenters.runs import live_head


def render(topic: str) -> str | None:
    """The fragment of a run's topic as the mirror has it now; None for a run it does not hold."""
    _, run_id = topics.split(topic)
    run = Run.objects.filter(upstream=Upstream.present(), mobius_id=run_id).first()
    if run is None:
        return None
    return render_to_string("runs/_live.html", live_head(run))
