"""Histograms of durations that give quantiles within five per cent."""

from collections.abc import Mapping
from math import ceil, floor, log, sqrt

RATIO = 1.1
"""From a bucket's lower bound to its upper one. Its middle is within 4.9 % of all that is in it."""

SHORTEST = 1.0
"""Seconds. What took less is told apart no further."""


def bucket(seconds: float) -> str:
    """The key of the bucket that a duration falls into: a whole number as JSON has keys."""
    if seconds < SHORTEST:
        return "-1"
    return str(floor(log(seconds / SHORTEST) / log(RATIO)))


def quantile(histogram: Mapping[str, int], share: float) -> float | None:
    """The duration in seconds that ``share`` of all do not exceed; None where there is none.

    It is that of the nearest rank: of ten durations the ninth for a share of 0.9.
    """
    total = sum(histogram.values())
    if not total:
        return None
    rank = max(1, ceil(share * total))
    for key in sorted(map(int, histogram)):
        rank -= histogram[str(key)]
        if rank <= 0:
            return _middle(key)
    raise AssertionError("a histogram counts nothing below zero")


def _middle(key: int) -> float:
    return SHORTEST / 2 if key < 0 else SHORTEST * RATIO**key * sqrt(RATIO)
