import json
import logging
import logging.config
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
import structlog
from django.db import OperationalError

from inbox.mirror.freshness import Reason, Trouble
from inbox.mobius.errors import Rejected, Unavailable, Unreachable
from reviewer_site import logs
from reviewer_site.environment import ROOT

ANSWER = "approved by hush-hush"


class Log:
    def __init__(self, format: str) -> None:
        self.now = 0.0
        self._stream = StringIO()
        settings = logs.configuration(format)
        formatter = dict(settings["formatters"]["line"])
        handler = logging.StreamHandler(self._stream)
        handler.setFormatter(formatter.pop("()")(**formatter))
        handler.addFilter(logs.without_refusals)
        handler.addFilter(logs.Outages(clock=lambda: self.now))
        self.logger = logging.getLogger("tests.logs")
        self.logger.propagate = False
        self.logger.setLevel(logging.DEBUG)
        self.logger.handlers = [handler]
        self.django = logging.getLogger("django.request")
        self._handler = handler

    def handle(self, record: logging.LogRecord) -> None:
        self._handler.handle(record)

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def log() -> Iterator[Log]:
    log = Log("json")
    yield log
    log.logger.handlers = []


def failing(log: Log, error: Exception) -> None:
    try:
        raise error
    except type(error):
        log.logger.exception("it stopped")


def test_both_kinds_of_loggers_write_lines_with_the_same_fields(log: Log) -> None:
    log.logger.warning("%s is missing", "A file")
    structlog.stdlib.get_logger("tests.logs").warning("A file is missing")
    first, second = ({k: v for k, v in one.items() if k != "timestamp"} for one in log.lines)
    assert first == second
    assert first == {"event": "A file is missing", "logger": "tests.logs", "level": "warning"}


def test_a_line_has_the_id_of_its_request(log: Log) -> None:
    with structlog.contextvars.bound_contextvars(request_id="0123456789abcdef"):
        log.logger.warning("A file is missing")
    assert log.lines[0]["request_id"] == "0123456789abcdef"


def test_text_is_one_line_for_people() -> None:
    log = Log("text")
    log.logger.warning("%s is missing", "A file")
    assert "A file is missing" in log.text
    assert "tests.logs" in log.text
    assert log.text.count("\n") == 1


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_message_cannot_begin_a_line_of_its_own(format: str) -> None:
    log = Log(format)
    log.logger.warning("Mobius says %s", "no\nforged \x1b[31mline")
    assert log.text.count("\n") == 1
    assert "\x1b[31m" not in log.text


@pytest.mark.parametrize("format", ["text", "json"])
def test_an_exception_says_where_and_what_type_and_quotes_nothing(format: str) -> None:
    log = Log(format)
    try:
        try:
            raise KeyError(ANSWER)
        except KeyError:
            raise ValueError(f"invalid answer: {ANSWER}")  # noqa: B904 - its context is shown
    except ValueError:
        log.logger.exception("it stopped")
    assert "test_an_exception_says_where" in log.text
    assert "ValueError" in log.text
    assert "KeyError" in log.text
    assert "hush" not in log.text.replace('f"invalid answer: {ANSWER}"', "")


def test_a_message_without_values_is_shown(log: Log) -> None:
    failing(log, TypeError("unhashable type: 'list'"))
    assert log.lines[0]["exception"].endswith("TypeError: unhashable type: 'list'")


FAILS = """
import logging.config, threading, warnings
from inbox.management.server_command import capture
from reviewer_site import logs
logging.config.dictConfig(logs.configuration("json"))
capture()
class Broken:
    def __del__(self): raise ValueError("hush-hush")
warnings.warn("Old.\\nVery old.")
Broken()
thread = threading.Thread(target=lambda: {}["hush-hush"])
thread.start()
thread.join()
raise ValueError("hush-hush")
"""


def test_warnings_and_exceptions_that_nothing_catches_are_lines_of_the_log() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", FAILS], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert [line["level"] for line in lines] == ["warning", "error", "critical", "critical"]
    assert "Very old." in lines[0]["event"]
    said = [line["exception"].rpartition("\n")[2] for line in lines[1:]]
    assert said == ["ValueError", "KeyError", "ValueError"]


OUTAGES: dict[str, Callable[[Log], None]] = {
    "an exception of the database": lambda log: failing(log, OperationalError("no server\nDETAIL")),
    "an exception of the client": lambda log: failing(log, Unreachable("no answer", sent=True)),
    "a line with an error": lambda log: log.logger.info("not read: %s", Unavailable("503")),
    "a line with a trouble": lambda log: log.logger.warning(
        "not open: %s", Trouble(Reason.NOT_RESPONDING)
    ),
}


@pytest.mark.parametrize("line", OUTAGES.values(), ids=OUTAGES)
def test_an_outage_is_one_line_a_minute(log: Log, line: Callable[[Log], None]) -> None:
    for _ in range(1000):
        line(log)
        log.now += 0.119
    first, second = log.lines
    assert "exception" not in first
    assert "left_out" not in first
    assert second["left_out"] == 504


def test_two_outages_have_a_line_each(log: Log) -> None:
    for line in OUTAGES.values():
        line(log)
    assert [one["event"] for one in log.lines] == ["it stopped", "it stopped"]
    assert [one["error"] for one in log.lines] == [
        "OperationalError: no server",
        "Unreachable: no answer",
    ]


def test_anything_but_an_outage_is_always_written(log: Log) -> None:
    for _ in range(3):
        log.logger.warning("refused: %s", Rejected("a bad request"))
        log.logger.warning("A file is missing")
    assert len(log.lines) == 6


def refused(log: Log, name: str, status: int, error: Exception | None = None) -> None:
    exc_info = (type(error), error, None) if error else None
    record = logging.LogRecord(
        name, logging.ERROR, __file__, 1, "%s: %s", ("Gone", "/interactions/int_1/"), exc_info
    )
    record.__dict__["status_code"] = status
    log.handle(record)


def test_django_writes_nothing_about_refused_requests(log: Log) -> None:
    refused(log, "django.request", 404)
    refused(log, "django.request", 503)
    refused(log, "django.request", 400, ValueError(ANSWER))
    refused(log, "django.security.csrf", 403)
    assert log.lines == []


def test_a_failed_page_is_written_without_its_path(log: Log) -> None:
    refused(log, "django.request", 500, ValueError(ANSWER))
    [line] = log.lines
    assert line["event"] == "a page failed"
    assert line["exception"] == "ValueError"
    assert "int_1" not in log.text
