"""What an operator has to put right, said alike in the log, by commands and on pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True)
class Problem:
    """``kind`` is an English sentence with placeholders for ``facts``. The log and commands say it
    as it is, pages translate it: ``problem_text`` in ``inbox/web/ui/messages.py``.
    """

    kind: StrEnum
    facts: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.kind % self.facts
