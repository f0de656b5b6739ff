from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.mobius.types import ONLY_QUESTION, Question, QuestionAnswer
from inbox.models import Interaction
from inbox.models.answers import Answers, Typed, as_json, as_typed, field_names
from inbox.web.questions.parts import LONGEST, PARTS, ConfirmPart, Part, Prose, plain_lines
from inbox.web.ui.request import new_operation_id, operation_id_of


class Draft(Protocol):
    """``values`` are those of the questions' fields, None to keep what the questions suggest;
    ``base`` identifies a draft.
    """

    @property
    def values(self) -> Any: ...

    @property
    def comment(self) -> str: ...

    @property
    def base(self) -> str: ...


@dataclass(frozen=True)
class LastAnswers:
    """What a person answered in an earlier round, for a form without a draft. Their comment was
    about that answer and isn't repeated. ``round`` counts from 1.
    """

    round: int
    values: Typed
    comment: str = ""
    base: str = ""

    @property
    def empty(self) -> bool:
        return not self.values


class AnswerForm(forms.Form):
    """The answers to all questions of an interaction, with one comment.

    A single question is answered by the field ``value``, and ``other`` if it has *Other…*; several
    by ``value-<question id>`` and ``other-<question id>``.

    ``operation_id`` and ``seen`` are never a reason to refuse the form. When it is shown again, it
    keeps its operation ID, since it is still the same answer. ``filled_in``: with answers from
    the workflow or an earlier round, unchanged. ``is_approval``: a single question that is answered
    by two buttons. ``confirming`` is ``true`` or ``false`` for an approval, ``send`` for other
    forms, empty if the form doesn't ask.
    """

    longest = LONGEST
    use_required_attribute = False
    confirming = ""
    no_reason = gettext_lazy("Enter a reason to reject this.")

    comment = Prose(
        required=False,
        label=gettext_lazy("Comment"),
        widget=forms.Textarea(attrs={"rows": 2, "class": "input"}),
    )
    operation_id = forms.CharField(
        required=False, widget=forms.HiddenInput(attrs={"hx-morph-skip": ""})
    )
    draft = forms.CharField(required=False, widget=forms.HiddenInput(attrs={"hx-morph-skip": ""}))
    shown_version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        parts: Sequence[Part],
        data: Any = None,
        draft: Draft | None = None,
        *,
        last: LastAnswers | None = None,
        shown_version: str = "",
        reason_to_reject: bool = False,
    ) -> None:
        self.parts = parts
        confirms = [part for part in parts if isinstance(part, ConfirmPart)]
        self.is_approval = len(confirms) == len(parts) == 1
        self.reason_to_reject = reason_to_reject and bool(confirms)
        self.given: dict[str, QuestionAnswer] = {}
        initial = {
            "comment": "",
            "draft": "",
            "shown_version": shown_version,
            "operation_id": new_operation_id(),
        }
        if draft is not None:
            initial |= {"comment": draft.comment, "draft": draft.base}
        self.sent_version = self.sent_operation_id = ""
        self.confirmed = False
        if data is not None:
            data = data.copy()
            self.sent_version = shown_version_in(data)
            self.sent_operation_id = operation_id_of(data.get("operation_id", ""))
            self.confirmed = bool(data.get("confirmed"))
            data["shown_version"], data["operation_id"] = shown_version, self.sent_operation_id
        super().__init__(data, initial=initial, auto_id="answer-%s")
        for part in parts:
            part.form = self
            self.fields |= part.fields()
            self._fill(part, draft, last)
        self.order_fields([name for part in parts for name in part.fields()])

    def _fill(self, part: Part, draft: Draft | None, last: LastAnswers | None) -> None:
        filled_in, other = "", ""
        if draft is not None and draft.values is not None:
            first, other = _first_of(part, draft.values)
        elif last is not None:
            first, other = _first_of(part, last.values)
            filled_in = _("Your answer in round %(round)d") % {"round": last.round}
        else:
            first = part.first_value()
            filled_in = _("Filled in by the workflow")
        if not self.is_bound and (first or other):
            part.filled_in = filled_in
        if other:
            self.initial[part.other_name] = other
        if first is not None:
            self.initial[part.value_name] = first

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for part in self.parts:
            if part.value_name in self.errors or part.other_name in self.errors:
                continue
            try:
                answer = part.answer(cleaned[part.value_name], cleaned.get(part.other_name, ""))
            except forms.ValidationError as error:
                self.add_error(part.value_name, error)
            else:
                if answer is not None:
                    self.given[part.value_name] = answer
        rejects = any(answer.value is False for answer in self.given.values())
        unexplained = rejects and not cleaned.get("comment", "").strip()
        if self.reason_to_reject and unexplained and "comment" not in self.errors:
            self.add_error("comment", self.no_reason)
        return cleaned

    @property
    def answers(self) -> Answers:
        """Only after ``is_valid()``. Without optional questions that have no answer."""
        return as_json(self.given.values())

    def ask_first(self, value: str) -> None:
        """For a link that leads to the confirm step of ``true`` or ``false``. It does nothing where
        there is none, or where the reason that a rejection needs is missing.
        """
        lacks_reason = self.reason_to_reject and value == "false" and not self.shown_comment
        if self.is_approval and value in ("true", "false") and not lacks_reason:
            self.confirming = value

    def ask(self) -> None:
        """Only after ``is_valid()``."""
        self.confirming = "send"
        if self.is_approval:
            self.confirming = "true" if self.cleaned_data["value"] else "false"

    @property
    def filled_in(self) -> bool:
        return any(part.filled_in for part in self.parts)

    @property
    def first_typed(self) -> Typed:
        """As it was filled in."""
        names = [name for part in self.parts for name in (part.value_name, part.other_name)]
        firsts = {name: self.initial.get(name) for name in names}
        return {
            name: first if isinstance(first, list) else [first]
            for name, first in firsts.items()
            if first
        }

    @property
    def typed(self) -> Typed:
        """Empty for a form that was not submitted."""
        return typed_of(self.data) if self.is_bound else {}

    @property
    def shown_comment(self) -> str:
        return str(self["comment"].value() or "")

    @property
    def has_text(self) -> bool:
        """Text that was typed, not only chosen."""
        return bool(self.shown_comment.strip()) or any(part.has_text for part in self.parts)


