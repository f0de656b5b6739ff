"""Three web processes whose leader is killed while it sends notifications."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cluster import Cluster
from tests.support.crowd import enter
from tests.support.outbox_kills import STEPS, Kills
from tests.support.receivers import Receivers

pytestmark = [pytest.mark.slow, pytest.mark.postgresql, pytest.mark.process]

PEOPLE = {f"member{number}": f"user_member{number}" for number in range(len(STEPS))}


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    with Receivers() as found:
        yield found


@pytest.fixture
def cluster(tmp_path: Path, receivers: Receivers) -> Iterator[Cluster]:
    with Cluster(tmp_path, **receivers.settings) as found:
        yield found


def test_no_message_is_lost_and_repeats_can_be_told_as_one(
    cluster: Cluster, receivers: Receivers
) -> None:
    enter(cluster.products[0], dict(PEOPLE))
    receivers.reach(cluster.products[0], PEOPLE, workflows=PEOPLE)
    kills = Kills(cluster, receivers)
    for step, (name, mobius_id) in zip(STEPS, PEOPLE.items(), strict=True):
        item = kills.kill(step, mobius_id, workflow=name)
        assert (step, kills.problems(item)) == (step, [])
