from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inbox.mirror.prune import prune
from inbox.mirror.snapshots import Deleted
from inbox.mobius.types import Event as Told
from inbox.mobius.types import (
    EventKind,
    InteractionStatus,
    Policy,
    RunStatus,
    StepPlan,
    StepStatus,
    Target,
    Wait,
)
from inbox.models import Event, Interaction, Recipient, Run, Step
from tests.mirror.conftest import Mirror
from tests.support.snapshots import (
    LEE,
    RINA,
    SAM,
    answered,
    ask,
    at,
    event,
    group_ask,
    reply,
    run,
    step,
)


def item(id: str = "int_1") -> Interaction:
    return Interaction.objects.get(mobius_id=id)


def asked(user_id: str, id: str = "int_1") -> Recipient:
    return Recipient.objects.get(interaction__mobius_id=id, user_id=user_id)


def test_a_new_question_is_in_the_inbox_of_the_person_asked(mirror: Mirror) -> None:
    changes = mirror.tell(ask(message="# Ship **2.4**?", expires_at=at(60)))
    row = item()
    assert (row.title, row.mode, row.status) == ("Ship 2.4?", "confirm", "pending")
    assert (row.due_at, row.soft) == (at(60), False)
    assert (asked(RINA).open, asked(RINA).due_at, asked(RINA).via_group) == (True, at(60), False)
    assert changes.interactions == {"int_1"}
    assert changes.people == {RINA: {"int_1"}}


def test_a_group_question_is_in_the_inbox_of_everyone_in_the_snapshot(mirror: Mirror) -> None:
    changes = mirror.tell(group_ask(members=(RINA, SAM, RINA)))
    assert {(one.user_id, one.via_group) for one in Recipient.objects.all()} == {
        (RINA, True),
        (SAM, True),
    }
    assert changes.people == {who: {"int_1"} for who in (RINA, SAM)}


def test_a_group_without_a_snapshot_asks_no_one_until_it_is_known(mirror: Mirror) -> None:
    mirror.tell(group_ask(members=None))
    assert not Recipient.objects.exists()
    mirror.tell(group_ask(minutes=1))
    assert Recipient.objects.filter(open=True).count() == 3


def test_a_member_snapshot_is_never_lost(mirror: Mirror) -> None:
    mirror.tell(group_ask())
    mirror.tell(group_ask(minutes=1, members=None, claimed_by=SAM))
    assert item().members == [RINA, SAM, LEE]
    assert Recipient.objects.filter(open=True).count() == 3


def test_a_question_for_an_agent_is_in_no_inbox(mirror: Mirror) -> None:
    mirror.tell(ask(target=Target(type="agent", id="agent_7")))
    assert not Recipient.objects.exists()


def test_an_answer_closes_it_for_the_person(mirror: Mirror) -> None:
    mirror.tell(ask())
    changes = mirror.tell(answered(ask(), RINA, 5))
    row = asked(RINA)
    assert (row.open, row.answered_at, row.closed_at) == (False, at(5), at(5))
    assert (row.value, row.comment) == (True, "fine")
    assert changes.people == {RINA: {"int_1"}}


def test_one_answer_of_three_closes_the_question_only_for_its_author(mirror: Mirror) -> None:
    mirror.tell(group_ask())
    partial = answered(group_ask(), SAM, 5).model_copy(
        update={"status": InteractionStatus.PENDING, "completed_at": None}
    )
    changes = mirror.tell(partial)
    assert [asked(who).open for who in (RINA, SAM, LEE)] == [True, False, True]
    assert asked(SAM).answered_at == at(5)
    assert changes.people == {SAM: {"int_1"}}
    assert changes.questions == {who: {"int_1"} for who in (RINA, LEE)}


def test_an_answer_counts_in_its_own_round_and_no_round_comes_back(mirror: Mirror) -> None:
    first, second = reply(RINA, False, at=at(1)), reply(RINA, True, at=at(6), round=1)
    mirror.tell(ask(minutes=5, responses=(first,)))
    assert not asked(RINA).open
    mirror.tell(ask(minutes=4, round=1, responses=(first,)))
    row = asked(RINA)
    assert (row.open, row.answered_at, row.value, item().missing) == (True, None, None, [])
    mirror.tell(ask(minutes=9, responses=(first,)))
    assert (item().round, asked(RINA).open) == (1, True)
    mirror.tell(ask(minutes=7, round=1, responses=(first, second)))
    assert (asked(RINA).answered_at, asked(RINA).value) == (at(6), True)


