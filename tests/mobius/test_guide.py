"""The wire read into our types: whatever is new, missing or odd, a page can still be made of it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.lib.instants import LATEST
from inbox.mobius.adapters import Call, UnreadableError
from inbox.mobius.adapters.guide import GuideAdapter
from inbox.mobius.adapters.guide.event import read_event
from inbox.mobius.adapters.guide.group import read_group, read_member, read_person, write_routing
from inbox.mobius.adapters.guide.interaction import read_interaction
from inbox.mobius.adapters.guide.run import read_run, read_step
from inbox.mobius.adapters.lists import read_page
from inbox.mobius.types import (
    EventKind,
    InteractionStatus,
    Option,
    PlannedInteraction,
    Policy,
    PolicyKind,
    Question,
    RunStatus,
    StepPlan,
    StepStatus,
    Target,
)
from tests.mobius.conftest import interaction, run
from tests.support.snapshots import YES, reply

GROUP = {
    "target": {"type": "group", "id": "approvers"},
    "target_group_id": "grp_1",
    "target_member_snapshot": ["user_rina", "user_sam", "user_lee"],
    "routing_policy_snapshot": "first_responder",
}
LATER = "2026-01-01T10:00:00.5Z"


def test_it_reads_a_direct_question_whole() -> None:
    read = read_interaction(interaction())
    assert read.id == "int_1"
    assert read.status is InteractionStatus.PENDING
    assert read.target == Target(type="user", id="user_rina")
    assert read.members is None
    assert read.policy.kind is PolicyKind.ANY
    assert read.responses == ()
    assert read.updated_at == datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    assert read.raw == interaction()
    (question,) = read.questions
    assert (question.mode, question.default) == ("confirm", False)


@pytest.mark.parametrize(
    ("spec", "default"),
    [
        ({"mode": "confirm"}, None),
        ({"mode": "confirm", "default_confirmed": True}, True),
        ({"mode": "select", "options": [], "default_value": "b"}, "b"),
        ({"mode": "multi_select", "options": [], "default_values": ["a", "b"]}, ["a", "b"]),
        ({"mode": "input", "default_text": "Dear"}, "Dear"),
        ({"mode": "drawing", "default_text": "Dear"}, None),
    ],
)
def test_each_mode_has_a_default_of_its_type(spec: dict[str, Any], default: Any) -> None:
    (question,) = read_interaction(interaction(spec=spec)).questions
    assert (question.mode, question.default) == (spec["mode"], default)


def test_options_keep_their_words_and_lack_none() -> None:
    spec = {
        "mode": "select",
        "options": [
            {"value": "ok", "label": "Publish", "description": "As it is"},
            {"value": "bare"},
            "short",
            {"label": "no value"},
            None,
        ],
    }
    (question,) = read_interaction(interaction(type="review", spec=spec)).questions
    assert question.options == (
        Option(value="ok", label="Publish", description="As it is"),
        Option(value="bare", label="bare"),
        Option(value="short", label="short"),
    )


def test_without_a_spec_a_decision_is_two_buttons_and_the_rest_a_text() -> None:
    modes = {
        type: read_interaction(interaction(type=type, spec=None)).questions[0].mode
        for type in ("approval", "review", "input", "novelty")
    }
    assert modes == {"approval": "confirm", "review": "input", "input": "input", "novelty": "input"}


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, PolicyKind.ANY),
        ({"require_all": True}, PolicyKind.ANY),
        ({**GROUP}, PolicyKind.ANY),
        ({**GROUP, "require_all": True}, PolicyKind.ALL),
        ({**GROUP, "routing_policy_snapshot": "all_members"}, PolicyKind.ALL),
        ({**GROUP, "routing_policy_snapshot": "by_lot"}, PolicyKind.ANY),
    ],
)
def test_the_policy_in_force(fields: dict[str, Any], kind: PolicyKind) -> None:
    assert read_interaction(interaction(**fields)).policy.kind is kind


def test_the_one_answer_names_who_gave_it() -> None:
    read = read_interaction(
        interaction(
            status="completed",
            responder={"type": "user", "id": "user_sam"},
            response={"value": True, "comment": "Fine.", "at": LATER},
            **GROUP,
        )
    )
    at = datetime(2026, 1, 1, 10, 0, 0, 500000, tzinfo=UTC)
    assert read.responses == (reply("user_sam", True, comment="Fine.", at=at),)
    assert (read.value, read.comment, read.responder_id) == (True, "Fine.", "user_sam")
    assert read.members == ("user_rina", "user_sam", "user_lee")


@pytest.mark.parametrize(
    ("spec", "kept", "read_as"),
    [
        ({"mode": "confirm"}, "true", True),
        ({"mode": "confirm"}, "false", False),
        ({"mode": "confirm"}, "maybe", "maybe"),
        (None, "false", False),
        ({"mode": "input"}, "true", "true"),
    ],
)
def test_a_decision_that_is_kept_as_text_is_a_decision(
    spec: Any, kept: str, read_as: object
) -> None:
    response = {"value": kept, "comment": None, "at": LATER}
    read = read_interaction(interaction(spec=spec, status="completed", response=response))
    assert (read.value, read.responses[0].answers[0].content) == (read_as, read_as)
    given = [{"user_id": "user_rina", "value": kept, "responded_at": LATER}]
    (partial,) = read_interaction(interaction(spec=spec, partial_responses=given)).responses
    assert partial.answers[0].content == read_as


def test_answers_of_all_members_come_in_snapshot_order() -> None:
    partial = [
        {"user_id": who, "value": who == "user_rina", "comment": None, "responded_at": LATER}
        for who in ("user_lee", "user_gone", "user_rina")
    ]
    read = read_interaction(interaction(**GROUP, require_all=True, partial_responses=partial))
    assert [answer.user_id for answer in read.responses] == ["user_rina", "user_lee", "user_gone"]


def test_answers_of_all_members_are_distinguished_also_without_the_partial_ones() -> None:
    read = read_interaction(
        interaction(
            **GROUP,
            require_all=True,
            status="completed",
            responder={"type": "user", "id": "user_lee"},
            response={"value": [True, False, True], "comment": None, "at": LATER},
        )
    )
    assert [(a.user_id, a.answers[0].value) for a in read.responses] == [
        ("user_rina", True),
        ("user_sam", False),
        ("user_lee", True),
    ]


def test_unknown_parts_are_kept_raw_and_break_nothing() -> None:
    wire = interaction(
        type="negotiation",
        status="withdrawn",
        spec={"mode": "slider", "from": 1},
        target={"type": "robot", "id": 7},
        mood="good",
    )
    read = read_interaction(wire)
    assert read.status is InteractionStatus.OTHER
    assert (read.type, read.questions[0].mode) == ("negotiation", "slider")
    assert read.target == Target(type="robot", id="7")
    assert read.raw == wire


def test_an_id_may_be_a_number() -> None:
    assert read_interaction({"id": 7, "run_id": 8}).id == "7"
    assert read_interaction({"id": 7, "run_id": 8}).run_id == "8"


def test_an_update_of_a_run_may_tell_nothing_but_its_status() -> None:
    frame = {"type": "run_updated", "run_id": "run_1", "seq": 3, "data": {"status": "suspended"}}
    run = read_event(frame).run
    assert run is not None
    assert (run.id, run.status, run.partial) == ("run_1", RunStatus.SUSPENDED, True)


def test_a_row_of_a_list_may_lack_what_the_interaction_has() -> None:
    row = {"id": "int_1", "type": "approval", "status": "pending", "run_id": "run_1"}
    assert read_interaction(row).partial
    assert not read_interaction(interaction()).partial


@pytest.mark.parametrize(
    ("items", "more", "cursor"),
    [
        ([interaction()], {"has_more": True}, "2"),
        ([interaction()], {}, "2"),
        ([interaction()], {"has_more": False}, "2"),
        ([], {"has_more": True}, "2"),
        ([], {"has_more": False}, None),
    ],
)
def test_a_cursor_is_followed_until_a_page_is_empty(
    items: list[Any], more: dict[str, Any], cursor: str | None
) -> None:
    page = read_page({"items": items, "next_cursor": "2", **more}, read_interaction)
    assert page.next_cursor == cursor


def test_claims_are_offered_if_the_payload_shows_them() -> None:
    assert read_interaction(interaction(**GROUP)).claimable
    assert not read_interaction(interaction()).claimable


def test_an_id_is_enough() -> None:
    bare = read_interaction({"id": "int_1"})
    assert (bare.message, bare.context, bare.target.type) == ("", {}, "")
    assert bare.updated_at.tzinfo is not None
    assert read_run({"id": "run_1"}).status is RunStatus.OTHER
    assert read_step({"id": "step_1"}).status is StepStatus.OTHER
    assert read_group({"id": "grp_1"}).routing is PolicyKind.ANY


@pytest.mark.parametrize("payload", [None, [], "x", 7, {}, {"id": None}, {"id": ""}, {"id": True}])
def test_without_an_id_it_is_unreadable(payload: Any) -> None:
    for read in (read_interaction, read_run, read_step, read_group):
        with pytest.raises(UnreadableError):
            read(payload)
    for read_one in (read_member, read_person):
        with pytest.raises(UnreadableError):
            read_one(payload)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-01-01T10:00:00Z", datetime(2026, 1, 1, 10, tzinfo=UTC)),
        ("2026-01-01T12:00:00+02:00", datetime(2026, 1, 1, 10, tzinfo=UTC)),
        ("2026-01-01T10:00:00.123456789Z", datetime(2026, 1, 1, 10, 0, 0, 123456, tzinfo=UTC)),
        ("2026-01-01T10:00:00", datetime(2026, 1, 1, 10, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59Z", LATEST),
        ("9999-12-31T23:59:59-23:00", LATEST),
        ("soon", None),
        (1767261600, datetime(2026, 1, 1, 10, tzinfo=UTC)),
        (1767261600000, datetime(2026, 1, 1, 10, tzinfo=UTC)),
        ("1767261600", datetime(2026, 1, 1, 10, tzinfo=UTC)),
        ("1767261600000", datetime(2026, 1, 1, 10, tzinfo=UTC)),
        ("1767261600.5", datetime(2026, 1, 1, 10, 0, 0, 500000, tzinfo=UTC)),
        ("20260101", datetime(2026, 1, 1, tzinfo=UTC)),
        (True, None),
        (None, None),
    ],
)
def test_times_are_utc_or_nothing(said: Any, meant: datetime | None) -> None:
    assert read_interaction(interaction(expires_at=said)).expires_at == meant


def test_ignored_parts_are_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    odd = interaction(expires_at="soon", completed_at=None, claimed_at="", priority=3)
    for _ in range(2):
        read_page({"items": [odd, {"type": "approval"}]}, read_interaction)
        read_run({"id": "run_1", "priority": 3})
    assert [one.message for one in caplog.records] == [
        "a field that is not known: 'priority' of a question",
        "left out: expires_at is not a time",
        "left out of a list: an object without an id",
        "a field that is not known: 'priority' of a run",
    ]


def test_a_run_says_what_it_waits_for_who_asked_and_its_plan() -> None:
    spec = {
        "name": "release",
        "steps": [
            {"name": "build", "action": "print", "description": "Builds it"},
            {
                "name": "ask",
                "interaction": {
                    "type": "approval",
                    "message": "Ship ${inputs.version}?",
                    "target": {"type": "group", "id": "board", "require_all": True},
                },
            },
            {"name": "wait", "wait_signal": {}},
            {"name": "rest", "sleep": {}},
            {"name": "new", "dance": {}},
        ],
    }
    read = read_run(run(spec=spec))
    assert read.status is RunStatus.SUSPENDED
    assert read.started_by == "user_sam"
    assert read.wait.interaction_ids == ("int_1",)
    assert read.wait.wakes_at == datetime(2026, 1, 2, tzinfo=UTC)
    asked = PlannedInteraction(
        type="approval",
        target=Target(type="group", id="board"),
        message=None,
        question=Question(mode="confirm"),
        policy=Policy(kind=PolicyKind.ALL),
    )
    assert read.plan == (
        StepPlan(name="build", kind="action", description="Builds it"),
        StepPlan(name="ask", kind="interaction", asks=asked),
        StepPlan(name="wait", kind="wait_signal"),
        StepPlan(name="rest", kind="sleep"),
        StepPlan(name="new", kind=""),
    )
    assert read_run(run()).plan is None


def test_a_run_without_a_requester_falls_back_to_who_started_it() -> None:
    assert read_run(run(metadata=None, actor_id="svc_ci", source_label="CI")).started_by == "svc_ci"
    assert read_run(run(metadata={}, source_label="CI")).started_by == "CI"
    assert read_run(run(metadata={})).started_by == ""


def test_an_event_of_an_action_keeps_its_line() -> None:
    event = read_event(
        {"type": "action_appended", "seq": 3, "run_id": "run_1", "data": {"line": "Built."}}
    )
    assert (event.kind, event.data) == (EventKind.ACTION, {"line": "Built."})


def test_only_policies_that_the_wire_knows_can_be_written() -> None:
    assert write_routing(PolicyKind.ANY) == "first_responder"
    assert write_routing(PolicyKind.ALL) == "all_members"
    with pytest.raises(ValueError, match="quorum"):
        write_routing(PolicyKind.QUORUM)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8)
    | st.sampled_from(["group", "select", "completed", LATER, "user_rina"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "value", "mode", "type", "options"]), inner)
    ),
    max_leaves=6,
)
FULL_INTERACTION = interaction(**GROUP, require_all=True, partial_responses=[], response={})
FULL_RUN = run(spec={"steps": [{"name": "ask"}]}, started_at=None, error_type=None)
STEP = {"id": "s", "run_id": "r", "step_name": "a", "transition_seq": 1, "status": "running"}


@pytest.mark.parametrize(
    ("full", "read", "event"),
    [
        (FULL_INTERACTION, read_interaction, "interaction_updated"),
        (FULL_RUN, read_run, "run_updated"),
        (STEP, read_step, "run_step_updated"),
        ({"id": "g", "handle": "h", "name": "n"}, read_group, "group_updated"),
    ],
)
@given(changes=st.data())
def test_any_field_may_hold_anything(
    full: dict[str, Any], read: Any, event: str, changes: Any
) -> None:
    fields = changes.draw(st.dictionaries(st.sampled_from(sorted(full)), JSON, max_size=4))
    wire = {**full, **fields, "id": "x"}
    made = read(wire)
    assert made.id == "x"
    json.loads(made.model_dump_json())
    frame = {
        "type": event,
        "seq": 1,
        "data": wire,
        **changes.draw(st.just({}) | st.just({"at": 1})),
    }
    assert read_event(frame).kind in EventKind


class Renamed(GuideAdapter):
    interactions_path = "/questions"
    runs_path = "/jobs"
    groups_path = "/teams"
    members_path = "/people"


def test_a_generation_whose_paths_differ_only_names_them() -> None:
    renamed = Renamed()
    calls: list[Call[Any]] = [
        renamed.interactions(limit=None),
        renamed.interaction("1"),
        renamed.create_interaction({}),
        renamed.respond("1", raw={}, answers=YES, comment=None),
        renamed.claim("1"),
        renamed.release("1"),
        renamed.start_run(spec={}, inputs=None, metadata=None),
        renamed.runs(limit=None),
        renamed.run("2"),
        renamed.steps("2", limit=None),
        renamed.signal("2", name="s", payload=None),
        renamed.cancel_run("2"),
        renamed.groups(limit=None),
        renamed.update_group("3", routing=PolicyKind.ALL),
        renamed.members("3", limit=None),
        renamed.add_member("3", "4"),
        renamed.remove_member("3", "4"),
        renamed.me(),
    ]
    assert [call.path for call in calls] == [
        "/questions",
        "/questions/1",
        "/questions",
        "/questions/1/respond",
        "/questions/1/claim",
        "/questions/1/release",
        "/jobs",
        "/jobs",
        "/jobs/2",
        "/jobs/2/steps",
        "/jobs/2/signals",
        "/jobs/2/cancellations",
        "/teams",
        "/teams/3",
        "/teams/3/people",
        "/teams/3/people",
        "/teams/3/people/4",
        "/people/me",
    ]
    assert [renamed.events(None), renamed.events("2")] == ["/jobs/events", "/jobs/2/events"]
