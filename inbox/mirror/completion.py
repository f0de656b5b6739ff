"""What a question's own payload does not say, taken from what was known and from its run's spec."""

from collections.abc import Callable
from typing import Any

from inbox.mirror.titles import title_of
from inbox.mobius.types import Asked, Policy
from inbox.models import Interaction, Run

_COLUMNS = {
    "target": ("target_type", "target_id"),
    "message": ("message", "title"),
    "spec": ("questions", "mode"),
    "policy": ("policy",),
}


def complete(row: Interaction, had: Interaction | None, run: Run | None) -> None:
    """Fill in what ``row`` lacks; ``lacks`` says afterwards what is still missing."""
    lacks = row.lacks.split()
    if not lacks:
        return
    known = [] if had is None else [name for name in lacks if name not in had.lacks.split()]
    for name in known:
        for column in _COLUMNS[name]:
            setattr(row, column, getattr(had, column))
    left = [name for name in lacks if name not in known]
    candidates = _steps_like(row, left, run)
    for name, take in _TAKES.items():
        if name in left and take(row, candidates):
            left.remove(name)
    if "target" not in left and row.target_type != "group" and "policy" in left:
        left.remove("policy")
    row.lacks = " ".join(left)


def _steps_like(row: Interaction, lacks: list[str], run: Run | None) -> list[Asked]:
    """The interaction steps of the run's plan that may have asked this."""
    plan = (run.plan if run is not None else None) or []
    steps = [
        (step["name"], Asked.model_validate(step["asks"])) for step in plan if step.get("asks")
    ]
    named = [asked for name, asked in steps if row.signal_name in (name, f"interaction:{name}")]
    return [asked for asked in named or [one for _, one in steps] if _fits(row, lacks, asked)]


def _fits(row: Interaction, lacks: list[str], asked: Asked) -> bool:
    target = asked.target
    return (
        asked.type in ("", row.type)
        and ("message" in lacks or asked.message in (None, row.message))
        and ("target" in lacks or target is None or (target.type, target.id) == _target(row))
    )


def _target(row: Interaction) -> tuple[str, str]:
    return row.target_type, row.target_id


def _agreed(values: list[Any]) -> Any:
    """What all steps say; None where they differ or say nothing."""
    return values[0] if values and all(value == values[0] for value in values) else None


def _take_target(row: Interaction, steps: list[Asked]) -> bool:
    target = _agreed([asked.target for asked in steps])
    if target is not None:
        row.target_type, row.target_id = target.type[:40], target.id
    return target is not None


def _take_message(row: Interaction, steps: list[Asked]) -> bool:
    message = _agreed([asked.message for asked in steps])
    if message is not None:
        row.message, row.title = message, title_of(message)
    return message is not None


def _take_spec(row: Interaction, steps: list[Asked]) -> bool:
    question = _agreed([asked.question for asked in steps])
    if question is not None:
        row.questions, row.mode = [question.model_dump(mode="json")], question.mode[:40]
    return question is not None


def _take_policy(row: Interaction, steps: list[Asked]) -> bool:
    policy: Policy | None = _agreed([asked.policy for asked in steps])
    if policy is not None and row.target_type == "group":
        row.policy = policy.model_dump(mode="json")
        return True
    return False


_TAKES: dict[str, Callable[[Interaction, list[Asked]], bool]] = {
    "target": _take_target,
    "message": _take_message,
    "spec": _take_spec,
    "policy": _take_policy,
}
