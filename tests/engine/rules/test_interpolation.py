import pytest

from inbox.engine.rules.errors import StepFailed
from inbox.engine.rules.interpolation import MAX_INSERTED, Scope

INPUTS = {"amount": 12850, "who": "Rina", "nested": {"list": ["a", {"b": True}]}}
OUTPUTS = {"ask": {"value": True, "comment": None}, "a.b": {"value": "dotted"}, "a": {"x": 1}}


@pytest.fixture
def scope():
    return Scope(INPUTS, OUTPUTS)


def test_a_string_that_is_one_reference_becomes_the_value_itself(scope):
    assert scope.fill({"n": "${inputs.amount}", "all": ["${inputs.nested.list}"]}) == {
        "n": 12850,
        "all": [["a", {"b": True}]],
    }


def test_a_reference_inside_a_text_is_written_into_it(scope):
    assert scope.text(
        "${inputs.who} pays ${inputs.amount}: ${steps.ask.value}, ${steps.ask.comment}"
    ) == ("Rina pays 12850: true, null")


def test_a_reference_walks_into_objects_and_arrays(scope):
    assert scope.fill("${inputs.nested.list.1.b}") is True


def test_a_step_whose_name_has_a_dot_is_found(scope):
    assert scope.fill("${steps.a.b.value}") == "dotted"
    assert scope.fill("${steps.a.x}") == 1


def test_references_in_a_resolved_value_are_not_resolved():
    assert Scope({"x": "${inputs.x}"}, {}).text("<${inputs.x}>") == "<${inputs.x}>"


@pytest.mark.parametrize(
    "reference",
    [
        "inputs.missing",
        "inputs",
        "steps.later.value",
        "steps.ask.value.x",
        "env.HOME",
        "",
        "inputs.nested.list.7",
        "inputs.nested.list." + "9" * 5_000,
    ],
)
def test_an_unknown_reference_is_named(scope, reference):
    with pytest.raises(StepFailed) as failed:
        scope.text(f"see ${{{reference}}}")
    assert failed.value.reason == "unknown_reference"
    assert f"${{{reference}}}" in failed.value.message


def test_text_without_a_reference_stays_unchanged(scope):
    assert scope.fill({"price": "$5 {x} $ {y}", "n": 3, "none": None}) == {
        "price": "$5 {x} $ {y}",
        "n": 3,
        "none": None,
    }


def test_references_cannot_grow_without_bound():
    scope = Scope({"long": "x" * (MAX_INSERTED // 2)}, {})
    with pytest.raises(StepFailed, match="1 MiB"):
        scope.text("${inputs.long}" * 3)
