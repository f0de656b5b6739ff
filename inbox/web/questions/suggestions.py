"""The answer and the comment that a link to a question suggests: ``?answer=…&comment=…``."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict

from inbox.lib.bidi import has_overrides
from inbox.models import Draft, Interaction
from inbox.models.answers import Typed
from inbox.web.questions.drafts import typed_words
from inbox.web.questions.forms import LastAnswers, comment_of, form_for, questions_of, typed_of

LONGEST = 2000
"""The most characters of an answer or a comment."""
OVER_DRAFT = "suggestion"
"""``show`` in the address: the suggestion fills the form even if there is a draft."""


@dataclass(frozen=True)
class Suggestion:
    """``answer`` is None if only a comment is suggested. ``left_out``: ``answer`` or ``comment``
    that can't be used. ``base`` is the draft with the same text.
    """

    answer: list[str] | None
    comment: str
    words: str
    left_out: tuple[str, ...] = ()
    over_draft: bool = False
    base: str = ""
    shown: bool = False

    @property
    def empty(self) -> bool:
        return not self.answer and not self.comment

    @property
    def values(self) -> Typed | None:
        return None if self.answer is None else {"value": self.answer}

    @property
    def approves(self) -> bool | None:
        said = self.answer[0] if self.answer and self.shown else ""
        return {"true": True, "false": False}.get(said)

    @property
    def query(self) -> str:
        return self._query(show=OVER_DRAFT if self.over_draft else "")

    @property
    def query_over_draft(self) -> str:
        return self._query(show=OVER_DRAFT)

    def _query(self, *, show: str) -> str:
        pairs = [("answer", value) for value in self.answer or ()]
        pairs += [
            (name, text) for name, text in (("comment", self.comment), ("show", show)) if text
        ]
        return urlencode(pairs)

    def placed(self, draft: Draft | LastAnswers | None, *, in_form: bool) -> "Suggestion":
        """A draft with text comes first unless the viewer has asked otherwise."""
        if self.empty:
            return self
        if draft is None or draft.empty or self._is_text_of(draft):
            return replace(self, shown=True, base=draft.base if draft else "")
        return replace(self, shown=self.over_draft and not in_form)

    def _is_text_of(self, draft: Draft | LastAnswers) -> bool:
        # Approve and Reject are buttons, so a draft has no value for them.
        same = not draft.values or draft.values == self.values
        return same and draft.comment == self.comment


def suggestion_of(request: HttpRequest, item: Interaction) -> Suggestion | None:
    """Leaves out an answer that the question doesn't accept, any answer to several questions, and
    text that is too long or has characters that change how it reads.
    """
    if not is_about(request, item):
        return None
    questions = questions_of(item)
    post = request.method == "POST"
    sent = QueryDict(request.POST.get("suggested", "")) if post else request.GET
    values, comment = sent.getlist("answer"), sent.get("comment", "")
    data: MultiValueDict[str, Any] = MultiValueDict({"value": values, "comment": [comment]})
    form = form_for(questions, data)
    if form is None:
        return None
    values, typed = typed_of(data).get("value", []), comment_of(data)
    alone, *others = form.parts
    fits = not others and (alone.several or len(values) == 1)
    good = values if fits and "value" not in form.errors and all(map(_usable, values)) else None
    comment = typed if _usable(typed) else ""
    unusable = {"answer": any(map(str.strip, values)) and not good, "comment": typed != comment}
    left_out = tuple(part for part, is_left_out in unusable.items() if is_left_out)
    if not good and not comment and not left_out:
        return None
    return Suggestion(
        good or None,
        comment,
        typed_words(questions, {"value": good} if good else {}),
        left_out=left_out,
        over_draft=sent.get("show") == OVER_DRAFT,
    )


def is_about(request: HttpRequest, item: Interaction) -> bool:
    match = request.resolver_match
    return match is not None and match.kwargs.get("id") == item.mobius_id


def _usable(text: str) -> bool:
    return len(text) <= LONGEST and not has_overrides(text)
