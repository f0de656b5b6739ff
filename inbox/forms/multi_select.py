"""``multi_select``: any number of several, also none."""

from typing import Any

from django import forms

from inbox.forms.base import AnswerForm
from inbox.mobius.types import Question


class Distinct(forms.MultipleChoiceField):
    """Each option once, in the order in which they are offered."""

    def __init__(self, *, offered: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(choices=offered, **options)
        self.order = [value for value, _ in offered]

    def clean(self, value: Any) -> list[str]:
        """The chosen values. Raises ValidationError."""
        chosen: list[str] = super().clean(value)
        if len(set(chosen)) < len(chosen):
            said = "The same answer was sent twice. Choose each one once."
            raise forms.ValidationError(said, "twice")
        return sorted(chosen, key=self.order.index)


class MultiSelectForm(AnswerForm):
    """Checkboxes; the options with their descriptions are at ``question.options``."""

    mode = "multi_select"

    def value_field(self, question: Question) -> forms.Field:
        """Any of the options, each once."""
        return Distinct(
            label="Your answer",
            required=False,
            offered=[(option.value, option.label) for option in question.options],
            widget=forms.CheckboxSelectMultiple,
            error_messages={
                "invalid_choice": "One of these isn't an option. Choose from the answers shown.",
                "invalid_list": "Choose from the answers shown.",
            },
        )

    def first_value(self, question: Question) -> Any:
        """The defaults that are among the options."""
        default = question.default if isinstance(question.default, list | tuple) else ()
        return [option.value for option in question.options if option.value in default]

    def from_typed(self, typed: list[str]) -> Any:
        """All that was ticked."""
        return typed

    @property
    def chosen(self) -> list[str]:
        """The values that are ticked as the form is shown."""
        value = self["value"].value()
        return list(value) if isinstance(value, list | tuple) else []
