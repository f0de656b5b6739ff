"""Fragments that are the same for everyone, in any language and time zone."""

from django.template.loader import render_to_string

from inbox.live import topics
from inbox.mirror import freshness
from inbox.models import Run, Upstream
from inbox.web.ui.live_run import live_head


def render(topic: str) -> str | None:
    """None for a run that is not in the mirror."""
    kind, run_id = topics.split(topic)
    if kind == topics.FRESHNESS:
        context = {"freshness": freshness.current(), "in_place": True, "shared": True}
        return render_to_string("components/_mirror_state.html", context)
    run = Run.objects.filter(upstream=Upstream.current(), mobius_id=run_id).first()
    if run is None:
        return None
    return render_to_string("runs/_live.html", live_head(run) | {"shared": True})
