"""Fills in what a question's payload lacks, from the stored row and the run's plan."""

from collections.abc import Callable
from typing import Any

from inbox.mirror.titles import title_of
from inbox.mobius.types import PlannedInteraction, Policy
from inbox.models import Interaction, Run

_COLUMNS = {
    "target": ("target_type", "target_id"),
    "message": ("message", "title"),
    "spec": ("questions", "mode"),
    "policy": ("policy",),
    "responses": ("responses",),
}


def complete(row: Interaction, stored: Interaction | None, run: Run | None) -> None:
    """Afterwards ``row.unknown_fields`` says what is still missing. Rows of a list may not have the
    lifecycle.
    """
    if stored is not None and "lifecycle" not in row.details and "lifecycle" in stored.details:
        row.details["lifecycle"] = stored.details["lifecycle"]
    missing = row.unknown_fields.split()
    if not missing:
        return
    missing_in_stored = missing if stored is None else stored.unknown_fields.split()
    from_stored = [name for name in missing if name not in missing_in_stored]
    for name in from_stored:
        for column in _COLUMNS[name]:
            setattr(row, column, getattr(stored, column))
    still_missing = [name for name in missing if name not in from_stored]
    candidates = _steps_like(row, still_missing, run)
    for name, fill in _FILLERS.items():
        if name in still_missing and fill(row, candidates):
            still_missing.remove(name)
    if "target" not in still_missing and row.target_type != "group" and "policy" in still_missing:
        still_missing.remove("policy")
    row.unknown_fields = " ".join(still_missing)


def _steps_like(row: Interaction, missing: list[str], run: Run | None) -> list[PlannedInteraction]:
    plan = (run.plan if run is not None else None) or []
    steps = [
        (step["name"], PlannedInteraction.model_validate(step["asks"]))
        for step in plan
        if step.get("asks")
    ]
    named = [
        question for name, question in steps if row.signal_name in (name, f"interaction:{name}")
    ]
    candidates = named or [question for _, question in steps]
    return [question for question in candidates if _fits(row, missing, question)]


def _fits(row: Interaction, missing: list[str], question: PlannedInteraction) -> bool:
    target = question.target
    return (
        question.type in ("", row.type)
        and ("message" in missing or question.message in (None, row.message))
        and (
            "target" in missing
            or target is None
            or (target.type, target.id) == (row.target_type, row.target_id)
        )
    )


def _agreed(values: list[Any]) -> Any:
    return values[0] if values and all(value == values[0] for value in values) else None


def _fill_target(row: Interaction, steps: list[PlannedInteraction]) -> bool:
    target = _agreed([question.target for question in steps])
    if target is not None:
        row.target_type, row.target_id = target.type[:40], target.id
    return target is not None


def _fill_message(row: Interaction, steps: list[PlannedInteraction]) -> bool:
    message = _agreed([question.message for question in steps])
    if message is not None:
        row.message, row.title = message, title_of(message)
    return message is not None


def _fill_spec(row: Interaction, steps: list[PlannedInteraction]) -> bool:
    question = _agreed([question.question for question in steps])
    if question is not None:
        row.questions, row.mode = [question.model_dump(mode="json")], question.mode[:40]
    return question is not None


def _fill_policy(row: Interaction, steps: list[PlannedInteraction]) -> bool:
    policy: Policy | None = _agreed([question.policy for question in steps])
    if policy is not None and row.target_type == "group":
        row.policy = policy.model_dump(mode="json")
        return True
    return False


_FILLERS: dict[str, Callable[[Interaction, list[PlannedInteraction]], bool]] = {
    "target": _fill_target,
    "message": _fill_message,
    "spec": _fill_spec,
    "policy": _fill_policy,
}
