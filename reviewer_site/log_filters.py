"""Filters of the server's log."""

from logging import LogRecord


def without_traceback_of_refusals(record: LogRecord) -> bool:
    """Log refused requests (4xx) as one line: anybody can send many, and the traceback only leads
    to where Django refuses them.
    """
    status = getattr(record, "status_code", 500)
    if 400 <= status < 500:
        record.exc_info = record.exc_text = None
    return True
