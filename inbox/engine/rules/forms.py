"""Forms of one to twelve questions, which are answered together. Later generations of the API have
them; the single question of ``questions`` is shown and answered as a form of one.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from inbox.engine.rules.bodies import Body, Id, Name, wrong
from inbox.engine.rules.errors import EngineError, bad_request
from inbox.engine.rules.questions import Mode, Option, Question, Target, check_options
from inbox.lib import exact

Form = list[dict[str, Any]]
Answers = list[dict[str, Any]]

ONLY = "answer"
"""The id of the question of an interaction that has one ``spec``."""

SHORT, LONG = 500, 4000
"""Characters of a text of one line, and of several."""

MODES: dict[str, tuple[str, ...]] = {
    "approval": ("confirm", "select"),
    "review": ("select", "input"),
    "input": ("select", "multi_select", "input"),
    "task": ("select", "multi_select", "input"),
}
_OPTIONS = frozenset({"options", "allow_other"})
_FIELDS: dict[str, frozenset[str]] = {
    "confirm": frozenset({"default_confirmed"}),
    "select": _OPTIONS | {"default_value"},
    "multi_select": _OPTIONS | {"default_values", "min_selections", "max_selections"},
    "input": frozenset({"default_text", "placeholder", "multiline", "max_length"}),
}
_OF_EVERY_MODE = frozenset({"id", "prompt", "description", "required", "mode"})

Value = Annotated[str, StringConstraints(max_length=100)]
Text = Annotated[str, StringConstraints(max_length=LONG)]
Prompt = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Selections = Annotated[int, Field(ge=1, le=13)]
TagKey = Annotated[str, StringConstraints(min_length=1, max_length=128)]
TagValue = Annotated[str, StringConstraints(max_length=256)]


class FormOption(Option):
    value: Value


class FormQuestion(Body):
    id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$")
    prompt: Prompt
    description: Annotated[str, StringConstraints(max_length=500)] | None = None
    required: bool | None = None
    mode: Mode
    options: list[FormOption] | None = Field(None, min_length=2, max_length=12)
    allow_other: bool | None = None
    min_selections: Selections | None = None
    max_selections: Selections | None = None
    multiline: bool | None = None
    placeholder: Annotated[str, StringConstraints(max_length=200)] | None = None
    max_length: int | None = Field(None, ge=1, le=LONG)
    default_value: Value | None = None
    default_values: list[Value] | None = Field(None, max_length=12)
    default_text: Text | None = None
    default_confirmed: bool | None = None

    @model_validator(mode="after")
    def _fits_its_mode(self) -> Self:
        given = {name for name in self.model_fields_set if getattr(self, name) is not None}
        for name in sorted(given - _OF_EVERY_MODE - _FIELDS[self.mode]):
            raise wrong(f"has {name}, which a question of mode {self.mode} does not have")
        check_options(self)
        choices = len(self.options or ()) + bool(self.allow_other)
        if (
            not (self.min_selections or 1)
            <= (self.max_selections or choices or 1)
            <= (choices or 1)
        ):
            raise wrong("has min_selections and max_selections that cannot both be met")
        return self


class Reference(Body):
    kind: Literal["external_url", "mobius_entity"]
    url: Name | None = None
    entity_type: Name | None = None
    entity_id: Name | None = None
    relation: str | None = None
    label: str | None = None

    @model_validator(mode="after")
    def _says_what_it_refers_to(self) -> Self:
        external = self.kind == "external_url"
        for name in ("url",) if external else ("entity_type", "entity_id"):
            if getattr(self, name) is None:
                raise wrong(f"of kind {self.kind} needs {name}")
        return self


class People(Body):
    """Who is asked together, without a group."""

    type: Literal["people"]
    ids: list[Id] = Field(min_length=1, max_length=100)


class Later(Body):
    """What generations after the guide can say of an interaction. ``reviewers`` accept the answers
    or request changes.
    """

    subject: Reference | None = None
    references: list[Reference] | None = None
    tags: dict[TagKey, TagValue] | None = Field(None, max_length=8)
    properties: dict[str, Any] | None = None
    questions: list[FormQuestion] | None = Field(None, min_length=1, max_length=12)
    quorum: int | None = Field(None, ge=1)
    reviewers: list[Id] | None = Field(None, min_length=1)

    def columns(self) -> dict[str, Any]:
        """For the row, without what was not sent."""
        return {
            name: value
            for name, value in self.model_dump(exclude_none=True).items()
            if name in Later.model_fields
        }


class LaterFields(Later):
    """``InteractionFields`` with more kinds, targets and questions."""

    type: Literal["approval", "review", "input", "task"]
    target: Annotated[Target | People, Field(discriminator="type")]
    message: Annotated[str, StringConstraints(min_length=1)]
    context: dict[str, Any] | None = None
    spec: Question | None = None
    require_all: bool | None = None

    @model_validator(mode="after")
    def _form_fits_type(self) -> Self:
        if self.spec is not None and self.questions is not None:
            raise wrong("spec and questions exclude each other")
        check_form(self.type, self.questions or ())
        if self.spec is not None:
            check_mode(self.type, self.spec)
        return self

    @property
    def all_required(self) -> bool:
        return bool(self.require_all or getattr(self.target, "require_all", None))


def check_mode(type_: str, spec: Question) -> None:
    """Raises what ``wrong`` makes."""
    if spec.mode not in MODES[type_]:
        raise wrong(f"spec.mode must be {' or '.join(MODES[type_])}, not {spec.mode}")


def check_form(type_: str, questions: Sequence[FormQuestion], field: str = "questions") -> None:
    """Raises what ``wrong`` makes."""
    ids = [question.id for question in questions]
    for number, question in enumerate(questions):
        if question.id in ids[:number]:
            raise wrong(f"{field}[{number}].id {question.id} is the id of another question")
        if question.mode not in MODES[type_]:
            allowed = " or ".join(MODES[type_])
            raise wrong(f"{field}[{number}].mode must be {allowed}, not {question.mode}")
    if type_ == "approval" and len(ids) > 1:
        raise wrong(f"{field} of an approval can only be one")


class FormAnswer(Body):
    question_id: Annotated[str, StringConstraints(max_length=64)]
    value: Value | None = None
    values: list[Value] | None = Field(None, max_length=12)
    text: Text | None = None
    other: Text | None = None

    @property
    def contents(self) -> list[str]:
        names = ("other", "text", "value", "values")
        return [name for name in names if getattr(self, name) is not None]


def check_answers(form: Form, answers: Sequence[FormAnswer]) -> None:
    """Raises a 400 that names the answer or the question, and says what was expected."""
    questions = {question["id"]: question for question in form}
    given: set[str] = set()
    for number, answer in enumerate(answers):
        field = f"answers[{number}]"
        question = questions.get(answer.question_id)
        if question is None:
            raise _wrong(field, answer, "names no question of this interaction")
        if question["id"] in given:
            raise _wrong(field, answer, "answers a question that another answer has answered")
        given.add(question["id"])
        if problem := _problem(question, answer):
            raise _wrong(field, answer, problem)
    for question in form:
        if question.get("required") is not False and question["id"] not in given:
            raise bad_request(
                f"The question {question['id']} must be answered.",
                field="answers",
                question_id=question["id"],
            )


def _problem(question: dict[str, Any], answer: FormAnswer) -> str | None:
    """What is wrong with the answer, as the end of a sentence about it."""
    values = [option["value"] for option in question.get("options") or ()]
    match question["mode"], answer.contents:
        case "confirm", ["value"]:
            wanted = answer.value in ("approved", "rejected")
            return None if wanted else "must have the value approved or rejected"
        case "select", ["value"]:
            wanted = answer.value in values
            return None if wanted else f"must have one of the options' values: {', '.join(values)}"
        case "select", ["other"]:
            return _problem_of_other(question, answer)
        case "multi_select", ["values"] | ["other", "values"]:
            return _problem_of_other(question, answer) or _problem_of_choices(
                question, answer, values
            )
        case "input", ["text"]:
            return _problem_of_text(question, answer.text or "")
        case mode, _:
            return f"must have exactly {_CONTENTS[mode]}, as its question is of mode {mode}"


_CONTENTS = {
    "confirm": "value",
    "select": "value or other",
    "multi_select": "values, perhaps with other",
    "input": "text",
}


def _problem_of_text(question: dict[str, Any], text: str) -> str | None:
    most = question.get("max_length") or (LONG if question.get("multiline") else SHORT)
    if len(text) > most:
        return f"can have at most {most} characters"
    if question.get("required") is not False and not text.strip():
        return "must have a text"
    return None


def _problem_of_other(question: dict[str, Any], answer: FormAnswer) -> str | None:
    if answer.other is None:
        return None
    if not question.get("allow_other"):
        return "has other, which its question does not allow"
    return None if answer.other.strip() else "has an other without text"


def _problem_of_choices(
    question: dict[str, Any], answer: FormAnswer, values: list[str]
) -> str | None:
    chosen = answer.values or []
    if len(set(chosen)) != len(chosen) or not set(chosen) <= set(values):
        return f"must have distinct values of the options: {', '.join(values)}"
    fewest = question.get("min_selections") or 1
    most = question.get("max_selections") or len(values) + bool(question.get("allow_other"))
    if not fewest <= len(chosen) + (answer.other is not None) <= most:
        return f"must choose {fewest} to {most}"
    return None


def _wrong(field: str, answer: FormAnswer, problem: str) -> EngineError:
    id_ = answer.question_id
    return bad_request(f"{field} ({id_}) {problem}.", field=field, question_id=id_)


def headline(message: str) -> tuple[str, str | None]:
    """Title and description of a message: its first line, and what follows."""
    title, _, description = message.strip().partition("\n")
    return title.strip() or message, description.strip("\n") or None


def of_spec(spec: dict[str, Any] | None, type_: str, message: str) -> Form:
    """The form of an interaction that has one question, or none."""
    spec = spec or {"mode": "confirm" if type_ == "approval" else "input"}
    return [{"id": ONLY, "prompt": headline(message)[0][:500], **spec}]


def plain(question: dict[str, Any], answer: dict[str, Any]) -> Any:
    """The value that a single question of the guide would have: for workflows."""
    match question["mode"]:
        case "confirm":
            return answer["value"] == "approved"
        case "select":
            return answer.get("other", answer.get("value"))
        case "multi_select":
            return [*answer["values"], *([answer["other"]] if "other" in answer else ())]
        case _:
            return answer["text"]


def of_value(question: dict[str, Any], value: Any) -> dict[str, Any]:
    """The reverse of ``plain`` for a question without *Other*."""
    match question["mode"], value:
        case "confirm", bool():
            content: dict[str, Any] = {"value": "approved" if value else "rejected"}
        case "select", str():
            content = {"value": value}
        case "multi_select", list():
            content = {"values": value}
        case _, str():
            content = {"text": value}
        case _:
            content = {"text": exact.dumps(value)}
    return {"question_id": question["id"], **content}
