"""Building unsaved rows from payloads."""

import re
from datetime import datetime
from typing import Any, NamedTuple

from inbox import models
from inbox.access import redaction
from inbox.lib.instants import read_instant
from inbox.mirror.states import run_state, status_word
from inbox.mirror.titles import title_of
from inbox.mirror.upsert import build_row
from inbox.mobius import types
from inbox.models.answers import as_json

LONGEST_RUN_SEARCH = 300
UNKNOWN = "unknown"
"""The status of a run that is only known from closed questions."""
CLOSED = (
    types.InteractionStatus.COMPLETED,
    types.InteractionStatus.EXPIRED,
    types.InteractionStatus.CANCELLED,
)


def interaction_row(
    upstream: models.Upstream, interaction: types.Interaction, seq: int
) -> models.Interaction:
    """``workflow`` is empty, ``asked_by`` who created it, ``state`` the status: these depend on the
    run.
    """
    due = due_of(interaction.context, interaction.expires_at)
    return build_row(
        models.Interaction,
        upstream_id=upstream.pk,
        mobius_id=interaction.id,
        run_id=interaction.run_id,
        signal_name=interaction.signal_name,
        type=interaction.type[:40],
        mode=interaction.questions[0].mode[:40] if len(interaction.questions) == 1 else "",
        status=status_word(interaction),
        state=status_word(interaction),
        message=interaction.message,
        title=title_of(interaction.message),
        context=interaction.context,
        details=_details(interaction),
        questions=[_question(question) for question in interaction.questions],
        policy={"kind": interaction.policy.kind.value, "quorum": interaction.policy.quorum},
        responses=[response_json(answer) for answer in interaction.responses],
        target_type=interaction.target.type[:40],
        target_id=interaction.target.id,
        group_id=interaction.group_id
        or (interaction.target.id or None if interaction.target.type == "group" else None),
        members=None if interaction.members is None else list(dict.fromkeys(interaction.members)),
        members_from="" if interaction.members is None else models.Interaction.FROM_SNAPSHOT,
        unknown_fields=" ".join(interaction.unknown_fields),
        claimable=interaction.claimable,
        claimed_by=interaction.claimed_by,
        claimed_at=interaction.claimed_at,
        responder_id=interaction.responder_id,
        value=interaction.value,
        comment=interaction.comment,
        round=interaction.round,
        due_at=due.at,
        soft=due.soft,
        expires_at=interaction.expires_at,
        completed_at=interaction.completed_at,
        created_at=interaction.created_at,
        updated_at=interaction.updated_at,
        seq=seq,
        asked_by=(interaction.created_by or "")[:200],
        raw=interaction.raw,
    )


_DETAILS = (
    *("properties", "tags", "created_by", "feedback", "checked_by"),
    *("cancel_reason", "session_id", "turn_id"),
)


def _details(interaction: types.Interaction) -> dict[str, Any]:
    """Without what is empty or unknown, which in the guide's API is everything."""
    details = {name: value for name in _DETAILS if (value := getattr(interaction, name))}
    if interaction.subject is not None:
        details["subject"] = interaction.subject.model_dump()
    if interaction.checkers:
        details["checkers"] = list(interaction.checkers)
    if interaction.references:
        details["references"] = [one.model_dump() for one in interaction.references]
    if interaction.lifecycle is not None:
        details["lifecycle"] = [event.model_dump(mode="json") for event in interaction.lifecycle]
    return details


def response_json(answer: types.Answer) -> dict[str, Any]:
    return answer.model_dump(mode="json", exclude={"answers"}) | {
        "answers": as_json(answer.answers)
    }


_LATER_FIELDS = {
    name: types.Question.model_fields[name].default
    for name in (
        *("id", "prompt", "description", "required", "allow_other"),
        *("min_selections", "max_selections", "max_length"),
    )
}
"""Stored only where they say something, so that the digest of a question that a form showed before
they were known is the same.
"""


def _question(question: types.Question) -> dict[str, Any]:
    """The result of ``model_dump``, five times as fast: a full sync needs thousands."""
    later = {
        name: getattr(question, name)
        for name, default in _LATER_FIELDS.items()
        if getattr(question, name) != default
    }
    return later | {
        "mode": question.mode,
        "options": [
            {"value": option.value, "label": option.label, "description": option.description}
            for option in question.options
        ],
        "default": question.default,
        "placeholder": question.placeholder,
        "multiline": question.multiline,
    }


