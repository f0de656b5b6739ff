from typing import Any, ClassVar, Protocol

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from inbox.answering.draft import as_form_values
from inbox.mobius.types import Question
from inbox.models import Interaction
from inbox.models.answers import Answers, as_json
from inbox.web.ui.labels import whole
from inbox.web.ui.request import new_operation_id, operation_id_of

LONGEST = 64 * 1024
"""The longest text, in bytes of UTF-8."""
SEARCHED_FROM = 12
"""Questions with more options than this get a search field."""
KEPT_INPUT = {"class": "input", "hx-morph-skip": ""}
"""Attributes of a field in which people type. What is in it stays when the page updates itself."""


def too_long(text: str) -> str | None:
    over = len(text.encode("utf-8", "surrogatepass")) - LONGEST
    if over <= 0:
        return None
    words = ngettext(
        "This is %(over)s byte over the limit of %(limit)s. Shorten it.",
        "This is %(over)s bytes over the limit of %(limit)s. Shorten it.",
        over,
    )
    return words % {"over": whole(over), "limit": whole(LONGEST)}


def plain_lines(text: str) -> str:
    """Browsers send a carriage return too."""
    return text.replace("\r\n", "\n")


class Prose(forms.CharField):
    """Text as it was typed, within ``LONGEST``."""

    def __init__(self, **options: Any) -> None:
        super().__init__(strip=False, **options)

    def to_python(self, value: Any) -> str:
        return plain_lines(super().to_python(value) or "")

    def validate(self, value: str) -> None:
        super().validate(value)
        words = too_long(value)
        if words:
            raise forms.ValidationError(words, code="too_long")


class Typed(Protocol):
    """``values`` of the field ``value``, None to keep the default; ``base`` identifies a draft."""

    @property
    def values(self) -> Any: ...

    @property
    def comment(self) -> str: ...

    @property
    def base(self) -> str: ...


class AnswerForm(forms.Form):
    """Subclasses add the field ``value`` of their mode.

    ``operation_id`` and ``seen`` are never a reason to refuse the form. When it is shown again, it
    keeps its operation ID, since it is still the same answer. ``filled_in``: unchanged from the
    workflow. ``confirming`` is ``true`` or ``false`` for an approval, ``send`` for other modes,
    empty if the form doesn't ask.
    """

    mode: ClassVar[str]
    several: ClassVar[bool] = False
    template: ClassVar[str] = "interactions/_form_field.html"
    longest = LONGEST
    use_required_attribute = False
    confirming = ""

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
        question: Question,
        data: Any = None,
        draft: Typed | None = None,
        *,
        shown_version: str = "",
        reason_to_reject: bool = False,
    ) -> None:
        self.question, self.reason_to_reject = question, reason_to_reject
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
        self.fields["value"] = self.value_field(question)
        self.order_fields(["value"])
        if draft is None or draft.values is None:
            first = self.first_value(question)
            self.filled_in = data is None and bool(first)
        else:
            first = self.from_typed([str(value) for value in draft.values])
            self.filled_in = False
        if first is not None:
            self.initial["value"] = first

    def value_field(self, question: Question) -> forms.Field:
        raise NotImplementedError

    def first_value(self, question: Question) -> Any:
        return question.default

    def from_typed(self, typed: list[str]) -> Any:
        return typed[0] if typed else None

    @property
    def value(self) -> Any:
        """JSON. Only after ``is_valid()``."""
        return self.cleaned_data["value"]

    @property
    def answers(self) -> Answers:
        """Only after ``is_valid()``."""
        return as_json([self.question.answer(self.value)])

    def ask(self) -> None:
        """Only after ``is_valid()``."""
        self.confirming = "send"

    @property
    def typed(self) -> list[str]:
        """Empty for a form that was not submitted."""
        return typed_of(self.data) if self.is_bound else []

    @property
    def many_options(self) -> bool:
        return len(self.question.options) > SEARCHED_FROM

    @property
    def shown_comment(self) -> str:
        return str(self["comment"].value() or "")

    @property
    def has_text(self) -> bool:
        """Text that was typed, not only chosen."""
        return bool(self.shown_comment.strip())


def typed_of(data: Any) -> list[str]:
    return [plain_lines(storable(text)) for text in data.getlist("value")]


def shown_version_in(data: Any) -> str:
    """Pages that were opened before 0.2.0 call the field ``seen``."""
    return str(data.get("shown_version") or data.get("seen", ""))


def comment_of(data: Any) -> str:
    return storable(data.get("comment", ""))


