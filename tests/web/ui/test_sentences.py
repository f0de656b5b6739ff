from datetime import timedelta
from typing import Any

import pytest

from inbox.mirror.rows import interaction_row, run_row, step_row
from inbox.mobius.types import (
    Answer,
    InteractionStatus,
    Option,
    Policy,
    PolicyKind,
    Question,
    RunStatus,
    StepPlan,
    StepStatus,
    Wait,
)
from inbox.models import Decision, Interaction, Upstream
from inbox.people.names import Names
from inbox.web.questions.drafts import typed_words
from inbox.web.questions.history import history
from inbox.web.runs.page import time_breakdown
from inbox.web.ui.answers import (
    Effect,
    after_mine,
    closing_sentence,
    effect,
    given_answers,
    members,
    value_words,
)
from inbox.web.ui.labels import kind, label, listed, short_id
from inbox.web.ui.live_run import Stop, track
from inbox.web.ui.people import People
from tests.support.snapshots import NOON, answered, ask, at, group_ask, reply, run, step

NAMES = {"user_rina": "Rina", "user_sam": "Sam", "user_lee": "Lee"}
RINA = People(Names(NAMES), "user_rina")
ANYBODY = Policy(kind=PolicyKind.ANY)


def row(told: Any) -> Interaction:
    return interaction_row(Upstream(), told, 0)


def in_full(told: Effect) -> str:
    return f"{told.strong} {told.rest}".strip()


def part(by: str, value: Any = True) -> Answer:
    return reply(by, value, at=at(1))


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (ask(run_id="run_1"), "Your answer resumes the run."),
        (ask(), "Your answer closes the question. No run is waiting for it."),
        (
            ask(turn_id="turn_1"),
            "Your answer closes the question. The agent that asked continues with it.",
        ),
        (ask(checkers=("user_lee",)), "Your answer goes to the people who review it."),
        (
            group_ask(checkers=("user_lee",), responses=(part("user_sam"), part("user_lee"))),
            "Yours is the last of 3 answers. It goes to the people who review it.",
        ),
        (
            group_ask(run_id="run_1", policy=ANYBODY),
            "One answer is enough. Yours will resume the run.",
        ),
        (
            group_ask(policy=ANYBODY),
            "One answer is enough. Yours will close the question.",
        ),
        (
            group_ask(run_id="run_1"),
            "Yours will be answer 1 of 3. The run will then wait for Sam and Lee.",
        ),
        (
            group_ask(run_id="run_1", responses=(part("user_sam"),)),
            "Yours will be answer 2 of 3. The run will then wait for Lee.",
        ),
        (
            group_ask(run_id="run_1", responses=(part("user_sam"), part("user_lee"))),
            "Yours is the last of 3 answers. It resumes the run.",
        ),
        (
            group_ask(responses=(part("user_sam"), part("user_lee"))),
            "Yours is the last of 3 answers. It closes the question.",
        ),
        (
            group_ask(run_id="run_1", members=("user_rina",)),
            "Your answer resumes the run.",
        ),
        (
            group_ask(run_id="run_1", policy=Policy(kind=PolicyKind.QUORUM, quorum=2)),
            "2 of 3 needed, 0 given. The run will then wait for 1 of 2 people.",
        ),
        (
            group_ask(
                run_id="run_1",
                policy=Policy(kind=PolicyKind.QUORUM, quorum=2),
                responses=(part("user_sam"),),
            ),
            "2 of 3 needed, 1 given: yours completes it. It resumes the run. "
            "Answers count whether they agree or not.",
        ),
    ],
)
def test_the_effect_of_an_answer(told: Any, sentence: str) -> None:
    assert in_full(effect(row(told), RINA)) == sentence


def test_after_my_answer_it_names_the_people_the_run_waits_for() -> None:
    item = row(group_ask(run_id="run_1", responses=(part("user_rina"),)))
    assert after_mine(item, RINA) == "Still waiting for Sam and Lee."


VENDORS = {"mode": "select", "options": [{"value": "b", "label": "Northgate"}]}
SEVERAL = {
    "mode": "multi_select",
    "options": [{"value": "a", "label": "A"}, {"value": "b", "label": "B"}],
}


