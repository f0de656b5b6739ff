from collections.abc import Sequence
from typing import Any, Literal, Protocol, Self

from pydantic import Field, model_validator

from inbox.engine.rules.bodies import Body, Id, Text, wrong
from inbox.engine.rules.errors import EngineError, bad_request

Type = Literal["approval", "review", "input"]
Mode = Literal["confirm", "select", "multi_select", "input"]

LONGEST_INPUT = 64 * 1024
"""Bytes of UTF-8 that an ``input`` answer may have."""

MODES: dict[str, tuple[str, ...]] = {
    "approval": ("confirm",),
    "review": ("select",),
    "input": ("input", "select", "multi_select"),
}
_FIELDS: dict[str, frozenset[str]] = {
    "confirm": frozenset({"default_confirmed"}),
    "select": frozenset({"options", "default_value"}),
    "multi_select": frozenset({"options", "default_values"}),
    "input": frozenset({"default_text", "placeholder", "multiline"}),
}


class Option(Body):
    value: str
    label: str
    description: str | None = None


class Question(Body):
    mode: Mode
    options: list[Option] | None = Field(None, min_length=1, max_length=100)
    default_value: str | None = None
    default_values: list[str] | None = Field(None, max_length=100)
    default_text: str | None = None
    default_confirmed: bool | None = None
    placeholder: str | None = None
    multiline: bool | None = None

    @model_validator(mode="after")
    def _fits_its_mode(self) -> Self:
        for name in sorted(self.model_fields_set - {"mode"} - _FIELDS[self.mode]):
            raise wrong(f"has {name}, which a question of mode {self.mode} does not have")
        check_options(self)
        return self


class HasOptions(Protocol):
    @property
    def mode(self) -> str: ...
    @property
    def options(self) -> Sequence[Option] | None: ...
    @property
    def default_value(self) -> str | None: ...
    @property
    def default_values(self) -> list[str] | None: ...


def check_options(question: HasOptions) -> None:
    """Raises what ``wrong`` makes."""
    if question.mode not in ("select", "multi_select"):
        return
    if question.options is None:
        raise wrong(f"of mode {question.mode} needs options")
    values = [option.value for option in question.options]
    if len(set(values)) != len(values):
        raise wrong("has two options with the same value")
    if question.default_value is not None and question.default_value not in values:
        raise wrong("has a default_value that is none of its options")
    chosen = question.default_values or []
    if len(set(chosen)) != len(chosen) or not set(chosen) <= set(values):
        raise wrong("has default_values that are not distinct options")


class Target(Body):
    """``require_all`` may also be set on the interaction."""

    type: Literal["user", "group", "agent"]
    id: Id
    require_all: bool | None = None


class InteractionFields(Body):
    type: Type
    target: Target
    message: Text
    context: dict[str, Any] | None = None
    spec: Question | None = None
    require_all: bool | None = None

    @model_validator(mode="after")
    def _mode_fits_type(self) -> Self:
        if self.spec is not None and self.spec.mode not in MODES[self.type]:
            allowed = " or ".join(MODES[self.type])
            raise wrong(f"spec.mode of an interaction of type {self.type} must be {allowed}")
        return self

    @property
    def all_required(self) -> bool:
        return bool(self.require_all or self.target.require_all)


def check_value(spec: dict[str, Any] | None, value: Any) -> None:
    """Raises a 400 that says what was expected."""
    if spec is None:
        return
    match spec["mode"]:
        case "confirm":
            if not isinstance(value, bool):
                raise _expected("true or false")
        case "select":
            values = [option["value"] for option in spec["options"]]
            if not isinstance(value, str) or value not in values:
                raise _expected("one of the options' values", options=values)
        case "multi_select":
            _check_choices([option["value"] for option in spec["options"]], value)
        case _:
            if not isinstance(value, str):
                raise _expected("a string")
            if len(value.encode("utf-8", "surrogatepass")) > LONGEST_INPUT:
                raise _expected("a string of at most 64 KiB of UTF-8")


def _check_choices(values: list[str], chosen: Any) -> None:
    if not isinstance(chosen, list) or not all(isinstance(choice, str) for choice in chosen):
        raise _expected("an array of the options' values", options=values)
    if len(set(chosen)) != len(chosen) or not set(chosen) <= set(values):
        raise _expected("an array of distinct values of the options", options=values)


def _expected(expected: str, **more: Any) -> EngineError:
    return bad_request(f"value must be {expected}.", field="value", expected=expected, **more)
