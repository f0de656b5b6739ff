import threading

import pytest
from django.db import InterfaceError, OperationalError

from inbox.engine.http.workers import Workers
from inbox.engine.rules.errors import EngineError


@pytest.mark.parametrize("kind", [InterfaceError, OperationalError])
async def test_a_database_that_is_away_is_a_503(kind: type[Exception]) -> None:
    def read() -> None:
        raise kind("the connection is gone")

    workers = Workers("test", 1)
    with pytest.raises(EngineError) as refusal:
        await workers.run(read)
    await workers.close()
    assert (refusal.value.status, refusal.value.code) == (503, "service_unavailable")


async def test_a_refusal_of_a_function_arrives_unchanged() -> None:
    refused = EngineError(409, "conflict", "Too late.")

    def act() -> None:
        raise refused

    workers = Workers("test", 1)
    with pytest.raises(EngineError) as refusal:
        await workers.run(act)
    await workers.close()
    assert refusal.value is refused


async def test_work_is_done_off_the_event_loop() -> None:
    workers = Workers("test", 1)
    assert await workers.run(threading.get_ident) != threading.get_ident()
    await workers.close()
