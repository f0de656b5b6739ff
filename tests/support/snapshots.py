"""Hand-made payloads, as upstream would send them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from inbox.mobius.types import (
    Answer,
    Event,
    EventKind,
    Interaction,
    InteractionStatus,
    Policy,
    PolicyKind,
    Question,
    Run,
    RunStatus,
    Step,
    StepStatus,
    Target,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
RINA, SAM, LEE = "user_rina", "user_sam", "user_lee"


def at(minutes: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def run(id: str = "run_1", minutes: float = 0, **fields: Any) -> Run:
    """A run that was made at noon and changed last at ``minutes``."""
    known: dict[str, Any] = {
        "id": id,
        "workflow": "release",
        "status": RunStatus.QUEUED,
        "created_at": NOON,
        "updated_at": at(minutes),
    } | fields
    return Run(**known, raw={"id": id, "status": str(known["status"])})


def step(id: str = "step_1", run_id: str = "run_1", minutes: float = 0, **fields: Any) -> Step:
    """A step of a run."""
    known: dict[str, Any] = {
        "id": id,
        "run_id": run_id,
        "name": "ask",
        "status": StepStatus.RUNNING,
        "created_at": NOON,
        "updated_at": at(minutes),
    } | fields
    return Step(**known, raw={"id": id, "status": str(known["status"])})


def ask(id: str = "int_1", minutes: float = 0, **fields: Any) -> Interaction:
    """An interaction for Rina."""
    known: dict[str, Any] = {
        "id": id,
        "type": "approval",
        "status": InteractionStatus.PENDING,
        "message": "Ship it?",
        "questions": (Question(mode="confirm"),),
        "target": Target(type="user", id=RINA),
        "created_at": NOON,
        "updated_at": at(minutes),
    } | fields
    raw = {"id": id, "status": str(known["status"]), "message": known["message"]}
    raw = fields.pop("raw", raw)
    return Interaction(**(known | {"raw": raw}))


def group_ask(id: str = "int_1", minutes: float = 0, **fields: Any) -> Interaction:
    """An interaction for the change board, of which every member must answer."""
    known: dict[str, Any] = {
        "target": Target(type="group", id="change-board"),
        "group_id": "grp_board",
        "members": (RINA, SAM, LEE),
        "policy": Policy(kind=PolicyKind.ALL),
        "claimable": True,
    } | fields
    return ask(id, minutes, **known)


def answered(interaction: Interaction, by: str, minutes: float, value: Any = True) -> Interaction:
    """The same after its one answer."""
    answer = Answer(user_id=by, value=value, comment="fine", at=at(minutes))
    return interaction.model_copy(
        update={
            "status": InteractionStatus.COMPLETED,
            "responses": (*interaction.responses, answer),
            "responder_id": by,
            "value": value,
            "comment": "fine",
            "completed_at": at(minutes),
            "updated_at": at(minutes),
            "raw": interaction.raw | {"status": "completed"},
        }
    )


def event(seq: int, about: Run | Step | Interaction, type: str = "", **fields: Any) -> Event:
    """A logged event that tells of ``about``."""
    match about:
        case Run():
            told: dict[str, Any] = {"kind": EventKind.RUN, "run": about, "run_id": about.id}
            type = type or "run_updated"
        case Step():
            told = {"kind": EventKind.STEP, "step": about, "run_id": about.run_id}
            type = type or "run_step_updated"
        case Interaction():
            told = {"kind": EventKind.INTERACTION, "interaction": about, "run_id": about.run_id}
            type = type or "interaction_updated"
    return Event(seq=seq, type=type, **({"at": about.updated_at} | told | fields))
