"""The account page's forms."""

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


class KeysForm(forms.Form):
    """Whether single keys do something."""

    keys_enabled = forms.BooleanField(required=False)
