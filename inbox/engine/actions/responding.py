"""Answering."""

from datetime import datetime
from typing import Any

from inbox.engine import payloads
from inbox.engine.actions.auth import Caller
from inbox.engine.actions.claiming import find
from inbox.engine.actions.progress import resume, save_item
from inbox.engine.actions.signals import deliver
from inbox.engine.actions.unit import Unit, writing
from inbox.engine.models import Interaction
from inbox.engine.rules import bodies, policies, questions, stamps


class Answer(bodies.Body):
    """The body of an answer."""

    value: Any
    comment: str | None = None


def respond(
    *, caller: Caller, interaction_id: str, body: Any, at: datetime | None = None
) -> dict[str, Any]:
    """Answer an interaction. Completing one resumes its run in the same transaction.

    Raises, in this order: 404; 403 for who is not asked; 409 closed; 409 ``already_claimed``; 409
    ``already_responded``; 400 for a body or a value that is wrong.
    """
    with writing(caller.project_id, at) as unit:
        item = find(caller.project_id, interaction_id)
        policies.check_answer(item, caller.user_id)
        answer = bodies.read(Answer, body)
        questions.check_value(item.spec, answer.value)
        responder = {
            "type": "agent" if item.target_type == "agent" else "user",
            "id": caller.user_id or item.target_id,
        }
        if item.all_must_answer:
            _gather(unit, item, responder, answer)
        else:
            _complete(unit, item, responder, value=answer.value, comment=answer.comment)
        return payloads.interaction(item)


def _gather(unit: Unit, item: Interaction, responder: dict[str, str], answer: Answer) -> None:
    gathered = [
        *(item.partial_responses or ()),
        {
            "user_id": responder["id"],
            "value": answer.value,
            "comment": answer.comment,
            "responded_at": stamps.written(unit.now),
        },
    ]
    item.partial_responses = gathered
    value = policies.final_value(item.members or (), gathered)
    if value is None:
        save_item(unit, item, "interaction_updated", "partial_responses")
        return
    _complete(unit, item, responder, value=value, comment=None)


def _complete(
    unit: Unit, item: Interaction, responder: dict[str, str], *, value: Any, comment: str | None
) -> None:
    item.status = Interaction.Status.COMPLETED
    item.completed_at = unit.now
    item.fires_at = None
    item.responder = responder
    item.response = {"value": value, "comment": comment, "at": stamps.written(unit.now)}
    changed = ("status", "completed_at", "fires_at", "responder", "response", "partial_responses")
    save_item(unit, item, "interaction_completed", *changed)
    if item.run is None:
        return
    output: dict[str, Any] = {"value": value, "comment": comment, "responder": responder}
    if item.all_must_answer:
        by_user = {each["user_id"]: each for each in item.partial_responses or ()}
        output["responses"] = [by_user[user_id] for user_id in item.members or ()]
    if item.step is not None:
        resume(unit, item.run, item.step, output)
    elif item.signal_name is not None:
        deliver(unit, item.run, item.signal_name, output)
