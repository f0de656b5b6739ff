"""What a person has muted: a reason, or all about a workflow."""

from datetime import datetime, timedelta

from inbox.models import Mute, NotificationEvent, Recipient, Reviewer, Upstream
from inbox.notify.plan import ALWAYS_TOLD

LENGTHS: dict[str, timedelta | None] = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "always": None,
}


def mute(reviewer: Reviewer, kind: str, workflow: str, length: str, now: datetime) -> bool:
    """Either a kind or a workflow. False if it can't be muted for so long."""
    if kind and (kind not in NotificationEvent.Kind.values or workflow):
        return False
    if not kind and not 0 < len(workflow) <= Mute.WORKFLOW_LENGTH:
        return False
    if length not in LENGTHS or (length == "always" and kind in ALWAYS_TOLD):
        return False
    span = LENGTHS[length]
    until = None if span is None else now + span
    Mute.objects.update_or_create(
        reviewer=reviewer, kind=kind, workflow=workflow, defaults={"until": until}
    )
    return True


def workflows(reviewer: Reviewer, upstream: Upstream) -> list[str]:
    """Those whose questions the person is asked, by name."""
    asked = Recipient.objects.filter(upstream=upstream, user_id=reviewer.mobius_id or "")
    names = asked.exclude(interaction__workflow="").values_list("interaction__workflow", flat=True)
    return sorted(names.distinct().order_by(), key=str.casefold)
