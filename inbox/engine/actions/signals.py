"""Signals to a run."""

from datetime import datetime
from typing import Any

from inbox.engine import ids, payloads
from inbox.engine.actions import rows
from inbox.engine.actions.auth import Caller
from inbox.engine.actions.progress import expire_item, resume
from inbox.engine.actions.unit import Unit, writing
from inbox.engine.models import Interaction, Run, Signal, Step
from inbox.engine.rules import bodies, errors


class NewSignal(bodies.Body):
    """The body of a signal."""

    name: bodies.Name
    payload: dict[str, Any] | None = None


def signal(*, caller: Caller, run_id: str, body: Any, at: datetime | None = None) -> dict[str, Any]:
    """Send a signal: a run that waits for it goes on, else it is kept.

    Raises 404 for an unknown run, 400 for a wrong body, 409 for a run that is over.
    """
    with writing(caller.project_id, at) as unit:
        run = find_run(caller.project_id, run_id)
        sent = bodies.read(NewSignal, body)
        if run.finished:
            raise errors.conflict("The run is over.", status=run.status)
        return payloads.signal(deliver(unit, run, sent.name, sent.payload or {}))


def deliver(unit: Unit, run: Run, name: str, payload: dict[str, Any]) -> Signal:
    """Give ``run`` a signal, within ``unit``: it resumes the wait for it, or is stored."""
    awaited = run.status == Run.Status.SUSPENDED and run.wait_signal == name
    row = Signal(
        id=ids.new("sig", unit.now),
        run=run,
        name=name,
        payload=payload,
        created_at=unit.now,
        taken_at=unit.now if awaited else None,
    )
    rows.insert(row)
    if awaited:
        step = Step.objects.get(run=run, status=Step.Status.RUNNING)
        if run.wait_kind == Run.Wait.INTERACTION:
            expire_item(unit, Interaction.objects.get(pk=run.wait_interaction_id))
            payload = {"value": payload, "comment": None, "responder": None}
        resume(unit, run, step, payload)
    return row


def take_stored(unit: Unit, run: Run, topic: str) -> dict[str, Any] | None:
    """The payload of the oldest stored signal of ``topic``, which is then used up."""
    row = (
        Signal.objects.filter(run=run, name=topic, taken_at__isnull=True).order_by("number").first()
    )
    if row is None:
        return None
    row.taken_at = unit.now
    row.save(update_fields=["taken_at"])
    return dict(row.payload)


def find_run(project_id: int, run_id: str) -> Run:
    """The project's run. Raises 404."""
    row = None
    if ids.is_shaped(run_id, "run"):
        row = rows.find(Run, id=run_id, project_id=project_id)
    if row is None:
        raise errors.not_found("The run")
    return row
