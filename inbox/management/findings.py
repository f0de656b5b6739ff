"""What ``doctor`` reports."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """``FAILS``: something is wrong, and the exit status is 1. ``TO_DO``: it works, but something
    is left to do. ``NOTE``: information.
    """

    OK = "ok"
    NOTE = ""
    TO_DO = "to do"
    FAILS = "fails"


@dataclass(frozen=True)
class Finding:
    """The ``text`` of ``FAILS`` and ``TO_DO`` says what to do."""

    verdict: Verdict
    text: str