def _first_of(part: Part, typed: Typed) -> tuple[Any, str]:
    """Its value and the text of *Other…*."""
    other = "".join(typed.get(part.other_name, ())) if part.question.allow_other else ""
    return part.from_typed(typed.get(part.value_name, []), other), other


def typed_of(data: Any, prefix: str = "") -> Typed:
    """What a request has of the questions' fields. ``prefix`` comes before their names there."""
    typed: Typed = {}
    for sent in data:
        name = storable(sent.removeprefix(prefix))
        if sent.startswith(prefix) and name.partition("-")[0] in ("value", "other"):
            texts = [plain_lines(storable(text)) for text in data.getlist(sent) if text]
            if texts:
                typed[name] = texts
    return typed


def shown_version_in(data: Any) -> str:
    """Pages that were opened before 0.2.0 call the field ``seen``."""
    return str(data.get("shown_version") or data.get("seen", ""))


def comment_of(data: Any) -> str:
    return storable(data.get("comment", ""))


def storable(text: str) -> str:
    """PostgreSQL cannot store NUL."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def last_answers(item: Interaction, user_id: str | None) -> LastAnswers | None:
    """None in the first round, and for an approval, which is answered by two buttons."""
    response = item.last_response_before(item.round, user_id)
    if response is None or item.mode == "confirm":
        return None
    asked = {question.get("id", ONLY_QUESTION) for question in item.questions}
    answers = [answer for answer in response["answers"] if answer["question"] in asked]
    return LastAnswers(response["round"] + 1, as_typed(item.questions, answers))


def is_filled_in(item: Interaction, user_id: str | None, values: Typed, comment: str) -> bool:
    """Unchanged from what the form of this person was filled with, without a comment."""
    form = form_for(questions_of(item), last=last_answers(item, user_id))
    if form is None or not form.filled_in:
        return False
    return not comment and values == form.first_typed


def questions_of(item: Interaction) -> list[Question]:
    return [Question.model_validate(question) for question in item.questions]


def form_for(
    questions: Sequence[Question],
    data: Any = None,
    draft: Draft | None = None,
    *,
    last: LastAnswers | None = None,
    shown_version: str = "",
    reason_to_reject: bool = False,
) -> AnswerForm | None:
    """None without questions, with a mode that has no form, or if two questions have one ID.
    ``draft`` replaces ``last``, and this what the questions suggest.
    """
    ids = {question.id for question in questions}
    modes = {question.mode for question in questions}
    if not questions or len(ids) < len(questions) or not modes <= PARTS.keys():
        return None
    parts = [
        PARTS[question.mode](question, *field_names(questions, question.id))
        for question in questions
    ]
    return AnswerForm(
        parts,
        data,
        draft,
        last=last,
        shown_version=shown_version,
        reason_to_reject=reason_to_reject,
    )
