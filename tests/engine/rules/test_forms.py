from typing import Any

import pytest

from inbox.engine.rules import bodies, forms
from inbox.engine.rules.errors import EngineError
from inbox.engine.rules.forms import FormAnswer, FormQuestion

OPTIONS = [{"value": "apr", "label": "April"}, {"value": "may", "label": "May"}]
PERIOD = {"id": "period", "prompt": "Which period?", "mode": "select", "options": OPTIONS}
MONTHS = {**PERIOD, "id": "months", "mode": "multi_select", "allow_other": True}
NOTE = {"id": "note", "prompt": "Anything to add?", "mode": "input"}
SURE = {"id": "sure", "prompt": "Sure?", "mode": "confirm"}


def problem(form: list[dict[str, Any]], *answers: dict[str, Any]) -> str | None:
    """What the refusal says, None if the answers are taken."""
    try:
        forms.check_answers(form, [FormAnswer(**answer) for answer in answers])
    except EngineError as error:
        return error.message
    return None


@pytest.mark.parametrize(
    ("question", "content"),
    [
        (SURE, {"value": "approved"}),
        (PERIOD, {"value": "may"}),
        (PERIOD | {"allow_other": True}, {"other": "June"}),
        (MONTHS, {"values": ["apr", "may"], "other": "June"}),
        (MONTHS, {"values": [], "other": "June"}),
        (NOTE, {"text": "x" * 500}),
        (NOTE | {"multiline": True}, {"text": "x" * 4000}),
        (NOTE | {"required": False}, {"text": ""}),
    ],
)
def test_an_answer_fits_its_question(question: dict[str, Any], content: dict[str, Any]) -> None:
    assert problem([question], {"question_id": question["id"], **content}) is None


@pytest.mark.parametrize(
    ("question", "content", "said"),
    [
        (SURE, {"value": "yes"}, "approved or rejected"),
        (SURE, {"text": "approved"}, "exactly value"),
        (PERIOD, {"value": "june"}, "apr, may"),
        (PERIOD, {"other": "June"}, "does not allow"),
        (PERIOD | {"allow_other": True}, {"other": " "}, "without text"),
        (PERIOD | {"allow_other": True}, {"value": "apr", "other": "June"}, "value or other"),
        (MONTHS, {"values": ["apr", "apr"]}, "distinct"),
        (MONTHS, {"values": []}, "choose 1 to 3"),
        (MONTHS | {"min_selections": 2}, {"values": ["apr"]}, "choose 2 to 3"),
        (MONTHS | {"max_selections": 1}, {"values": ["apr"], "other": "June"}, "choose 1 to 1"),
        (MONTHS, {"other": "June"}, "values, perhaps with other"),
        (NOTE, {"text": "x" * 501}, "at most 500"),
        (NOTE | {"max_length": 3}, {"text": "long"}, "at most 3"),
        (NOTE, {"text": " "}, "must have a text"),
        (NOTE, {}, "exactly text"),
    ],
)
def test_a_wrong_answer_is_named_with_what_was_expected(
    question: dict[str, Any], content: dict[str, Any], said: str
) -> None:
    message = problem([question], {"question_id": question["id"], **content}) or ""
    assert message.startswith(f"answers[0] ({question['id']}) ")
    assert said in message


def test_required_questions_are_answered_and_optional_ones_may_be_left_out() -> None:
    form = [PERIOD, NOTE | {"required": False}]
    period = {"question_id": "period", "value": "apr"}
    assert problem(form, period) is None
    text = {"question_id": "note", "text": "x"}
    assert problem(form, text) == "The question period must be answered."
    assert "no question" in (problem(form, period, {"question_id": "why", "text": "x"}) or "")
    assert "another answer" in (problem(form, period, period) or "")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"id": "1st"}, "id"),
        ({"options": None}, "needs options"),
        ({"options": OPTIONS[:1]}, "at least 2"),
        ({"options": OPTIONS * 2}, "same value"),
        ({"default_value": "june"}, "none of its options"),
        ({"max_length": 5}, "max_length"),
        ({"mode": "multi_select", "min_selections": 3}, "both be met"),
        ({"mode": "multi_select", "min_selections": 2, "max_selections": 1}, "both be met"),
        ({"colour": 1}, "colour"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(EngineError, match=said):
        bodies.read(FormQuestion, PERIOD | fields)


@pytest.mark.parametrize(
    ("question", "value"),
    [(SURE, False), (PERIOD, "may"), (MONTHS, ["apr"]), (NOTE, "text")],
)
def test_a_value_of_the_guide_and_an_answer_say_the_same(
    question: dict[str, Any], value: Any
) -> None:
    answer = forms.of_value(question, value)
    assert problem([question], answer) is None
    assert forms.plain(question, answer) == value


def test_other_is_a_value_like_the_options() -> None:
    assert forms.plain(PERIOD, {"question_id": "period", "other": "June"}) == "June"
    both = {"question_id": "months", "values": ["apr"], "other": "June"}
    assert forms.plain(MONTHS, both) == ["apr", "June"]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Ship it?", ("Ship it?", None)),
        (
            "Ship it?\n\nAll 19 changes\nare reviewed.",
            ("Ship it?", "All 19 changes\nare reviewed."),
        ),
        ("\n  ", ("\n  ", None)),
    ],
)
def test_the_first_line_of_a_message_is_its_title(
    message: str, expected: tuple[str, str | None]
) -> None:
    assert forms.headline(message) == expected
