"""A question that was sent back: the request for changes, and its answers beside earlier ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from inbox.access.redaction import HIDDEN
from inbox.mobius.types import ONLY_QUESTION, QuestionAnswer
from inbox.models import Interaction
from inbox.web.ui import diff
from inbox.web.ui.answers import value_words
from inbox.web.ui.people import Face, People


@dataclass(frozen=True)
class ChangeRequest:
    """``title``: ``Round 2 · Lee asked for changes``."""

    title: str
    comment: str


@dataclass(frozen=True)
class ComparedAnswer:
    """The answer to one question, before and now; empty without one. ``prompt`` is empty for an
    only question.
    """

    prompt: str
    before: tuple[diff.Span, ...]
    now: tuple[diff.Span, ...]

    @property
    def changed(self) -> bool:
        return any(span.kind for span in (*self.before, *self.now))


@dataclass(frozen=True)
class Comparison:
    """What a person answered in this round and the last time before. Rounds count from 1;
    ``earlier`` is 0 if the person hadn't answered before, as everyone in the first round.
    """

    face: Face
    earlier: int
    round: int
    answers: tuple[ComparedAnswer, ...]
    comment: str


def change_request(item: Interaction, people: People) -> ChangeRequest | None:
    """The request that began this round; None in the first round."""
    if not item.round:
        return None
    requests = [event for event in item.lifecycle if event["action"] == "changes_requested"]
    last: Mapping[str, Any] = requests[-1] if requests else {}
    you = _("Round %(round)d · You asked for changes")
    other = _("Round %(round)d · %(name)s asked for changes")
    actor = last.get("actor_id") or item.details.get("checked_by")
    return ChangeRequest(
        people.sentence(actor, you, other, round=item.round + 1),
        last.get("comment") or item.details.get("feedback") or "",
    )


def comparisons(
    item: Interaction, people: People, *, reviews: bool = False
) -> tuple[Comparison, ...]:
    """Empty in the first round, unless the viewer ``reviews`` it. Without the answers that are
    hidden from the viewer.
    """
    if not item.round and not reviews:
        return ()
    found = []
    for response in item.current_responses:
        if response.get(HIDDEN):
            continue
        user_id = response.get("user_id")
        before = item.last_response_before(item.round, user_id)
        found.append(
            Comparison(
                face=people.face(user_id),
                earlier=before["round"] + 1 if before else 0,
                round=item.round + 1,
                answers=_compared(item, before, response),
                comment=response.get("comment") or "",
            )
        )
    return tuple(found)


def _compared(
    item: Interaction, before: Mapping[str, Any] | None, now: Mapping[str, Any]
) -> tuple[ComparedAnswer, ...]:
    old = _by_question(before) if before else {}
    new = _by_question(now)
    asked = {question.get("id", ONLY_QUESTION): question for question in item.questions or ()}
    compared = []
    for id_ in dict.fromkeys((*asked, *new, *old)):
        if id_ not in old and id_ not in new:
            continue
        question = asked.get(id_, {})
        prompt = "" if len(asked) == 1 and id_ in asked else question.get("prompt") or id_
        texts = [_texts(question, answers.get(id_)) for answers in (old, new)]
        if before is None:  # Nothing to compare with, so nothing is marked.
            texts[0] = texts[1]
        mark = diff.words if question.get("mode") == "input" else diff.choices
        compared.append(ComparedAnswer(prompt, *mark(*texts)))
    return tuple(compared)


def _by_question(response: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {answer["question"]: answer for answer in response["answers"]}


def _texts(question: Mapping[str, Any], answer: Mapping[str, Any] | None) -> list[str]:
    """Of several selected options, each has its own."""
    if answer is None:
        return []
    value, other = QuestionAnswer.model_validate(answer).content, answer.get("other")
    if question.get("mode") != "multi_select" or not isinstance(value, list):
        return [value_words(question, value, other=other).text]
    one = {**question, "mode": "select"}
    names = [value_words(one, choice).text for choice in (*value, *filter(None, [other]))]
    return names or [value_words(question, value).text]
