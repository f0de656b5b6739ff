"""Interactions on the wire."""

from collections.abc import Sequence
from typing import Any

from inbox.mobius.adapters.base import created_and_updated, identified, without_none
from inbox.mobius.adapters.later.answers import (
    has_several,
    read_answers,
    read_questions,
    read_value,
)
from inbox.mobius.adapters.tolerant import (
    enum_member,
    integer,
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
    LifecycleEvent,
    Policy,
    PolicyKind,
    Question,
    Reference,
    Target,
)

_FIELDS = frozenset(
    {
        "id",
        "kind",
        "status",
        "title",
        "description",
        "subject",
        "references",
        "context",
        "properties",
        "tags",
        "spec",
        "target_user_ids",
        "created_by",
        "require_all",
        "resolution_policy",
        "responses",
        "resolving_response_id",
        "responder",
        "outcome",
        "resolved_by",
        "cancel_reason",
        "review_round",
        "submitted_at",
        "review_feedback",
        "reviewer",
        "lifecycle",
        "expires_at",
        "completed_at",
        "created_at",
        "updated_at",
        "org_id",
        "project_id",
        "run_id",
        "signal_name",
        "consumer",
        "delivery",
        "owner",
        "visibility",
        "posture",
        "container",
    }
)
_TYPES = {
    "request_approval": "approval",
    "request_review": "review",
    "request_information": "input",
    "assign_work": "task",
}
_COMPLETED = InteractionStatus.COMPLETED
_POLICIES = {"any_of": PolicyKind.ANY, "all_of": PolicyKind.ALL, "quorum": PolicyKind.QUORUM}


def read_interaction(payload: Any) -> Interaction:
    """Raises UnreadableError."""
    wire = identified(payload)
    note_unknown("a question", wire, _FIELDS)
    kind, status = text(wire.get("kind")), text(wire.get("status"))
    type = _TYPES.get(kind, kind)
    title, description = " ".join(text(wire.get("title")).split()), text(wire.get("description"))
    targets = tuple(dict.fromkeys(texts(wire.get("target_user_ids"))))
    questions = read_questions(type, wire.get("spec"))
    policy = _policy(wire, targets)
    responses = _responses(wire, policy, questions)
    final = _final(wire, policy, responses)
    consumer = parts(wire.get("consumer"))
    run, tool = parts(consumer.get("run")), parts(consumer.get("agent_tool"))
    created, updated = created_and_updated(wire)
    lifecycle = wire.get("lifecycle")
    return Interaction(
        id=wire["id"],
        type=type,
        status=enum_member(InteractionStatus, status, InteractionStatus.OTHER),
        status_word=status,
        run_id=maybe_text(wire.get("run_id")) or maybe_text(run.get("run_id")),
        signal_name=maybe_text(wire.get("signal_name")) or maybe_text(run.get("signal_name")),
        message=_message(title, description, questions),
        context=mapping(wire.get("context")),
        questions=questions,
        target=_target(wire, targets),
        members=None if len(targets) == 1 or _lacks_targets(wire) else targets,
        policy=policy,
        responses=responses,
        responder_id=maybe_text(parts(wire.get("responder")).get("user_id"))
        or (final.user_id if final else None),
        value=_value(final),
        comment=final.comment if final else None,
        round=integer(wire.get("review_round")),
        expires_at=moment(wire, "expires_at"),
        completed_at=moment(wire, "completed_at"),
        created_at=created,
        updated_at=updated,
        unknown_fields=_unknown_fields(wire, policy, responses),
        title=title,
        description=description,
        subject=_reference(wire["subject"]) if isinstance(wire.get("subject"), dict) else None,
        references=tuple(_reference(parts(item)) for item in sequence(wire.get("references"))),
        properties=mapping(wire.get("properties")),
        tags={key: text(value) for key, value in parts(wire.get("tags")).items()},
        created_by=maybe_text(wire.get("created_by")),
        checkers=_checkers(wire),
        feedback=maybe_text(wire.get("review_feedback")),
        checked_by=maybe_text(parts(wire.get("reviewer")).get("user_id")),
        submitted_at=moment(wire, "submitted_at"),
        lifecycle=tuple(_event(parts(item)) for item in lifecycle)
        if isinstance(lifecycle, list)
        else None,
        cancel_reason=maybe_text(wire.get("cancel_reason")),
        session_id=maybe_text(tool.get("session_id")),
        turn_id=maybe_text(tool.get("invocation_id")),
        raw=wire,
    )


def write_interaction(body: dict[str, Any]) -> dict[str, Any]:
    """``body`` is in the guide's form, for one person, with a ``spec``."""
    title, _, description = body["message"].partition("\n")
    kinds = {type: kind for kind, type in _TYPES.items()}
    return {
        "kind": kinds[body["type"]],
        "title": title.strip(),
        "target_user_ids": [body["target"]["id"]],
        "spec": body["spec"],
        **without_none(
            description=description.strip() or None,
            context=body.get("context"),
            expires_at=body.get("expires_at"),
        ),
    }


def without_answers(raw: dict[str, Any], *, but: str | None) -> dict[str, Any]:
    """The comments in the lifecycle may be those of answers."""
    hidden = raw | ({"outcome": None} if "outcome" in raw else {})
    for name, author, fields in _WITH_ANSWERS:
        if isinstance(raw.get(name), list):
            hidden[name] = [
                item if but is not None and item.get(author) == but else _without(item, fields)
                for item in map(parts, raw[name])
            ]
    return hidden


