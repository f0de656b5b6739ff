from typing import Any

import pytest
from django.http import QueryDict
from ulid import ULID

from inbox.engine.rules.questions import MODES
from inbox.mobius.types import Option, Question
from inbox.models import Draft
from inbox.models.answers import OTHER_CHOSEN, as_typed, value_of
from inbox.web.questions.forms import AnswerForm, form_for
from inbox.web.questions.parts import LONGEST, PARTS

OPTIONS = tuple(
    Option(value=value, label=value.upper(), description=f"{value} it is")
    for value in ("a", "b", "c")
)
CONFIRM = Question(mode="confirm")
SELECT = Question(mode="select", options=OPTIONS)
SEVERAL = Question(mode="multi_select", options=OPTIONS)
INPUT = Question(mode="input")


def sent(question: Question, *values: str, **more: str) -> AnswerForm:
    data = QueryDict(mutable=True)
    data.setlist("value", list(values))
    data.update(more)
    form = form_for([question], data)
    assert form is not None
    return form


def shown(question: Question, draft: Draft | None = None, seen: str = "") -> AnswerForm:
    form = form_for([question], draft=draft, shown_version=seen)
    assert form is not None
    return form


def field(form: AnswerForm, name: str = "value") -> Any:
    return form[name].value()


def test_each_known_mode_has_a_form_and_an_unknown_one_has_none() -> None:
    assert set(PARTS) == {mode for modes in MODES.values() for mode in modes}
    assert form_for([Question(mode="signature")]) is None


@pytest.mark.parametrize(
    ("question", "values", "value"),
    [
        (CONFIRM, ["true"], True),
        (CONFIRM, ["false"], False),
        (SELECT, ["b"], "b"),
        (SEVERAL, ["c", "a"], ["a", "c"]),
        (SEVERAL, [], []),
        (INPUT, ["  one\r\ntwo "], "  one\ntwo "),
        (INPUT, ["x" * LONGEST], "x" * LONGEST),
    ],
)
def test_it_takes_a_value_of_its_mode(question: Question, values: list[str], value: Any) -> None:
    form = sent(question, *values, comment="Go\r\non")
    assert form.is_valid(), form.errors
    assert value_of(form.answers) == value
    assert type(value_of(form.answers)) is type(value)
    assert form.cleaned_data["comment"] == "Go\non"


@pytest.mark.parametrize(
    ("question", "values", "words"),
    [
        (CONFIRM, [], "Choose Approve or Reject."),
        (CONFIRM, ["maybe"], "Choose Approve or Reject."),
        (CONFIRM, ["True"], "Choose Approve or Reject."),
        (SELECT, [], "Choose an answer."),
        (SELECT, ["d"], "That isn't one of the options. Choose one of those shown."),
        (SEVERAL, ["a", "d"], "One of these isn't an option. Choose from the options shown."),
        (SEVERAL, ["a", "a"], "The same answer was sent twice. Choose each answer only once."),
        (INPUT, [""], "Enter your answer."),
        (INPUT, ["  \r\n "], "Enter your answer."),
        (INPUT, ["é" * LONGEST], "This is 65,536 bytes over the limit of 65,536. Shorten it."),
    ],
)
def test_it_says_what_is_wrong(question: Question, values: list[str], words: str) -> None:
    form = sent(question, *values)
    assert not form.is_valid()
    assert form.errors["value"] == [words]
    assert form.typed.get("value", []) == [v.replace("\r\n", "\n") for v in values if v]


def test_a_comment_has_the_same_limit() -> None:
    form = sent(CONFIRM, "true", comment="x" * (LONGEST + 1))
    assert "This is 1 byte over" in form.errors["comment"][0]


@pytest.mark.parametrize(
    ("question", "first"),
    [
        (Question(mode="confirm", default=False), "false"),
        (Question(mode="confirm", default="yes"), None),
        (Question(mode="select", options=OPTIONS, default="b"), "b"),
        (Question(mode="select", options=OPTIONS, default="z"), None),
        (Question(mode="multi_select", options=OPTIONS, default=["c", "z"]), ["c"]),
        (Question(mode="multi_select", options=OPTIONS), []),
        (Question(mode="input", default="Dear all"), "Dear all"),
        (Question(mode="input", default=7), None),
    ],
)
def test_it_opens_with_what_the_question_suggests(question: Question, first: Any) -> None:
    form = shown(question)
    assert field(form) == first
    assert form.filled_in is bool(first)
    assert not sent(question, "b").filled_in


@pytest.mark.parametrize(
    ("question", "typed", "first"),
    [
        (SELECT, ["c"], "c"),
        (Question(mode="multi_select", options=OPTIONS, default=["a"]), [], []),
        (Question(mode="multi_select", options=OPTIONS, default=["a"]), ["b", "c"], ["b", "c"]),
        (Question(mode="input", default="Dear all"), ["So far"], "So far"),
        (Question(mode="input", default="Dear all"), [""], ""),
    ],
)
def test_a_draft_takes_the_place_of_the_suggestion(
    question: Question, typed: list[str], first: Any
) -> None:
    form = shown(question, draft=Draft(values={"value": typed}, comment="because"))
    assert field(form) == first
    assert field(form, "comment") == "because"
    assert not form.filled_in


