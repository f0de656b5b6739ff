import asyncio
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from django.db import connections
from django.test import Client

from inbox.mirror.freshness import Facts, Reason, Trouble, sync_status
from inbox.people import clients
from reviewer_site.handler import PageHandler
from tests.web import cast

FOLDER = Path(__file__).parent
DEPENDS_ON_THE_DATABASE = {
    f"test_{name}"
    for name in (
        "batches",
        "blocked",
        "claim",
        "decisions_page",
        "done",
        "health",
        "inbox_changes",
        "inbox_filters",
        "inbox_page",
        "insights",
        "numbers",
        "odd_ids",
        "open_sessions",
        "query_counts",
        "run_monitor",
        "search",
        "search_page",
        "sessions",
        "throttle",
    )
}
"""Files about queries, order, paging, locks and sessions: those that run on PostgreSQL too."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(FOLDER) and item.path.stem not in DEPENDS_ON_THE_DATABASE:
            item.add_marker(pytest.mark.any_database)


@pytest.fixture
def people(db: None) -> None:
    cast.people()


@pytest.fixture
def rina(people: None) -> Client:
    return cast.sign_in("rina")


@pytest.fixture
def sam(people: None) -> Client:
    return cast.sign_in("sam")


@pytest.fixture
def tess(people: None) -> Client:
    return cast.sign_in("tess")


@pytest.fixture
def mallory(people: None) -> Client:
    return cast.stranger()


@pytest.fixture
def away() -> Iterator[None]:
    since = cast.soon(seconds=-40)
    told = {"heard_at": since, "broken_at": since, "trouble": Trouble(Reason.NOT_RESPONDING)}
    sync_status.update(connected=False, full_sync_done=False, seeded=True, **told)
    yield
    sync_status.update(**vars(Facts()))


@pytest.fixture
def synced() -> Iterator[None]:
    sync_status.update(connected=True, full_sync_done=True, seeded=True)
    yield
    sync_status.update(**vars(Facts()))


@pytest.fixture
def midday(settings: Any) -> None:
    """It is past noon where this installation is, so that hours before and after are of today."""
    settings.TIME_ZONE = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


@pytest.fixture
def pages(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    # Else the garbage collector would close them after the thread, in any test.
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            PageHandler(), lifespan="off", log_config=None, loop="asyncio", timeout_keep_alive=60
        )
    )

    async def serve() -> None:
        await server.serve([listener])
        await clients.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="pages")
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()
