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
    QuestionAnswer,
    Run,
    RunStatus,
    Step,
    StepStatus,
    Target,
)
from inbox.models.answers import Answers, as_json

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
RINA, SAM, LEE = "user_rina", "user_sam", "user_lee"


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def run(id: str = "run_1", minutes: float = 0, **fields: Any) -> Run:
    known: dict[str, Any] = {
        "id": id,
        "workflow": "release",
        "status": RunStatus.QUEUED,
        "created_at": NOON,
        "updated_at": at(minutes),
    } | fields
    return Run(**known, raw={"id": id, "status": str(known["status"])})


def step(id: str = "step_1", run_id: str = "run_1", minutes: float = 0, **fields: Any) -> Step:
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
    known: dict[str, Any] = {
        "target": Target(type="group", id="change-board"),
        "group_id": "grp_board",
        "members": (RINA, SAM, LEE),
        "policy": Policy(kind=PolicyKind.ALL),
        "claimable": True,
    } | fields
    return ask(id, minutes, **known)


def reply(user_id: str | None, value: Any, **fields: Any) -> Answer:
    """To an only question; a list is of choices."""
    return Answer(user_id=user_id, answers=only(value), **fields)


def only(value: Any) -> tuple[QuestionAnswer]:
    mode = "multi_select" if isinstance(value, list) else "confirm"
    return (Question(mode=mode).answer(value),)


def only_answer(value: Any) -> Answers:
    """As it is stored."""
    return as_json(only(value))


YES = only(True)
APPROVED, REJECTED = only_answer(True), only_answer(False)


def answered(interaction: Interaction, by: str, minutes: float, value: Any = True) -> Interaction:
    answer = reply(by, value, comment="fine", at=at(minutes))
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
