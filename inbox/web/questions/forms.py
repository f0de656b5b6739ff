from collections.abc import Sequence
from typing import Any, Protocol

from django import forms
from django.utils.translation import gettext_lazy

from inbox.mobius.types import Question, QuestionAnswer
from inbox.models import Interaction
from inbox.models.answers import Answers, Typed, as_json, field_names
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


class AnswerForm(forms.Form):
    """The answers to all questions of an interaction, with one comment.

    A single question is answered by the field ``value``, and ``other`` if it has *Other…*; several
    by ``value-<question id>`` and ``other-<question id>``.

    ``operation_id`` and ``seen`` are never a reason to refuse the form. When it is shown again, it
    keeps its operation ID, since it is still the same answer. ``filled_in``: unchanged from the
    workflow. ``is_approval``: a single question that is answered by two buttons. ``confirming`` is
    ``true`` or ``false`` for an approval, ``send`` for other forms, empty if the form doesn't ask.
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
            self._fill(part, draft)
        self.order_fields([name for part in parts for name in part.fields()])

    def _fill(self, part: Part, draft: Draft | None) -> None:
        if draft is None or draft.values is None:
            first = part.first_value()
            part.filled_in = not self.is_bound and bool(first)
        else:
            other = "".join(draft.values.get(part.other_name, ()))
            first = part.from_typed(draft.values.get(part.value_name, []), other)
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
        firsts = {part.value_name: self.initial.get(part.value_name) for part in self.parts}
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


def is_filled_in(item: Interaction, values: Typed, comment: str) -> bool:
    """Unchanged from the workflow, without a comment."""
    form = form_for(questions_of(item))
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
    shown_version: str = "",
    reason_to_reject: bool = False,
) -> AnswerForm | None:
    """None without questions, with a mode that has no form, or if two questions have one ID.
    ``draft`` replaces what the questions suggest.
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
        parts, data, draft, shown_version=shown_version, reason_to_reject=reason_to_reject
    )
