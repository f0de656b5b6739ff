"""Drafts of one question that were typed elsewhere."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from inbox.mobius.types import Question
from inbox.models import Draft, Interaction
from inbox.web.interactions.forms import form_for
from inbox.web.ui.when import moment


@dataclass(frozen=True)
class OtherDraft:
    """What ``interactions/_other_drafts.html`` shows of one. ``base`` is ``Draft.base``."""

    base: str
    title: str
    text: str


def other_drafts(
    drafts: Iterable[Draft], item: Interaction, device: str, now: datetime
) -> tuple[OtherDraft, ...]:
    """Those that are not in the form, as they look from ``device``."""
    question = Question.model_validate(item.questions[0]) if item.questions else None
    return tuple(_other(draft, question, device, now) for draft in drafts)


def typed_words(question: Question | None, typed: Iterable[str]) -> str:
    """The field ``value`` as it reads: an option by its label."""
    form = form_for(question) if question is not None else None
    labels = dict(getattr(form.fields["value"], "choices", ())) if form is not None else {}
    return ", ".join(labels.get(text, text) for text in typed if text)


def _other(draft: Draft, question: Question | None, device: str, now: datetime) -> OtherDraft:
    at = moment(draft.updated_at, now)
    if draft.device == device:
        title = _("Another draft from this device, %(time)s")
    else:
        title = _("Draft from another device, %(time)s")
    value = typed_words(question, [str(each) for each in draft.values])
    text = "\n\n".join(filter(None, (value, draft.comment)))
    return OtherDraft(draft.base, title % {"time": at}, text)
