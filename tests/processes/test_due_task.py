import asyncio

from inbox.processes.due_task import DueTask


async def test_it_works_when_more_is_due_and_when_it_is_woken() -> None:
    pauses = iter([0.0, None])
    worked: asyncio.Queue[int] = asyncio.Queue()

    async def work() -> float | None:
        worked.put_nowait(1)
        return next(pauses, None)

    task = DueTask("work", work)
    running = asyncio.create_task(task.run())
    await worked.get()
    await worked.get()
    assert worked.empty()
    task.wake()
    await worked.get()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
