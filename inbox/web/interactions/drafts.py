"""Drafts of a question from other forms and devices."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from inbox.mobius.types import Question
from inbox.models import Draft, Interaction
from inbox.web.interactions.forms import form_for
from inbox.web.ui.answers import value_words
from inbox.web.ui.when import moment


@dataclass(frozen=True)
class OtherDraft:
    """A draft in ``interactions/_other_drafts.html``. ``base`` is ``Draft.base``."""

    base: str
    title: str
    text: str


def other_drafts(
    drafts: Iterable[Draft], item: Interaction, device: str, now: datetime
) -> tuple[OtherDraft, ...]:
    """Those that are not in the form, as they look from ``device``."""
    question = Question.model_validate(item.questions[0]) if item.questions else None
    return tuple(_other(draft, question, device, now) for draft in drafts)


def typed_words(question: Question | None, typed: list[str]) -> str:
    """The field ``value`` in words; as it was typed where it is not a valid answer yet."""
    if question is not None and any(typed):
        form = form_for(question, MultiValueDict({"value": typed}))
        if form is not None and form.is_valid():
            return value_words(question.model_dump(), form.value).text
    return ", ".join(filter(None, typed))


def _other(draft: Draft, question: Question | None, device: str, now: datetime) -> OtherDraft:
    at = moment(draft.updated_at, now)
    if draft.device == device:
        title = _("Another draft from this device, %(time)s")
    else:
        title = _("Draft from another device, %(time)s")
    value = typed_words(question, [str(value) for value in draft.values])
    text = "\n\n".join(filter(None, (value, draft.comment)))
    return OtherDraft(draft.base, title % {"time": at}, text)
