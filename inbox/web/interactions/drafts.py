"""Typed text that is not in the form: drafts from other devices, and what could not be sent."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from inbox.mobius.types import Question
from inbox.models import Draft, Interaction
from inbox.services.draft import FormAnswer, as_form_values
from inbox.web.interactions.forms import AnswerForm, asked_question, form_for
from inbox.web.ui.answers import value_words
from inbox.web.ui.devices import device_name
from inbox.web.ui.people import People
from inbox.web.ui.when import moment


@dataclass(frozen=True)
class OtherDraft:
    """A draft in ``interactions/_other_drafts.html``. ``base`` is ``Draft.base``."""

    base: str
    title: str
    text: str


@dataclass(frozen=True)
class UnsentText:
    """Text that the viewer typed for a question that can no longer be answered."""

    value: str
    comment: str

    @property
    def text(self) -> str:
        return "\n\n".join(part for part in (self.value, self.comment) if part)


def other_drafts(
    drafts: Iterable[Draft], item: Interaction, device: str, now: datetime
) -> tuple[OtherDraft, ...]:
    """The drafts that are not in the form, as ``device`` sees them."""
    return tuple(_other(draft, item, device, now) for draft in drafts)


def typed_words(question: Question | None, typed: list[str]) -> str:
    """The field ``value`` in words, or as it was typed if it is not a valid answer yet."""
    if question is not None and any(typed):
        form = form_for(question, MultiValueDict({"value": typed}))
        if form is not None and form.is_valid():
            if question.mode == "confirm":
                return _("Approve") if form.value else _("Reject")
            return value_words(question.model_dump(), form.value).text
    return ", ".join(filter(None, typed))


def text_of(draft: Draft, item: Interaction | None) -> str:
    """The draft's value, in words if its question is known, and its comment."""
    question = asked_question(item) if item is not None else None
    value = typed_words(question, [str(value) for value in draft.values])
    return "\n\n".join(filter(None, (value, draft.comment)))


def unsent_text(
    question: Question | None, draft: Draft | None, form: AnswerForm | None, mine: str
) -> UnsentText | None:
    """Text that was typed and not sent, from the submitted form or else the draft.

    ``mine`` is the viewer's answer, as ``own_answer_json`` has it. If it is this text, that has
    arrived, even if its attempt still waits for a response.
    """
    if form is not None and form.is_bound:
        typed, comment = form.typed, form.shown_comment
    elif draft is not None:
        typed, comment = [str(value) for value in draft.values], draft.comment
    else:
        return None
    if mine and FormAnswer(*json.loads(mine)).is_text(typed, comment):
        return None
    words = typed_words(question, typed)
    return UnsentText(words, comment) if words or comment else None


def own_answer_json(item: Interaction, people: People) -> str:
    """The viewer's answer as JSON: its values as a form has them, its comment; empty if none."""
    for response in item.responses or ():
        if people.is_viewer(response.get("user_id")):
            return json.dumps(
                [as_form_values(response.get("value")), response.get("comment") or ""]
            )
    return ""


def _other(draft: Draft, item: Interaction, device: str, now: datetime) -> OtherDraft:
    facts = {
        "time": moment(draft.updated_at, now),
        "device": device_name(draft.browser, draft.system),
    }
    if draft.device and draft.device == device:
        title = _("Another draft from this device, %(time)s")
    elif draft.browser:
        title = _("Draft from %(device)s, %(time)s")
    else:
        title = _("Draft from another browser, %(time)s")
    return OtherDraft(draft.base, title % facts, text_of(draft, item))