@pytest.mark.parametrize(
    ("question", "value", "words", "did"),
    [
        ({"mode": "confirm"}, True, "Approved", "Lee approved"),
        ({"mode": "confirm"}, False, "Rejected", "Lee rejected"),
        (VENDORS, "b", "Northgate", "Lee chose Northgate"),
        (VENDORS, "gone", "gone", "Lee chose gone"),
        (SEVERAL, ["b", "a"], "B, A", "Lee chose 2 of 2"),
        (SEVERAL, [], "None of these", "Lee chose 0 of 2"),
        ({"mode": "input"}, "Sam", "Sam", "Lee answered"),
        ({"mode": "input"}, "", "An empty answer", "Lee answered"),
        ({}, {"x": [1]}, '{"x": [1]}', "Lee answered"),
        ({"mode": "confirm"}, "odd", "odd", "Lee answered"),
        ({"mode": "canvas"}, None, "null", "Lee answered"),
    ],
)
def test_a_value_in_words(question: dict[str, Any], value: Any, words: str, did: str) -> None:
    assert value_words(question, value).text == words
    assert value_words(question, value).done_by("Lee") == did


@pytest.mark.parametrize(
    ("question", "value", "words"),
    [
        (SEVERAL, ["b", "a"], "B, A"),
        (SEVERAL, ["x" * 50, "y" * 50, "a"], f"{'x' * 50} and 2 more"),
        (SEVERAL, ["x" * 70], "x" * 70),
        (VENDORS, "x" * 70, "x" * 70),
        ({"mode": "input"}, "x" * 70, ""),
    ],
)
def test_a_choice_is_repeated_in_a_line(question: dict[str, Any], value: Any, words: str) -> None:
    assert value_words(question, value).line == words


@pytest.mark.parametrize(
    ("question", "typed", "words"),
    [
        ({"mode": "confirm"}, ["false"], "Reject"),
        (VENDORS, ["b"], "Northgate"),
        (SEVERAL, ["a", "b"], "A, B"),
        (SEVERAL, [], ""),
        ({"mode": "input"}, ["Sam"], "Sam"),
        ({"mode": "input"}, [" "], " "),
        (VENDORS, ["gone"], "gone"),
        ({"mode": "canvas"}, ["x"], "x"),
    ],
)
def test_a_draft_reads_as_an_answer_does(
    question: dict[str, Any], typed: list[str], words: str
) -> None:
    assert typed_words([Question.model_validate(question)], {"value": typed}) == words


def test_sentences_for_who_answered_what_and_when() -> None:
    item = row(answered(group_ask(policy=ANYBODY), "user_lee", 2))
    now = at(4)
    assert closing_sentence(item, RINA, now) == "Lee answered this 2 min ago: Approved."
    [answer] = given_answers(item, RINA)
    assert (answer.did, answer.comment, answer.at) == ("Lee approved", "fine", at(2))
    lee = People(Names(NAMES), "user_lee")
    assert closing_sentence(item, lee, now) == "You answered this 2 min ago: Approved."
    outside = "You answered this outside this app 2 min ago: Approved."
    assert closing_sentence(item, lee, now, outside=True) == outside
    assert closing_sentence(item, RINA, now, outside=True).startswith("Lee answered this 2 min")


def test_sentences_for_questions_that_were_not_answered() -> None:
    expired = row(ask(status=InteractionStatus.EXPIRED, completed_at=at(1)))
    assert closing_sentence(expired, RINA, at(5)) == (
        "This expired 4 min ago. It can no longer be answered."
    )
    assert closing_sentence(row(ask()), RINA, at(5)) == ""
    deleted = row(ask())
    deleted.deleted = True
    assert closing_sentence(deleted, RINA, at(5)) == "This question no longer exists in Mobius."


def test_members_are_answered_missing_or_at_their_turn() -> None:
    item = row(group_ask(responses=(part("user_sam"),)))
    assert [(m.face.name, m.state) for m in members(item, RINA)] == [
        ("You", "turn"),
        ("Sam", "answered"),
        ("Lee", "missing"),
    ]
    assert members(row(group_ask(policy=ANYBODY)), RINA) == ()


def test_an_answer_that_mobius_has_received_counts_before_it_is_shown() -> None:
    item, lee = row(group_ask(run_id="run_1")), frozenset({"user_lee"})
    assert [m.state for m in members(item, RINA, received=lee)] == ["turn", "missing", "received"]
    sentence = "Yours will be answer 2 of 3. The run will then wait for Sam."
    assert in_full(effect(item, RINA, received=lee)) == sentence
    assert after_mine(item, RINA, received=lee | {"user_rina"}) == "Still waiting for Sam."


