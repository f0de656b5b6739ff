from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

from django.db.models import Exists, OuterRef, Q
from pydantic import BeforeValidator, model_validator

from inbox.engine import ids, payloads
from inbox.engine.actions import paging, rows
from inbox.engine.actions.answers import Given, take
from inbox.engine.actions.auth import Caller
from inbox.engine.actions.groups import find_group
from inbox.engine.actions.progress import record, save_interaction
from inbox.engine.actions.runs import find_run
from inbox.engine.actions.unit import Unit, writing
from inbox.engine.models import Interaction, Recipient, Run, Step
from inbox.engine.rules import bodies, errors, forms, policies, questions, times
from inbox.engine.rules.errors import bad_request
from inbox.engine.rules.forms import LaterFields, People
from inbox.engine.rules.questions import MODES, InteractionFields


def _read_time(sent: Any) -> datetime:
    if not isinstance(sent, str):
        raise bodies.wrong("must be an RFC 3339 time")
    try:
        return times.read_time(sent)
    except ValueError as error:
        raise bodies.wrong(f"is {error}") from None


Time = Annotated[datetime, BeforeValidator(_read_time)]


class _About(bodies.Body):
    run_id: bodies.Name | None = None
    signal_name: bodies.Name | None = None
    expires_at: Time | None = None

    @model_validator(mode="after")
    def _run_and_signal_together(self) -> Self:
        if (self.run_id is None) != (self.signal_name is None):
            raise bodies.wrong("run_id and signal_name come together or not at all")
        return self


class NewInteraction(_About, InteractionFields):
    """As the guide has it."""


class NewLaterInteraction(_About, LaterFields):
    """As the generations after the guide have it."""


def list_interactions(
    *, caller: Caller, filters: dict[str, str], limit: int = 50, cursor: str | None = None
) -> paging.Page:
    paging.check_filters(
        filters,
        run_id=None,
        status=("pending", "completed", "expired"),
        type=tuple(MODES),
        target_type=("user", "group", "agent"),
        target_id=None,
        inbox=("true", "false"),
    )
    interactions = Interaction.objects.filter(Interaction.IN_GUIDE, project_id=caller.project_id)
    interactions = interactions.defer("lifecycle", "review_feedback", *forms.Later.model_fields)
    for name in ("run_id", "status", "type", "target_type"):
        if name in filters:
            interactions = interactions.filter(**{name: filters[name]})
    if "target_id" in filters:
        target = filters["target_id"]
        interactions = interactions.filter(Q(target_id=target) | Q(target_group_id=target))
    if filters.get("inbox") == "true":
        if caller.user_id is None:
            raise bad_request("A service key has no inbox.", field="inbox")
        mine = Recipient.objects.filter(user_id=caller.user_id, interaction=OuterRef("pk"))
        interactions = interactions.filter(Exists(mine))
    return paging.newest_first(
        "interactions", interactions, limit=limit, cursor=cursor, payload=payloads.interaction
    )


def get(*, caller: Caller, interaction_id: str) -> dict[str, Any]:
    return payloads.interaction(_find(caller, interaction_id, joins=()))


def create(
    *, caller: Caller, body: Any, at: datetime | None = None, later: bool = False
) -> dict[str, Any]:
    """``later`` accepts what the guide does not have. Raises 400 for a wrong body, an empty group
    or a past time, 404 for an unknown run, 409 for a finished one.
    """
    sent: NewInteraction | NewLaterInteraction = (
        bodies.read(NewLaterInteraction, body) if later else bodies.read(NewInteraction, body)
    )
    with writing(caller.project_id, at) as unit:
        if sent.expires_at is not None and sent.expires_at <= unit.now:
            raise bad_request("expires_at has passed.", field="expires_at")
        run = None
        if sent.run_id is not None:
            run = find_run(caller.project_id, sent.run_id)
            if run.finished:
                raise errors.conflict("The run has finished.", status=run.status)
        interaction = create_from(
            unit,
            sent,
            spec=body.get("spec"),
            expires_at=sent.expires_at,
            run=run,
            signal_name=sent.signal_name,
            created_by=caller.user_id,
        )
        return payloads.interaction(interaction)