def test_a_question_in_review_stays_open_and_one_that_upstream_cancelled_does_not(
    mirror: Mirror,
) -> None:
    mine = reply(RINA, True, at=at(1))
    mirror.tell(ask(minutes=2, status=InteractionStatus.IN_REVIEW, responses=(mine,)))
    row = asked(RINA)
    assert (row.open, row.waits_for_others, item().is_open) == (False, True, True)
    assert item().closed_at is None
    mirror.tell(ask(minutes=3, status=InteractionStatus.CANCELLED, responses=(mine,)))
    assert (item().state, item().closed_at) == ("cancelled", at(3))
    assert not asked(RINA).waits_for_others


def test_a_claim_counts_differently_only_for_the_claimer(mirror: Mirror) -> None:
    mirror.tell(group_ask(policy=Policy()))
    changes = mirror.tell(group_ask(minutes=1, policy=Policy(), claimed_by=SAM, claimed_at=at(1)))
    assert changes.people == {SAM: {"int_1"}}
    assert changes.questions == {who: {"int_1"} for who in (RINA, LEE)}


def test_someone_elses_answer_closes_it_without_being_mine(mirror: Mirror) -> None:
    mirror.tell(group_ask())
    mirror.tell(answered(group_ask(), LEE, 5))
    row = asked(RINA)
    assert (row.open, row.answered_at, row.closed_at, row.value) == (False, None, at(5), None)


def test_an_expired_one_is_closed_when_it_expired(mirror: Mirror) -> None:
    mirror.tell(ask())
    mirror.tell(ask(minutes=9, status=InteractionStatus.EXPIRED))
    assert (asked(RINA).open, asked(RINA).closed_at) == (False, at(9))


def test_a_question_deleted_upstream_disappears_and_can_come_back(mirror: Mirror) -> None:
    mirror.tell(ask())
    changes = mirror.tell(Deleted(interaction_id="int_1"))
    assert (item().deleted, asked(RINA).open) == (True, False)
    assert changes.people == {RINA: {"int_1"}}
    mirror.tell(ask(minutes=1))
    assert (item().deleted, asked(RINA).open, asked(RINA).closed_at) == (False, True, None)


def test_an_event_from_before_a_deletion_does_not_restore_the_question(mirror: Mirror) -> None:
    mirror.tell(event(5, ask()))
    mirror.tell(Deleted(interaction_id="int_1"), seen_seq=7)
    mirror.tell(event(5, ask()))
    assert item().deleted


def test_a_deletion_of_something_never_seen_changes_nothing(mirror: Mirror) -> None:
    assert not mirror.tell(Deleted(interaction_id="int_9"), Deleted(run_id="run_9"))


def test_nothing_new_changes_nothing(mirror: Mirror) -> None:
    told = [run(), ask(run_id="run_1"), step()]
    assert mirror.tell(*told)
    assert not mirror.tell(*told, seen_seq=99)
    assert not mirror.tell(event(3, ask(run_id="run_1"), run_id=None)).interactions


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_row_never_moves_backward(mirror: Mirror, order: tuple[int, ...]) -> None:
    told = [ask(), ask(minutes=1, claimed_by=SAM), answered(ask(), RINA, 2)]
    for index in order:
        mirror.tell(told[index])
    assert item().status == "completed"
    assert not asked(RINA).open


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_later_of_equally_old_events_wins(mirror: Mirror, order: tuple[int, ...]) -> None:
    told = [event(seq, ask(message=f"version {seq}")) for seq in (3, 4, 5)]
    for index in order:
        mirror.tell(told[index])
    assert item().message == "version 5"
    mirror.tell(*[told[index] for index in order])
    assert item().message == "version 5"


def test_the_later_of_an_event_and_an_equally_old_read_wins(mirror: Mirror) -> None:
    mirror.tell(event(5, ask(message="event")))
    mirror.tell(ask(message="read before it"), seen_seq=4)
    assert item().message == "event"
    mirror.tell(ask(message="read after it"), seen_seq=5)
    assert item().message == "read after it"


def test_unknown_words_are_kept(mirror: Mirror) -> None:
    odd = ask(status=InteractionStatus.OTHER, type="séance", questions=(), status_word="moot")
    mirror.tell(odd, run(status=RunStatus.OTHER, status_word="paused"))
    assert (item().status, item().type, item().mode) == ("moot", "séance", "")
    assert not asked(RINA).open
    assert (Run.objects.get().status, Run.objects.get().finished) == ("paused", False)


@pytest.mark.parametrize("run_first", [True, False])
def test_a_question_says_which_workflow_asks_and_for_whom(mirror: Mirror, run_first: bool) -> None:
    told: list[Any] = [run(metadata={"requested_by": "Sam"}), ask(run_id="run_1")]
    for reading in told if run_first else reversed(told):
        changes = mirror.tell(reading)
    assert (item().workflow, item().asked_by) == ("release", "Sam")
    assert ("int_1" in changes.interactions, RINA in changes.people) == (True, True)


