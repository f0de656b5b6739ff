from itertools import permutations
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from inbox.mirror.store import Store
from inbox.mobius.types import Generation, InteractionStatus, RunStatus
from inbox.models import Interaction, Recipient, Run
from tests.mirror.conftest import Mirror
from tests.support.snapshots import ask, at, event, run

CANCELLED = {"status": RunStatus.FAILED, "error_type": "run_cancelled"}


def closed(minutes: float, **fields: Any) -> Any:
    told = {"run_id": "run_1", "expires_at": at(60), "status": InteractionStatus.EXPIRED}
    return ask(minutes=minutes, **{**told, **fields})


def ended(minutes: float, **fields: Any) -> Any:
    return run(minutes=minutes, completed_at=at(minutes), **{**CANCELLED, **fields})


@pytest.mark.parametrize(
    ("question", "its_run", "state"),
    [
        (closed(60), ended(60), "expired"),
        (closed(61), ended(61), "expired"),
        (closed(30), ended(30), "cancelled"),
        (closed(60 - 1 / 60), ended(60 - 1 / 60), "cancelled"),
        (closed(30), run(minutes=30, status=RunStatus.RUNNING), "bypassed"),
        (closed(30), ended(31, status=RunStatus.COMPLETED, error_type=None), "bypassed"),
        (closed(30), ended(31), "bypassed"),
        (closed(30), ended(30, error_type="run_timeout"), "cancelled"),
        (closed(30, expires_at=None), ended(30), "cancelled"),
        (closed(30, expires_at=None), run(minutes=30, status=RunStatus.RUNNING), "expired"),
        (closed(30, run_id=None), ended(30), "cancelled"),
        (closed(30, run_id=None, expires_at=None), ended(30), "expired"),
        # Upstream writes the end of a second, and the deadline to the microsecond.
        (closed(60 - 1 / 120), run(minutes=59, status=RunStatus.RUNNING), "expired"),
    ],
)
def test_a_question_closed_before_its_deadline_never_expired(
    mirror: Mirror, question: Any, its_run: Any, state: str
) -> None:
    for order in ((question, its_run), (its_run, question)):
        Interaction.objects.all().delete()
        Run.objects.all().delete()
        for reading in order:
            mirror.tell(reading)
        assert Interaction.objects.get().state == state


async def test_a_question_that_upstream_itself_cancelled_is_closed(mirror: Mirror) -> None:
    told = (ask(), ask(minutes=5, status=InteractionStatus.CANCELLED))
    await sync_to_async(mirror.tell)(*told)
    row = await Interaction.objects.aget()
    assert (row.state, row.closed_at) == ("cancelled", at(5))
    assert (await Recipient.objects.aget()).closed_at == at(5)
    assert await Store(mirror.upstream).open_interactions() == set()


def test_an_expired_question_is_one_where_upstream_says_cancelled(mirror: Mirror) -> None:
    mirror.upstream.generation = Generation.B
    mirror.upstream.save()
    mirror.tell(ended(30), closed(30))
    assert Interaction.objects.get().state == "expired"


def test_a_run_that_upstream_itself_calls_cancelled_is_finished(mirror: Mirror) -> None:
    mirror.tell(run(minutes=1, status=RunStatus.CANCELLED))
    row = Run.objects.get()
    assert (row.state, row.finished, row.cancelled) == ("cancelled", True, True)


def test_only_open_questions_are_cancelled_with_their_run(mirror: Mirror) -> None:
    payloads = [
        event(1, closed(10, id="int_1")),
        event(2, run(minutes=10, status=RunStatus.SUSPENDED)),
        event(3, closed(20, id="int_2")),
        event(4, ended(20)),
    ]
    for order in permutations(payloads):
        Interaction.objects.all().delete()
        Run.objects.all().delete()
        for reading in order:
            mirror.tell(reading)
        states = dict(Interaction.objects.values_list("mobius_id", "state"))
        assert states == {"int_1": "bypassed", "int_2": "cancelled"}
    assert Run.objects.get().state == "cancelled"


def test_pages_learn_that_a_question_was_cancelled_when_its_run_arrives_later(
    mirror: Mirror,
) -> None:
    mirror.tell(run(), closed(10))
    assert mirror.tell(ended(10)).interactions == {"int_1"}
