"""What a team lead sends from the run pages."""

import json
from math import isfinite
from typing import Any

from django import forms

LARGEST_PAYLOAD = 64 * 1024
"""Characters of a signal's payload."""


class ViewForm(forms.Form):
    """The name of a saved view."""

    name = forms.CharField(
        max_length=80,
        error_messages={
            "required": "Enter a name for the view.",
            "max_length": "A name can have at most 80 characters.",
        },
    )

    def clean_name(self) -> str:
        """In single spaces."""
        return " ".join(str(self.cleaned_data["name"]).split())


class CancelForm(forms.Form):
    """The workflow's name, typed."""

    typed = forms.CharField(max_length=300, required=False)


class SignalForm(forms.Form):
    """A signal: its name, and a JSON object or nothing."""

    name = forms.CharField(
        max_length=300,
        error_messages={
            "required": "Enter the signal's name.",
            "max_length": "A name can have at most 300 characters.",
        },
    )
    payload = forms.CharField(
        required=False,
        max_length=LARGEST_PAYLOAD,
        strip=False,
        error_messages={"max_length": "The payload is too long. The limit is 64 kB."},
    )

    def clean_payload(self) -> dict[str, Any] | None:
        """The object; None for an empty field."""
        text = str(self.cleaned_data["payload"])
        if not text.strip():
            return None
        try:
            value = json.loads(text, parse_constant=_no_number, parse_float=_finite)
        except json.JSONDecodeError as error:
            place = f"line {error.lineno}, character {error.colno}"
            raise forms.ValidationError(f"This isn't valid JSON: {error.msg} at {place}.") from None
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(f"This isn't valid JSON: {error}.") from None
        if not isinstance(value, dict):
            raise forms.ValidationError("The payload must be an object, in { }.")
        return value


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} isn't a number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise ValueError(f"{digits} is too large a number")
    return number
