"""One question of an answer form: its fields, how they are checked and what they answer."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from inbox.mobius.types import Option, Question, QuestionAnswer
from inbox.models.answers import OTHER_CHOSEN
from inbox.web.ui.labels import whole

LONGEST = 64 * 1024
"""The longest text, in bytes of UTF-8."""
LONGEST_OTHER = 4000
"""The longest text of *Other…*, in characters."""
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


def too_many_characters(text: str, most: int) -> str | None:
    over = len(text) - most
    if over <= 0:
        return None
    words = ngettext(
        "This is %(over)s character over the limit of %(limit)s. Shorten it.",
        "This is %(over)s characters over the limit of %(limit)s. Shorten it.",
        over,
    )
    return words % {"over": whole(over), "limit": whole(most)}


def plain_lines(text: str) -> str:
    """Browsers send a carriage return too."""
    return text.replace("\r\n", "\n")


class Prose(forms.CharField):
    """Text as it was typed, within ``LONGEST`` bytes and ``most`` characters."""

    def __init__(self, *, most: int | None = None, **options: Any) -> None:
        super().__init__(strip=False, **options)
        self.most = most

    def to_python(self, value: Any) -> str:
        return plain_lines(super().to_python(value) or "")

    def validate(self, value: str) -> None:
        super().validate(value)
        words = too_long(value) or (too_many_characters(value, self.most) if self.most else None)
        if words:
            raise forms.ValidationError(words, code="too_long")


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


class Part:
    """Subclasses are one for each mode. ``filled_in`` says where its answer comes from as long as
    the person hasn't changed it; empty if nothing was filled in.
    """

    mode: ClassVar[str]
    template: ClassVar[str] = "interactions/_part_options.html"
    several: ClassVar[bool] = False
    """The answer is a list."""
    missing = gettext_lazy("Choose an answer.")
    form: forms.Form

    def __init__(self, question: Question, value_name: str, other_name: str) -> None:
        self.question, self.value_name, self.other_name = question, value_name, other_name
        self.filled_in = ""

    # What a form calls

    def fields(self) -> dict[str, forms.Field]:
        fields = {self.value_name: self.value_field()}
        if self.question.allow_other:
            attributes = {
                **KEPT_INPUT,
                "autocomplete": "off",
                "aria-label": _("Other answer"),
                "data-most": LONGEST_OTHER,
            }
            fields[self.other_name] = Prose(
                required=False, most=LONGEST_OTHER, widget=forms.TextInput(attrs=attributes)
            )
        return fields

    def value_field(self) -> forms.Field:
        raise NotImplementedError

    def first_value(self) -> Any:
        """What the question suggests."""
        return self.question.default

    def from_typed(self, typed: list[str], other: str) -> Any:
        """The value of a draft, whose text of *Other…* is ``other``."""
        return typed[0] if typed else None

    def answer(self, value: Any, other: str) -> QuestionAnswer | None:
        """None if an optional question has no answer. Raises ``ValidationError``."""
        if not self.is_empty(value):
            return self.question.answer(value)
        if self.question.required:
            raise forms.ValidationError(self.missing, "required")
        return None

    def is_empty(self, value: Any) -> bool:
        return value in ("", None)

    # What templates show

    @property
    def value(self) -> forms.BoundField:
        return self.form[self.value_name]

    @property
    def other(self) -> forms.BoundField | None:
        return self.form[self.other_name] if self.question.allow_other else None

    @property
    def errors(self) -> list[str]:
        beside = [] if self.other is None else self.other.errors
        return [*self.value.errors, *beside]

    @property
    def described_by(self) -> str:
        """IDs of elements. Django names the error of a text by itself."""
        id_ = self.value.auto_id
        about = f"{id_}-about" if self.question.description else ""
        return " ".join(filter(None, (about, f"{id_}-error" if self.errors else "")))

    @property
    def other_text(self) -> str:
        return "" if self.other is None else str(self.other.value() or "")

    @property
    def options(self) -> list[Option]:
        return list(self.question.options)

    @property
    def other_digit(self) -> int | None:
        """The key for *Other…*, which comes after the options."""
        digit = len(self.options) + 1
        return digit if digit < 10 else None

    @property
    def many_options(self) -> bool:
        return len(self.question.options) > SEARCHED_FROM

    @property
    def chosen(self) -> list[str]:
        value = self.value.value()
        return list(value) if isinstance(value, list | tuple) else [value]

    @property
    def needs_answer(self) -> bool:
        """It can't be left as it is when nothing is chosen or typed."""
        return self.question.required

    @property
    def has_text(self) -> bool:
        """Text that was typed, not only chosen."""
        return bool(self.other_text.strip())

    @property
    def limits(self) -> str:
        """How many to choose; empty if the question doesn't say."""
        return ""


class ConfirmPart(Part):
    mode = "confirm"
    missing = gettext_lazy("Choose Approve or Reject.")

    def value_field(self) -> forms.Field:
        return forms.TypedChoiceField(
            label=_("Your answer"),
            required=False,
            choices=[(option.value, option.label) for option in self.options],
            coerce=lambda sent: sent == "true",
            empty_value=None,
            widget=forms.RadioSelect,
            error_messages={"invalid_choice": self.missing},
        )

    @property
    def options(self) -> list[Option]:
        return [
            Option(value="true", label=_("Approve")),
            Option(value="false", label=_("Reject")),
        ]

    def first_value(self) -> Any:
        return None if self.suggested is None else str(self.suggested).lower()

    @property
    def suggested(self) -> bool | None:
        """None for neither."""
        default = self.question.default
        return default if isinstance(default, bool) else None


