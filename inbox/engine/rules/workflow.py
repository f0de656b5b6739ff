from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from inbox.engine.rules import times
from inbox.engine.rules.actions import BUILT_IN
from inbox.engine.rules.bodies import Body, Name, Text, unsupported, wrong
from inbox.engine.rules.forms import LaterFields, TagKey, TagValue
from inbox.engine.rules.questions import InteractionFields

KINDS = ("interaction", "wait_signal", "sleep", "action")

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float, Decimal),
    "boolean": bool,
    "object": dict,
    "array": list,
}


def _check_duration(text: str) -> str:
    try:
        length = times.read_duration(text)
    except ValueError as error:
        raise wrong(f"is {error}") from None
    if length < timedelta(0):
        raise wrong("must not be negative")
    return text


def _check_positive(text: str) -> str:
    if not times.read_duration(_check_duration(text)):
        raise wrong("must be more than zero")
    return text


Duration = Annotated[str, AfterValidator(_check_duration)]
Timeout = Annotated[str, AfterValidator(_check_positive)]


class InteractionConfig(InteractionFields):
    timeout: Timeout


class LaterInteractionConfig(LaterFields):
    timeout: Timeout


class WaitSignalConfig(Body):
    """Without a time-out it waits forever."""

    not_served: ClassVar[frozenset[str]] = frozenset({"store", "on_timeout"})

    topic: Name
    timeout: Timeout | None = None


class SleepConfig(Body):
    duration: Duration


class Edge(Body):
    """Only unconditional links are served."""

    not_served: ClassVar[frozenset[str]] = frozenset({"condition", "branch"})

    step: Name


class Layout(Body):
    x: float | None = None
    y: float | None = None


class Step(Body):
    not_served: ClassVar[frozenset[str]] = frozenset(
        {"each", "join", "pause", "edge_matching_strategy", "store", "retry", "catch"}
    )

    name: Name
    description: str | None = None
    layout: Layout | None = None
    next: list[Edge] | None = None
    interaction: InteractionConfig | None = None
    wait_signal: WaitSignalConfig | None = None
    sleep: SleepConfig | None = None
    action: Text | None = None
    action_kind: str | None = None
    parameters: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        kinds = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(kinds) != 1:
            raise wrong(f"must have exactly one of {', '.join(KINDS)}")
        if self.action is None:
            for name in ("parameters", "action_kind"):
                if name in self.model_fields_set:
                    raise wrong(f"has {name}, which only an action has")
            return self
        if self.action not in BUILT_IN:
            built_in = ", ".join(BUILT_IN)
            why = f"the embedded engine has no workers; it runs only {built_in} by itself"
            raise unsupported("action", f"{self.action}: {why}")
        if self.action_kind == "worker":
            raise unsupported("action_kind", "the embedded engine has no workers")
        if self.action_kind not in (None, "server"):
            raise wrong("has an action_kind that is neither worker nor server")
        return self


class Input(Body):
    name: Name
    type: Text
    description: str | None = None
    default: Any = None


class Workflow(Body):
    not_served: ClassVar[frozenset[str]] = frozenset({"outputs", "state"})

    name: Name
    description: str | None = None
    start_at: Name | None = None
    inputs: list[Input] | None = None
    steps: list[Step] = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def _runs_in_order(self) -> Self:
        names = [step.name for step in self.steps]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise wrong(f"steps[{number}].name {name} is the name of another step")
        if self.start_at not in (None, *names):
            raise wrong(f"start_at names no step: {self.start_at}")
        if self.start_at not in (None, names[0]):
            raise unsupported("start_at", "a run begins with the first step")
        following = [*names[1:], None]
        for number, step in enumerate(self.steps):
            _check_edges(step, number, names, following[number])
        declared = [declared.name for declared in self.inputs or []]
        if len(set(declared)) != len(declared):
            raise wrong("inputs has two of the same name")
        return self


def _check_edges(step: Step, number: int, names: list[str], following: str | None) -> None:
    if step.next is None or (not step.next and following is None):
        return
    field = f"steps[{number}].next"
    for edge in step.next:
        if edge.step not in names:
            raise wrong(f"{field} names no step: {edge.step}")
    if [edge.step for edge in step.next] != [following]:
        raise unsupported(field, "a step leads to the one that follows it, and to no other")


class NewRun(Body):
    not_served: ClassVar[frozenset[str]] = frozenset({"definition_id", "config"})

    mode: str | None = None
    spec: Workflow
    queue: Name | None = None
    inputs: dict[str, Any] | None = None
    metadata: dict[str, str] | None = None
    tags: dict[TagKey, TagValue] | None = Field(None, max_length=8)
    external_id: Name | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_inline(cls, sent: Any) -> Any:
        mode = sent.get("mode", "inline") if isinstance(sent, dict) else "inline"
        if mode == "saved":
            raise unsupported("mode", "the embedded engine keeps no workflow definitions")
        if mode != "inline":
            raise wrong("mode must be inline")
        return sent

    @model_validator(mode="after")
    def _fits_what_is_declared(self) -> Self:
        if any(key.startswith("mobius:") for key in self.tags or ()):
            raise wrong("tags may not begin with mobius:")
        inputs = self.inputs or {}
        for declared in self.spec.inputs or []:
            types = _TYPES.get(declared.type)
            if types is None or declared.name not in inputs:
                continue
            value = inputs[declared.name]
            if not isinstance(value, types) or (
                isinstance(value, bool) and declared.type != "boolean"
            ):
                raise wrong(f"inputs.{declared.name} must be of type {declared.type}")
        return self

    def filled_inputs(self) -> dict[str, Any]:
        defaults = {
            declared.name: declared.default
            for declared in self.spec.inputs or []
            if "default" in declared.model_fields_set
        }
        return {**defaults, **(self.inputs or {})}


class LaterStep(Step):
    interaction: LaterInteractionConfig | None = None  # type: ignore[assignment]


class LaterWorkflow(Workflow):
    steps: list[LaterStep] = Field(min_length=1, max_length=200)  # type: ignore[assignment]


class NewLaterRun(NewRun):
    """Its steps may ask what only the later generations can show."""

    spec: LaterWorkflow


def kind_of(step: dict[str, Any]) -> str:
    return next(kind for kind in KINDS if step.get(kind) is not None)
