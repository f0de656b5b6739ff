"""Interactions: listing, reading, creating. Answering and claiming are in files of their own."""

from datetime import datetime
from typing import Annotated, Any, Self

from django.db.models import Exists, OuterRef, Q
from pydantic import BeforeValidator, model_validator

from inbox.engine import ids, payloads
from inbox.engine.actions import paging, rows
from inbox.engine.actions.asking import ask
from inbox.engine.actions.auth import Caller
from inbox.engine.actions.claiming import claim, release
from inbox.engine.actions.responding import respond
from inbox.engine.actions.unit import writing
from inbox.engine.models import Interaction, Recipient, Run
from inbox.engine.rules import bodies, errors, stamps
from inbox.engine.rules.questions import MODES, Asked

__all__ = ["claim", "create", "get", "list_interactions", "release", "respond"]


def _read_stamp(sent: Any) -> datetime:
    if not isinstance(sent, str):
        raise bodies.wrong("must be a time of RFC 3339")
    try:
        return stamps.read(sent)
    except ValueError as error:
        raise bodies.wrong(f"is {error}") from None


class NewInteraction(Asked):
    """The body of a new interaction: standalone, or backed by a run."""

    run_id: bodies.Name | None = None
    signal_name: bodies.Name | None = None
    expires_at: Annotated[datetime, BeforeValidator(_read_stamp)] | None = None

    @model_validator(mode="after")
    def _run_and_signal_together(self) -> Self:
        if (self.run_id is None) != (self.signal_name is None):
            raise bodies.wrong("run_id and signal_name come together or not at all")
        return self


def list_interactions(
    *, caller: Caller, filters: dict[str, str], limit: int = 50, cursor: str | None = None
) -> paging.Page:
    """One page, newest first. Raises 400 for a filter, a limit or a cursor that is wrong."""
    paging.check_filters(
        filters,
        run_id=None,
        status=tuple(Interaction.Status.values),
        type=tuple(MODES),
        target_type=("user", "group", "agent"),
        target_id=None,
        inbox=("true", "false"),
    )
    found = Interaction.objects.filter(project_id=caller.project_id)
    for name in ("run_id", "status", "type", "target_type"):
        if name in filters:
            found = found.filter(**{name: filters[name]})
    if "target_id" in filters:
        wanted = filters["target_id"]
        found = found.filter(Q(target_id=wanted) | Q(target_group_id=wanted))
    if filters.get("inbox") == "true":
        if caller.user_id is None:
            raise errors.bad_request("A service key has no inbox.", field="inbox")
        mine = Recipient.objects.filter(user_id=caller.user_id, interaction=OuterRef("pk"))
        found = found.filter(Exists(mine))
    return paging.newest_first(
        "interactions", found, limit=limit, cursor=cursor, payload=payloads.interaction
    )


def get(*, caller: Caller, interaction_id: str) -> dict[str, Any]:
    """One interaction. Raises 404."""
    row = None
    if ids.is_shaped(interaction_id, "int"):
        row = rows.find(Interaction, id=interaction_id, project_id=caller.project_id)
    if row is None:
        raise errors.not_found("The interaction")
    return payloads.interaction(row)


def create(*, caller: Caller, body: Any, at: datetime | None = None) -> dict[str, Any]:
    """A new interaction, with its event.

    Raises 400 for a body that is wrong, for a group without members and for a time that has
    passed, 404 for an unknown run, 409 for a finished one.
    """
    asked = bodies.read(NewInteraction, body)
    with writing(caller.project_id, at) as unit:
        if asked.expires_at is not None and asked.expires_at <= unit.now:
            raise errors.bad_request("expires_at has passed.", field="expires_at")
        run = None
        if asked.run_id is not None:
            run = rows.find(Run, id=asked.run_id, project_id=caller.project_id)
            if run is None:
                raise errors.not_found("The run")
            if run.finished:
                raise errors.conflict("The run is over.", status=run.status)
        item = ask(
            unit,
            asked,
            spec=body.get("spec"),
            expires_at=asked.expires_at,
            run=run,
            signal_name=asked.signal_name,
        )
        return payloads.interaction(item)
