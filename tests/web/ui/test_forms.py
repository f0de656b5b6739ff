from typing import Any

import pytest
from django.http import QueryDict
from ulid import ULID

from inbox.engine.rules.questions import MODES
from inbox.mobius.types import Option, Question
from inbox.models import Draft
from inbox.web.questions.forms import FORMS, LONGEST, AnswerForm, form_for

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
    form = form_for(question, data)
    assert form is not None
    return form


def shown(question: Question, draft: Draft | None = None, seen: str = "") -> AnswerForm:
    form = form_for(question, draft=draft, shown_version=seen)
    assert form is not None
    return form


def field(form: AnswerForm, name: str = "value") -> Any:
    return form[name].value()


def test_each_known_mode_has_a_form_and_an_unknown_one_has_none() -> None:
    assert set(FORMS) == {mode for modes in MODES.values() for mode in modes}
    assert form_for(Question(mode="signature")) is None


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
    assert form.value == value
    assert type(form.value) is type(value)
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
    assert form.typed == [value.replace("\r\n", "\n") for value in values]


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
    form = shown(question, draft=Draft(values=typed, comment="because"))
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
    form = form_for(CONFIRM, data, shown_version="now")
    assert form is not None
    assert (form.sent_version, field(form, "shown_version")) == ("then", "now")


def test_an_option_is_escaped_where_it_is_drawn() -> None:
    odd = Option(value='"><script>', label="<b>bold</b>")
    form = shown(Question(mode="select", options=(odd,)))
    assert "<script>" not in str(form["value"])
    assert "<b>" not in str(form["value"])
