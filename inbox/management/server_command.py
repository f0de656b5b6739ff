import logging
import sys
import threading
from io import StringIO
from types import TracebackType

from django.conf import settings
from django.core.management.base import BaseCommand, OutputWrapper

log = logging.getLogger(__name__)


class LogLines(StringIO):
    """Each line becomes a line of the log."""

    def __init__(self, level: int) -> None:
        super().__init__()
        self._level = level

    def write(self, text: str) -> int:
        for line in filter(None, text.splitlines()):
            log.log(self._level, "%s", line)
        return len(text)


class ServerCommand(BaseCommand):
    """With ``LOG_FORMAT=json``, all that it prints is in the log."""

    def run_from_argv(self, argv: list[str]) -> None:
        if settings.ENVIRONMENT.LOG_FORMAT == "json":
            capture()
            self.stdout = OutputWrapper(LogLines(logging.INFO))
            self.stderr = OutputWrapper(LogLines(logging.ERROR))
        super().run_from_argv(argv)


def capture() -> None:
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda ended: _log_uncaught(
        ended.exc_type, ended.exc_value, ended.exc_traceback
    )
    sys.unraisablehook = lambda ignored: log.error(
        "an exception was ignored", exc_info=ignored.exc_value
    )


def _log_uncaught(
    kind: type[BaseException], error: BaseException | None, at: TracebackType | None
) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        log.critical("an exception was not caught", exc_info=error)
