"""The answer and the comment that a link to a question suggests: ``?answer=…&comment=…``."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict

from inbox.bidi import has_overrides
from inbox.models import Draft, Interaction
from inbox.web.interactions.drafts import typed_words
from inbox.web.interactions.forms import asked_question, comment_of, form_for, typed_of

LONGEST = 2000
"""The most characters of an answer or a comment."""
OVER_DRAFT = "suggestion"
"""``show`` in the address: the suggestion fills the form even if there is a draft."""


@dataclass(frozen=True)
class Suggestion:
    """``values`` is None if only a comment is suggested. ``left_out``: what else the link suggests
    and can't be used, ``answer`` or ``comment``. ``over_draft``: the viewer wants it in the form
    instead of their draft. ``base`` is the draft with the same text. ``shown``: the form has it,
    and no draft of the viewer's.
    """

    values: list[str] | None
    comment: str
    words: str
    left_out: tuple[str, ...] = ()
    over_draft: bool = False
    base: str = ""
    shown: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is nothing to fill in."""
        return not self.values and not self.comment

    @property
    def approves(self) -> bool | None:
        """Whether approving or rejecting is suggested; None for neither."""
        said = self.values[0] if self.values and self.shown else ""
        return {"true": True, "false": False}.get(said)

    @property
    def query(self) -> str:
        """The suggestion as a query, which the form sends too."""
        return self._query(show=OVER_DRAFT if self.over_draft else "")

    @property
    def query_over_draft(self) -> str:
        """The query that shows the suggestion instead of the draft."""
        return self._query(show=OVER_DRAFT)

    def _query(self, *, show: str) -> str:
        pairs = [("answer", value) for value in self.values or ()]
        pairs += [
            (name, text) for name, text in (("comment", self.comment), ("show", show)) if text
        ]
        return urlencode(pairs)

    def placed(
        self, draft: Draft | None, others: list[Draft], *, in_form: bool
    ) -> tuple["Suggestion", list[Draft]]:
        """The suggestion, shown or not, and the drafts that are not in the form.

        A draft with text comes first unless the viewer has asked otherwise. ``in_form``: the form
        on the page has ``draft`` already, so it stays.
        """
        if self.empty:
            return self, others
        if draft is None or draft.empty or self._is_text_of(draft):
            return replace(self, shown=True, base=draft.base if draft else ""), others
        if self.over_draft and not in_form:
            return replace(self, shown=True), [draft, *others]
        return self, others

    def _is_text_of(self, draft: Draft) -> bool:
        # Approve and Reject are buttons, so a draft has no value for them.
        same = not any(draft.values) or draft.values == self.values
        return same and draft.comment == self.comment


def suggestion_of(request: HttpRequest, item: Interaction) -> Suggestion | None:
    """The suggestion in the address of the question, or in the posted form.

    What can't be used is left out: an answer that the question doesn't accept, or a text that is
    too long or has characters that change how it reads. None without an answer or a comment.
    """
    match = request.resolver_match
    question = asked_question(item)
    if match is None or match.kwargs.get("id") != item.mobius_id or question is None:
        return None
    post = request.method == "POST"
    sent = QueryDict(request.POST.get("suggested", "")) if post else request.GET
    values, comment = sent.getlist("answer"), sent.get("comment", "")
    data: MultiValueDict[str, Any] = MultiValueDict({"value": values, "comment": [comment]})
    form = form_for(question, data)
    if form is None:
        return None
    values, typed = typed_of(data), comment_of(data)
    several = form.several or len(values) == 1
    good = values if several and "value" not in form.errors and all(map(_usable, values)) else None
    comment = typed if _usable(typed) else ""
    unusable = {"answer": any(map(str.strip, values)) and not good, "comment": typed != comment}
    left_out = tuple(part for part, is_left_out in unusable.items() if is_left_out)
    if not good and not comment and not left_out:
        return None
    return Suggestion(
        good or None,
        comment,
        typed_words(question, good or []),
        left_out=left_out,
        over_draft=sent.get("show") == OVER_DRAFT,
    )


def _usable(text: str) -> bool:
    return len(text) <= LONGEST and not has_overrides(text)
