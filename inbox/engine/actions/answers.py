"""Answering, reviewing and cancelling interactions."""

from dataclasses import dataclass
from typing import Any

from inbox.engine import ids
from inbox.engine.actions.progress import record, resume, save_interaction
from inbox.engine.actions.runs import deliver
from inbox.engine.actions.unit import Unit
from inbox.engine.models import Interaction
from inbox.engine.payloads import partial_response
from inbox.engine.rules import policies, times


@dataclass(frozen=True)
class Given:
    """``answers`` are None for the single question of the guide; ``value`` is for workflows."""

    value: Any
    answers: list[dict[str, Any]] | None
    comment: str | None


def take(unit: Unit, interaction: Interaction, responder: str, given: Given) -> None:
    """The caller has checked the answer. Resumes the run if it is the last one needed."""
    response = {
        "id": ids.new("iresp", unit.now),
        "user_id": responder,
        "value": given.value,
        "comment": given.comment,
        "responded_at": times.to_text(unit.now),
        "round": interaction.review_round,
    }
    if given.answers is not None:
        response["answers"] = given.answers
    interaction.responses = [*interaction.responses, response]
    if len(interaction.current_responses) < interaction.needed:
        save_interaction(unit, interaction, "interaction_updated", "responses")
    elif interaction.reviewers is None:
        _complete(unit, interaction, "resolved", responder, given.comment)
    else:
        interaction.status = Interaction.Status.IN_REVIEW
        interaction.submitted_at, interaction.fires_at = unit.now, None
        record(unit, interaction, "submitted_for_review", responder, given.comment)
        changed = ("status", "submitted_at", "fires_at", "responses", "lifecycle")
        save_interaction(unit, interaction, "interaction_updated", *changed)


def accept(unit: Unit, interaction: Interaction, reviewer: str, comment: str | None) -> None:
    interaction.reviewer = reviewer
    _complete(unit, interaction, "accepted", reviewer, comment)


def request_changes(unit: Unit, interaction: Interaction, reviewer: str, comment: str) -> None:
    """The answers of the round become history, and everyone is asked again."""
    interaction.status = Interaction.Status.PENDING
    interaction.reviewer, interaction.review_feedback = reviewer, comment
    interaction.fires_at = interaction.expires_at
    record(unit, interaction, "changes_requested", reviewer, comment)
    interaction.review_round += 1
    changed = ("status", "reviewer", "review_feedback", "fires_at", "review_round", "lifecycle")
    save_interaction(unit, interaction, "interaction_updated", *changed)
    if interaction.fires_at is not None:
        unit.due(interaction.fires_at)


def cancel(unit: Unit, interaction: Interaction, actor: str, reason: str | None) -> None:
    """The run that asked goes on, and its step's output says so."""
    interaction.status = Interaction.Status.CANCELLED
    interaction.cancel_reason, interaction.fires_at = reason, None
    record(unit, interaction, "cancelled", actor, reason)
    changed = ("status", "cancel_reason", "fires_at", "lifecycle")
    save_interaction(unit, interaction, "interaction_updated", *changed)
    output = {"value": None, "comment": None, "responder": None}
    _go_on(unit, interaction, {**output, "status": "cancelled", "reason": reason})


def _complete(
    unit: Unit, interaction: Interaction, action: str, actor: str, comment: str | None
) -> None:
    responses = interaction.current_responses
    last, together = responses[-1], interaction.all_must_answer or interaction.quorum is not None
    value: Any = last["value"]
    if interaction.all_must_answer:
        value = policies.final_value(interaction.members or (), responses)
    elif together:
        value = [response["value"] for response in responses]
    responder = {
        "type": "agent" if interaction.target_type == "agent" else "user",
        "id": last["user_id"],
    }
    answer_comment = None if together else last["comment"]
    interaction.status = Interaction.Status.COMPLETED
    interaction.completed_at = unit.now
    interaction.fires_at = None
    interaction.responder = responder
    interaction.response = {
        "value": value,
        "comment": answer_comment,
        "at": times.to_text(unit.now),
    }
    record(unit, interaction, action, actor, comment)
    save_interaction(
        unit,
        interaction,
        "interaction_completed",
        *("status", "completed_at", "fires_at", "responder", "response", "responses"),
        *("reviewer", "lifecycle"),
    )
    output = {"value": value, "comment": answer_comment, "responder": responder}
    if interaction.all_must_answer:
        by_user = {response["user_id"]: response for response in responses}
        responses = [by_user[user_id] for user_id in interaction.members or ()]
    if together:
        output["responses"] = [partial_response(response) for response in responses]
    _go_on(unit, interaction, output)


def _go_on(unit: Unit, interaction: Interaction, output: dict[str, Any]) -> None:
    if interaction.run is None:
        return
    if interaction.step is not None:
        resume(unit, interaction.run, interaction.step, output)
    elif interaction.signal_name is not None:
        deliver(unit, interaction.run, interaction.signal_name, output)
