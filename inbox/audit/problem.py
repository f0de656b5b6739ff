"""Problems that an operator has to fix, in the same words in the log, in commands and on pages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True)
class Problem:
    """``kind`` is an English sentence with placeholders for ``facts``. The log and commands use it
    as it is, pages translate it: ``problem_text`` in ``inbox/web/ui/messages.py``.
    """

    kind: StrEnum
    facts: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text(self.kind, "{:,}".format)

    def text(self, sentence: str, group: Callable[[int], str]) -> str:
        """``sentence`` is ``kind`` or its translation."""
        facts = self.facts.items()
        return sentence % {name: group(f) if isinstance(f, int) else f for name, f in facts}
