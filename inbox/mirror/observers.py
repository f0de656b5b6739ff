"""Callbacks for new answers, called inside the projection's transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from inbox.models import Interaction, Upstream


@dataclass(frozen=True)
class Answer:
    """A person's answer to ``item``, a row as just written: one of its ``responses``."""

    item: Interaction
    user_id: str
    response: dict[str, Any]

    @classmethod
    def all_of(cls, item: Interaction) -> list["Answer"]:
        """Every answer to the question."""
        answers = ((answer.get("user_id"), answer) for answer in item.responses or ())
        return [cls(item, user_id, answer) for user_id, answer in answers if user_id]


Observer = Callable[[Upstream, Sequence[Answer]], None]

_observers: list[Observer] = []


def on_answers(observer: Observer) -> None:
    """Register ``observer`` for answers that the mirror did not have. Safe to repeat.

    It runs in the projection's transaction, which has locked the upstream's row; an exception rolls
    that back.
    """
    if observer not in _observers:
        _observers.append(observer)


def notify(upstream: Upstream, answers: Sequence[Answer]) -> None:
    if answers:
        for observer in _observers:
            observer(upstream, answers)