_WITH_ANSWERS = (
    ("responses", "responder_user_id", ("value", "answers", "comment")),
    ("lifecycle", "actor_id", ("comment",)),
)


def _without(wire: dict[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    return {key: None if key in fields else value for key, value in wire.items()}


def _message(title: str, description: str, questions: Sequence[Question]) -> str:
    prompts = (question.prompt for question in questions if question.prompt != title)
    return "\n\n".join(filter(None, (title, description, *prompts)))


def _target(wire: dict[str, Any], targets: Sequence[str]) -> Target:
    """Several people are a group without a name."""
    if _lacks_targets(wire):
        return Target(type="", id="")
    return Target(type="user", id=targets[0]) if len(targets) == 1 else Target(type="group", id="")


def _lacks_targets(wire: dict[str, Any]) -> bool:
    return not isinstance(wire.get("target_user_ids"), list)


def _policy(wire: dict[str, Any], targets: Sequence[str]) -> Policy:
    rule = parts(wire.get("resolution_policy"))
    if len(targets) == 1:
        return Policy()
    kind = _POLICIES.get(text(rule.get("type")))
    if kind is PolicyKind.QUORUM:
        return Policy(kind=kind, quorum=integer(rule.get("threshold"), 1))
    return Policy(
        kind=kind or (PolicyKind.ALL if wire.get("require_all") is True else PolicyKind.ANY)
    )


def _unknown_fields(
    wire: dict[str, Any], policy: Policy, responses: Sequence[Answer]
) -> tuple[str, ...]:
    """A list that is missing may not be empty. Without a spec, the rest tells if it is all."""
    missing = []
    if _lacks_targets(wire):
        missing.append("target")
    if "title" not in wire:
        missing.append("message")
        missing += [] if "spec" in wire else ["spec"]
    rule = text(parts(wire.get("resolution_policy")).get("type"))
    if rule not in _POLICIES and not isinstance(wire.get("require_all"), bool):
        missing.append("policy")
    untold = not isinstance(wire.get("responses"), list) and not responses
    if untold and (policy.kind is not PolicyKind.ANY or wire.get("status") == _COMPLETED):
        missing.append("responses")
    return tuple(missing)


def _responses(
    wire: dict[str, Any], policy: Policy, questions: Sequence[Question]
) -> tuple[Answer, ...]:
    """Of all rounds. Without them, the outcome of a question that needed one answer is this one."""
    responses = wire.get("responses")
    if isinstance(responses, list):
        return tuple(_response(parts(item), questions) for item in responses)
    if (
        policy.kind is not PolicyKind.ANY
        or wire.get("status") != _COMPLETED
        or "outcome" not in wire
    ):
        return ()
    read = read_answers if has_several(wire.get("spec")) else read_value
    return (
        Answer(
            user_id=maybe_text(parts(wire.get("responder")).get("user_id")),
            answers=read(wire["outcome"], questions),
            at=moment(wire, "completed_at"),
            round=integer(wire.get("review_round")),
        ),
    )


def _response(wire: dict[str, Any], questions: Sequence[Question]) -> Answer:
    return Answer(
        user_id=maybe_text(wire.get("responder_user_id")),
        answers=read_answers(wire["answers"], questions)
        if "answers" in wire
        else read_value(wire.get("value"), questions),
        comment=maybe_text(wire.get("comment")),
        at=moment(wire, "responded_at"),
        round=integer(wire.get("attempt")),
    )


def _final(wire: dict[str, Any], policy: Policy, responses: Sequence[Answer]) -> Answer | None:
    """The answer that decided a question for which one is enough."""
    if policy.kind is not PolicyKind.ANY or wire.get("status") != _COMPLETED:
        return None
    ids = [parts(item).get("id") for item in sequence(wire.get("responses"))]
    resolving = wire.get("resolving_response_id")
    if resolving is not None and resolving in ids:
        return responses[ids.index(resolving)]
    round = integer(wire.get("review_round"))
    return next((answer for answer in reversed(responses) if answer.round == round), None)


def _value(final: Answer | None) -> Any:
    """Several answers as JSON."""
    if final is None:
        return None
    if len(final.answers) == 1 and final.answers[0].other is None:
        return final.answers[0].content
    return [answer.model_dump(mode="json", exclude_none=True) for answer in final.answers]


def _checkers(wire: dict[str, Any]) -> tuple[str, ...]:
    review = parts(wire.get("resolution_policy")).get("review")
    if not isinstance(review, dict):
        return ()
    return texts(review.get("reviewer_user_ids")) or texts([wire.get("created_by")])


def _reference(wire: dict[str, Any]) -> Reference:
    return Reference(
        label=text(wire.get("label")),
        relation=text(wire.get("relation")),
        url=text(wire.get("url")),
        entity_type=text(wire.get("entity_type")),
        entity_id=text(wire.get("entity_id")),
    )


def _event(wire: dict[str, Any]) -> LifecycleEvent:
    return LifecycleEvent(
        action=text(wire.get("action")),
        status=enum_member(InteractionStatus, wire.get("status"), InteractionStatus.OTHER),
        actor_id=maybe_text(wire.get("actor_id")),
        comment=maybe_text(wire.get("comment")),
        round=integer(wire.get("round")),
        at=moment(wire, "at"),
    )
