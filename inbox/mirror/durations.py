"""Histograms of durations, with quantiles accurate to five per cent."""

from collections.abc import Mapping
from math import ceil, floor, log, sqrt

RATIO = 1.1
"""A bucket's upper bound divided by its lower. Its middle is within 4.9 % of all its values."""

SHORTEST = 1.0
"""Seconds. All shorter durations share a bucket."""


def bucket(seconds: float) -> str:
    """An integer as a string, since it is a JSON key."""
    if seconds < SHORTEST:
        return "-1"
    return str(floor(log(seconds / SHORTEST) / log(RATIO)))


def quantile(histogram: Mapping[str, int], share: float) -> float | None:
    """The nearest-rank quantile in seconds; ``share`` is from 0 to 1."""
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