def test_without_a_requester_the_person_who_started_the_run_asks(mirror: Mirror) -> None:
    mirror.tell(run(started_by="nightly"), ask(run_id="run_1"))
    assert item().asked_by == "nightly"


def test_a_snapshot_without_its_run_keeps_what_is_known_about_the_run(mirror: Mirror) -> None:
    mirror.tell(run(), ask(run_id="run_1"))
    mirror.tell(ask(minutes=1, run_id="run_1"))
    assert item().workflow == "release"


def test_a_run_has_the_time_of_its_last_change_of_status(mirror: Mirror) -> None:
    suspended = run(minutes=2, status=RunStatus.SUSPENDED, started_at=at(1))
    mirror.tell(run(minutes=1, status=RunStatus.RUNNING, started_at=at(1)), suspended)
    mirror.tell(suspended.model_copy(update={"updated_at": at(3), "wait": Wait(signals=("x",))}))
    assert (Run.objects.get().status, Run.objects.get().status_since) == ("suspended", at(2))
    mirror.tell(
        event(9, run(minutes=6, status=RunStatus.COMPLETED, completed_at=at(6))),
        event(7, run(minutes=4, started_at=at(1))),
        event(8, run(minutes=5, status=RunStatus.RUNNING, started_at=at(1))),
    )
    row = Run.objects.get()
    assert (row.status, row.status_since, row.finished) == ("completed", at(6), True)


def test_a_plan_is_kept_when_a_later_reading_has_none(mirror: Mirror) -> None:
    mirror.tell(run(plan=(StepPlan(name="ask", kind="interaction"),)))
    mirror.tell(run(minutes=1, status=RunStatus.RUNNING))
    assert Run.objects.get().plan == [{"name": "ask", "kind": "interaction", "description": ""}]


def test_steps_follow_their_run(mirror: Mirror) -> None:
    mirror.tell(step())
    assert not Step.objects.exists()
    changes = mirror.tell(run(), step(), step("step_2", minutes=1, order=1))
    mirror.tell(step(minutes=2, status=StepStatus.COMPLETED), step(minutes=1))
    assert [(row.mobius_id, row.status) for row in Run.objects.get().steps.all()] == [
        ("step_1", "completed"),
        ("step_2", "running"),
    ]
    assert "run_1" in changes.logs


def test_the_log_holds_each_event_once_and_no_seed(mirror: Mirror) -> None:
    seed = event(9, run(minutes=5), logged=False)
    mirror.tell(event(2, step()), event(1, run()), seed)
    mirror.tell(event(2, step()), event(3, ask(run_id="run_1"), "interaction_created"))
    assert list(Event.objects.order_by("seq").values_list("seq", "run_id", "kind", "type")) == [
        (1, "run_1", "run", "run_updated"),
        (2, "run_1", "step", "run_step_updated"),
        (3, "run_1", "interaction", "interaction_created"),
    ]
    assert Run.objects.get().updated_at == at(5)


def test_the_log_keeps_what_a_sentence_needs(mirror: Mirror) -> None:
    line = Told(
        kind=EventKind.ACTION,
        type="action_appended",
        seq=4,
        run_id="run_1",
        data={"step_name": "print", "line": "x" * 900, "token": "hush"},
    )
    odd = Told(kind=EventKind.OTHER, type="moon_rose", seq=5, run_id="run_1", data={"token": "h"})
    done = answered(group_ask(run_id="run_1", claimed_by=SAM), SAM, 5, value="y" * 900)
    mirror.tell(
        event(1, run(status=RunStatus.FAILED, error_type="step_failed", error_message="no")),
        event(2, step()),
        event(3, done, "interaction_completed"),
        line,
        odd,
    )
    data = dict(Event.objects.values_list("seq", "data"))
    assert (data[1]["status"], data[1]["error_message"]) == ("failed", "no")
    assert (data[2]["step"], data[2]["status"]) == ("ask", "running")
    assert (data[3]["interaction"], data[3]["title"]) == ("int_1", "Ship it?")
    assert (data[3]["by"], data[3]["claimed_by"], data[3]["comment"]) == (SAM, SAM, "fine")
    assert len(data[3]["value"]) == len(data[4]["line"]) == 500
    assert data[5] == {}


def test_a_run_that_was_heard_of_from_the_start_has_its_whole_log(mirror: Mirror) -> None:
    mirror.tell(event(7, run(), at=None), event(8, run(minutes=1)), seen_seq=6)
    mirror.tell(event(9, run("run_2", minutes=1)), run("run_3", minutes=1), seen_seq=8)
    mirror.tell(run("run_4"))
    assert dict(Run.objects.values_list("mobius_id", "log_from")) == {
        "run_1": 0,
        "run_2": 9,
        "run_3": 9,
        "run_4": None,
    }
    mirror.tell(complete_runs=["run_3", "run_9"])
    assert Run.objects.get(mobius_id="run_3").log_from == 0


