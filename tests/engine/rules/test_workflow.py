import pytest

from inbox.engine.rules import bodies
from inbox.engine.rules.errors import EngineError
from inbox.engine.rules.workflow import NewRun
from inbox.lib import exact
from tests.engine.team import act, question, sleep, wait


def start(*steps, spec=None, **body):
    return bodies.read(
        NewRun, {"spec": {"name": "w", "steps": list(steps), **(spec or {})}, **body}
    )


def refused(*steps, spec=None, **body):
    with pytest.raises(EngineError) as caught:
        start(*steps, spec=spec, **body)
    assert caught.value.status == 400
    return caught.value


def test_every_kind_of_step_is_taken():
    run = start(question(), wait(timeout="5m"), sleep("1s"), act("print", message="hello"))
    assert [step.name for step in run.spec.steps] == ["ask", "wait", "sleep", "act"]


def test_description_layout_and_tags_are_taken():
    start(
        {**sleep("1s"), "description": "a nap", "layout": {"x": 1, "y": 2.5}},
        spec={"description": "naps"},
        tags={"team": "finance"},
        mode="inline",
    )


@pytest.mark.parametrize("field", ["outputs", "state"])
def test_unsupported_fields_of_a_workflow_are_named(field):
    error = refused(sleep("1s"), spec={field: {}})
    assert (error.code, error.details["field"]) == ("not_supported", f"spec.{field}")


@pytest.mark.parametrize("field", ["definition_id", "config"])
def test_unsupported_fields_of_a_run_are_named(field):
    error = refused(sleep("1s"), **{field: "x"})
    assert (error.code, error.details["field"]) == ("not_supported", field)


def test_a_saved_workflow_is_not_supported():
    error = refused(mode="saved", definition_id="wf_1")
    assert error.code == "not_supported"


@pytest.mark.parametrize(
    "field", ["each", "join", "pause", "edge_matching_strategy", "store", "retry", "catch"]
)
def test_unsupported_fields_of_a_step_are_named(field):
    error = refused(sleep("1s", "first"), {**sleep("1s"), field: {}})
    assert (error.code, error.details["field"]) == ("not_supported", f"spec.steps[1].{field}")


@pytest.mark.parametrize("field", ["store", "on_timeout"])
def test_an_unsupported_wait_is_named(field):
    error = refused(wait(**{field: "x"}))
    assert error.code == "not_supported"
    assert error.details["field"] == f"spec.steps[0].wait_signal.{field}"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"colour": "red"}, "colour"),
        ({"spec": {"colour": "red"}}, "spec.colour"),
    ],
)
def test_an_unknown_field_is_named(body, place):
    error = refused(sleep("1s"), **body)
    assert (error.code, error.details["field"]) == ("bad_request", place)
    assert place in error.message


def test_an_unknown_field_deep_in_a_question_is_named():
    error = refused(question(spec={"mode": "confirm", "colour": "red"}))
    assert error.details["field"] == "spec.steps[0].interaction.spec.colour"


def test_an_action_that_needs_a_worker_says_that_there_are_none():
    error = refused(act("summarize-document"))
    assert error.code == "not_supported"
    assert "no workers" in error.message
    assert "summarize-document" in error.message


def test_a_stock_action_for_a_worker_is_not_supported():
    error = refused({**act("print"), "action_kind": "worker"})
    assert (error.code, error.details["field"]) == ("not_supported", "spec.steps[0].action_kind")


def test_a_stock_action_of_the_server_is_taken():
    start({**act("print"), "action_kind": "server"})


def test_a_plain_edge_to_the_following_step_is_accepted():
    start({**sleep("1s", "a"), "next": [{"step": "b"}]}, {**sleep("1s", "b"), "next": []})


@pytest.mark.parametrize(
    "edges",
    [
        [{"step": "c"}],
        [{"step": "b"}, {"step": "c"}],
        [{"step": "a"}],
        [],
        [{"step": "b", "condition": "x > 1"}],
        [{"step": "b", "branch": "left"}],
    ],
)
def test_any_other_edge_is_not_supported(edges):
    error = refused({**sleep("1s", "a"), "next": edges}, sleep("1s", "b"), sleep("1s", "c"))
    assert error.code == "not_supported"
    assert "next" in error.details["field"]


def test_an_edge_to_no_step_is_wrong():
    error = refused({**sleep("1s", "a"), "next": [{"step": "nowhere"}]}, sleep("1s", "b"))
    assert error.code == "bad_request"
    assert "nowhere" in error.message