def storable(text: str) -> str:
    """PostgreSQL cannot store NUL."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


class ConfirmForm(AnswerForm):
    """``suggested`` is the answer that the question proposes, None for neither."""

    mode = "confirm"
    template = "interactions/_form_confirm.html"
    no_reason = gettext_lazy("Enter a reason to reject this.")

    def value_field(self, question: Question) -> forms.Field:
        return forms.TypedChoiceField(
            label=_("Your answer"),
            choices=[("true", _("Approve")), ("false", _("Reject"))],
            coerce=lambda sent: sent == "true",
            empty_value=None,
            widget=forms.RadioSelect,
            error_messages={
                "required": _("Choose Approve or Reject."),
                "invalid_choice": _("Choose Approve or Reject."),
            },
        )

    def first_value(self, question: Question) -> Any:
        return None if self.suggested is None else str(self.suggested).lower()

    def ask(self) -> None:
        self.confirming = "true" if self.value else "false"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        unexplained = cleaned.get("value") is False and not cleaned.get("comment", "").strip()
        if self.reason_to_reject and unexplained and "comment" not in self.errors:
            self.add_error("comment", self.no_reason)
        return cleaned

    @property
    def suggested(self) -> bool | None:
        default = self.question.default
        return default if isinstance(default, bool) else None


class InputForm(AnswerForm):
    mode = "input"

    def value_field(self, question: Question) -> forms.Field:
        attributes = {**KEPT_INPUT, "placeholder": question.placeholder, "data-limit": LONGEST}
        widget: forms.Widget = (
            forms.Textarea(attrs={**attributes, "rows": 5})
            if question.multiline
            else forms.TextInput(attrs={**attributes, "autocomplete": "off"})
        )
        return Written(label=_("Your answer"), widget=widget)

    def first_value(self, question: Question) -> Any:
        return question.default if isinstance(question.default, str) else None

    @property
    def has_text(self) -> bool:
        """The answer itself is typed here too."""
        return super().has_text or bool(str(self["value"].value() or "").strip())


class Written(Prose):
    default_error_messages = {
        "required": gettext_lazy("Enter your answer."),
        "blank": gettext_lazy("Enter your answer."),
    }

    def validate(self, value: str) -> None:
        super().validate(value)
        if not value.strip():
            raise forms.ValidationError(self.error_messages["blank"], code="blank")


class SelectForm(AnswerForm):
    mode = "select"
    template = "interactions/_form_select.html"

    def value_field(self, question: Question) -> forms.Field:
        return forms.ChoiceField(
            label=_("Your answer"),
            choices=[(option.value, option.label) for option in question.options],
            widget=forms.RadioSelect,
            error_messages={
                "required": _("Choose an answer."),
                "invalid_choice": _("That isn't one of the options. Choose one of those shown."),
            },
        )

    def first_value(self, question: Question) -> Any:
        offered = {option.value for option in question.options}
        return question.default if question.default in offered else None

    @property
    def chosen(self) -> list[str]:
        return [self["value"].value()]


class Distinct(forms.MultipleChoiceField):
    """Removes duplicates; options come in the order in which they are offered."""

    def __init__(self, *, offered: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(choices=offered, **options)
        self.order = [value for value, _label in offered]

    def clean(self, value: Any) -> list[str]:
        chosen: list[str] = super().clean(value)
        if len(set(chosen)) < len(chosen):
            error = _("The same answer was sent twice. Choose each answer only once.")
            raise forms.ValidationError(error, "twice")
        return sorted(chosen, key=self.order.index)


class MultiSelectForm(AnswerForm):
    mode = "multi_select"
    template = "interactions/_form_multi_select.html"
    several = True

    def value_field(self, question: Question) -> forms.Field:
        return Distinct(
            label=_("Your answer"),
            required=False,
            offered=[(option.value, option.label) for option in question.options],
            widget=forms.CheckboxSelectMultiple,
            error_messages={
                "invalid_choice": _("One of these isn't an option. Choose from the options shown."),
                "invalid_list": _("Choose from the options shown."),
            },
        )

    def first_value(self, question: Question) -> Any:
        default = question.default if isinstance(question.default, list | tuple) else ()
        return [option.value for option in question.options if option.value in default]

    def from_typed(self, typed: list[str]) -> Any:
        return typed

    @property
    def chosen(self) -> list[str]:
        value = self["value"].value()
        return list(value) if isinstance(value, list | tuple) else []


FORMS: dict[str, type[AnswerForm]] = {
    form.mode: form for form in (ConfirmForm, SelectForm, MultiSelectForm, InputForm)
}


def is_filled_in(item: Interaction, values: list[str], comment: str) -> bool:
    """Unchanged from the workflow, without a comment."""
    question = asked_question(item)
    form = None if question is None else form_for(question)
    if form is None or not form.filled_in:
        return False
    return not comment and values == as_form_values(form.initial["value"])


def asked_question(item: Interaction) -> Question | None:
    """None if it asks several, or upstream sent none."""
    return Question.model_validate(item.only_question) if item.only_question else None


def form_for(
    question: Question,
    data: Any = None,
    draft: Typed | None = None,
    *,
    shown_version: str = "",
    reason_to_reject: bool = False,
) -> AnswerForm | None:
    """None for a mode without a form. ``draft`` replaces the question's default."""
    form = FORMS.get(question.mode)
    if form is None:
        return None
    return form(
        question, data, draft, shown_version=shown_version, reason_to_reject=reason_to_reject
    )