def test_the_cursor_and_the_newest_snapshot_only_move_forward(mirror: Mirror) -> None:
    mirror.tell(cursor=9)
    mirror.tell(cursor=4)
    mirror.upstream.refresh_from_db()
    assert mirror.upstream.cursor == 9
    assert mirror.upstream.heard_at is not None
    assert (datetime.now(UTC) - mirror.upstream.heard_at).total_seconds() < 30


def test_two_upstreams_do_not_mix(mirror: Mirror) -> None:
    mirror.tell(run(), ask(run_id="run_1"))
    other = type(mirror.upstream).objects.create(base_url="http://elsewhere", project="demo")
    here, mirror.upstream = mirror.upstream, other
    mirror.tell(run(workflow="other"), answered(ask(run_id="run_1"), RINA, 5))
    assert Interaction.objects.get(upstream=here).status == "pending"
    assert Interaction.objects.get(upstream=here).workflow == "release"
    assert Interaction.objects.get(upstream=other).workflow == "other"


def test_changes_are_published_on_the_right_topics(mirror: Mirror, rung: list[str]) -> None:
    mirror.tell(run(), group_ask(run_id="run_1", policy=Policy())).publish()
    assert rung == [
        "inbox:user_lee",
        "inbox:user_rina",
        "inbox:user_sam",
        "item:int_1",
        "run:run_1",
        "runs",
    ]
    rung.clear()
    mirror.tell(group_ask(run_id="run_1", minutes=1, policy=Policy(), claimed_by=SAM)).publish()
    assert rung == [
        "inbox:user_sam",
        "item:int_1",
        "questions:user_lee",
        "questions:user_rina",
        "runs",
    ]
    rung.clear()
    mirror.tell(event(4, step())).publish()
    assert rung == ["run:run_1"]


def test_a_plan_that_comes_late_is_kept_too(mirror: Mirror) -> None:
    mirror.tell(event(5, run(minutes=3, status=RunStatus.RUNNING)))
    changes = mirror.tell(run(plan=(StepPlan(name="ask", kind="interaction"),)))
    row = Run.objects.get()
    assert (row.status, row.plan is None, row.seq) == ("running", False, 5)
    assert changes.logs == {"run_1"}


def test_a_run_is_known_from_its_questions(mirror: Mirror) -> None:
    changes = mirror.tell(ask(run_id="run_1", minutes=1))
    row = Run.objects.get(mobius_id="run_1")
    assert (row.known_only_from_questions, row.status, row.finished) == (True, "suspended", False)
    assert changes.runs == {"run_1"}
    # What became of it, its questions do not tell.
    mirror.tell(ask("int_2", 2, run_id="run_1"), answered(ask(run_id="run_1"), by=RINA, minutes=3))
    assert Run.objects.get().status == "suspended"
    mirror.tell(answered(ask("int_2", run_id="run_1"), by=RINA, minutes=4))
    row = Run.objects.get()
    assert (row.status, row.status_since) == ("unknown", at(4))
    mirror.tell(ask("int_3", 5, run_id="run_1"))
    assert Run.objects.get().status == "suspended"


@pytest.mark.parametrize("by_event", [False, True])
def test_a_run_that_was_read_replaces_one_inferred_from_its_questions(
    mirror: Mirror, by_event: bool
) -> None:
    mirror.tell(ask(run_id="run_1", minutes=3, created_at=at(2)))
    told = run(minutes=1, status=RunStatus.RUNNING)
    mirror.tell(event(1, told) if by_event else told)
    row = Run.objects.get()
    assert (row.known_only_from_questions, row.status, row.updated_at) == (False, "running", at(1))
    assert item().workflow == "release"
    mirror.tell(answered(ask(run_id="run_1"), by=RINA, minutes=4))
    assert Run.objects.get().status == "running"


def test_a_closed_question_creates_no_run(mirror: Mirror) -> None:
    mirror.tell(answered(ask(run_id="run_1"), by=RINA, minutes=1))
    assert not Run.objects.exists()


def test_an_unread_run_is_pruned_with_its_questions(mirror: Mirror) -> None:
    mirror.tell(ask(run_id="run_1"))
    mirror.tell(answered(ask(run_id="run_1"), by=RINA, minutes=1))
    while prune(at(60)):
        pass
    assert not Run.objects.exists()


def test_runs_that_are_known_from_questions_cost_no_query_each(mirror: Mirror) -> None:
    def queries(questions: int, first: int) -> int:
        with CaptureQueriesContext(connection) as done:
            mirror.tell(*(ask(f"int_{n}", run_id=f"run_{n}") for n in range(first, questions)))
        return len(done)

    assert queries(2, 0) == queries(22, 2)
