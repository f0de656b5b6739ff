"""Interactions: creating, listing, reading, answering, claiming, releasing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

from django.db.models import Exists, OuterRef, Q
from pydantic import BeforeValidator, model_validator

from inbox.engine import ids, payloads
from inbox.engine.actions import paging, rows
from inbox.engine.actions.auth import Caller
from inbox.engine.actions.groups import find_group
from inbox.engine.actions.progress import resume, save_interaction
from inbox.engine.actions.runs import deliver, find_run
from inbox.engine.actions.unit import Unit, writing
from inbox.engine.models import Interaction, Recipient, Run, Step
from inbox.engine.rules import bodies, errors, policies, questions, times
from inbox.engine.rules.errors import bad_request
from inbox.engine.rules.questions import MODES, InteractionFields


def _read_time(sent: Any) -> datetime:
    if not isinstance(sent, str):
        raise bodies.wrong("must be an RFC 3339 time")
    try:
        return times.read_time(sent)
    except ValueError as error:
        raise bodies.wrong(f"is {error}") from None


class NewInteraction(InteractionFields):
    """The body of a new interaction: standalone, or backed by a run."""

    run_id: bodies.Name | None = None
    signal_name: bodies.Name | None = None
    expires_at: Annotated[datetime, BeforeValidator(_read_time)] | None = None

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
    interactions = Interaction.objects.filter(project_id=caller.project_id)
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
    """One interaction. Raises 404."""
    return payloads.interaction(find_interaction(caller.project_id, interaction_id, joins=()))


def create(*, caller: Caller, body: Any, at: datetime | None = None) -> dict[str, Any]:
    """A new interaction, with its event.

    Raises 400 for a body that is wrong, for a group without members and for a time that has
    passed, 404 for an unknown run, 409 for a finished one.
    """
    sent = bodies.read(NewInteraction, body)
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
        )
        return payloads.interaction(interaction)


def create_from(
    unit: Unit,
    sent: InteractionFields,
    *,
    spec: dict[str, Any] | None,
    expires_at: datetime | None,
    run: Run | None = None,
    step: Step | None = None,
    signal_name: str | None = None,
) -> Interaction:
    """Write an interaction and its event. ``spec`` is its spec as it was sent.

    Raises 400 for a group that is unknown or has no members.
    """
    interaction = Interaction(
        id=ids.new("int", unit.now),
        project_id=unit.project_id,
        run=run,
        step=step,
        type=sent.type,
        message=sent.message,
        context=sent.context,
        spec=spec,
        target_type=sent.target.type,
        target_id=sent.target.id,
        expires_at=expires_at,
        fires_at=expires_at,
        created_at=unit.now,
        updated_at=unit.now,
    )
    interaction.signal_name = f"interaction:{interaction.id}" if step is not None else signal_name
    recipients: list[str] = []
    if sent.target.type == "group":
        group = find_group(unit.project_id, sent.target.id)
        if group is None:
            raise bad_request(f"The group {sent.target.id} does not exist.", field="target.id")
        memberships = group.memberships.order_by("added_at", "pk")
        recipients = list(memberships.values_list("user_id", flat=True))
        if not recipients:
            raise bad_request(f"The group {sent.target.id} has no members.", field="target.id")
        interaction.target_group_id = group.id
        interaction.members = recipients
        interaction.routing_policy = group.routing_policy
        interaction.require_all = sent.all_required
    elif sent.target.type == "user":
        recipients = [sent.target.id]
    rows.insert(interaction)
    if recipients:
        rows.insert(
            *(Recipient(interaction=interaction, user_id=user_id) for user_id in recipients)
        )
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
    """Answer an interaction. Completing one resumes its run in the same transaction.

    Raises, in this order: 404; 403 for someone who was not asked; 409 for a closed interaction;
    409 ``already_claimed``; 409 ``already_responded``; 400 for a wrong body or value.
    """
    with writing(caller.project_id, at) as unit:
        interaction = find_interaction(caller.project_id, interaction_id)
        policies.check_answer(interaction, caller.user_id)
        answer = bodies.read(Answer, body)
        questions.check_value(interaction.spec, answer.value)
        responder = {
            "type": "agent" if interaction.target_type == "agent" else "user",
            "id": caller.user_id or interaction.target_id,
        }
        if interaction.all_must_answer:
            _gather(unit, interaction, responder, answer)
        else:
            _complete(unit, interaction, responder, value=answer.value, comment=answer.comment)
        return payloads.interaction(interaction)


def _gather(
    unit: Unit, interaction: Interaction, responder: dict[str, str], answer: Answer
) -> None:
    gathered = [
        *(interaction.partial_responses or ()),
        {
            "user_id": responder["id"],
            "value": answer.value,
            "comment": answer.comment,
            "responded_at": times.to_text(unit.now),
        },
    ]
    interaction.partial_responses = gathered
    value = policies.final_value(interaction.members or (), gathered)
    if value is None:
        save_interaction(unit, interaction, "interaction_updated", "partial_responses")
        return
    _complete(unit, interaction, responder, value=value, comment=None)


def _complete(
    unit: Unit,
    interaction: Interaction,
    responder: dict[str, str],
    *,
    value: Any,
    comment: str | None,
) -> None:
    interaction.status = Interaction.Status.COMPLETED
    interaction.completed_at = unit.now
    interaction.fires_at = None
    interaction.responder = responder
    interaction.response = {"value": value, "comment": comment, "at": times.to_text(unit.now)}
    changed = ("status", "completed_at", "fires_at", "responder", "response", "partial_responses")
    save_interaction(unit, interaction, "interaction_completed", *changed)
    if interaction.run is None:
        return
    output: dict[str, Any] = {"value": value, "comment": comment, "responder": responder}
    if interaction.all_must_answer:
        by_user = {answer["user_id"]: answer for answer in interaction.partial_responses or ()}
        output["responses"] = [by_user[user_id] for user_id in interaction.members or ()]
    if interaction.step is not None:
        resume(unit, interaction.run, interaction.step, output)
    elif interaction.signal_name is not None:
        deliver(unit, interaction.run, interaction.signal_name, output)


def claim(*, caller: Caller, interaction_id: str, at: datetime | None = None) -> dict[str, Any]:
    """Claim the interaction for the caller. Claiming it again changes nothing.

    Raises 404, 403 (not asked, or a service key), 409 (closed, or ``already_claimed``), 400
    ``not_claimable``.
    """
    with writing(caller.project_id, at) as unit:
        interaction = find_interaction(caller.project_id, interaction_id)
        policies.check_claim(interaction, caller.user_id)
        if interaction.claimed_by is None:
            interaction.claimed_by, interaction.claimed_at = caller.user_id, unit.now
            save_interaction(
                unit, interaction, "interaction_group_claimed", "claimed_by", "claimed_at"
            )
        return payloads.interaction(interaction)


def release(*, caller: Caller, interaction_id: str) -> dict[str, Any]:
    """Make the interaction available again. One that was not claimed is left as it is.

    Raises 404, 403 (not asked, claimed by someone else, or a service key), 409 for a closed one.
    """
    with writing(caller.project_id) as unit:
        interaction = find_interaction(caller.project_id, interaction_id)
        policies.check_release(interaction, caller.user_id)
        if interaction.claimed_by is not None:
            interaction.claimed_by = interaction.claimed_at = None
            save_interaction(
                unit, interaction, "interaction_group_released", "claimed_by", "claimed_at"
            )
        return payloads.interaction(interaction)


def find_interaction(
    project_id: int, interaction_id: str, *, joins: Sequence[str] = ("run", "step")
) -> Interaction:
    """The project's interaction with its run and step. Raises 404."""
    row = None
    if ids.is_shaped(interaction_id, "int"):
        row = rows.find(Interaction, joins=joins, id=interaction_id, project_id=project_id)
    if row is None:
        raise errors.not_found("The interaction")
    return row
