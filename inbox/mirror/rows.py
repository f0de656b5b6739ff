"""Unsaved rows made of what upstream told; each new reading of a thing becomes one of these."""

from typing import Any

from inbox import models
from inbox.mirror.build_row import build_row
from inbox.mirror.due import due_of
from inbox.mirror.states import run_state
from inbox.mirror.titles import title_of
from inbox.mirror.words import status_word
from inbox.mobius import types

LONGEST_SEARCH = 4000
LONGEST_RUN_SEARCH = 300
UNKNOWN = "unknown"
"""The status of a run whose questions are closed, and that nothing else has told of."""
CLOSED = frozenset({"completed", "expired"})
"""Statuses of an interaction that nothing follows."""


def interaction_row(
    upstream: models.Upstream, told: types.Interaction, seq: int
) -> models.Interaction:
    """Everything but what follows from the run: ``workflow``, ``asked_by``, ``search``, which
    ``name_run`` sets, and ``state``, which is the status here.
    """
    due = due_of(told.context, told.expires_at)
    return build_row(
        models.Interaction,
        upstream_id=upstream.pk,
        mobius_id=told.id,
        run_id=told.run_id,
        signal_name=told.signal_name,
        type=told.type[:40],
        mode=told.questions[0].mode[:40] if told.questions else "",
        status=status_word(told),
        state=status_word(told),
        message=told.message,
        title=title_of(told.message),
        context=told.context,
        questions=[_question(question) for question in told.questions],
        policy={"kind": told.policy.kind.value, "quorum": told.policy.quorum},
        responses=[answer.model_dump(mode="json") for answer in told.responses],
        target_type=told.target.type[:40],
        target_id=told.target.id,
        group_id=told.group_id or (told.target.id if told.target.type == "group" else None),
        members=None if told.members is None else list(dict.fromkeys(told.members)),
        members_from="" if told.members is None else models.Interaction.FROM_SNAPSHOT,
        lacks=" ".join(told.lacks),
        claimable=told.claimable,
        claimed_by=told.claimed_by,
        claimed_at=told.claimed_at,
        responder_id=told.responder_id,
        value=told.value,
        comment=told.comment,
        due_at=due.at,
        soft=due.soft,
        expires_at=told.expires_at,
        completed_at=told.completed_at,
        created_at=told.created_at,
        updated_at=told.updated_at,
        seq=seq,
        raw=told.raw,
    )


def _question(question: types.Question) -> dict[str, Any]:
    """What ``model_dump`` makes of it, in a fifth of the time: a full sync makes thousands."""
    return {
        "mode": question.mode,
        "options": [
            {"value": option.value, "label": option.label, "description": option.description}
            for option in question.options
        ],
        "default": question.default,
        "placeholder": question.placeholder,
        "multiline": question.multiline,
    }


def name_run(row: models.Interaction, workflow: str, asked_by: str) -> None:
    """Say which workflow asks and who started it, and make the row findable by both."""
    row.workflow = workflow
    row.asked_by = asked_by
    words = [row.message, workflow, asked_by, row.target_id, row.type, *_texts(row.context)]
    row.search = " ".join(" ".join(words).split())[:LONGEST_SEARCH].lower()


def _texts(value: Any) -> list[str]:
    """The keys and texts of a JSON value, in order."""
    found: list[str] = []
    left = [value]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            for key, inner in reversed(part.items()):
                left += [inner, str(key)]
        elif isinstance(part, list):
            left += reversed(part)
        elif part is not None and not isinstance(part, bool):
            found.append(str(part))
    return found


def asked_by(metadata: Any, started_by: str) -> str:
    """Who asks: the person in whose name the run was started, else who started it."""
    wanted = metadata.get("requested_by") if isinstance(metadata, dict) else None
    return (wanted if isinstance(wanted, str) and wanted else started_by)[:200]


def run_row(upstream: models.Upstream, told: types.Run, seq: int) -> models.Run:
    """Everything but ``status_since``, ``plan`` and ``log_from``."""
    return build_row(
        models.Run,
        upstream_id=upstream.pk,
        mobius_id=told.id,
        workflow=told.workflow[:300],
        status=status_word(told),
        state=run_state(status_word(told), told.error_type or ""),
        finished=told.status.finished,
        queue=told.queue[:200],
        attempt=told.attempt,
        inputs=told.inputs,
        metadata=told.metadata,
        external_id=told.external_id,
        started_by=told.started_by[:200],
        wait=told.wait.model_dump(mode="json"),
        error_type=(told.error_type or "")[:100],
        error_message=told.error_message or "",
        created_at=told.created_at,
        started_at=told.started_at,
        completed_at=told.completed_at,
        updated_at=told.updated_at,
        seq=seq,
        search=_run_search(told),
        raw=told.raw,
    )


def run_row_of(
    upstream: models.Upstream, question: models.Interaction, *, asking: bool
) -> models.Run:
    """A run of which nothing is known but ``question``; ``asking``: one of its questions is open.

    Whatever is read of the run itself replaces it.
    """
    since = question.created_at if asking else question.completed_at or question.updated_at
    told = types.Run(
        id=question.run_id or "",
        workflow="",
        status=types.RunStatus.SUSPENDED if asking else types.RunStatus.OTHER,
        status_word="" if asking else UNKNOWN,
        created_at=question.created_at,
        updated_at=since,
        raw={},
    )
    row = run_row(upstream, told, 0)
    row.status_since = since
    return row


def _run_search(told: types.Run) -> str:
    """The names that a run is known by, then what it was started with."""
    names = [told.workflow, told.external_id or "", told.id, told.started_by, told.queue]
    words = [*names, *_texts(told.metadata), *_texts(told.inputs)]
    return " ".join(" ".join(words).split()).lower()[:LONGEST_RUN_SEARCH]


def entered_status_at(told: types.Run) -> Any:
    """When the run came into its status, as far as one reading can tell."""
    if told.status.finished:
        return told.completed_at or told.updated_at
    if told.status is types.RunStatus.QUEUED and told.started_at is None:
        return told.created_at
    return told.updated_at


def step_row(run: models.Run, told: types.Step, seq: int) -> models.Step:
    """The whole row."""
    return build_row(
        models.Step,
        run_id=run.pk,
        mobius_id=told.id,
        name=told.name[:300],
        kind=told.kind[:40],
        action=told.action[:200],
        status=status_word(told),
        attempt=told.attempt,
        order=told.order,
        error_type=(told.error_type or "")[:100],
        error_message=told.error_message or "",
        started_at=told.started_at,
        completed_at=told.completed_at,
        created_at=told.created_at,
        updated_at=told.updated_at,
        seq=seq,
        raw=told.raw,
    )
