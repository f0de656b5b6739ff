"""Waiting for what the engine commits, without sleeping."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections

from inbox.engine.actions.unit import events_committed
from inbox.engine.runner import LONGEST_WAIT, Runner


class Watch:
    """Wakes at every commit that wrote events, and each second: other processes write too."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._seen = 0
        events_committed.connect(self._committed)

    def _committed(self, **kwargs: Any) -> None:
        with self._changed:
            self._seen += 1
            self._changed.notify_all()

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until ``holds()``. Fails after a minute in which nothing was written."""
        ends = time.monotonic() + 60
        while True:
            with self._changed:
                seen = self._seen
            if holds():
                return
            assert time.monotonic() < ends, "it did not happen"
            with self._changed:
                if self._changed.wait_for(lambda seen=seen: self._seen != seen, 1.0):
                    ends = time.monotonic() + 60

    def close(self) -> None:
        events_committed.disconnect(self._committed)


@contextmanager
def running(longest_wait: float = LONGEST_WAIT) -> Iterator[Watch]:
    watch, runner = Watch(), Runner(longest_wait=longest_wait)
    runner.start()
    try:
        yield watch
    finally:
        runner.stop()
        watch.close()


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Run the calls in threads, all let go at once, and return what each returned or raised."""
    gate = threading.Barrier(len(calls))
    results: list[object] = [None] * len(calls)

    def run(number: int, call: Callable[[], object]) -> None:
        try:
            gate.wait()
            results[number] = call()
        except Exception as error:  # noqa: BLE001  the test looks at it
            results[number] = error
        finally:
            connections["engine"].close()

    threads = [
        threading.Thread(target=run, args=(number, call)) for number, call in enumerate(calls)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
