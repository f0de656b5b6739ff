"""One form a mode, built from the question."""

from typing import Any, Protocol

from inbox.forms.base import LONGEST, AnswerForm, comment_of, storable, typed_of
from inbox.forms.confirm import ConfirmForm
from inbox.forms.input import InputForm
from inbox.forms.multi_select import MultiSelectForm
from inbox.forms.select import SelectForm
from inbox.mobius.types import Question

__all__ = ["FORMS", "LONGEST", "AnswerForm", "comment_of", "form_for", "storable", "typed_of"]

FORMS: dict[str, type[AnswerForm]] = {
    form.mode: form for form in (ConfirmForm, SelectForm, MultiSelectForm, InputForm)
}


class Typed(Protocol):
    """A draft, as far as a form reads it."""

    values: Any
    comment: str

    @property
    def base(self) -> str:
        """Names the version of the draft."""


def form_for(
    question: Question, data: Any = None, draft: Typed | None = None, *, seen: str = ""
) -> AnswerForm | None:
    """The form of the question's mode, None for a mode that has none.

    ``data`` is a submitted form. ``draft`` is what was typed before: it takes the place of the
    question's default. ``seen`` is ``inbox.services.seen.seen_of(interaction)``, what the person
    is about to look at.
    """
    form = FORMS.get(question.mode)
    if form is None:
        return None
    typed = None if draft is None else [str(each) for each in draft.values]
    comment = "" if draft is None else draft.comment
    base = "" if draft is None else draft.base
    return form(question, data, typed=typed, comment=comment, seen=seen, draft=base)
