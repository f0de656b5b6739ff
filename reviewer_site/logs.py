"""The log on standard error. No line may contain what people write, a query or a secret, so an
exception is shown by its type and place, and its message only for types whose messages don't quote
values.
"""

import logging
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, ProgrammingError
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor

from inbox.lib.outage import is_outage
from inbox.mobius.errors import Unavailable, Unreachable

log = logging.getLogger(__name__)

OUTAGE_EVERY = 60.0
"""Seconds between two lines about the same outage."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_WITHOUT_VALUES = (
    AttributeError,
    ImportError,
    InterfaceError,
    NameError,
    OperationalError,
    OSError,
    ProgrammingError,
    TypeError,
    Unavailable,
    Unreachable,
)
"""Exceptions whose message, in its first line, quotes no value."""


class Outages(logging.Filter):
    """Passes one line a minute about an outage of the database or of Mobius."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._passed: dict[str, float] = {}
        self._left_out: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        outage = _outage(record)
        if not outage:
            return True
        now = self._clock()
        with self._lock:
            if now - self._passed.get(outage, float("-inf")) < OUTAGE_EVERY:
                self._left_out[outage] = self._left_out.get(outage, 0) + 1
                return False
            self._passed[outage] = now
            left_out = self._left_out.pop(outage, 0)
        record.__dict__.update(outage=outage, left_out=left_out)
        return True


def _outage(record: logging.LogRecord) -> str:
    error = record.exc_info[1] if record.exc_info else None
    if is_outage(error):
        return "database"
    values = record.args if isinstance(record.args, tuple) else ()
    outages = (getattr(value, "outage", "") for value in (error, *values))
    return next(filter(None, outages), "")


def without_refusals(record: logging.LogRecord) -> bool:
    """The request's own line has the status, and these have the path."""
    if record.name.startswith("django.security."):
        return record.name.endswith(".DisallowedHost")
    if record.name != "django.request":
        return True
    return bool(record.exc_info) and getattr(record, "status_code", 500) >= 500


def _name_route(_: Any, __: str, event: EventDict) -> EventDict:
    """Django's own line has the path."""
    record = event["_record"]
    if record.name == "django.request":
        match = getattr(getattr(record, "request", None), "resolver_match", None)
        event["event"] = "a page failed"
        event["route"] = match.view_name if match else ""
    return event


def _one_line(_: Any, __: str, event: EventDict) -> EventDict:
    event["event"] = _CONTROL.sub(" ", str(event["event"]))
    return event


def _render_exception(_: Any, __: str, event: EventDict) -> EventDict:
    """Of an outage only what happened."""
    record = event["_record"]
    exc_info = event.pop("exc_info", None)
    error = exc_info[1] if isinstance(exc_info, tuple) else exc_info
    outage = getattr(record, "outage", "")
    if outage:
        event["outage"] = outage
    if getattr(record, "left_out", 0):
        event["left_out"] = record.left_out
    if isinstance(error, BaseException):
        if outage:
            event["error"] = _described(error)
        else:
            event["exception"] = _traced(error)
    return event


def _traced(error: BaseException) -> str:
    parts: list[str] = []
    seen: set[int] = set()
    chain: BaseException | None = error
    while chain is not None and id(chain) not in seen:
        seen.add(id(chain))
        parts.insert(0, "".join(traceback.format_tb(chain.__traceback__)) + _described(chain))
        chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)
    return "\n\n".join(parts)


def _described(error: BaseException) -> str:
    name = type(error).__qualname__
    if isinstance(error, _WITHOUT_VALUES):
        return f"{name}: {_CONTROL.sub(' ', str(error).partition(chr(10))[0])}"
    return name


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso"),
]


def configuration(format: str) -> dict[str, Any]:
    """``format`` is ``text`` or ``json``."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    processors = [
        _name_route,
        _one_line,
        _render_exception,
        ProcessorFormatter.remove_processors_meta,
        renderer,
    ]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": ProcessorFormatter,
                "processors": processors,
                "foreign_pre_chain": _SHARED,
            }
        },
        "filters": {
            "refusals": {"()": lambda: without_refusals},
            "outages": {"()": Outages},
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["refusals", "outages"],
            }
        },
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {
            "inbox": {"level": "INFO"},
            "reviewer_site": {"level": "INFO"},
            "httpx": {"level": "WARNING"},
            # It repeats what the error says that the pool raises, once for each attempt.
            "psycopg.pool": {"level": "CRITICAL"},
            # Instead of its own handlers, of which one would mail settings and forms.
            "django": {"handlers": [], "level": "WARNING"},
            # It names who tried to sign in, as typed: perhaps a password in the wrong field.
            "axes": {"level": "ERROR"},
        },
    }
