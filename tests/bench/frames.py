"""Frames of 400 bytes that say when they were made."""

import time

EVERY = 0.05
SIZE = 400


def html() -> str:
    """A fragment of ``SIZE`` bytes with the monotonic clock in it."""
    text = f"<b>t={time.monotonic_ns():020d};</b>"
    return text + "x" * (SIZE - len(text))
