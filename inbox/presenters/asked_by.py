"""Which step of a run asked which question, and whom."""

from collections.abc import Iterable
from dataclasses import dataclass

from inbox.models import Interaction, Step
from inbox.presenters.words import label


@dataclass(frozen=True)
class StepAsked:
    """One question below the track."""

    step: str
    whom: str
    href: str


def asking_steps(steps: Iterable[Step], items: Iterable[Interaction]) -> dict[str, str]:
    """Question id → the label of the step that asked it.

    Upstream does not say it: it is the step that was at work when the question came into being. A
    question beside the steps has none.
    """
    known = [(step.started_at, step) for step in steps if step.started_at is not None]
    known.sort(key=lambda pair: pair[0])
    found: dict[str, str] = {}
    for item in items:
        if not (item.signal_name or "").startswith("interaction:"):
            continue
        at_work = [
            step
            for started, step in known
            if started <= item.created_at
            and (step.completed_at is None or step.completed_at >= item.created_at)
        ]
        if at_work:
            found[item.mobius_id] = label(at_work[-1].name)
    return found
