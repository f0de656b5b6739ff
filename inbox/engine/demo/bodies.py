"""The bodies of requests, as short as a story can be told."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from inbox.engine.demo.cast import PEOPLE

Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What the person who is asked directly has answered already."""

    value: Any
    comment: str | None = None


@dataclass(frozen=True)
class Post:
    """One thing to send with the service key.

    ``path`` is ``/runs`` or ``/interactions``, ``body`` what to post there. ``asks`` are bodies of
    interactions about the run that was just made: each still needs its ``run_id``. ``answer`` is
    then given to the interaction that was just made, which is aimed at one person.
    """

    path: str
    body: Json
    asks: tuple[Json, ...] = ()
    answer: Answer | None = None


def run(
    workflow: str,
    *steps: Json,
    by: str,
    about: str = "",
    inputs: Json | None = None,
    metadata: dict[str, str] | None = None,
    asks: tuple[Json, ...] = (),
) -> Post:
    """A run of ``steps`` that ``by`` asked for."""
    spec: Json = {"name": workflow, "steps": list(steps)}
    if about:
        spec["description"] = about
    body = {
        "spec": spec,
        "inputs": inputs or {},
        "metadata": {"requested_by": by, **(metadata or {})},
    }
    return Post("/runs", body, asks)


def standalone(
    question: Json, *, until: datetime | None = None, answer: Answer | None = None
) -> Post:
    """A question that no run waits for; it may be answered until then, or for ever."""
    body = question if until is None else {**question, "expires_at": stamp(until)}
    return Post("/interactions", body, answer=answer)


def question(type: str, target: str, message: str, spec: Json, context: Json | None = None) -> Json:
    """A question to a person or to a group."""
    kind = "user" if target in PEOPLE else "group"
    return {
        "type": type,
        "target": {"type": kind, "id": target},
        "message": message,
        "spec": spec,
        "context": context or {},
    }


def ask(name: str, question: Json, timeout: str, about: str = "") -> Json:
    """A step that waits for the answer, for at most ``timeout`` (``90m``)."""
    return step(name, {"interaction": {**question, "timeout": timeout}}, about)


def say(name: str, line: str, about: str = "") -> Json:
    """A step that writes a line into the run's log."""
    return step(name, {"action": "print", "parameters": {"message": line}}, about)


def rest(name: str, duration: str, about: str = "") -> Json:
    """A step that lets time pass."""
    return step(name, {"sleep": {"duration": duration}}, about)


def wait(name: str, topic: str, about: str = "") -> Json:
    """A step that waits for a signal for as long as it takes."""
    return step(name, {"wait_signal": {"topic": topic}}, about)


def step(name: str, kind: Json, about: str = "") -> Json:
    """A step of any kind."""
    return {"name": name, **({"description": about} if about else {}), **kind}


def confirm(default: bool | None = None) -> Json:
    """Approve or reject."""
    return (
        {"mode": "confirm"}
        if default is None
        else {"mode": "confirm", "default_confirmed": default}
    )


def select(*options: tuple[str, ...], default: str | None = None) -> Json:
    """One of ``options``: (value, label) or (value, label, description)."""
    spec: Json = {"mode": "select", "options": [option(*each) for each in options]}
    return spec if default is None else {**spec, "default_value": default}


def multi_select(*options: tuple[str, ...], default: tuple[str, ...] = ()) -> Json:
    """Any of ``options``."""
    spec: Json = {"mode": "multi_select", "options": [option(*each) for each in options]}
    return {**spec, "default_values": list(default)} if default else spec


def option(value: str, label: str, description: str = "") -> Json:
    """One choice."""
    choice = {"value": value, "label": label}
    return {**choice, "description": description} if description else choice


def text(*, placeholder: str = "", default: str = "", multiline: bool = False) -> Json:
    """A text in one's own words."""
    return {
        "mode": "input",
        "placeholder": placeholder,
        "default_text": default,
        "multiline": multiline,
    }


def stamp(at: datetime) -> str:
    """A time as the API writes it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
