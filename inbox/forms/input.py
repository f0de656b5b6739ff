"""``input``: a text."""

from typing import Any

from django import forms

from inbox.forms.base import AnswerForm, Prose
from inbox.mobius.types import Question


class InputForm(AnswerForm):
    """One line, or several where the question says ``multiline``."""

    mode = "input"

    def value_field(self, question: Question) -> forms.Field:
        """A line or a text area."""
        attributes = {"placeholder": question.placeholder, "class": "input"}
        widget: forms.Widget = (
            forms.Textarea(attrs={**attributes, "rows": 4})
            if question.multiline
            else forms.TextInput(attrs=attributes)
        )
        return Written(label="Your answer", widget=widget)

    def first_value(self, question: Question) -> Any:
        """The default text."""
        return question.default if isinstance(question.default, str) else None

    @property
    def has_text(self) -> bool:
        """The answer itself is typed too."""
        return super().has_text or bool(str(self["value"].value() or "").strip())


class Written(Prose):
    """A text that says something."""

    default_error_messages = {"required": "Enter your answer.", "blank": "Enter your answer."}

    def validate(self, value: str) -> None:
        """Refuse what is empty, blank or too long."""
        super().validate(value)
        if not value.strip():
            raise forms.ValidationError(self.error_messages["blank"], code="blank")
