import json
from math import isinf
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.lib import exact

LARGEST_PAYLOAD = 64 * 1024
"""The most characters of a signal's payload."""


class CancelForm(forms.Form):
    typed = forms.CharField(max_length=300, required=False)


class SignalForm(forms.Form):
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
        text = str(self.cleaned_data["payload"])
        if not text.strip():
            return None
        try:
            value = exact.loads(text, parse_constant=_no_number, parse_float=_number)
        except json.JSONDecodeError as error:
            where = {"line": error.lineno, "column": error.colno}
            problem = _("This isn't valid JSON. Check line %(line)d, character %(column)d.")
            raise forms.ValidationError(problem % where) from None
        except RecursionError:
            raise forms.ValidationError(_("The payload is nested too deeply.")) from None
        except ValueError as error:
            problem = _("This isn't valid JSON: %(error)s.")
            raise forms.ValidationError(problem % {"error": error}) from None
        if not isinstance(value, dict):
            raise forms.ValidationError(_("The payload must be an object, in { }."))
        return value


def _no_number(word: str) -> Any:
    raise ValueError(_("%(word)s isn't a number") % {"word": word})


def _number(digits: str) -> Any:
    number = exact.number(digits)
    # Most JSON readers take a number beyond the range of a double for infinity or a text.
    if isinstance(number, str) or isinf(float(digits)):
        raise ValueError(_("the number %(number)s is too large") % {"number": digits})
    return number
