"""What a team lead sends from the run pages."""

import json
from math import isfinite
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.web.ui.forms import Form

LARGEST_PAYLOAD = 64 * 1024
"""Characters of a signal's payload."""


class ViewForm(Form):
    """The name of a saved view."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        widget=forms.TextInput(
            attrs={"class": "input", "placeholder": gettext_lazy("Stuck over 4 h")}
        ),
        error_messages={
            "required": gettext_lazy("Enter a name for the view."),
            "max_length": gettext_lazy("A name can have at most 80 characters."),
        },
    )

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, auto_id="view-%s", **kwargs)

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
            "required": gettext_lazy("Enter the signal's name."),
            "max_length": gettext_lazy("A name can have at most 300 characters."),
        },
    )
    payload = forms.CharField(
        required=False,
        max_length=LARGEST_PAYLOAD,
        strip=False,
        error_messages={"max_length": gettext_lazy("The payload is too long. The limit is 64 kB.")},
    )

    def clean_payload(self) -> dict[str, Any] | None:
        """The object; None for an empty field."""
        text = str(self.cleaned_data["payload"])
        if not text.strip():
            return None
        try:
            value = json.loads(text, parse_constant=_no_number, parse_float=_finite)
        except json.JSONDecodeError as error:
            where = {"error": error.msg, "line": error.lineno, "column": error.colno}
            problem = _("This isn't valid JSON: %(error)s at line %(line)d, character %(column)d.")
            raise forms.ValidationError(problem % where) from None
        except (ValueError, RecursionError) as error:
            problem = _("This isn't valid JSON: %(error)s.")
            raise forms.ValidationError(problem % {"error": error}) from None
        if not isinstance(value, dict):
            raise forms.ValidationError(_("The payload must be an object, in { }."))
        return value


def _no_number(word: str) -> Any:
    raise ValueError(_("%(word)s isn't a number") % {"word": word})


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise ValueError(_("%(number)s is too large a number") % {"number": digits})
    return number
