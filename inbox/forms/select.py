"""``select``: one of several."""

from typing import Any

from django import forms

from inbox.forms.base import AnswerForm
from inbox.mobius.types import Question


class SelectForm(AnswerForm):
    """Radio cards; the options with their descriptions are at ``question.options``."""

    mode = "select"

    def value_field(self, question: Question) -> forms.Field:
        """One of the options."""
        return forms.ChoiceField(
            label="Your answer",
            choices=[(option.value, option.label) for option in question.options],
            widget=forms.RadioSelect,
            error_messages={
                "required": "Choose one of the answers.",
                "invalid_choice": "That isn't one of the answers. Choose one of those shown.",
            },
        )

    def first_value(self, question: Question) -> Any:
        """The default, where it is one of the options."""
        offered = {option.value for option in question.options}
        return question.default if question.default in offered else None
