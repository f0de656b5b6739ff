"""Who is told, inside the transaction, what a projection has brought."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from inbox.models import Interaction, Upstream


@dataclass(frozen=True)
class Answer:
    """One person's answer to ``item``, a row as just written; ``told`` is as ``item.responses``."""

    item: Interaction
    user_id: str
    told: dict[str, Any]

    @classmethod
    def all_of(cls, item: Interaction) -> list["Answer"]:
        """Every answer to a question so far."""
        answers = ((answer.get("user_id"), answer) for answer in item.responses or ())
        return [cls(item, user_id, answer) for user_id, answer in answers if user_id]


Observer = Callable[[Upstream, Sequence[Answer]], None]

_observers: list[Observer] = []


def on_answers(observer: Observer) -> None:
    """From now on ``observer`` is told of answers that the mirror did not have; once is enough.

    It runs in the projection's transaction, which holds the upstream's row. What it raises undoes
    the projection.
    """
    if observer not in _observers:
        _observers.append(observer)


def tell(upstream: Upstream, answers: Sequence[Answer]) -> None:
    """Tell all observers."""
    if answers:
        for observer in _observers:
            observer(upstream, answers)
