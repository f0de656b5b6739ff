"""The part of an event that the log stores: enough for one sentence."""

from typing import Any

from inbox.mirror.states import status_word
from inbox.mirror.titles import title_of
from inbox.mobius.types import Event, EventKind, Interaction, Run, Step
from inbox.models.answers import as_json, value_of

LONGEST_TEXT = 500


def sentence_data(event: Event) -> dict[str, Any]:
    """A run: ``status``, ``waits_for`` (interaction ids), ``error_type``, ``error_message``.

    A step: ``step``, ``kind``, ``action``, ``status``, ``attempt`` and the error. An interaction:
    ``interaction``, ``title``, ``type``, ``status``, ``target_type``, ``target``, ``claimed_by``
    and of the newest answer ``by``, ``value``, ``comment``. A line of an action: ``step``,
    ``line``. An event without state: ``step``, ``status``. Anything else: nothing.
    """
    if event.run is not None:
        return _run(event.run)
    if event.step is not None:
        return _step(event.step)
    if event.interaction is not None:
        return _interaction(event.interaction)
    if event.kind is EventKind.ACTION:
        return {
            "step": str(event.data.get("step_name", "")),
            "line": str(event.data.get("line", ""))[:LONGEST_TEXT],
        }
    if event.without_state:
        return {name: event.data[name] for name in ("step", "status") if name in event.data}
    return {}


def _run(run: Run) -> dict[str, Any]:
    return {
        "status": status_word(run),
        "waits_for": list(run.wait.interaction_ids),
        "error_type": run.error_type or "",
        "error_message": run.error_message or "",
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "step": step.name,
        "kind": step.kind,
        "action": step.action,
        "status": status_word(step),
        "attempt": step.attempt,
        "error_type": step.error_type or "",
        "error_message": step.error_message or "",
    }


def _interaction(interaction: Interaction) -> dict[str, Any]:
    data: dict[str, Any] = {
        "interaction": interaction.id,
        "title": title_of(interaction.message),
        "type": interaction.type,
        "status": status_word(interaction),
        "target_type": interaction.target.type,
        "target": interaction.target.id,
        "claimed_by": interaction.claimed_by,
        "by": None,
        "value": None,
        "comment": None,
    }
    timed = [(answer.at, answer) for answer in interaction.responses if answer.at is not None]
    if timed:
        _, newest = max(timed, key=lambda pair: pair[0])
        data |= {"by": newest.user_id, "value": _short(value_of(as_json(newest.answers)))}
        data["comment"] = _short(newest.comment)
    return data


def _short(value: Any) -> Any:
    """The interaction's row has the whole answer."""
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return value[: LONGEST_TEXT - 1] + "…"
    return value