def asked_by(metadata: Any, started_by: str) -> str:
    person = metadata.get("requested_by") if isinstance(metadata, dict) else None
    return (person if isinstance(person, str) and person else started_by)[:200]


def run_row(upstream: models.Upstream, run: types.Run, seq: int) -> models.Run:
    row = build_row(
        models.Run,
        upstream_id=upstream.pk,
        mobius_id=run.id,
        workflow=run.workflow[:300],
        status=status_word(run),
        state=run_state(status_word(run), run.error_type or ""),
        finished=run.status.finished,
        queue=run.queue[:200],
        attempt=run.attempt,
        inputs=run.inputs,
        metadata=run.metadata,
        external_id=run.external_id,
        started_by=run.started_by[:200],
        wait=run.wait.model_dump(mode="json"),
        error_type=(run.error_type or "")[:100],
        error_message=run.error_message or "",
        created_at=run.created_at,
        started_at=run.started_at,
        completed_at=run.completed_at,
        updated_at=run.updated_at,
        seq=seq,
        raw=run.raw,
    )
    row.search = run_search(row)
    return row


def inferred_run_row(
    upstream: models.Upstream, question: models.Interaction, *, asking: bool
) -> models.Run:
    """``asking``: the question is open. Any payload of the run itself replaces the row."""
    since = question.created_at if asking else question.completed_at or question.updated_at
    run = types.Run(
        id=question.run_id or "",
        workflow="",
        status=types.RunStatus.SUSPENDED if asking else types.RunStatus.OTHER,
        status_word="" if asking else UNKNOWN,
        created_at=question.created_at,
        updated_at=since,
        raw={},
    )
    row = run_row(upstream, run, 0)
    row.status_since = since
    return row


def run_search(run: models.Run) -> str:
    names = [run.workflow, run.external_id or "", run.mobius_id, run.started_by, run.queue]
    words = [*names, *_texts(redaction.masked(run.metadata)), *_texts(redaction.masked(run.inputs))]
    return " ".join(" ".join(words).split()).lower()[:LONGEST_RUN_SEARCH]


def _texts(value: Any) -> list[str]:
    texts: list[str] = []
    stack = [value]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            for key, inner in reversed(part.items()):
                stack += [inner, str(key)]
        elif isinstance(part, list):
            stack += reversed(part)
        elif part is not None and not isinstance(part, bool | redaction.Masked):
            texts.append(str(part))
    return texts


def entered_status_at(run: types.Run) -> datetime:
    """Only what one payload shows."""
    if run.status.finished:
        return run.completed_at or run.updated_at
    if run.status is types.RunStatus.QUEUED and run.started_at is None:
        return run.created_at
    return run.updated_at


def step_row(run: models.Run, step: types.Step, seq: int) -> models.Step:
    return build_row(
        models.Step,
        run_id=run.pk,
        mobius_id=step.id,
        name=step.name[:300],
        kind=step.kind[:40],
        action=step.action[:200],
        status=status_word(step),
        attempt=step.attempt,
        order=step.order,
        error_type=(step.error_type or "")[:100],
        error_message=step.error_message or "",
        started_at=step.started_at,
        completed_at=step.completed_at,
        created_at=step.created_at,
        updated_at=step.updated_at,
        seq=seq,
        raw=step.raw,
    )


_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)")


class Due(NamedTuple):
    """``soft``: the question can still be answered afterwards."""

    at: datetime | None
    soft: bool


def due_of(context: dict[str, Any], expires_at: datetime | None) -> Due:
    """``context.due_at`` if it is a valid time and not after the expiry, else the expiry."""
    due_at = _instant(context.get("due_at"))
    if due_at is None or (expires_at is not None and due_at > expires_at):
        return Due(expires_at, soft=False)
    return Due(due_at, soft=True)


def _instant(text: object) -> datetime | None:
    if not isinstance(text, str) or not _RFC_3339.fullmatch(text):
        return None
    return read_instant(text.upper())
