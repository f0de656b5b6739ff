"""Stories as requests to post.

A story with a ``workflow`` is a run of its ``steps``; its ``questions`` are asked about the run
from outside. A story without one is a single ``question``, perhaps with its ``answer``, or with
``acts``: answers and reviews of a form, each ``by`` a person. Traffic
whose question is neither approved nor has options lists its ``answers``.

``{name}`` in a story is a value from its ``morning`` or its ``traffic`` table, which may also add
to ``context`` and ``inputs``. A string that is nothing but ``{name}`` becomes the value itself.
A traffic value is drawn: one of a list, or a number ``from`` … ``to`` in a ``format``.
``{now+2d}`` is a time, and ``{now+2d:%d %B}`` a time in a format of its own. A step with
``only = "morning"`` is left out of traffic. A story with ``generations`` is told only where the
engine speaks one of them.
"""

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from inbox.engine.rules import times

Json = dict[str, Any]

_FOLDER = Path(__file__).parent
_NAME = re.compile(r"(?<!\$)\{(\w+)\}")
_TIME = re.compile(r"\{now([+-]\d+)([mhd])(?::([^}]+))?\}")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def _read(path: Path) -> Json:
    return tomllib.loads(path.read_text(encoding="utf-8"))


_CAST = _read(_FOLDER / "cast.toml")
_STORIES: dict[str, Json] = {
    name: story
    for path in sorted(_FOLDER.glob("*.toml"))
    if path.name != "cast.toml"
    for name, story in _read(path).items()
}

PEOPLE: dict[str, str] = _CAST["people"]
GROUPS: list[Json] = _CAST["groups"]


@dataclass(frozen=True)
class Answer:
    value: Any
    comment: str | None = None


@dataclass(frozen=True)
class Post:
    """A body for ``/runs`` or ``/interactions``. ``questions`` are asked about the new run.
    ``answer`` is given to the new interaction at once, ``answers`` in the past; ``acts`` are what
    people answer and review at once.
    """

    path: str
    body: Json
    questions: tuple[Json, ...] = ()
    answer: Answer | None = None
    answers: tuple[Any, ...] = ()
    acts: tuple[Json, ...] = ()


def morning(now: datetime, api: str = "a") -> tuple[Post, ...]:
    stories = [_STORIES[name] for name in _CAST["morning"]]
    return tuple(
        _post(story, story.get("morning", {}), now)
        for story in stories
        if api in story.get("generations", api)
    )


def traffic(rng: Random, clock: Callable[[], datetime]) -> Iterator[Post]:
    stories = [story for story in _STORIES.values() if "traffic" in story]
    weights = [story["traffic"]["weight"] for story in stories]
    while True:
        [story] = rng.choices(stories, weights)
        steps = [step for step in story.get("steps", ()) if step.get("only") != "morning"]
        yield _post({**story, "steps": steps}, _draw(story["traffic"], rng), clock())


def _draw(table: Json, rng: Random) -> Json:
    values = {name: _drawn(value, rng) for name, value in table.items()}
    requesters = [person for person in PEOPLE if person != values.get("assignee")]
    return {"requester": rng.choice(requesters), **values}


def _drawn(value: Any, rng: Random) -> Any:
    match value:
        case list():
            return rng.choice(value)
        case {"from": int(low), "to": int(high)}:
            number: float = rng.randint(low, high)
        case {"from": low, "to": high}:
            number = rng.uniform(low, high)
        case _:
            return value
    return value["format"].format(number) if "format" in value else number


def _post(story: Json, values: Json, now: datetime) -> Post:
    def fill(template: Any) -> Any:
        return _fill(template, values, now)

    context, answers = fill(values.get("context", {})), tuple(fill(story.get("answers", [])))
    if "workflow" not in story:
        answer = Answer(**story["answer"]) if "answer" in story else None
        question = _question(fill(story["question"]), context)
        acts = tuple(story.get("acts", ()))
        return Post("/interactions", question, answer=answer, answers=answers, acts=acts)
    spec = {
        "name": fill(story["workflow"]),
        "steps": [_step(fill(step), context) for step in story["steps"]],
    }
    if "description" in story:
        spec["description"] = story["description"]
    body = {
        "spec": spec,
        "inputs": fill({**story.get("inputs", {}), **values.get("inputs", {})}),
        "metadata": fill({"requested_by": story["requested_by"], **story.get("metadata", {})}),
    }
    questions = (_question(fill(question), context) for question in story.get("questions", ()))
    return Post("/runs", body, tuple(questions), answers=answers)


def _step(step: Json, context: Json) -> Json:
    match step:
        case {"say": line}:
            kind: Json = {"action": "print", "parameters": {"message": line}}
        case {"sleep": duration}:
            kind = {"sleep": {"duration": duration}}
        case {"wait_signal": topic}:
            kind = {"wait_signal": {"topic": topic}}
        case {"interaction": question}:
            kind = {"interaction": _question(question, {} if "only" in step else context)}
        case _:
            kind = {}
    return {key: value for key, value in step.items() if key not in ("say", "only")} | kind


def _question(question: Json, context: Json) -> Json:
    target = question["target"]
    if "questions" in question:
        form: Json = {"questions": [_with_options(each) for each in question["questions"]]}
    else:
        form = {"spec": _with_options(question["spec"])}
    return {
        **question,
        "target": {"type": "user" if target in PEOPLE else "group", "id": target},
        **form,
        "context": {**question.get("context", {}), **context},
    }


def _with_options(spec: Json) -> Json:
    """Options are value, label and perhaps a description."""
    if "options" not in spec:
        return spec
    keys = ("value", "label", "description")
    options = [dict(zip(keys, option, strict=False)) for option in spec["options"]]
    return {**spec, "options": options}


def _fill(template: Any, values: Json, now: datetime) -> Any:
    if isinstance(template, dict):
        return {key: _fill(value, values, now) for key, value in template.items()}
    if isinstance(template, list):
        return [_fill(value, values, now) for value in template]
    if not isinstance(template, str):
        return template
    if match := _NAME.fullmatch(template):
        return _fill(values[match[1]], values, now)
    text = _NAME.sub(lambda match: str(_fill(values[match[1]], values, now)), template)
    return _TIME.sub(lambda match: _time(match, now), text)


def _time(match: re.Match[str], now: datetime) -> str:
    at = now + timedelta(**{_UNITS[match[2]]: int(match[1])})
    # "4 November": a day of the month has no leading zero.
    return at.strftime(match[3]).removeprefix("0") if match[3] else times.to_text(at)
