"""The form of one question, which is the same in each generation."""

from typing import Any

from inbox.mobius.adapters.tolerant import maybe_text, parts, sequence, text, texts
from inbox.mobius.types import Option, Question


def read_form(type: str, spec: Any) -> Question:
    """Without a spec any JSON is accepted: two buttons for an approval, else a text field."""
    if not isinstance(spec, dict):
        return (
            Question(mode="confirm")
            if type == "approval"
            else Question(mode="input", multiline=True)
        )
    mode = text(spec.get("mode"))
    options = tuple(
        option for item in sequence(spec.get("options")) if (option := _option(item)) is not None
    )
    return Question(
        mode=mode,
        options=options,
        default=_default(mode, spec),
        placeholder=text(spec.get("placeholder")),
        multiline=spec.get("multiline") is True,
    )


def _option(item: Any) -> Option | None:
    if isinstance(item, str):
        return Option(value=item, label=item)
    wire = parts(item)
    if "value" not in wire:
        return None
    value = text(wire["value"])
    return Option(
        value=value,
        label=text(wire.get("label")) or value,
        description=text(wire.get("description")),
    )


def _default(mode: str, spec: dict[str, Any]) -> Any:
    match mode:
        case "confirm":
            default = spec.get("default_confirmed")
            return default if isinstance(default, bool) else None
        case "select":
            return maybe_text(spec.get("default_value"))
        case "multi_select":
            return list(texts(spec.get("default_values")))
        case "input":
            return text(spec.get("default_text"))
        case _:
            return None
