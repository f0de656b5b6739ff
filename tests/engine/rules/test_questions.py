import pytest

from inbox.engine.rules import bodies, questions
from inbox.engine.rules.errors import EngineError

OPTIONS = [{"value": "a", "label": "A"}, {"value": "b", "label": "B", "description": "the second"}]


def ask(kind, spec, **more):
    body = {"type": kind, "target": {"type": "user", "id": "u"}, "message": "?", **more}
    return bodies.read(
        questions.InteractionFields, body if spec is None else {**body, "spec": spec}
    )


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("approval", {"mode": "confirm"}),
        ("approval", {"mode": "confirm", "default_confirmed": True}),
        ("review", {"mode": "select", "options": OPTIONS, "default_value": "b"}),
        ("input", {"mode": "select", "options": OPTIONS}),
        ("input", {"mode": "multi_select", "options": OPTIONS, "default_values": ["b", "a"]}),
        ("input", {"mode": "input", "default_text": "", "placeholder": "…", "multiline": True}),
        ("review", None),
    ],
)
def test_it_takes_what_the_contract_has(kind, spec):
    ask(kind, spec)


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("approval", {"mode": "select", "options": OPTIONS}),
        ("review", {"mode": "confirm"}),
        ("input", {"mode": "confirm"}),
        ("approval", {}),
        ("approval", {"mode": "dance"}),
        ("review", {"mode": "select"}),
        ("review", {"mode": "select", "options": []}),
        ("review", {"mode": "select", "options": [OPTIONS[0], OPTIONS[0]]}),
        ("review", {"mode": "select", "options": OPTIONS, "default_value": "c"}),
        ("review", {"mode": "select", "options": [{"value": "a"}]}),
        ("review", {"mode": "select", "options": [{"value": 1, "label": "A"}]}),
        ("input", {"mode": "multi_select", "options": OPTIONS, "default_values": ["c"]}),
        ("input", {"mode": "multi_select", "options": OPTIONS, "default_values": ["a", "a"]}),
        ("approval", {"mode": "confirm", "default_confirmed": "yes"}),
        ("approval", {"mode": "confirm", "multiline": True}),
        ("input", {"mode": "input", "options": OPTIONS}),
        (
            "review",
            {"mode": "select", "options": [{"value": str(n), "label": ""} for n in range(101)]},
        ),
    ],
)
def test_it_refuses_what_the_contract_has_not(kind, spec):
    with pytest.raises(EngineError) as caught:
        ask(kind, spec)
    assert (caught.value.status, caught.value.code) == (400, "bad_request")


def test_all_may_be_required_beside_the_target_or_inside_it():
    group = {"type": "group", "id": "g"}
    assert ask("review", None, target=group, require_all=True).all_required
    assert ask("review", None, target={**group, "require_all": True}).all_required
    assert not ask("review", None, target=group, require_all=False).all_required


SELECT = {"mode": "select", "options": OPTIONS}
MULTI = {"mode": "multi_select", "options": OPTIONS}


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        ({"mode": "confirm"}, True),
        ({"mode": "confirm"}, False),
        (SELECT, "a"),
        (MULTI, []),
        (MULTI, ["b", "a"]),
        ({"mode": "input"}, ""),
        ({"mode": "input"}, "é" * (32 * 1024)),
        (None, {"anything": [1, None]}),
        (None, None),
    ],
)
def test_a_right_value_is_taken(spec, value):
    questions.check_value(spec, value)


@pytest.mark.parametrize(
    ("spec", "value", "expected"),
    [
        ({"mode": "confirm"}, 1, "true or false"),
        ({"mode": "confirm"}, "true", "true or false"),
        ({"mode": "confirm"}, None, "true or false"),
        (SELECT, "c", "options"),
        (SELECT, ["a"], "options"),
        (MULTI, "a", "array"),
        (MULTI, ["a", "a"], "distinct"),
        (MULTI, ["a", "c"], "distinct"),
        (MULTI, [1], "array"),
        ({"mode": "input"}, 3, "string"),
        ({"mode": "input"}, "x" * (64 * 1024 + 1), "64 KiB"),
    ],
)
def test_a_wrong_value_is_refused_with_what_was_expected(spec, value, expected):
    with pytest.raises(EngineError) as caught:
        questions.check_value(spec, value)
    assert caught.value.status == 400
    assert expected in caught.value.message


@pytest.mark.parametrize("name", ["user_rina\r\nuser_sam", "user\x1b[2J", "user\u2028", "u\x7f"])
def test_a_target_is_named_in_one_line_of_printing_characters(name):
    with pytest.raises(EngineError, match=r"target.id must not contain line breaks") as caught:
        ask("approval", None, target={"type": "user", "id": name})
    assert (caught.value.status, caught.value.code) == (400, "bad_request")