def test_each_rendered_form_has_an_operation_id_of_its_own() -> None:
    one, other = field(shown(CONFIRM), "operation_id"), field(shown(CONFIRM), "operation_id")
    assert one != other
    assert ULID.from_str(one)


def test_the_operation_comes_back_with_the_form() -> None:
    form = sent(CONFIRM, operation_id="op1")
    assert form.sent_operation_id == field(form, "operation_id") == "op1"


@pytest.mark.parametrize("odd", ["", "x" * 65, "a b", "<script>"])
def test_an_odd_operation_is_no_reason_to_refuse(odd: str) -> None:
    form = sent(CONFIRM, "true", operation_id=odd)
    assert form.is_valid()
    assert form.sent_operation_id != odd
    assert field(form, "operation_id") == form.sent_operation_id


def test_shown_again_it_carries_what_is_seen_now() -> None:
    data = QueryDict("value=true&shown_version=then")
    form = form_for([CONFIRM], data, shown_version="now")
    assert form is not None
    assert (form.sent_version, field(form, "shown_version")) == ("then", "now")


def test_an_option_is_escaped_where_it_is_drawn() -> None:
    odd = Option(value='"><script>', label="<b>bold</b>")
    form = shown(Question(mode="select", options=(odd,)))
    assert "<script>" not in str(form["value"])
    assert "<b>" not in str(form["value"])


def test_one_question_has_plain_names_and_several_are_named_by_their_ids() -> None:
    other = Question(id="b", mode="select", options=OPTIONS, allow_other=True)
    one, several = form_for([other]), form_for([Question(id="a", mode="input"), other])
    assert one is not None
    assert several is not None
    assert list(one.fields)[:2] == ["value", "other"]
    assert list(several.fields)[:3] == ["value-a", "value-b", "other-b"]


def test_two_questions_with_one_id_have_no_form() -> None:
    assert form_for([SELECT, INPUT]) is None


LIMITED = Question(mode="input", max_length=5)
ANY = Question(mode="multi_select", options=OPTIONS, min_selections=1)
TWO = Question(
    mode="multi_select", options=OPTIONS, allow_other=True, min_selections=2, max_selections=2
)
OTHER = Question(mode="select", options=OPTIONS, allow_other=True)
BOTH = "You chose an option and entered another answer. Choose Other or clear it."


@pytest.mark.parametrize(
    ("question", "values", "other", "result"),
    [
        (OTHER, ["a"], "", {"value": "a"}),
        (OTHER, [OTHER_CHOSEN], "June", {"other": "June"}),
        (OTHER, [], "June", {"other": "June"}),
        (OTHER, ["a"], "June", BOTH),
        (OTHER, [OTHER_CHOSEN], " ", "Enter your other answer."),
        (OTHER, [], "", "Choose an answer."),
        (OTHER, ["June"], "", "That isn't one of the options. Choose one of those shown."),
        (OTHER, [], "x" * 4001, "This is 1 character over the limit of 4,000. Shorten it."),
        (SELECT, [OTHER_CHOSEN], "", "That isn't one of the options. Choose one of those shown."),
        (TWO, ["a"], "June", {"values": ["a"], "other": "June"}),
        (TWO, ["b", "a"], "", {"values": ["a", "b"]}),
        (TWO, [], "June", "Choose at least 2 answers."),
        (TWO, ["a", "b"], "June", "Choose at most 2 answers."),
        (ANY, [], "", "Choose at least 1 answer."),
        (LIMITED, ["ééééé"], "", {"text": "ééééé"}),
        (LIMITED, ["Crowds"], "", "This is 1 character over the limit of 5. Shorten it."),
    ],
)
@pytest.mark.parametrize("required", [True, False])
def test_a_question_has_limits_and_room_for_another_answer(
    question: Question, values: list[str], other: str, result: Any, required: bool
) -> None:
    form = sent(question.model_copy(update={"required": required}), *values, other=other)
    if not required and not any([*values, other.strip()]):
        assert form.is_valid(), form.errors
        assert form.answers == []
    elif isinstance(result, str):
        assert list(form.errors.values()) == [[result]]
    else:
        assert form.is_valid(), form.errors
        assert form.answers == [{"question": "answer", **result}]


@pytest.mark.parametrize("question", [CONFIRM, SELECT, SEVERAL, ANY, INPUT])
def test_an_optional_question_without_an_answer_is_left_out(question: Question) -> None:
    form = sent(question.model_copy(update={"required": False}))
    assert form.is_valid(), form.errors
    assert form.answers == []


def test_what_answers_would_look_like_in_a_form_is_what_a_form_reads() -> None:
    questions = [
        Question(id="yes", mode="confirm"),
        OTHER.model_copy(update={"id": "host"}),
        TWO.model_copy(update={"id": "show"}),
        Question(id="note", mode="input", required=False),
    ]
    answers = [
        {"question": "yes", "value": False},
        {"question": "host", "other": "Ada"},
        {"question": "show", "values": ["b"], "other": "Ink"},
    ]
    typed = as_typed(questions, answers)
    form = form_for(questions, draft=Draft(values=typed))
    assert form is not None
    assert [part.chosen for part in form.parts] == [["false"], [OTHER_CHOSEN], ["b"], [None]]
    data = QueryDict(mutable=True)
    for name, texts in typed.items():
        data.setlist(name, texts)
    form = form_for(questions, data)
    assert form is not None
    assert form.is_valid()
    assert form.answers == answers
    assert form.typed == typed
