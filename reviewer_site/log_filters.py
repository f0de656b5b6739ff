"""What is left out of the server's log."""

from logging import LogRecord


def without_traceback_of_refusals(record: LogRecord) -> bool:
    """A request that was refused (4xx) is one line. Anybody can send as many as they like, and the
    traceback leads only to where Django refuses them.
    """
    status = getattr(record, "status_code", 500)
    if 400 <= status < 500:
        record.exc_info = record.exc_text = None
    return True
