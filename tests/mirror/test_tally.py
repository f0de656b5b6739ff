from collections import Counter
from datetime import UTC, date, datetime
from math import ceil
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.mirror import project
from inbox.mirror.durations import bucket, quantile
from inbox.mirror.prune import prune
from inbox.mirror.rebuild import rebuild
from inbox.mobius.types import InteractionStatus, PolicyKind
from inbox.models import Interaction as InteractionRow
from inbox.models import Run as RunRow
from inbox.models import Tally, Upstream
from tests.mirror.conftest import Mirror
from tests.mirror.test_property import UNHURRIED, Told, World, clear, worlds
from tests.support import snapshots
from tests.support.snapshots import LEE, RINA, SAM, answered, at, group_ask, reply

COUNTS = ("asked", "answered", "expired", "cancelled", "bypassed", "approved", "rejected")


def by_hand(world: World) -> Counter[tuple[Any, ...]]:
    found: Counter[tuple[Any, ...]] = Counter()
    for ask in world.asks.values():
        workflow = world.runs[ask.run_id].workflow if ask.run_id in world.runs else ""
        place = (workflow, ask.type, ask.group_id or "")
        asked = set(ask.members or (ask.target.id,))
        answers = {answer.user_id: answer for answer in ask.responses}
        done = ask.completed_at if ask.status is InteractionStatus.COMPLETED else None
        over = ask.updated_at if ask.status is InteractionStatus.EXPIRED else None
        found[("", ask.created_at.date(), *place, "asked")] += 1
        if done:
            found[("", done.date(), *place, "answered")] += 1
            took = bucket((done - ask.created_at).total_seconds())
            found[("", done.date(), *place, "answer_times", took)] += 1
            everyone = ask.policy.kind is PolicyKind.ALL
            verdict = all(one.answers[0].value for one in ask.responses) if everyone else ask.value
            if isinstance(verdict, bool):
                found[("", done.date(), *place, "approved" if verdict else "rejected")] += 1
        if over:
            found[("", over.date(), *place, world.states[ask.id])] += 1
        for person in asked:
            found[(person, ask.created_at.date(), *place, "asked")] += 1
            if over and person not in answers:
                found[(person, over.date(), *place, world.states[ask.id])] += 1
        for person, answer in answers.items():
            assert answer.at is not None
            day = answer.at.date()
            found[(person, day, *place, "answered")] += 1
            took = bucket((answer.at - ask.created_at).total_seconds())
            found[(person, day, *place, "answer_times", took)] += 1
            found[(person, day, *place, "approved" if answer.answers[0].value else "rejected")] += 1
    return found


def tallied() -> Counter[tuple[Any, ...]]:
    found: Counter[tuple[Any, ...]] = Counter()
    for row in Tally.objects.all():
        place = (row.person, row.day, row.workflow, row.type, row.group_id)
        found.update({(*place, name): getattr(row, name) for name in COUNTS if getattr(row, name)})
        found.update({(*place, "answer_times", key): n for key, n in row.answer_times.items()})
        found.update({(*place, "claim_times", key): n for key, n in row.claim_times.items()})
    return found


@pytest.fixture
def told(db: None) -> Told:
    return Told(Upstream.current())


@UNHURRIED
@given(data=st.data(), world=worlds())
def test_snapshots_in_any_order_and_number_make_the_same_tallies(
    told: Told, data: st.DataObject, world: World
) -> None:
    clear()
    Tally.objects.all().delete()
    frames = data.draw(st.permutations(world.log))
    frames += data.draw(st.lists(st.sampled_from(world.log), max_size=5))
    while frames:
        size = data.draw(st.integers(1, 4))
        told.apply(frames[:size])
        frames = frames[size:]
    assert tallied() == by_hand(world)
    seq, state = data.draw(st.sampled_from(world.past))
    told.apply(state, seen_seq=data.draw(st.integers(0, seq)))
    told.apply(data.draw(st.permutations(world.now)), seen_seq=len(world.log))
    assert tallied() == by_hand(world)


def test_no_tally_is_left_that_counts_nothing(mirror: Mirror) -> None:
    mirror.tell(snapshots.ask(run_id="run_1"))
    mirror.tell(snapshots.run())
    assert set(Tally.objects.values_list("workflow", flat=True)) == {"release"}


def test_an_approval_of_all_is_given_when_all_have_given_it(mirror: Mirror) -> None:
    def board(id: str, *values: bool) -> Any:
        people = (RINA, SAM, LEE)
        answers = tuple(
            reply(person, value, at=at(number))
            for number, (person, value) in enumerate(zip(people, values, strict=True), 1)
        )
        return group_ask(
            id,
            3,
            responses=answers,
            value=list(values),
            status=InteractionStatus.COMPLETED,
            completed_at=at(3),
        )

    mirror.tell(board("int_1", True, True, True), board("int_2", True, False, True))
    whole = Tally.objects.get(person="")
    assert (whole.answered, whole.approved, whole.rejected) == (2, 1, 1)
    sam = Tally.objects.get(person=SAM)
    assert (sam.answered, sam.approved, sam.rejected) == (2, 1, 1)


