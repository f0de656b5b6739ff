"""Durations as Go writes them: ``1h30m``, ``1.5h``, ``300ms``."""

import re
from datetime import timedelta
from decimal import Decimal

_NANOSECONDS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_LONGEST = 2**63 - 1
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)


def read(text: str) -> timedelta:
    """The duration, to the microsecond below. Raises ValueError for what Go would refuse."""
    unsigned = text[1:] if text[:1] in ("+", "-") else text
    if unsigned == "0":
        return timedelta(0)
    total, end = Decimal(0), 0
    while end < len(unsigned):
        part = _PART.match(unsigned, end)
        if part is None:
            break
        total += Decimal(part[1]) * _NANOSECONDS[part[2]]
        end = part.end()
    if not unsigned or end < len(unsigned) or total > _LONGEST:
        raise ValueError("not a Go duration such as 1h30m")
    microseconds = int(total) // 1000
    return timedelta(microseconds=-microseconds if text[0] == "-" else microseconds)
