"""What the form of every mode has."""

from typing import Any, ClassVar

from django import forms

from inbox.forms.operation import new_operation_id, operation_id_of
from inbox.mobius.types import Question

LONGEST = 64 * 1024
"""Of a text, in bytes of UTF-8."""


def too_long(text: str) -> str | None:
    """The words for a text that is longer than ``LONGEST``, else None."""
    over = len(text.encode("utf-8", "surrogatepass")) - LONGEST
    if over <= 0:
        return None
    return f"Too long: {over:,} bytes over the limit of {LONGEST:,}. Shorten it."


def plain_lines(text: str) -> str:
    """The text with one newline a line: browsers send two characters."""
    return text.replace("\r\n", "\n")


class Prose(forms.CharField):
    """Text as it was typed, within ``LONGEST``."""

    def __init__(self, **options: Any) -> None:
        super().__init__(strip=False, **options)

    def to_python(self, value: Any) -> str:
        """The text with plain line ends."""
        return plain_lines(super().to_python(value) or "")

    def validate(self, value: str) -> None:
        """Refuse what is too long."""
        super().validate(value)
        words = too_long(value)
        if words:
            raise forms.ValidationError(words, code="too_long")


class AnswerForm(forms.Form):
    """A question as a form. Subclasses add the field ``value`` of their mode.

    ``mode`` is the question's; ``value`` what goes to Mobius, after ``is_valid()``; ``typed`` the
    field as submitted, a list of strings, which is what a draft keeps. ``operation_id`` and
    ``seen`` travel with the form and are never a reason to refuse: ``sent_operation_id`` and
    ``sent_seen`` are what came with a submitted one. Shown again, it carries the present ``seen``;
    the operation id in the page stays, for it is still the same intended answer. ``draft`` is the
    version of the draft that it was filled from. ``filled_in``: what stands in ``value`` is the
    workflow's, and nobody has touched it here.
    """

    mode: ClassVar[str]

    comment = Prose(
        required=False,
        label="Comment",
        widget=forms.Textarea(attrs={"rows": 2, "class": "input"}),
    )
    operation_id = forms.CharField(
        required=False, widget=forms.HiddenInput(attrs={"hx-morph-skip": ""})
    )
    draft = forms.CharField(required=False, widget=forms.HiddenInput(attrs={"hx-morph-skip": ""}))
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        question: Question,
        data: Any = None,
        *,
        typed: list[str] | None = None,
        comment: str = "",
        seen: str = "",
        draft: str = "",
    ) -> None:
        initial = {"comment": comment, "seen": seen, "draft": draft}
        initial["operation_id"] = new_operation_id()
        self.sent_seen = self.sent_operation_id = ""
        if data is not None:
            data = data.copy()
            self.sent_seen = data.get("seen", "")
            self.sent_operation_id = operation_id_of(data.get("operation_id", ""))
            data["seen"], data["operation_id"] = seen, self.sent_operation_id
        super().__init__(data, initial=initial, auto_id="answer-%s")
        self.question = question
        self.fields["value"] = self.value_field(question)
        self.order_fields(["value"])
        first = self.first_value(question) if typed is None else self.from_typed(typed)
        self.filled_in = data is None and typed is None and bool(first)
        if first is not None:
            self.initial["value"] = first

    def value_field(self, question: Question) -> forms.Field:
        """The field ``value`` for this question."""
        raise NotImplementedError

    def first_value(self, question: Question) -> Any:
        """What the field holds before anything is typed, None for nothing."""
        return question.default

    def from_typed(self, typed: list[str]) -> Any:
        """What the field holds for a draft."""
        return typed[0] if typed else None

    @property
    def value(self) -> Any:
        """The JSON value of the answer. Only after ``is_valid()``."""
        return self.cleaned_data["value"]

    @property
    def typed(self) -> list[str]:
        """The field ``value`` as it was submitted; empty for a form that was not."""
        return typed_of(self.data) if self.is_bound else []

    @property
    def shown_comment(self) -> str:
        """The comment as it was sent, or as it was restored."""
        return str(self["comment"].value() or "")

    @property
    def has_text(self) -> bool:
        """Something stands in it that was typed, and not only chosen."""
        return bool(self.shown_comment.strip())


def typed_of(data: Any) -> list[str]:
    """The field ``value`` of a submitted form, as a list of strings."""
    return [plain_lines(storable(text)) for text in data.getlist("value")]


def comment_of(data: Any) -> str:
    """The field ``comment`` of a submitted form."""
    return storable(data.get("comment", ""))


def storable(text: str) -> str:
    """The text without NUL, which PostgreSQL cannot store."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
