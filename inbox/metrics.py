"""Figures for Prometheus; ``docs/metrics.md`` says what each means.

Every process writes its own. With ``PROMETHEUS_MULTIPROC_DIR`` they are files in that folder, named
after the process's ID, and any process answers for all.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOLDER = os.environ.get("PROMETHEUS_MULTIPROC_DIR")


def delete_files(*, own: bool) -> None:
    """Delete the files in the folder that have this process's ID, or those of ended processes."""
    if FOLDER is None:
        return
    folder = Path(FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.db"):
        process = file.stem.rpartition("_")[2]
        if not process.isdecimal():
            continue  # not one of the library's
        if int(process) == os.getpid() if own else not _runs(int(process)):
            file.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


# Files of an ended process that had the same ID: the library would continue their counts.
delete_files(own=True)

from prometheus_client import (  # noqa: E402 - opens this process's files
    CollectorRegistry,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)

disable_created_metrics()
REGISTRY = CollectorRegistry()
QUICK = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5)
SLOW = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

PAGE_SECONDS = Histogram(
    "inbox_page_seconds",
    "Seconds from a request's arrival to the end of its response",
    ["route", "status"],
    buckets=SLOW,
    registry=REGISTRY,
)
OPEN_STREAMS = Gauge(
    "inbox_open_streams",
    "Event streams that browsers have open",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
WAITING_REQUESTS = Gauge(
    "inbox_waiting_requests",
    "Requests that wait for their turn",
    ["queue"],
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
MOBIUS_CALL_SECONDS = Histogram(
    "inbox_mobius_call_seconds",
    "Seconds that a call to Mobius took",
    ["call", "result"],
    buckets=SLOW,
    registry=REGISTRY,
)
ANSWER_SECONDS = Histogram(
    "inbox_answer_seconds",
    "Seconds that an answer took, from its arrival here to its outcome",
    ["outcome"],
    buckets=SLOW,
    registry=REGISTRY,
)
DATABASE_QUERY_SECONDS = Histogram(
    "inbox_database_query_seconds",
    "Seconds that a query of the inbox's database took",
    buckets=QUICK,
    registry=REGISTRY,
)


def _state(name: str, description: str, labels: tuple[str, ...] = ()) -> Gauge:
    """A figure about the whole installation, which one process measures."""
    return Gauge(name, description, labels, multiprocess_mode="livemostrecent", registry=REGISTRY)


SYNC_LAG_SECONDS = _state(
    "inbox_sync_lag_seconds", "Seconds between the arrival of the last event and its storage"
)
SYNC_NOT_LIVE_SECONDS = _state(
    "inbox_sync_not_live_seconds", "Seconds for which pages have not been kept up to date"
)
SYNC_DEAD = _state("inbox_sync_dead", "1 if that has been so for five minutes")
KEY_REFUSED = _state("inbox_key_refused", "1 if Mobius doesn't accept the service key")
QUEUE_DEPTH = _state("inbox_queue_depth", "Items waiting in a queue", ("queue",))
HELD_ANSWERS = _state("inbox_held_answers", "Answers whose time to undo isn't over")
EXPIRING_QUESTIONS = _state("inbox_expiring_questions", "Open questions that expire within an hour")
DECISION_LOG_INTACT = _state("inbox_decision_log_intact", "1 if the decision log is intact")


def exposition() -> bytes:
    """All figures as text: of this process, or of all that share the folder."""
    registry = REGISTRY
    if FOLDER is not None:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    return generate_latest(registry)


@contextmanager
def waiting_in(queue: str) -> Iterator[None]:
    """Count a request as waiting."""
    waiting = WAITING_REQUESTS.labels(queue)
    waiting.inc()
    try:
        yield
    finally:
        waiting.dec()


def observe_call(call: str, result: str, seconds: float) -> None:
    MOBIUS_CALL_SECONDS.labels(call, result).observe(seconds)


def observe_answer(outcome: str, seconds: float) -> None:
    ANSWER_SECONDS.labels(outcome).observe(seconds)


def time_queries(*, connection: Any, **_: Any) -> None:
    """Receiver of ``connection_created``: record the time of each query of the inbox's database."""
    if connection.alias == "default" and _timed not in connection.execute_wrappers:
        connection.execute_wrappers.append(_timed)


def _timed(execute: Callable[..., Any], *args: Any) -> Any:
    began = time.perf_counter()
    try:
        return execute(*args)
    finally:
        DATABASE_QUERY_SECONDS.observe(time.perf_counter() - began)
