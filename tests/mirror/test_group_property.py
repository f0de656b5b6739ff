"""Whatever a group does in any order: at most one claim, the right end, a mirror that agrees."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from time import monotonic
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from inbox.live import topics
from inbox.mirror import groups
from inbox.models import Group, Interaction, Membership, Recipient, Upstream
from tests.fixtures_engine import fresh_project
from tests.mirror.group_story import PEOPLE, Move, Story
from tests.mirror.keeping import Kept, keeping
from tests.support import databases
from tests.support.engine_process import EngineProcess

DAILY = ("claim", "claim", "release", "release", "respond")
RARE = ("ask", "ask soon", "expire", "join", "leave")
FIRST: list[Move] = [("ask", PEOPLE[0], 0), ("ask", PEOPLE[0], 1)]
"""One question of each kind, so that there is something to do from the start."""

moves = st.tuples(st.sampled_from(DAILY * 3 + RARE), st.sampled_from(PEOPLE), st.integers(0, 3))


@st.composite
def plots(draw: st.DrawFn) -> list[Move]:
    """Half of them have a restart, which costs a second."""
    plot = FIRST + draw(st.lists(moves, min_size=12, max_size=30))
    if draw(st.booleans()):
        plot.insert(draw(st.integers(1, len(plot))), ("restart", PEOPLE[0], 0))
    return plot


UNHURRIED: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    folder = tmp_path_factory.mktemp("mortal")
    process = EngineProcess(databases.environment(folder, "mortal"))
    process.start()
    yield process
    process.stop()


@hypothesis(max_examples=8, **UNHURRIED)
@given(plot=plots())
def test_any_order_of_events_ends_in_the_same_state(
    db: None, mortal: EngineProcess, settings: Any, plot: list[Move]
) -> None:
    live(mortal, settings, plot)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@hypothesis(max_examples=25, **UNHURRIED)
@given(plot=plots())
def test_many_orders_of_events_end_in_the_same_state(
    db: None, mortal: EngineProcess, settings: Any, plot: list[Move]
) -> None:
    live(mortal, settings, plot)


def test_a_claim_outlives_a_restart(db: None, mortal: EngineProcess, settings: Any) -> None:
    live(
        mortal,
        settings,
        [
            ("ask", "user_rina", 0),
            ("claim", "user_sam", 0),
            ("restart", "user_rina", 0),
            ("claim", "user_lee", 0),
            ("respond", "user_sam", 0),
        ],
    )


def test_a_member_who_joins_later_is_not_waited_for(
    db: None, mortal: EngineProcess, settings: Any
) -> None:
    live(
        mortal,
        settings,
        [
            ("ask", "user_rina", 1),
            ("join", "user_tess", 1),
            ("leave", "user_sam", 1),
            ("respond", "user_tess", 0),
            ("respond", "user_rina", 0),
            ("respond", "user_lee", 0),
            ("restart", "user_rina", 0),
            ("respond", "user_sam", 0),
        ],
    )


def test_an_expiry_ends_a_question_that_is_half_answered(
    db: None, mortal: EngineProcess, settings: Any
) -> None:
    live(
        mortal,
        settings,
        [
            ("ask soon", "user_rina", 1),
            ("respond", "user_rina", 0),
            ("expire", "user_rina", 0),
            ("respond", "user_sam", 0),
        ],
    )


def live(engine: EngineProcess, settings: Any, plot: list[Move]) -> None:
    with closing(fresh_project(engine)) as project:
        settings.MOBIUS_BASE_URL = settings.MOBIUS_IDENTITY = project.base_url
        settings.MOBIUS_PROJECT = project.handle
        story = Story(project)

        async def follow(upstream: Upstream) -> None:
            token = project.service_key
            async with keeping(project.base_url, project.handle, token) as kept:
                for move in plot:
                    await asyncio.to_thread(story.play, move)
                # What is about to run out would do so between the two looks that are compared.
                await asyncio.to_thread(story.play, ("expire", "", 0))
                for question in story.questions:
                    await agreed(kept, story, question.id)
                await groups.poll(kept.client, upstream)

        async_to_sync(follow)(Upstream.current())
        compare(story)


async def agreed(kept: Kept, story: Story, id: str) -> None:
    def same() -> bool:
        interaction = story.project.http.get(f"interactions/{id}").json()
        row = Interaction.objects.filter(mobius_id=id).first()
        return row is not None and {key: row.raw.get(key) for key in interaction} == interaction

    while True:
        before = monotonic()
        if await sync_to_async(same)():
            return
        await kept.ears.rings(topics.item(id), after=before)


def compare(story: Story) -> None:
    story.check()
    rows = {row.mobius_id: row for row in Interaction.objects.filter(upstream=Upstream.current())}
    assert rows.keys() == {question.id for question in story.questions}
    for question in story.questions:
        row = rows[question.id]
        assert (row.status, row.claimed_by) == (question.status, question.claimed_by)
        assert {answer["user_id"] for answer in row.responses} == question.answered
        asked = {one.user_id: one for one in Recipient.objects.filter(interaction=row)}
        assert asked.keys() == set(question.members)
        for user_id, one in asked.items():
            waits = question.status == "pending" and user_id not in question.answered
            assert one.open is waits
    for handle, inside in story.inside.items():
        group = Group.objects.get(upstream=Upstream.current(), handle=handle)
        members = Membership.objects.filter(group=group).values_list("user_id", flat=True)
        assert set(members) == inside