@pytest.mark.parametrize(
    ("off", "blocked"),
    [({"user_sam"}, []), ({"user_sam", "user_lee"}, ["Sam", "Lee"])],
)
def test_a_quorum_is_blocked_once_too_few_are_left(off: set[str], blocked: list[str]) -> None:
    item = row(group_ask(policy=Policy(kind=PolicyKind.QUORUM, quorum=2)))
    asked = members(item, People(Names(NAMES, frozenset(off))), lead=True)
    assert [member.face.name for member in asked if member.blocks] == blocked


def test_someone_without_an_account_may_complete_a_quorum_in_mobius() -> None:
    item = row(group_ask(policy=Policy(kind=PolicyKind.QUORUM, quorum=2)))
    asked = members(item, People(Names({"user_rina": "Rina"}), "user_rina"), lead=True)
    assert not any(member.blocks for member in asked)


def test_the_history_is_in_sentences_in_order() -> None:
    told = group_ask(
        run_id="run_1",
        signal_name="interaction:int_1",
        responses=(part("user_lee"),),
        context={"due_at": at(2).isoformat()},
        expires_at=at(90),
        policy=ANYBODY,
        claimed_by="user_lee",
        claimed_at=at(0.5),
    )
    begun = run_row(Upstream(), run(started_by="user_sam", started_at=NOON), 0)
    lines = history(row(told), people=RINA, now=at(30), group="Approvers", run=begun)
    assert [line.text for line in lines] == [
        "Sam started the run",
        "Asked Approvers",
        "Lee claimed it",
        "Lee approved",
        "Became overdue",
        "Expires, and the run fails",
    ]
    assert lines[-1].tone == "to-come"


def test_history_of_a_closed_question() -> None:
    item = row(answered(ask(run_id="run_1"), "user_rina", 2))
    lines = history(item, people=RINA, now=at(30))
    assert [line.text for line in lines] == ["Asked you", "You approved", "The run resumed"]


def test_the_history_of_a_question_without_a_run_has_the_claims_that_were_made_here() -> None:
    item = row(group_ask(policy=ANYBODY, claimed_by="user_lee", claimed_at=at(4)))
    own = [
        Decision(verb=verb, actor="user_rina", at=at(minutes))
        for minutes, verb in ((1, "claim"), (2, "reveal"), (3, "release"))
    ]
    lines = history(item, people=RINA, now=at(30), group="Approvers", decisions=own)
    told = ["Asked Approvers", "You claimed it", "You released it", "Lee claimed it"]
    assert [line.text for line in lines if line.tone != "to-come"] == told


def test_a_claim_that_a_deactivation_released_was_not_released_by_its_holder() -> None:
    item = row(group_ask(policy=ANYBODY))
    own = [
        Decision(verb="claim", actor="user_rina", at=at(1)),
        Decision(verb="release", actor="user_rina", at=at(2), value={"by": "admin"}),
    ]
    lines = history(item, people=RINA, now=at(30), group="Approvers", decisions=own)
    told = ["Asked Approvers", "You claimed it", "The claim was released"]
    assert [line.text for line in lines if line.tone != "to-come"] == told


PLAN = (
    StepPlan(name="build", kind="action"),
    StepPlan(name="approve_release", kind="interaction"),
    StepPlan(name="rest", kind="sleep"),
)


def words_of(stop: Stop) -> str:
    return stop.phrase.text(at(10)) if stop.phrase is not None else ""


@pytest.mark.parametrize(
    ("status", "states"),
    [
        (RunStatus.SUSPENDED, [("done", "1 min"), ("now", "waiting 8 min"), ("next", "upcoming")]),
        (RunStatus.RUNNING, [("done", "1 min"), ("busy", "running 8 min"), ("next", "upcoming")]),
        (RunStatus.FAILED, [("done", "1 min"), ("next", ""), ("next", "not reached")]),
    ],
)
def test_the_track_shows_past_current_and_coming_steps(
    status: RunStatus, states: list[tuple[str, str]]
) -> None:
    of = run_row(Upstream(), run(status=status), 0)
    of.plan = [planned.model_dump() for planned in PLAN]
    steps = [
        step_row(
            of,
            step(
                "s1",
                name="build",
                status=StepStatus.COMPLETED,
                started_at=at(0),
                completed_at=at(1),
            ),
            0,
        ),
        step_row(of, step("s2", name="approve_release", started_at=at(2)), 0),
    ]
    stops = track(of, steps)
    assert [(stop.state, words_of(stop)) for stop in stops] == states
    assert [stop.name for stop in stops] == ["Build", "Approve release", "Rest"]


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (Wait(wakes_at=at(30)), "sleeping until 12:30"),
        (Wait(), "sleeping 8 min"),
    ],
)
def test_a_sleeping_step_says_until_when_if_that_is_known(wait: Wait, words: str) -> None:
    of = run_row(Upstream(), run(status=RunStatus.SUSPENDED, wait=wait), 0)
    [stop] = track(of, [step_row(of, step("s1", kind="sleep", started_at=at(2)), 0)])
    assert words_of(stop) == words