def create_from(
    unit: Unit,
    sent: InteractionFields | LaterFields,
    *,
    spec: dict[str, Any] | None,
    expires_at: datetime | None,
    run: Run | None = None,
    step: Step | None = None,
    signal_name: str | None = None,
    created_by: str | None = None,
) -> Interaction:
    """``spec`` is as it was sent. Raises 400 for a group that is unknown or has no members, and for
    a quorum of more people than are asked.
    """
    later = sent.columns() if isinstance(sent, LaterFields) else {}
    target = sent.target
    interaction = Interaction(
        id=ids.new("int", unit.now),
        project_id=unit.project_id,
        run=run,
        step=step,
        created_by=created_by,
        type=sent.type,
        message=sent.message,
        context=sent.context,
        spec=spec,
        target_type=target.type,
        target_id="" if isinstance(target, People) else target.id,
        expires_at=expires_at,
        fires_at=expires_at,
        created_at=unit.now,
        updated_at=unit.now,
        **later,
    )
    interaction.signal_name = f"interaction:{interaction.id}" if step is not None else signal_name
    recipients: list[str] = []
    if isinstance(target, People):
        recipients = list(dict.fromkeys(target.ids))
        interaction.members = recipients
        interaction.require_all = sent.all_required
    elif target.type == "group":
        group = find_group(unit.project_id, target.id)
        if group is None:
            raise bad_request(f"The group {target.id} does not exist.", field="target.id")
        memberships = group.memberships.order_by("added_at", "pk")
        recipients = list(memberships.values_list("user_id", flat=True))
        if not recipients:
            raise bad_request(f"The group {target.id} has no members.", field="target.id")
        interaction.target_group_id = group.id
        interaction.members = recipients
        interaction.routing_policy = group.routing_policy
        interaction.require_all = sent.all_required
    elif target.type == "user":
        recipients = [target.id]
    if (interaction.quorum or 1) > max(1, len(recipients)):
        raise bad_request("quorum is more people than are asked.", field="quorum")
    record(unit, interaction, "created", created_by, None)
    rows.insert(interaction)
    if recipients:
        rows.insert(
            *(Recipient(interaction=interaction, user_id=user_id) for user_id in recipients)
        )
    if interaction.in_guide:
        unit.emit("interaction_created", interaction.run_id, payloads.interaction(interaction))
    if expires_at is not None:
        unit.due(expires_at)
    return interaction


class Answer(bodies.Body):
    value: Any
    comment: str | None = None


def respond(
    *, caller: Caller, interaction_id: str, body: Any, at: datetime | None = None
) -> dict[str, Any]:
    """Completing an interaction resumes its run in the same transaction."""
    with writing(caller.project_id, at) as unit:
        interaction = _find(caller, interaction_id)
        policies.check_answer(interaction, caller.user_id)
        answer = bodies.read(Answer, body)
        questions.check_value(interaction.spec, answer.value)
        take(
            unit,
            interaction,
            caller.user_id or interaction.target_id,
            Given(answer.value, None, answer.comment),
        )
        return payloads.interaction(interaction)


def claim(*, caller: Caller, interaction_id: str, at: datetime | None = None) -> dict[str, Any]:
    with writing(caller.project_id, at) as unit:
        interaction = _find(caller, interaction_id)
        policies.check_claim(interaction, caller.user_id)
        if interaction.claimed_by is None:
            interaction.claimed_by, interaction.claimed_at = caller.user_id, unit.now
            save_interaction(
                unit, interaction, "interaction_group_claimed", "claimed_by", "claimed_at"
            )
        return payloads.interaction(interaction)


def release(*, caller: Caller, interaction_id: str) -> dict[str, Any]:
    """One that was not claimed is left as it is."""
    with writing(caller.project_id) as unit:
        interaction = _find(caller, interaction_id)
        policies.check_release(interaction, caller.user_id)
        if interaction.claimed_by is not None:
            interaction.claimed_by = interaction.claimed_at = None
            save_interaction(
                unit, interaction, "interaction_group_released", "claimed_by", "claimed_at"
            )
        return payloads.interaction(interaction)


def _find(
    caller: Caller, interaction_id: str, *, joins: Sequence[str] = ("run", "step")
) -> Interaction:
    """What the guide can't show doesn't exist for its clients."""
    row = find_interaction(caller.project_id, interaction_id, joins=joins)
    if not row.in_guide:
        raise errors.not_found("The interaction")
    return row


def find_interaction(
    project_id: int, interaction_id: str, *, joins: Sequence[str] = ("run", "step")
) -> Interaction:
    row = None
    if ids.is_shaped(interaction_id, "int"):
        row = rows.find(Interaction, joins=joins, id=interaction_id, project_id=project_id)
    if row is None:
        raise errors.not_found("The interaction")
    return row
