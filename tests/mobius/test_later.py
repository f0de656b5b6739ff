"""Questions of generations B and C, read into our types, and what is sent back."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from httpx_sse import ServerSentEvent
from hypothesis import given
from hypothesis import strategies as st

from inbox.mobius.adapters import UnreadableError
from inbox.mobius.adapters.later import AdapterB, AdapterC
from inbox.mobius.adapters.later.device import read_device_code, read_device_token
from inbox.mobius.adapters.later.interaction import read_interaction
from inbox.mobius.adapters.later.run import read_frame, read_log, read_run, read_step
from inbox.mobius.errors import NotFound
from inbox.mobius.probing import probe
from inbox.mobius.types import (
    Answer,
    Capabilities,
    EventKind,
    Generation,
    InteractionStatus,
    LifecycleEvent,
    Offer,
    Option,
    Policy,
    PolicyKind,
    Question,
    QuestionAnswer,
    Reference,
    RunStatus,
    StepStatus,
    Target,
)
from tests.mobius.conftest import Connect
from tests.support.later_items import (
    AGENT,
    ANSWERED,
    ASKED,
    CAVEATS,
    DECISION,
    LEE,
    RINA,
    SAM,
    TABLES,
    WINDOW,
    answered_in_b,
    event_of_b,
    question_of_b,
    question_of_c,
    response,
    run_of_b,
    step_of_b,
    task_sent_back,
)
from tests.support.scripted_server import Reply, ScriptedServer

B, C = AdapterB(), AdapterC()
ASKED_AT = datetime(2026, 10, 24, 14, 30, tzinfo=UTC)
ANSWERED_AT = datetime(2026, 10, 24, 14, 42, tzinfo=UTC)
NOBODY_TOLD = {"resolution_policy": None, "require_all": None}


def test_it_reads_a_decision_of_b_and_its_answer() -> None:
    read = read_interaction(answered_in_b())
    assert (read.type, read.status) == ("approval", InteractionStatus.COMPLETED)
    assert (read.title, read.message) == ("Roll out 4.2.0 to everyone?",) * 2
    assert (read.run_id, read.signal_name) == ("run_1", "rollout_gate")
    assert (read.target, read.members, read.policy) == (
        Target(type="user", id=RINA),
        None,
        Policy(),
    )
    assert read.questions == (Question(mode="confirm", default=False),)
    yes = QuestionAnswer(value=True)
    assert read.responses == (
        Answer(user_id=RINA, answers=(yes,), comment="Canary looks good.", at=ANSWERED_AT),
    )
    assert (read.value, read.comment, read.responder_id) == (True, "Canary looks good.", RINA)
    assert (read.created_at, read.completed_at) == (ASKED_AT, ANSWERED_AT)
    assert (read.unknown_fields, read.lifecycle, read.claimable) == ((), None, False)
    assert read.raw == answered_in_b()


def test_it_reads_a_form_of_several_questions() -> None:
    read = read_interaction(question_of_c())
    assert read.type == "input"
    text = "The migration locks a few tables for about ten minutes."
    assert (read.title, read.description) == ("Before I migrate the database", text)
    prompts = ("When may the migration run?", "What should I look out for?")
    assert read.message.split("\n\n") == ["Before I migrate the database", text, *prompts]
    assert read.questions == (
        Question(
            id="window",
            prompt="When may the migration run?",
            mode="select",
            options=(
                Option(value="tonight", label="Tonight"),
                Option(value="sunday", label="On Sunday", description="With less traffic"),
            ),
            allow_other=True,
        ),
        Question(
            id="caveats",
            prompt="What should I look out for?",
            description="Skip it if nothing comes to mind.",
            required=False,
            mode="input",
            default="",
            multiline=True,
            max_length=4000,
        ),
    )
    assert (read.created_by, read.session_id, read.turn_id) == (AGENT, "ses_1", "turn_1")
    assert (read.run_id, read.responses, read.value) == (None, (), None)
    created = LifecycleEvent(
        action="created", status=InteractionStatus.PENDING, actor_id=AGENT, at=ASKED_AT
    )
    assert read.lifecycle == (created,)


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        ({"mode": "input"}, (None, None, 500)),
        ({"mode": "input", "max_length": 80}, (None, None, 80)),
        ({"mode": "select"}, (None, None, None)),
        ({"mode": "multi_select"}, (1, None, None)),
        (TABLES, (2, 3, None)),
        ({"mode": "drawing", "min_selections": 2}, (None, None, None)),
    ],
)
def test_the_limits_of_a_question_are_those_that_hold(
    wire: dict[str, Any], expected: tuple[int | None, ...]
) -> None:
    spec = {"questions": [{"id": "a", "prompt": "b", **wire}]}
    (question,) = read_interaction(question_of_c(spec=spec)).questions
    limits = (question.min_selections, question.max_selections, question.max_length)
    assert limits == expected


B_FORMS: list[tuple[Any, Any]] = [
    ({"mode": "confirm"}, False),
    ({"mode": "select", "options": [{"value": "a", "label": "A"}]}, "a"),
    ({"mode": "multi_select", "options": [{"value": "a", "label": "A"}]}, ["a"]),
    ({"mode": "input"}, "Looks fine"),
    ({"mode": "slider"}, {"from": 1, "to": 2}),
    (None, True),
]


@pytest.mark.parametrize(("spec", "value"), B_FORMS)
@pytest.mark.parametrize("adapter", [B, C])
def test_a_single_question_is_answered_with_a_value_wherever_it_is_from(
    adapter: AdapterB | AdapterC, spec: Any, value: Any
) -> None:
    raw = question_of_b(spec=spec, responses=[response(value=value)])
    (answer,) = read_interaction(raw).responses
    call = adapter.respond("iact_1", raw=raw, answers=answer.answers, comment=None)
    assert (call.method, call.path) == ("POST", "/interactions/iact_1/respond")
    assert call.json == {"action": "submit", "value": value}


C_ANSWERS: list[tuple[dict[str, Any], dict[str, Any], QuestionAnswer]] = [
    (DECISION, {"value": "approved"}, QuestionAnswer(question="go", value=True)),
    (DECISION, {"value": "rejected"}, QuestionAnswer(question="go", value=False)),
    (WINDOW, {"value": "tonight"}, QuestionAnswer(question="window", value="tonight")),
    (WINDOW, {"other": "In May"}, QuestionAnswer(question="window", other="In May")),
    (
        TABLES,
        {"values": ["orders"], "other": "logs"},
        QuestionAnswer(question="tables", values=("orders",), other="logs"),
    ),
    (CAVEATS, {"text": "None"}, QuestionAnswer(question="caveats", text="None")),
]


@pytest.mark.parametrize(("question", "wire", "answer"), C_ANSWERS)
@pytest.mark.parametrize("adapter", [B, C])
def test_a_form_of_several_is_answered_with_a_list_wherever_it_is_from(
    adapter: AdapterB | AdapterC,
    question: dict[str, Any],
    wire: dict[str, Any],
    answer: QuestionAnswer,
) -> None:
    entry = {"question_id": question["id"], **wire}
    blank = {"text": None, "value": None, "values": None, "other": None}
    raw = question_of_c(
        spec={"questions": [question]}, responses=[response(answers=[blank | entry])]
    )
    (read,) = read_interaction(raw).responses
    assert read.answers == (answer,)
    call = adapter.respond("iact_1", raw=raw, answers=[answer], comment="Done")
    assert call.json == {"action": "submit", "answers": [entry], "comment": "Done"}


def test_a_choice_that_is_called_approved_stays_a_choice() -> None:
    options = [{"value": word, "label": word} for word in ("approved", "rejected")]
    spec = {"questions": [{**WINDOW, "options": options}]}
    answers = [{"question_id": "window", "value": "approved"}]
    raw = question_of_c(spec=spec, responses=[response(answers=answers)])
    (read,) = read_interaction(raw).responses
    assert read.answers[0].value == "approved"


def test_several_answers_to_a_single_question_are_not_sent() -> None:
    answers = [QuestionAnswer(value=True), QuestionAnswer(question="b", value=True)]
    with pytest.raises(ValueError, match="too many"):
        B.respond("iact_1", raw=question_of_b(), answers=answers, comment=None)


def test_several_people_are_a_group_without_a_name() -> None:
    read = read_interaction(question_of_b(target_user_ids=[RINA, SAM, RINA]))
    assert read.target == Target(type="group", id="")
    assert (read.group_id, read.members) == (None, (RINA, SAM))


@pytest.mark.parametrize(
    ("fields", "policy"),
    [
        ({"resolution_policy": {"type": "any_of"}}, Policy()),
        ({"resolution_policy": {"type": "all_of"}}, Policy(kind=PolicyKind.ALL)),
        (
            {"resolution_policy": {"type": "quorum", "threshold": 2}},
            Policy(kind=PolicyKind.QUORUM, quorum=2),
        ),
        ({"resolution_policy": None, "require_all": True}, Policy(kind=PolicyKind.ALL)),
        ({"resolution_policy": None, "require_all": False}, Policy()),
        ({"resolution_policy": {"type": "all_of"}, "target_user_ids": [RINA]}, Policy()),
    ],
)
def test_the_policy_in_force(fields: dict[str, Any], policy: Policy) -> None:
    read = read_interaction(question_of_b(**({"target_user_ids": [RINA, SAM]} | fields)))
    assert read.policy == policy
    assert "policy" not in read.unknown_fields


@pytest.mark.parametrize(
    "fields", [NOBODY_TOLD, {**NOBODY_TOLD, "resolution_policy": {"type": "x"}}]
)
def test_one_answer_may_be_enough_if_nothing_says_how_many(fields: dict[str, Any]) -> None:
    read = read_interaction(question_of_b(target_user_ids=[RINA, SAM], **fields))
    assert (read.policy, read.unknown_fields) == (Policy(), ("policy",))


def test_each_answer_has_its_round() -> None:
    read = read_interaction(task_sent_back())
    assert (read.type, read.round) == ("task", 1)
    rounds = [(answer.user_id, answer.round) for answer in read.responses]
    assert rounds == [(SAM, 0), (LEE, 0), (LEE, 1)]
    assert (read.checkers, read.checked_by) == ((RINA,), RINA)
    assert read.feedback == "Please add the totals."
    assert read.submitted_at == datetime(2026, 10, 24, 15, 0, tzinfo=UTC)
    assert (read.value, read.responder_id) == (None, None)
    assert read.lifecycle is not None
    assert [(event.action, event.round) for event in read.lifecycle] == [
        ("created", 0),
        ("changes_requested", 1),
    ]


def test_it_reads_what_a_question_is_about() -> None:
    read = read_interaction(task_sent_back())
    link = Reference(label="Incident 7", relation="subject", url="https://status.example/7")
    assert read.subject == link
    assert read.references == (Reference(entity_type="artifact", entity_id="art_1"),)
    assert (read.properties, read.tags) == ({"severity": 2}, {"team": "storage"})


@pytest.mark.parametrize(
    ("review", "checkers"),
    [
        ({"reviewer_user_ids": [RINA, SAM]}, (RINA, SAM)),
        ({"reviewer_user_ids": []}, (AGENT,)),
        ({}, (AGENT,)),
        (None, ()),
    ],
)
def test_without_named_checkers_the_creator_is_one(
    review: dict[str, Any] | None, checkers: tuple[str, ...]
) -> None:
    policy = {"type": "any_of", "review": review}
    assert read_interaction(question_of_c(resolution_policy=policy)).checkers == checkers


def test_the_outcome_is_the_answer_if_the_answers_are_left_out() -> None:
    told = answered_in_b()
    del told["responses"]
    read = read_interaction(told)
    yes = QuestionAnswer(value=True)
    assert read.responses == (Answer(user_id=RINA, answers=(yes,), at=ANSWERED_AT),)
    assert (read.value, read.unknown_fields) == (True, ())
    del told["outcome"]
    read = read_interaction(told)
    assert (read.responses, read.unknown_fields, read.partial) == ((), ("responses",), True)


def test_answers_that_a_list_leaves_out_are_not_none() -> None:
    row = question_of_b(target_user_ids=[RINA, SAM], require_all=True)
    read = read_interaction(row)
    assert (read.unknown_fields, read.partial) == (("responses",), False)
    assert read_interaction({**row, "responses": []}).unknown_fields == ()


def test_a_row_of_a_list_may_lack_what_the_interaction_has() -> None:
    read = read_interaction({"id": "iact_1", "kind": "assign_work", "status": "pending"})
    assert read.partial
    assert read.unknown_fields[:3] == ("target", "message", "spec")


def test_the_answers_of_a_form_are_its_final_answer() -> None:
    first = [
        {"question_id": "window", "value": "tonight"},
        {"question_id": "caveats", "text": "No"},
    ]
    second = [{"question_id": "window", "other": "In May"}]
    wire = question_of_c(
        status="completed",
        target_user_ids=[RINA, SAM],
        responses=[response(RINA, "a", answers=first), response(SAM, "b", answers=second)],
        resolving_response_id="a",
        outcome=first,
    )
    read = read_interaction(wire)
    assert (read.responder_id, read.value) == (
        RINA,
        [{"question": "window", "value": "tonight"}, {"question": "caveats", "text": "No"}],
    )
    last = read_interaction({**wire, "resolving_response_id": None})
    assert (last.responder_id, last.value) == (SAM, [{"question": "window", "other": "In May"}])


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("in_review", InteractionStatus.IN_REVIEW),
        ("cancelled", InteractionStatus.CANCELLED),
        ("parked", InteractionStatus.OTHER),
    ],
)
def test_unknown_words_are_kept_and_break_nothing(word: str, status: InteractionStatus) -> None:
    wire = question_of_c(
        status=word,
        kind="request_vote",
        spec={"questions": [{"id": "a", "mode": "slider"}, 7]},
        consumer={"kind": "robot"},
        mood="good",
    )
    read = read_interaction(wire)
    assert (read.status, read.status_word, read.type) == (status, word, "request_vote")
    assert [(one.id, one.mode) for one in read.questions] == [("a", "slider"), ("", "")]
    assert read.raw == wire


def test_others_answers_are_taken_out_of_the_raw_question() -> None:
    wire = task_sent_back(outcome=["report"])
    hidden = B.without_answers(wire, but=SAM)
    own, *others = hidden["responses"]
    assert own == wire["responses"][0]
    assert [(answer["answers"], answer["comment"]) for answer in others[1:]] == [(None, None)]
    assert (hidden["outcome"], hidden["lifecycle"][1]["comment"]) == (None, None)
    assert hidden["title"] == wire["title"]


def test_paths_have_the_project_only_in_b() -> None:
    assert (
        B.root("https://mobius.example/", "de mo") == "https://mobius.example/v1/projects/de%20mo"
    )
    assert C.root("https://mobius.example/", "demo") == "https://mobius.example/v1"


def test_a_page_has_at_most_a_hundred_items() -> None:
    call = B.interactions(status="pending", run_id="run_1", limit=200, cursor="n")
    assert call.path == "/interactions"
    assert call.query == {"status": "pending", "run_id": "run_1", "limit": 100, "cursor": "n"}
    assert C.interactions(limit=50).query == {"limit": 50}
    assert B.runs(status="failed", limit=200).query == {"status": "failed", "limit": 100}
    assert B.steps("run_1", limit=200).query == {}


def test_the_test_question_is_written_in_the_form_of_each() -> None:
    body = {
        "type": "approval",
        "message": "Can you see this?\nIt is a test.",
        "target": {"type": "user", "id": RINA},
        "spec": {"mode": "confirm"},
        "expires_at": ASKED,
    }
    common = {
        "kind": "request_approval",
        "title": "Can you see this?",
        "description": "It is a test.",
        "target_user_ids": [RINA],
        "expires_at": ASKED,
    }
    assert B.create_interaction(body).json == {**common, "spec": {"mode": "confirm"}}
    form = {"questions": [{"id": "answer", "prompt": "Can you see this?", "mode": "confirm"}]}
    assert C.create_interaction(body).json == {**common, "spec": form}


@pytest.mark.parametrize(
    ("generation", "root"), [(Generation.B, "/v1/projects/demo"), (Generation.C, "/v1")]
)
async def test_questions_are_read_and_answered_at_the_paths_of_each(
    server: ScriptedServer, connect: Connect, generation: Generation, root: str
) -> None:
    path = f"^{root}/interactions"
    server.on("GET", f"{path}$", Reply(200, {"items": [question_of_b()]}))
    server.on("POST", f"{path}/iact_1/respond$", Reply(200, answered_in_b()))
    async with connect(generation=generation) as client:
        (asked,) = (await client.interactions(status="pending")).items
        yes = [asked.questions[0].answer(True)]
        answered = await client.respond(asked.id, raw=asked.raw, answers=yes, comment="Fine")
    assert answered is not None
    assert answered.status is InteractionStatus.COMPLETED
    (sent,) = server.seen("POST", path)
    assert sent.json == {"action": "submit", "value": True, "comment": "Fine"}


@pytest.mark.parametrize("generation", [Generation.B, Generation.C])
async def test_probing_finds_what_they_lack(
    server: ScriptedServer, connect: Connect, generation: Generation
) -> None:
    server.on("GET", "/interactions$", Reply(200, {"items": []}), always=True)
    server.on("GET", "/runs$", Reply(200, {"items": []}), always=True)
    async with connect(generation=generation) as client:
        found = await probe(client, Capabilities())
    assert (found.pending, found.closed) == (Offer.YES, Offer.YES)
    lacks = (found.project_events, found.groups, found.token_owner)
    assert lacks == (Offer.NO,) * 3
    assert found.runs is (Offer.YES if generation is Generation.B else Offer.NO)
    assert not server.seen("GET", "/(groups|members|events)")


def test_what_they_lack_is_not_found() -> None:
    def calls(adapter: AdapterB | AdapterC) -> list[Any]:
        return [
            lambda: adapter.claim("1"),
            lambda: adapter.release("1"),
            lambda: adapter.start_run(spec={}, inputs=None, metadata=None),
            lambda: adapter.events(None),
            lambda: adapter.groups(limit=None),
            lambda: adapter.update_group("1", routing=PolicyKind.ALL),
            lambda: adapter.members("1", limit=None),
            lambda: adapter.add_member("1", "2"),
            lambda: adapter.remove_member("1", "2"),
        ]

    runs = [
        lambda: C.interactions(run_id="1", limit=None),
        lambda: C.runs(limit=None),
        lambda: C.run("1"),
        lambda: C.steps("1", limit=None),
        lambda: C.signal("1", name="s", payload=None),
        lambda: C.cancel_run("1"),
        lambda: C.retry_run("1"),
        lambda: C.events("1"),
        lambda: C.log("1", limit=None),
    ]
    for call in [*calls(B), *calls(C), *runs]:
        with pytest.raises(NotFound) as refused:
            call()
        assert refused.value.status == 404


def test_it_reads_a_run() -> None:
    read = read_run(run_of_b())
    assert (read.workflow, read.title, read.status) == (
        "Rollout",
        "Roll out 4.2.0",
        RunStatus.SUSPENDED,
    )
    assert read.inputs == {"event": {"version": "4.2.0"}, "config": {"share": 0.1}}
    assert (read.metadata, read.started_by) == ({"requested_by": SAM}, "CI")
    assert read.wait.wakes_at == datetime(2026, 10, 25, 14, 30, tzinfo=UTC)
    assert read.plan == ()
    assert read_run(run_of_b(loop_name=None)).workflow == "loop_1"


def test_a_cancelled_run_is_finished() -> None:
    read = read_run(run_of_b(status="cancelled", stop_reason="replaced"))
    assert (read.status, read.stop_reason) == (RunStatus.CANCELLED, "replaced")
    assert read.status.finished


def test_it_reads_the_steps_of_a_run() -> None:
    read = read_step(step_of_b())
    assert (read.name, read.kind, read.order) == ("Ask for the rollout", "interaction", 2)
    assert (read.status, read.started_at) == (StepStatus.SUSPENDED, ASKED_AT)
    assert read_step(step_of_b(step_name=None)).name == "gate"


def test_runs_are_signalled_by_the_step_and_cancelled() -> None:
    signal = B.signal("run_1", name="gate", payload={"ok": True})
    body = {"step_key": "gate", "result": {"ok": True}}
    assert (signal.method, signal.path, signal.json) == ("POST", "/runs/run_1/signals", body)
    assert signal.read(run_of_b()) == ""
    cancel = B.cancel_run("run_1")
    assert (cancel.method, cancel.path, cancel.json) == ("POST", "/runs/run_1/cancel", {})


def test_a_question_is_cancelled_with_a_reason() -> None:
    for adapter in (B, C):
        cancel = adapter.cancel_interaction("iact_1", reason="Asked twice")
        sent = ("POST", "/interactions/iact_1/cancel", {"reason": "Asked twice"})
        assert (cancel.method, cancel.path, cancel.json) == sent


def test_a_failed_run_is_retried_and_says_why_it_ended() -> None:
    retry, failed = B.retry_run("run_1"), run_of_b(status="failed", stop_reason="check_failed")
    assert (retry.method, retry.path, retry.json) == ("POST", "/runs/run_1/retry", {})
    assert retry.read(failed).attempt == read_run(failed).attempt
    assert B.stop_reason(failed) == "check_failed"


@pytest.mark.parametrize(
    ("type", "without_state", "kind", "status"),
    [
        ("run.started", True, EventKind.RUN, "running"),
        ("run.progress_stalled", True, EventKind.OTHER, None),
        ("step.completed", True, EventKind.STEP, "completed"),
        ("wait.opened", True, EventKind.OTHER, None),
        ("interaction.responded", True, EventKind.OTHER, None),
        ("action.failed", False, EventKind.OTHER, None),
        ("limit.reached", False, EventKind.OTHER, None),
    ],
)
def test_an_event_says_that_a_run_changed_and_not_all_that_it_is(
    type: str, without_state: bool, kind: EventKind, status: str | None
) -> None:
    frame = ServerSentEvent(event=type, data=json.dumps(event_of_b(7, type)), id="7")
    event = read_frame(frame)
    assert event is not None
    assert (event.seq, event.run_id, event.type, event.at) == (7, "run_1", type, ASKED_AT)
    assert (event.run, event.without_state, event.logged) == (None, without_state, True)
    assert (event.kind, event.data.get("status"), event.data["step"]) == (kind, status, "gate")


def test_the_number_of_an_event_is_in_its_frame_or_its_data() -> None:
    data = json.dumps({"run_id": "run_1"})
    in_frame = read_frame(ServerSentEvent(event="run.started", data=data, id="3"))
    assert in_frame is not None
    assert (in_frame.seq, in_frame.type) == (3, "run.started")
    in_data = read_frame(ServerSentEvent(event="", data=json.dumps(event_of_b(4)), id=""))
    assert in_data is not None
    assert in_data.seq == 4
    assert read_frame(ServerSentEvent(event="ping", data="{}", id="")) is None
    assert B.resume(7) == ({"after_sequence": "7"}, {})


def test_a_log_is_read_page_by_page_after_a_number() -> None:
    call = B.log("run_1", limit=200, cursor="5")
    assert (call.path, call.query) == (
        "/runs/run_1/events",
        {"after_sequence": "5", "limit": 100},
    )
    assert B.log("run_1", limit=None).query == {"after_sequence": "0"}
    items = [event_of_b(6), event_of_b(7)]
    page = read_log({"items": items, "next_sequence": 7, "has_more": True})
    assert ([event.seq for event in page.items], page.next_cursor) == ([6, 7], "7")
    assert read_log({"items": items, "next_sequence": 7, "has_more": False}).next_cursor is None
    assert read_log({"items": [], "next_sequence": 7}).next_cursor is None


@pytest.mark.parametrize("payload", [None, [], "x", 7, {}, {"id": None}, {"id": ""}, {"id": True}])
def test_without_an_id_it_is_unreadable(payload: Any) -> None:
    for read in (read_interaction, read_run, read_step):
        with pytest.raises(UnreadableError):
            read(payload)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8)
    | st.sampled_from(["quorum", "select", "completed", ASKED, ANSWERED, RINA]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "value", "mode", "type", "questions", "answers", "review"]),
            inner,
        )
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("full", "read"),
    [
        (answered_in_b(), read_interaction),
        (task_sent_back(), read_interaction),
        (run_of_b(), read_run),
        (step_of_b(), read_step),
    ],
)
@given(changes=st.data())
def test_any_field_may_hold_anything(full: dict[str, Any], read: Any, changes: Any) -> None:
    fields = changes.draw(st.dictionaries(st.sampled_from(sorted(full)), JSON, max_size=4))
    made = read({**full, **fields, "id": "x"})
    assert made.id == "x"
    json.loads(made.model_dump_json())


DEVICE = {"device_code": "d", "user_code": "BC-DF", "verification_uri": "https://mobius.example/d"}


@pytest.mark.parametrize(
    ("fields", "link"),
    [
        ({}, "https://mobius.example/d?code=BC-DF"),
        (
            {"verification_uri": "https://mobius.example/d?a=1"},
            "https://mobius.example/d?a=1&code=BC-DF",
        ),
        ({"verification_uri_complete": "https://m.example/?c=BC"}, "https://m.example/?c=BC"),
        (
            {"verification_uri": "http://127.0.0.1:8001/device"},
            "http://127.0.0.1:8001/device?code=BC-DF",
        ),
    ],
)
def test_a_sign_in_has_a_link(fields: dict[str, Any], link: str) -> None:
    code = read_device_code(DEVICE | fields)
    assert (code.link, code.interval, code.expires_in) == (link, 5, 600)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        DEVICE | {"user_code": None},
        *(
            DEVICE | {"verification_uri_complete": link}
            for link in (
                "http://mobius.example/",
                "javascript:alert(1)",
                "https://",
                "//m.example",
                "https://[",
            )
        ),
    ],
)
def test_a_sign_in_without_code_or_safe_link_is_unreadable(payload: Any) -> None:
    with pytest.raises(UnreadableError):
        read_device_code(payload)


@pytest.mark.parametrize(
    ("pin", "token"),
    [
        ({}, "mbc_1"),
        ({"project_id": "p1", "project_handle": "demo"}, "mbc_1.demo"),
        ({"project_id": "p1", "project_handle": "demo", "access_token": "mbc_1.x"}, "mbc_1.x"),
        ({"project_handle": "demo"}, "mbc_1"),
    ],
)
def test_a_token_for_one_project_names_it(pin: dict[str, Any], token: str) -> None:
    read = read_device_token({"access_token": "mbc_1", "credential_id": "c1"} | pin)
    assert (read.token.get_secret_value(), read.credential_id) == (token, "c1")
    assert "mbc_1" not in repr(read)
