"""The form of a checker: accept what was submitted, or request changes."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.answering import reviewing
from inbox.answering.draft import NOWHERE, draft_of
from inbox.answering.reviewing import Verb
from inbox.models import Draft, Interaction
from inbox.people import credentials
from inbox.people.credentials import Token
from inbox.web.questions.answer_box import earlier_text
from inbox.web.questions.forms import storable
from inbox.web.questions.parts import LONGEST, Prose
from inbox.web.questions.suggestions import is_about
from inbox.web.ui.labels import listed
from inbox.web.ui.people import People
from inbox.web.ui.request import (
    ReviewerRequest,
    new_operation_id,
    operation_id_of,
)
from inbox.web.ui.request import typed_in as typed_in_of


class ReviewForm(forms.Form):
    """``value`` is the verb. ``round`` is the one that the page showed; its absence is never a
    reason to refuse the form. ``confirming`` is the verb that the form asks about.
    """

    longest = LONGEST
    use_required_attribute = False
    confirming = ""
    no_comment = gettext_lazy("Enter what should change.")

    value = forms.ChoiceField(
        choices=[(verb.value, verb.value) for verb in Verb],
        error_messages={
            name: gettext_lazy("Accept this or request changes.")
            for name in ("required", "invalid_choice")
        },
    )
    comment = Prose(required=False)
    round = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
    operation_id = forms.CharField(
        required=False, widget=forms.HiddenInput(attrs={"hx-morph-skip": ""})
    )
    draft = forms.CharField(required=False, widget=forms.HiddenInput(attrs={"hx-morph-skip": ""}))

    def __init__(self, item: Interaction, data: Any = None, draft: Draft | None = None) -> None:
        initial: dict[str, Any] = {
            "operation_id": new_operation_id(),
            "round": item.round,
            "comment": draft.comment if draft is not None else "",
            "draft": draft.base if draft is not None else "",
        }
        self.confirmed = False
        self.shown_round: int | None = None
        if data is not None:
            data = data.copy()
            self.confirmed = bool(data.get("confirmed"))
            sent = data.get("round", "")
            self.shown_round = int(sent) if sent.isdecimal() and len(sent) < 10 else None
            # Shown again, the form is of the question as the page shows it now.
            data["round"] = item.round
            data["comment"] = storable(data.get("comment", ""))
            data["operation_id"] = operation_id_of(data.get("operation_id", ""))
        super().__init__(data, initial=initial, auto_id="answer-%s")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        explained = bool(cleaned.get("comment", "").strip()) or "comment" in self.errors
        if cleaned.get("value") == Verb.REQUEST_CHANGES and not explained:
            self.add_error("comment", self.no_comment)
        return cleaned

    def ask(self) -> None:
        """Only after ``is_valid()``."""
        self.confirming = self.cleaned_data["value"]

    @property
    def shown_comment(self) -> str:
        return str(self["comment"].value() or "")


def review_box(
    request: ReviewerRequest,
    item: Interaction,
    people: People,
    version: str,
    *,
    submitted: ReviewForm | None,
) -> dict[str, Any]:
    """``taken``: Mobius has accepted the viewer's review and does not show it yet."""
    token = credentials.state_of(request.viewer.user_id, request.upstream)
    box: dict[str, Any] = {"token": token}
    if reviewing.taken(request.viewer, item):
        return box | {"taken": True}
    box["no_token"] = token not in (Token.GOOD, Token.REFUSED)
    if box["no_token"]:
        return box
    draft = draft_of(request.viewer, item)
    form = submitted or ReviewForm(item, draft=draft)
    typed_in = typed_in_of(request) if is_about(request, item) else NOWHERE
    resumes = _("Accepting it resumes the run.")
    return box | {
        "form": form,
        "version": f"{version}-{item.round}-{len(item.responses)}",
        "effect": resumes if item.run_id else _("Accepting it closes the question."),
        "otherwise": _("Changes go back to %(names)s.")
        % {"names": listed(people.objects(item.people_asked))},
        "earlier": earlier_text(item, draft, typed_in, form),
    }
