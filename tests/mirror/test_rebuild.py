import logging
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from inbox.mirror.prune import prune
from inbox.mirror.rebuild import rebuild, rebuild_if_zone_changed
from inbox.mobius.types import InteractionStatus
from inbox.models import Interaction, Tally, Upstream
from tests.mirror.conftest import Mirror
from tests.mirror.test_property import UNHURRIED, Told, World, clear, worlds
from tests.mirror.test_tally import by_hand, tallied
from tests.support.snapshots import RINA, answered, ask, at

EVENING = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)
"""The next day in Auckland."""
AUCKLAND = "Pacific/Auckland"


def in_the_evening(id: str, when: datetime = EVENING) -> Any:
    update = {"updated_at": when, "completed_at": when}
    return answered(ask(id, created_at=when), RINA, 0).model_copy(update=update)


def days() -> dict[date, tuple[int, int]]:
    rows = Tally.objects.filter(person="").order_by("day")
    return {row.day: (row.asked, row.answered) for row in rows}


@pytest.fixture
def moved(mirror: Mirror, settings: Any) -> Upstream:
    """Counted in UTC; from now on the installation is in Auckland."""
    mirror.tell(*(in_the_evening(f"int_{number}") for number in range(5)))
    assert days() == {date(2026, 3, 2): (5, 5)}
    settings.TIME_ZONE = AUCKLAND
    return mirror.upstream


async def test_a_start_in_another_time_zone_says_so_and_recounts(
    moved: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="inbox"):
        await rebuild_if_zone_changed()
        assert f"TIME_ZONE was UTC and is now {AUCKLAND}" in caplog.text
        assert await sync_to_async(days)() == {date(2026, 3, 3): (5, 5)}
        caplog.clear()
        await rebuild_if_zone_changed()
        assert not caplog.text


def test_a_rebuild_that_was_cut_off_begins_again_and_counts_nothing_twice(moved: Upstream) -> None:
    next(rebuild(moved))
    moved.refresh_from_db()
    assert moved.tally_zone == "UTC"
    assert list(rebuild(moved)) == [5]
    assert days() == {date(2026, 3, 3): (5, 5)}
    moved.refresh_from_db()
    assert (moved.tally_zone, moved.former_zones) == (AUCKLAND, [])


def test_tallies_keep_the_days_of_pruned_questions(mirror: Mirror, settings: Any) -> None:
    later = EVENING + timedelta(days=10)
    mirror.tell(in_the_evening("int_1"), in_the_evening("int_2", later))
    while prune(EVENING + timedelta(days=5)):
        pass
    settings.TIME_ZONE = AUCKLAND
    list(rebuild(mirror.upstream))
    assert days() == {date(2026, 3, 2): (1, 1), date(2026, 3, 13): (1, 1)}
    mirror.upstream.refresh_from_db()
    assert mirror.upstream.former_zones == [["UTC", "2026-03-07"]]
    assert mirror.upstream.counted_in(date(2026, 3, 7)) == "UTC"
    assert mirror.upstream.counted_in(date(2026, 3, 8)) == AUCKLAND


def test_a_pruned_question_that_is_sent_again_is_not_counted_again(mirror: Mirror) -> None:
    mirror.tell(in_the_evening("int_1"), in_the_evening("int_2", EVENING + timedelta(days=10)))
    while prune(EVENING + timedelta(days=5)):
        pass
    mirror.upstream.refresh_from_db()
    # Older than what was forgotten, and open until now.
    mirror.tell(ask("int_3", created_at=EVENING, updated_at=EVENING))
    assert Interaction.objects.get(mobius_id="int_3").counted is None
    before = tallied()
    list(rebuild(mirror.upstream))
    assert tallied() == before


@pytest.fixture
def told(db: None) -> Told:
    return Told(Upstream.current())


@UNHURRIED
@given(data=st.data(), world=worlds())
def test_a_rebuild_at_any_time_makes_the_same_tallies_as_the_zone_from_the_beginning(
    told: Told, settings: Any, data: st.DataObject, world: World
) -> None:
    clear()
    Tally.objects.all().delete()
    half = data.draw(st.integers(0, len(world.log)))
    settings.TIME_ZONE = AUCKLAND
    told.apply(world.log[:half])
    settings.TIME_ZONE = "UTC"
    list(rebuild(told.upstream))
    told.apply(world.log[half:])
    assert tallied() == by_hand(world)


async def test_figures_from_before_a_question_could_be_cancelled_are_corrected(
    mirror: Mirror,
) -> None:
    def as_it_was() -> None:
        early = ask(minutes=5, status=InteractionStatus.EXPIRED, expires_at=at(60))
        mirror.tell(early)
        Interaction.objects.update(state="expired")
        list(rebuild(mirror.upstream))
        assert figures() == {("", 1, 0), (RINA, 1, 0)}
        Interaction.objects.update(state="cancelled")
        Upstream.objects.update(tally_zone="")

    def figures() -> set[tuple[str, int, int]]:
        return set(Tally.objects.values_list("person", "expired", "cancelled"))

    await sync_to_async(as_it_was)()
    await rebuild_if_zone_changed()
    assert await sync_to_async(figures)() == {("", 0, 1), (RINA, 0, 1)}


def test_the_command_recounts_and_says_how_many(
    moved: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("rebuild_insights")
    assert capsys.readouterr().out == "Insights has been recounted: 5 questions.\n"
    assert days() == {date(2026, 3, 3): (5, 5)}
