from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from inbox.live.bus import get_bus
from inbox.mirror import project
from inbox.mirror.changes import Changes
from inbox.mirror.snapshots import Payload
from inbox.models import Upstream


class Mirror:
    def __init__(self) -> None:
        self.upstream = Upstream.current()

    def tell(self, *payloads: Payload, **how: Any) -> Changes:
        return project.apply(self.upstream, payloads, read_at=datetime.now(UTC), **how)


@pytest.fixture
def mirror(db: None) -> Mirror:
    return Mirror()


@pytest.fixture
def rung() -> Iterator[list[str]]:
    heard: list[str] = []

    def hear(topics: Iterable[str]) -> None:
        heard.extend(sorted(topics))

    unsubscribe = get_bus().subscribe(hear)
    yield heard
    unsubscribe()
