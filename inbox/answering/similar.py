"""Earlier decisions on the same step of the same workflow."""

from inbox import access
from inbox.access import Viewer, redaction
from inbox.answering.batches import step_names
from inbox.models import Interaction, Upstream

SHOWN = 5
COMPARED = 50
"""How many of the workflow's latest questions are considered."""


def similar(viewer: Viewer, upstream: Upstream, item: Interaction) -> list[Interaction]:
    """Newest first. A question whose step is unknown is included."""
    if not item.workflow:
        return []
    closed = access.interactions(viewer, upstream).filter(
        workflow=item.workflow, type=item.type, status="completed", deleted=False
    )
    latest = list(closed.exclude(pk=item.pk).order_by("-updated_at", "-pk")[:COMPARED])
    steps = step_names(upstream, [item, *latest])
    step = steps.get(item.mobius_id)
    same = [other for other in latest if steps.get(other.mobius_id, step) == step]
    return [redaction.seen_by(viewer, other) for other in same[:SHOWN]]
