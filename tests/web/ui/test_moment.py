"""Replaying a run: its state at each event, compared with a plain count."""

import random
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from inbox.web.runs.scrubber import fold
from tests.support.snapshots import at


@dataclass
class Row:
    kind: str
    type: str
    seq: int
    at: datetime
    data: dict[str, Any]


def a_log(seed: int, length: int = 80) -> list[Row]:
    """A log that no one would write, of every kind of event."""
    dice = random.Random(seed)
    rows = []
    for seq in range(1, length + 1):
        kind = dice.choice(["run", "step", "interaction", "action", "other"])
        match kind:
            case "run":
                data = {"status": dice.choice(["queued", "running", "suspended", "failed"])}
            case "step":
                data = {
                    "step": dice.choice("abc"),
                    "kind": "action",
                    "status": dice.choice(["pending", "running", "completed", "failed"]),
                    "attempt": dice.choice([1, 2]),
                }
            case "interaction":
                data = {
                    "interaction": dice.choice(["int_1", "int_2"]),
                    "status": dice.choice(["pending", "completed", "expired"]),
                    "target_type": "user",
                    "target": "user_rina",
                    "claimed_by": dice.choice([None, "user_sam"]),
                    "answers": dice.choice([0, 1]),
                }
            case _:
                data = {"line": "x"}
        rows.append(Row(kind, f"{kind}_updated", seq, at(seq), data))
    return rows


def plainly(rows: list[Row]) -> tuple[Any, ...]:
    """The same state, from the last event of each step and question."""

    def last(kind: str, key: str, value: str) -> dict[str, Any]:
        found = [r for r in rows if r.kind == kind and (not key or r.data.get(key) == value)]
        return found[-1].data if found else {}

    names = {r.data["step"] for r in rows if r.kind == "step"}
    ids = {r.data["interaction"] for r in rows if r.kind == "interaction"}
    return (
        last("run", "", "").get("status", ""),
        {name: last("step", "step", name)["status"] for name in names},
        {id: last("interaction", "interaction", id)["status"] for id in ids},
        {id: last("interaction", "interaction", id)["claimed_by"] or "" for id in ids},
    )


@pytest.mark.parametrize("seed", range(6))
def test_every_moment_is_what_a_plain_reading_of_the_log_says(seed: int) -> None:
    log = a_log(seed)
    for length in range(len(log) + 1):
        state = fold(log[:length])
        assert plainly(log[:length]) == (
            state.status,
            {step.name: step.status for step in state.steps.values()},
            {one.id: one.status for one in state.questions.values()},
            {one.id: one.claimed_by for one in state.questions.values()},
        )


def test_a_step_that_is_tried_again_starts_again() -> None:
    def step(seq: int, status: str, attempt: int) -> Row:
        data = {"step": "build", "status": status, "attempt": attempt}
        return Row("step", "run_step_updated", seq, at(seq), data)

    rows = [step(1, "running", 1), step(2, "failed", 1), step(3, "running", 2)]
    then, now = fold(rows[:2]).steps["build"], fold(rows).steps["build"]
    assert (then.started_at, then.ended_at) == (at(1), at(2))
    assert (now.started_at, now.ended_at) == (at(3), None)


def test_a_question_is_asked_by_the_step_that_was_at_work() -> None:
    rows = [
        Row("step", "run_step_updated", 1, at(1), {"step": "approve", "status": "running"}),
        Row("interaction", "interaction_created", 2, at(2), {"interaction": "int_1"}),
        Row("step", "run_step_updated", 3, at(3), {"step": "approve", "status": "completed"}),
    ]
    assert fold(rows).questions["int_1"].by_step == "approve"


def test_nothing_has_no_state() -> None:
    assert fold([]).status == ""
