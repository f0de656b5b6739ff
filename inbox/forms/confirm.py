"""``confirm``: yes or no."""

from typing import Any

from django import forms

from inbox.forms.base import AnswerForm
from inbox.mobius.types import Question


class ConfirmForm(AnswerForm):
    """Two buttons named ``value``: ``true`` approves, ``false`` rejects.

    ``suggested`` is the answer that the question proposes, None for neither: the page says so in
    words.
    """

    mode = "confirm"

    def value_field(self, question: Question) -> forms.Field:
        """Two choices, neither of them missing."""
        return forms.TypedChoiceField(
            label="Your answer",
            choices=[("true", "Approve"), ("false", "Reject")],
            coerce=lambda sent: sent == "true",
            empty_value=None,
            widget=forms.RadioSelect,
            error_messages={
                "required": "Choose Approve or Reject.",
                "invalid_choice": "Choose Approve or Reject.",
            },
        )

    def first_value(self, question: Question) -> Any:
        """``true`` or ``false``, where the question suggests one."""
        return None if self.suggested is None else str(self.suggested).lower()

    @property
    def suggested(self) -> bool | None:
        """``default_confirmed``, where the question has it."""
        default = self.question.default
        return default if isinstance(default, bool) else None