def test_the_first_claim_counts_also_after_a_release(mirror: Mirror, settings: Any) -> None:
    mirror.tell(group_ask(claimed_by=SAM, claimed_at=at(5), minutes=5))
    assert quantile(Tally.objects.get(person="").claim_times, 0.5) == pytest.approx(300, rel=0.05)
    assert quantile(Tally.objects.get(person=SAM).claim_times, 0.5) == pytest.approx(300, rel=0.05)
    counted = tallied()
    mirror.tell(group_ask(minutes=6))
    assert tallied() == counted
    mirror.tell(group_ask(claimed_by=LEE, claimed_at=at(7), minutes=7))
    assert tallied() == counted
    settings.INSIGHTS_BY_PERSON = False
    for _ in rebuild(mirror.upstream):
        pass
    assert tallied() == Counter({key: n for key, n in counted.items() if not key[0]})


def test_a_day_is_the_installations(mirror: Mirror, settings: Any) -> None:
    settings.TIME_ZONE = "Pacific/Auckland"
    mirror.tell(snapshots.ask(created_at=datetime(2026, 3, 2, 12, 30, tzinfo=UTC)))
    assert Tally.objects.get(person="").day == date(2026, 3, 3)


def test_another_time_zone_moves_what_is_recounted_and_loses_nothing(
    mirror: Mirror, settings: Any
) -> None:
    mirror.tell(snapshots.ask())
    settings.TIME_ZONE = "Pacific/Auckland"
    mirror.tell(answered(snapshots.ask(), RINA, 5))
    days = {row.day: (row.asked, row.answered) for row in Tally.objects.filter(person="")}
    assert days == {date(2026, 3, 3): (1, 1)}


def test_people_are_not_counted_where_that_is_off(mirror: Mirror, settings: Any) -> None:
    settings.INSIGHTS_BY_PERSON = False
    mirror.tell(answered(snapshots.ask(), RINA, 5))
    assert set(Tally.objects.values_list("person", flat=True)) == {""}
    assert RINA not in str(InteractionRow.objects.get().counted)


def test_quantiles_are_within_five_per_cent() -> None:
    dice = Random(4)
    for _ in range(50):
        times = sorted(dice.lognormvariate(6, 2) + 1 for _ in range(dice.randint(1, 200)))
        histogram = Counter(map(bucket, times))
        for share in (0.5, 0.9, 1.0):
            exact = times[max(0, ceil(share * len(times)) - 1)]
            assert quantile(histogram, share) == pytest.approx(exact, rel=0.05)
    assert quantile({}, 0.5) is None


def test_pruned_questions_stay_in_the_tallies_and_do_not_return(mirror: Mirror) -> None:
    old = answered(snapshots.ask("int_1", run_id="run_1"), RINA, 5)
    created = snapshots.event(1, snapshots.ask("int_1", run_id="run_1"))
    run = snapshots.run(minutes=6, status="completed", completed_at=at(6))
    kept = answered(snapshots.ask("int_2"), RINA, 60)
    mirror.tell(created, run, old, kept)
    before = tallied()
    while prune(at(30)):
        pass
    assert list(InteractionRow.objects.values_list("mobius_id", flat=True)) == ["int_2"]
    assert not RunRow.objects.exists()
    assert tallied() == before
    mirror.upstream.refresh_from_db()
    mirror.tell(created, run, old, kept)
    mirror.tell(created)
    assert list(InteractionRow.objects.values_list("mobius_id", flat=True)) == ["int_2"]
    assert tallied() == before


def test_open_questions_are_never_pruned(mirror: Mirror) -> None:
    mirror.tell(snapshots.ask("int_1", run_id="run_1"), snapshots.run())
    assert not prune(at(60 * 24 * 1000))
    assert InteractionRow.objects.count() == RunRow.objects.count() == 1


def test_an_open_question_older_than_the_history_is_counted_once(
    mirror: Mirror,
) -> None:
    mirror.tell(answered(snapshots.ask("int_1"), RINA, 5))
    prune(at(30))
    before = tallied()
    mirror.tell(snapshots.ask("int_3"))
    assert InteractionRow.objects.get().mobius_id == "int_3"
    mirror.tell(answered(snapshots.ask("int_3"), RINA, 50))
    assert tallied() == before


def test_pruning_runs_in_small_batches(mirror: Mirror) -> None:
    mirror.tell(*(answered(snapshots.ask(f"int_{n}"), RINA, 5) for n in range(450)))
    left = [InteractionRow.objects.count()]
    while prune(at(30)):
        left.append(InteractionRow.objects.count())
    assert left == [450, 250, 50, 0]


@pytest.mark.parametrize("mirrored", [True, False])
def test_a_test_question_is_not_counted(mirror: Mirror, mirrored: bool) -> None:
    upstream, question = Upstream.current(), snapshots.ask("int_test")
    if mirrored:
        mirror.tell(question)
        assert tallied()
    project.record_test_question(upstream, "int_test")
    mirror.tell(question)
    mirror.tell(answered(question, RINA, 5))
    list(rebuild(upstream))
    assert not tallied()
