"""The account page's forms."""

from typing import Any

from django import forms


class TokenForm(forms.Form):
    """A member token, pasted. It is never shown again, not after an error either."""

    token = forms.CharField(
        label="Member token",
        max_length=4096,
        widget=forms.PasswordInput(
            attrs={
                "class": "input mono",
                "autocomplete": "off",
                "spellcheck": "false",
                "placeholder": "mbc_",
            }
        ),
        error_messages={"required": "Paste your token here first."},
    )

    def add_error(self, field: str | None, error: Any) -> None:
        """The page opens at the field then."""
        super().add_error(field, error)
        self.fields["token"].widget.attrs["autofocus"] = True


class KeysForm(forms.Form):
    """Whether single keys do something."""

    keys_enabled = forms.BooleanField(required=False)
