"""Interactions on the wire."""

from typing import Any

from inbox.mobius.adapters.base import created_and_updated, identified
from inbox.mobius.adapters.form import read_form
from inbox.mobius.adapters.tolerant import (
    enum_member,
    mapping,
    maybe_text,
    moment,
    note_unknown,
    parts,
    sequence,
    text,
    texts,
)
from inbox.mobius.types import (
    Answer,
    Interaction,
    InteractionStatus,
    PlannedInteraction,
    Policy,
    PolicyKind,
    Question,
    QuestionAnswer,
    Target,
)

_FIELDS = frozenset(
    {
        "id",
        "project_id",
        "type",
        "status",
        "run_id",
        "signal_name",
        "message",
        "context",
        "spec",
        "target",
        "target_group_id",
        "target_member_snapshot",
        "routing_policy_snapshot",
        "require_all",
        "claimed_by",
        "claimed_at",
        "partial_responses",
        "responder",
        "response",
        "expires_at",
        "completed_at",
        "created_at",
        "updated_at",
    }
)


def read_interaction(payload: Any) -> Interaction:
    """Raises UnreadableError."""
    wire = identified(payload)
    note_unknown("a question", wire, _FIELDS)
    response = parts(wire.get("response"))
    target = parts(wire.get("target"))
    members = wire.get("target_member_snapshot")
    snapshot = texts(members) if isinstance(members, list) else None
    created, updated = created_and_updated(wire)
    policy = _policy(wire)
    question = read_form(text(wire.get("type")), wire.get("spec"))
    return Interaction(
        id=wire["id"],
        type=text(wire.get("type")),
        status=enum_member(InteractionStatus, wire.get("status"), InteractionStatus.OTHER),
        status_word=text(wire.get("status")),
        run_id=maybe_text(wire.get("run_id")),
        signal_name=maybe_text(wire.get("signal_name")),
        message=text(wire.get("message")),
        context=mapping(wire.get("context")),
        questions=(question,),
        target=Target(type=text(target.get("type")), id=text(target.get("id"))),
        group_id=maybe_text(wire.get("target_group_id")),
        members=snapshot,
        policy=policy,
        claimed_by=maybe_text(wire.get("claimed_by")),
        claimed_at=moment(wire, "claimed_at"),
        responses=_responses(wire, policy, snapshot, question),
        responder_id=maybe_text(parts(wire.get("responder")).get("id")),
        value=_value(response.get("value"), question),
        comment=maybe_text(response.get("comment")),
        expires_at=moment(wire, "expires_at"),
        completed_at=moment(wire, "completed_at"),
        created_at=created,
        updated_at=updated,
        claimable=any(wire.get(name) for name in ("routing_policy_snapshot", "claimed_by")),
        unknown_fields=_unknown_fields(wire),
        raw=wire,
    )


def read_planned_interaction(payload: Any) -> PlannedInteraction:
    wire = parts(payload)
    target = parts(wire.get("target"))
    message, id = text(wire.get("message")), text(target.get("id"))
    has_question = "spec" in wire or wire.get("type") == "approval"
    policy = _policy(wire) if _tells_policy(wire) or target.get("type") == "group" else None
    return PlannedInteraction(
        type=text(wire.get("type")),
        target=Target(type=text(target.get("type")), id=id) if _is_literal(id) else None,
        message=message if _is_literal(message) else None,
        question=read_form(text(wire.get("type")), wire.get("spec")) if has_question else None,
        policy=policy,
    )


def _is_literal(words: str) -> bool:
    return bool(words) and "${" not in words


def _unknown_fields(wire: dict[str, Any]) -> tuple[str, ...]:
    target = parts(wire.get("target"))
    missing = []
    if not target.get("id"):
        missing.append("target")
    missing += [name for name in ("message", "spec") if name not in wire]
    if target.get("type") in (None, "group") and not _tells_policy(wire):
        missing.append("policy")
    return tuple(missing)


def _tells_policy(wire: dict[str, Any]) -> bool:
    flags = (wire.get("require_all"), parts(wire.get("target")).get("require_all"))
    return bool(wire.get("routing_policy_snapshot")) or any(
        isinstance(flag, bool) for flag in flags
    )


def without_answers(raw: dict[str, Any], *, but: str | None) -> dict[str, Any]:
    responses = raw.get("partial_responses")
    if isinstance(responses, list):
        responses = [_emptied(parts(answer), but) for answer in responses]
    return raw | {"response": None, "partial_responses": responses}


def _emptied(answer: dict[str, Any], but: str | None) -> dict[str, Any]:
    if but is not None and answer.get("user_id") == but:
        return answer
    return {key: None if key in ("value", "comment") else answer[key] for key in answer}


def _policy(wire: dict[str, Any]) -> Policy:
    grouped = parts(wire.get("target")).get("type") == "group"
    everybody = wire.get("routing_policy_snapshot") == "all_members"
    all_of = wire.get("require_all") is True or parts(wire.get("target")).get("require_all") is True
    if everybody or (grouped and all_of):
        return Policy(kind=PolicyKind.ALL)
    return Policy(kind=PolicyKind.ANY)


def _responses(
    wire: dict[str, Any], policy: Policy, snapshot: tuple[str, ...] | None, question: Question
) -> tuple[Answer, ...]:
    partial = [_partial(item, question) for item in sequence(wire.get("partial_responses"))]
    if partial:
        place = {user: n for n, user in enumerate(snapshot or ())}
        return tuple(
            sorted(partial, key=lambda answer: place.get(answer.user_id or "", len(place)))
        )
    response = wire.get("response")
    if not isinstance(response, dict):
        return ()
    values = response.get("value")
    if (
        policy.kind is PolicyKind.ALL
        and isinstance(values, list)
        and len(values) == len(snapshot or ())
    ):
        at = moment(response, "at")
        return tuple(
            Answer(user_id=user, answers=_answers(value, question), at=at)
            for user, value in zip(snapshot or (), values, strict=True)
        )
    responder = parts(wire.get("responder"))
    return (
        Answer(
            user_id=maybe_text(responder.get("id")),
            answers=_answers(values, question),
            comment=maybe_text(response.get("comment")),
            at=moment(response, "at") or moment(wire, "completed_at"),
        ),
    )


def _partial(item: Any, question: Question) -> Answer:
    wire = parts(item)
    return Answer(
        user_id=maybe_text(wire.get("user_id")),
        answers=_answers(wire.get("value"), question),
        comment=maybe_text(wire.get("comment")),
        at=moment(wire, "responded_at"),
    )


def _answers(value: Any, question: Question) -> tuple[QuestionAnswer, ...]:
    return (question.answer(_value(value, question)),)


def _value(value: Any, question: Question) -> Any:
    """Some servers store booleans as text."""
    if question.mode == "confirm" and value in ("true", "false"):
        return value == "true"
    return value
