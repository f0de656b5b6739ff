import asyncio
from collections.abc import Collection, Iterator

import pytest
from asgiref.sync import sync_to_async

from inbox.live.bus import get_bus
from inbox.mirror import observers
from inbox.mirror.store import Store
from inbox.models import Interaction, Upstream
from tests.support.snapshots import ask

pytestmark = pytest.mark.django_db


@pytest.fixture
def cancelled_within_its_transaction() -> Iterator[list["asyncio.Task[None]"]]:
    tasks: list[asyncio.Task[None]] = []

    def cancel(upstream: Upstream, questions: Collection[str]) -> None:
        for task in tasks:
            task.get_loop().call_soon_threadsafe(task.cancel)

    observers.on_questions(cancel)
    yield tasks
    tasks.clear()


async def test_changes_written_by_a_cancelled_session_are_published(
    cancelled_within_its_transaction: list["asyncio.Task[None]"],
) -> None:
    store = Store(await sync_to_async(Upstream.current)())
    published: set[str] = set()
    unsubscribe = get_bus().subscribe(published.update)
    task = asyncio.create_task(store.apply([ask()]))
    cancelled_within_its_transaction.append(task)
    with pytest.raises(asyncio.CancelledError):
        await task
    written = await sync_to_async(list)(Interaction.objects.values_list("mobius_id", flat=True))
    unsubscribe()
    assert [f"item:{id_}" in published for id_ in written] == [True]