def test_a_run_begins_with_its_first_step():
    start(sleep("1s", "a"), sleep("1s", "b"), spec={"start_at": "a"})
    assert (
        refused(sleep("1s", "a"), sleep("1s", "b"), spec={"start_at": "b"}).code == "not_supported"
    )
    assert refused(sleep("1s", "a"), spec={"start_at": "z"}).code == "bad_request"


@pytest.mark.parametrize(
    "step",
    [
        {"name": "nothing"},
        {"name": "both", "sleep": {"duration": "1s"}, "action": "print"},
        {"name": "p", "sleep": {"duration": "1s"}, "parameters": {}},
        {"sleep": {"duration": "1s"}},
        {"name": "", "sleep": {"duration": "1s"}},
        {"name": 3, "sleep": {"duration": "1s"}},
        {"name": "s", "sleep": {}},
        {"name": "s", "sleep": {"duration": "soon"}},
        {"name": "s", "sleep": {"duration": "-1s"}},
        {"name": "s", "sleep": {"duration": 5}},
        {"name": "w", "wait_signal": {}},
        {"name": "w", "wait_signal": {"topic": "t", "timeout": "0s"}},
        {"name": "a", "action": "print", "parameters": []},
    ],
)
def test_a_step_that_is_not_exactly_one_whole_step_is_wrong(step):
    assert refused(step).code == "bad_request"


@pytest.mark.parametrize("missing", ["type", "message", "target", "timeout"])
def test_a_question_needs_all_its_parts(missing):
    step = question()
    del step["interaction"][missing]
    error = refused(step)
    assert error.details["field"] == f"spec.steps[0].interaction.{missing}"


def test_names_of_steps_are_unique():
    assert "nap" in refused(sleep("1s", "nap"), sleep("1s", "nap")).message


def test_a_workflow_has_1_to_200_steps():
    start(*(sleep("1s", f"s{number}") for number in range(200)))
    assert refused().code == "bad_request"
    assert refused(*(sleep("1s", f"s{number}") for number in range(201))).code == "bad_request"


@pytest.mark.parametrize(
    "body",
    [
        {"queue": ""},
        {"queue": 1},
        {"inputs": []},
        {"metadata": {"n": 1}},
        {"tags": {"mobius:x": "y"}},
        {"tags": {str(number): "" for number in range(9)}},
        {"tags": {"": "y"}},
        {"external_id": ""},
        {"mode": "batch"},
    ],
)
def test_a_run_with_a_wrong_field_is_refused(body):
    assert refused(sleep("1s"), **body).code == "bad_request"


def test_inputs_take_the_declared_defaults():
    declared = [
        {"name": "who", "type": "string", "default": "Rina"},
        {"name": "n", "type": "integer", "default": None},
        {"name": "free", "type": "string"},
    ]
    run = start(sleep("1s"), spec={"inputs": declared}, inputs={"extra": 1})
    assert run.filled_inputs() == {"who": "Rina", "n": None, "extra": 1}


@pytest.mark.parametrize("digits", ["3", "0.5", "12.50", "1e3"])
def test_a_number_may_be_written_in_any_way(digits):
    declared = [{"name": "n", "type": "number"}]
    run = start(sleep("1s"), spec={"inputs": declared}, inputs={"n": exact.loads(digits)})
    assert exact.dumps(run.filled_inputs()["n"]) == exact.dumps(exact.loads(digits))


def test_an_input_of_another_type_than_declared_is_named():
    declared = [{"name": "n", "type": "integer"}]
    error = refused(sleep("1s"), spec={"inputs": declared}, inputs={"n": True})
    assert "inputs.n" in error.message


@pytest.mark.parametrize("body", [None, [], "spec", 3])
def test_a_body_that_is_no_object_is_refused(body):
    with pytest.raises(EngineError) as caught:
        bodies.read(NewRun, body)
    assert caught.value.status == 400


def test_a_text_that_no_database_can_store_is_refused():
    assert refused(act("print", message="a\0b")).code == "bad_request"
    assert refused(act("print", message="\ud800")).code == "bad_request"


def test_a_spec_that_is_nested_too_deeply_is_refused():
    deep: list = []
    for _ in range(500):
        deep = [deep]
    assert "nested" in refused(act("print", message=deep)).message
