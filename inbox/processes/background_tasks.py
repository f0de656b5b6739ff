"""Background tasks (docs/processes.md)."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from contextvars import Context
from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from inbox.processes import lease

log = logging.getLogger(__name__)

AGAIN_AFTER = 5.0
"""Seconds between the failure of a task and its restart."""

BackgroundTask = Callable[[], Coroutine[Any, Any, None]]
"""It never returns."""
Tasks = Mapping[str, BackgroundTask]
"""By their names in the log."""
OnFailure = Callable[[BaseException | None], None]


@asynccontextmanager
async def running(
    tasks: Tasks, *, on_failure: OnFailure, new_context: Callable[[], Context] = Context
) -> AsyncIterator[None]:
    """``on_failure`` gets each exception. Each task has a new context, so that none inherits the
    caller's executor.
    """
    loop = asyncio.get_running_loop()
    started = [
        loop.create_task(_keep_running(name, task, on_failure), name=name, context=new_context())
        for name, task in tasks.items()
    ]
    try:
        yield
    finally:
        for task in started:
            task.cancel()
        await asyncio.gather(*started, return_exceptions=True)


async def _keep_running(name: str, task: BackgroundTask, on_failure: OnFailure) -> None:
    while True:
        # Unlike an except clause, this tells a CancelledError raised by the task from our own.
        [error] = await asyncio.gather(task(), return_exceptions=True)
        if lease.is_lost(error):
            # The new leader runs the task itself.
            log.warning("%s ended, since another process leads", name)
            lease.sync_lease.lost = True
            await asyncio.Event().wait()
        on_failure(error)
        log.error("%s stopped and will start again in %g s", name, AGAIN_AFTER, exc_info=error)
        await sync_to_async(close_old_connections)()
        await asyncio.sleep(AGAIN_AFTER)