class SelectPart(Part):
    mode = "select"

    def value_field(self) -> forms.Field:
        offered = [(option.value, option.label) for option in self.options]
        other = [(OTHER_CHOSEN, _("Other…"))] if self.question.allow_other else []
        return forms.ChoiceField(
            label=_("Your answer"),
            required=False,
            choices=[*offered, *other],
            widget=forms.RadioSelect,
            error_messages={
                "invalid_choice": _("That isn't one of the options. Choose one of those shown."),
            },
        )

    def first_value(self) -> Any:
        offered = {option.value for option in self.options}
        return self.question.default if self.question.default in offered else None

    def from_typed(self, typed: list[str], other: str) -> Any:
        chosen = super().from_typed(typed, other)
        if chosen in {option.value for option in self.options}:
            return chosen
        is_other = chosen == OTHER_CHOSEN or bool(other)
        return OTHER_CHOSEN if self.question.allow_other and is_other else None

    def answer(self, value: Any, other: str) -> QuestionAnswer | None:
        """Text for *Other…* counts if no option is chosen."""
        if not other.strip():
            if value == OTHER_CHOSEN:
                raise forms.ValidationError(_("Enter your other answer."), "required")
            return super().answer(value, other)
        if value not in ("", OTHER_CHOSEN):
            both = _("You chose an option and entered another answer. Choose Other or clear it.")
            raise forms.ValidationError(both, "both")
        return QuestionAnswer(question=self.question.id, other=other)


class MultiSelectPart(Part):
    mode = "multi_select"
    several = True

    def value_field(self) -> forms.Field:
        return Distinct(
            label=_("Your answer"),
            required=False,
            offered=[(option.value, option.label) for option in self.options],
            widget=forms.CheckboxSelectMultiple,
            error_messages={
                "invalid_choice": _("One of these isn't an option. Choose from the options shown."),
                "invalid_list": _("Choose from the options shown."),
            },
        )

    def first_value(self) -> Any:
        default = self.question.default if isinstance(self.question.default, list | tuple) else ()
        return [option.value for option in self.options if option.value in default]

    def from_typed(self, typed: list[str], other: str) -> Any:
        return [option.value for option in self.options if option.value in typed]

    def answer(self, value: Any, other: str) -> QuestionAnswer | None:
        """Text for *Other…* counts as one more selection."""
        extra = other if other.strip() else None
        count = len(value) + (extra is not None)
        if not count and not self.question.required:
            return None
        fewest, most = self.question.min_selections or 0, self.question.max_selections
        if count < fewest:
            few = ngettext(
                "Choose at least %(count)d answer.", "Choose at least %(count)d answers.", fewest
            )
            raise forms.ValidationError(few % {"count": fewest}, "too_few")
        if most and count > most:
            many = ngettext(
                "Choose at most %(count)d answer.", "Choose at most %(count)d answers.", most
            )
            raise forms.ValidationError(many % {"count": most}, "too_many")
        answer = self.question.answer(value)
        return answer if extra is None else answer.model_copy(update={"other": extra})

    @property
    def needs_answer(self) -> bool:
        return self.question.required and bool(self.question.min_selections)

    @property
    def selected(self) -> int:
        return len(self.chosen) + self.has_text

    @property
    def selectable(self) -> int:
        return len(self.options) + self.question.allow_other

    @property
    def limits(self) -> str:
        fewest, most = self.question.min_selections or 0, self.question.max_selections
        facts = {"fewest": fewest, "most": most}
        if most and fewest == most:
            return ngettext("Choose %(most)d", "Choose %(most)d", most) % facts
        if most and fewest > 1:
            return _("Choose %(fewest)d to %(most)d") % facts
        if most:
            return ngettext("Choose up to %(most)d", "Choose up to %(most)d", most) % facts
        if fewest > 1:
            return _("Choose at least %(fewest)d") % facts
        return ""


class InputPart(Part):
    mode = "input"
    template = "interactions/_part_text.html"
    missing = gettext_lazy("Enter your answer.")

    def value_field(self) -> forms.Field:
        most = self.question.max_length
        limit = {"data-most": most} if most else {"data-limit": LONGEST}
        attributes = {**KEPT_INPUT, "placeholder": self.question.placeholder, **limit}
        if self.question.description:
            id_ = f"answer-{self.value_name}"
            attributes["aria-describedby"] = f"{id_}-about {id_}_error"
        widget: forms.Widget = (
            forms.Textarea(attrs={**attributes, "rows": 5})
            if self.question.multiline
            else forms.TextInput(attrs={**attributes, "autocomplete": "off"})
        )
        return Prose(label=_("Your answer"), required=False, most=most, widget=widget)

    def first_value(self) -> Any:
        return self.question.default if isinstance(self.question.default, str) else None

    def is_empty(self, value: Any) -> bool:
        return not value.strip()

    @property
    def has_text(self) -> bool:
        return bool(str(self.value.value() or "").strip())


PARTS: dict[str, type[Part]] = {
    part.mode: part for part in (ConfirmPart, SelectPart, MultiSelectPart, InputPart)
}
