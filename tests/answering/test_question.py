import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from inbox.access import Viewer, viewer_of
from inbox.answering import question
from inbox.answering.question import find_or_read
from inbox.models import Interaction, Upstream
from inbox.people.rate_limit import MAX_CALLS
from tests.support.desk import Desk
from tests.support.scripted_server import Hold, Never, Pass, Reply
from tests.web.cast import sign_in

READ = r"/interactions/[^/]+$"


@sync_to_async
def viewer(desk: Desk, name: str = "rina") -> Viewer:
    return viewer_of(desk.person(name).user)


@sync_to_async
def asked_upstream(desk: Desk, **fields: Any) -> str:
    id: str = desk.project.ask(spec={"mode": "confirm"}, **fields)["id"]
    return id


async def opened(who: Viewer, id: str) -> Interaction | None:
    return await find_or_read(who, await sync_to_async(Upstream.current)(), id)


def reads(desk: Desk) -> int:
    return len(desk.server.seen("GET", READ))


def test_a_question_opens_though_the_sync_has_not_brought_it_yet(desk: Desk) -> None:
    id = desk.project.ask(message="Ship it?", spec={"mode": "confirm"})["id"]
    page = sign_in("rina").get(f"/interactions/{id}/")
    assert page.status_code == 200
    assert "Ship it?" in page.content.decode()
    assert reads(desk) == 1


async def test_a_question_in_the_mirror_is_not_read(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    assert await opened(await viewer(desk), item.mobius_id) is not None
    assert reads(desk) == 0


async def test_someone_elses_question_and_a_missing_one_take_the_same_path(desk: Desk) -> None:
    mirrored = (await sync_to_async(desk.ask)()).mobius_id
    unmirrored = await asked_upstream(desk)
    sam = await viewer(desk, "sam")
    for count, id in enumerate((mirrored, unmirrored, "int_nothing"), start=1):
        assert await opened(sam, id) is None
        assert reads(desk) == count


async def test_two_who_open_it_at_once_share_one_read(desk: Desk) -> None:
    id = await asked_upstream(desk)
    held = Hold(Pass())
    desk.server.on("GET", READ, held)
    rina, sam = await viewer(desk), await viewer(desk, "sam")
    both = asyncio.gather(opened(rina, id), opened(rina, id), opened(sam, id))
    await asyncio.to_thread(held.reached.wait)
    held.release()
    one, other, not_mine = await both
    assert one is not None
    assert one == other
    assert not_mine is None
    assert reads(desk) == 1


async def test_a_read_is_kept_even_if_the_person_has_left_the_page(desk: Desk) -> None:
    id = await asked_upstream(desk)
    held = Hold(Pass())
    desk.server.on("GET", READ, held)
    rina, upstream = await viewer(desk), await sync_to_async(Upstream.current)()
    left = asyncio.ensure_future(opened(rina, id))
    await asyncio.to_thread(held.reached.wait)
    left.cancel()
    held.release()
    await question.reads().of(id, upstream)
    assert await opened(rina, id) is not None
    assert reads(desk) == 1


async def test_an_id_is_read_once_in_ten_seconds(desk: Desk) -> None:
    rina = await viewer(desk)
    for _ in range(3):
        assert await opened(rina, "int_nothing") is None
    assert reads(desk) == 1


async def test_a_person_causes_few_reads_a_minute(desk: Desk) -> None:
    rina = await viewer(desk)
    tried = range(MAX_CALLS + 3)
    await asyncio.gather(*(opened(rina, f"int_{n}") for n in tried))
    assert reads(desk) == MAX_CALLS
    assert await opened(await viewer(desk, "lee"), "int_other") is None
    assert reads(desk) == MAX_CALLS + 1


@pytest.mark.parametrize("step", [Reply(503), Reply(200, {"id": "int_other"}), Never()])
async def test_a_mobius_that_fails_is_read_once_and_the_question_missing(
    desk: Desk, step: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = await asked_upstream(desk)
    desk.server.on("GET", READ, step)
    if isinstance(step, Never):
        monkeypatch.setattr(question, "READ_WITHIN", 2.0)
    assert await opened(await viewer(desk), id) is None
    assert reads(desk) == 1