@pytest.mark.parametrize("status", [RunStatus.SUSPENDED, RunStatus.COMPLETED])
def test_steps_that_upstream_does_not_report_are_not_mentioned(status: RunStatus) -> None:
    of = run_row(Upstream(), run(status=status), 0)
    of.plan = [{"name": "build", "kind": "action"}]
    assert [(stop.name, words_of(stop)) for stop in track(of, [])] == [("Build", "")]


def test_a_skipped_step_is_not_taken_for_one_at_work() -> None:
    of = run_row(Upstream(), run(status=RunStatus.RUNNING), 0)
    [stop] = track(of, [step_row(of, step("s1", status=StepStatus.SKIPPED), 0)])
    assert (stop.state, words_of(stop)) == ("next", "skipped")


@pytest.mark.parametrize(
    ("minutes", "words"), [(1, "failed after 1 min"), (0, "failed immediately")]
)
def test_a_failed_step_says_after_how_long(minutes: int, words: str) -> None:
    of = run_row(Upstream(), run(status=RunStatus.FAILED), 0)
    failed = step(
        "s1", name="build", status=StepStatus.FAILED, started_at=at(0), completed_at=at(minutes)
    )
    [stop] = track(of, [step_row(of, failed, 0)])
    assert (stop.state, words_of(stop)) == ("bad", words)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("p95_capture", "P95 capture"),
        ("customerId", "Customer ID"),
        ("service_api_key", "Service API key"),
        ("Sku", "SKU"),
        ("callback_urls", "Callback URLs"),
        ("URL", "URL"),
        ("What could go wrong", "What could go wrong"),
        ("release-notes", "Release notes"),
        ("", ""),
    ],
)
def test_a_key_is_a_label(key: str, words: str) -> None:
    assert label(key) == words


def test_names_are_listed_with_the_rest_counted() -> None:
    assert listed([]) == ""
    assert listed(["Lee"]) == "Lee"
    assert listed(["Lee", "Sam"]) == "Lee and Sam"
    assert listed(["Lee", "Sam", "Tess", "Rina", "Kim"]) == "Lee, Sam and 3 others"


def test_unknown_words_of_upstream_are_kept() -> None:
    assert kind("ballot").label == "Ballot"
    assert kind("").label == "Question"
    assert short_id("run_01JDF3K8Q27ZB") == "#Q27ZB"
    assert (short_id("run_49"), short_id("49")) == ("#49", "#49")
    assert RINA.full("user_unknown") == "user_unknown"
    assert RINA.full(None) == "Someone"


def test_an_option_that_has_no_label_is_named_by_its_value() -> None:
    question = Question(mode="select", options=(Option(value="x", label=""),)).model_dump()
    assert value_words(question, "x").text == "x"


def test_a_moment_without_an_offset_is_not_taken_for_a_time() -> None:
    told = group_ask(responses=(part("user_sam"),))
    item = row(told)
    item.responses[0]["at"] = "2026-03-02T12:01:00"
    item.completed_at = NOON + timedelta(minutes=3)
    [answer] = given_answers(item, RINA)
    assert answer.at == item.completed_at


def test_a_deadline_before_the_question_is_pointed_out() -> None:
    item = row(ask(context={"due_at": at(-5).isoformat()}))
    lines = history(item, people=RINA, now=at(30))
    assert [line.text for line in lines] == ["Asked you", "Overdue from the start"]


def test_a_run_waits_for_no_one_once_its_question_is_closed() -> None:
    bypassed = row(ask(minutes=5, status=InteractionStatus.EXPIRED, expires_at=at(60)))
    over = run_row(Upstream(), run(minutes=20, status=RunStatus.COMPLETED, completed_at=at(20)), 0)
    assert dict(time_breakdown(over, [bypassed], at(30))) == {
        "Waiting for people": "5 min",
        "Everything else": "15 min",
    }
