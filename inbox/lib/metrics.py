"""Prometheus metrics, explained in docs/metrics.md. Workers share theirs as files in a folder,
``PROMETHEUS_MULTIPROC_DIR``, and any of them answers for all.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)

from inbox.lib.version import VERSION

FOLDER = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
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


DELIVERIES = Counter(
    "inbox_deliveries",
    "Notifications that were sent, or that failed for good",
    ["channel", "result"],
    registry=REGISTRY,
)
INFO = Gauge(
    "inbox_info",
    "Always 1; the label has the version",
    ["version"],
    multiprocess_mode="livemax",
    registry=REGISTRY,
)
INFO.labels(VERSION).set(1)
READY = Gauge(
    "inbox_ready",
    "1 if requests can be served, 0 if /readyz says that they can't",
    multiprocess_mode="livemin",
    registry=REGISTRY,
)
LEADER = Gauge(
    "inbox_leader",
    "1 if this is the leader, or the only process",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
FREE_BYTES = Gauge(
    "inbox_free_bytes",
    "Free space for DATA_DIR and SQLite's databases, on the fullest of their disks",
    multiprocess_mode="livemin",
    registry=REGISTRY,
)
PROCESS_MEMORY_BYTES = Gauge(
    "inbox_process_memory_bytes",
    "Resident memory of the process",
    multiprocess_mode="liveall",
    registry=REGISTRY,
)
PROCESS_START_TIME_SECONDS = Gauge(
    "inbox_process_start_time_seconds",
    "When the process was started, in seconds since 1970",
    multiprocess_mode="liveall",
    registry=REGISTRY,
)
PROCESS_START_TIME_SECONDS.set_to_current_time()


def _state(name: str, description: str, labels: tuple[str, ...] = ()) -> Gauge:
    """One process measures it for the whole installation."""
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
UNCONFIRMED_SECONDS = _state(
    "inbox_unconfirmed_seconds", "Seconds since the oldest answer that isn't confirmed was sent"
)
HELD_ANSWERS = _state("inbox_held_answers", "Answers whose time to undo isn't over")
EXPIRING_QUESTIONS = _state("inbox_expiring_questions", "Open questions that expire within an hour")
UNSENT_NOTIFICATION_SECONDS = _state(
    "inbox_unsent_notification_seconds",
    "Age of the oldest notification that is due or couldn't be sent yet",
    ("channel",),
)
DECISION_LOG_INTACT = _state("inbox_decision_log_intact", "1 if the decision log is intact")


def exposition() -> bytes:
    registry = REGISTRY
    if FOLDER is not None:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    return generate_latest(registry)


@contextmanager
def waiting_in(queue: str) -> Iterator[None]:
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
    """Receiver of ``connection_created``."""
    if connection.alias == "default" and _timed not in connection.execute_wrappers:
        connection.execute_wrappers.append(_timed)


def _timed(execute: Callable[..., Any], *args: Any) -> Any:
    began = time.perf_counter()
    try:
        return execute(*args)
    finally:
        DATABASE_QUERY_SECONDS.observe(time.perf_counter() - began)
