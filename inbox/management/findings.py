from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """``FAILS``: the exit status is 1. ``TO_DO``: it works, but something is left to do."""

    OK = "ok"
    NOTE = ""
    TO_DO = "to do"
    FAILS = "fails"


@dataclass(frozen=True)
class Finding:
    """For ``FAILS`` and ``TO_DO``, the text says what to do."""

    verdict: Verdict
    text: str
