"""Forms that change the second factor ask for the password again."""

from typing import Any

from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.recovery_codes.forms import GenerateRecoveryCodesForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_variables

from inbox.people import second_factor, throttle
from inbox.web.account.forms import check_password
from inbox.web.ui.forms import Form

CODE = {
    "class": "input mono",
    "autocomplete": "one-time-code",
    "inputmode": "numeric",
    "autocapitalize": "none",
    "spellcheck": "false",
}


class WithPassword(Form):
    """A wrong password counts as a failed sign-in."""

    password = forms.CharField(
        label=gettext_lazy("Current password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"class": "input", "autocomplete": "current-password"}),
    )

    @sensitive_variables()
    def clean_password(self) -> str:
        request = context.request
        return check_password(request, request.user.get_username(), self.cleaned_data["password"])


def _code_field(label: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=20, widget=forms.TextInput(attrs=CODE))


class CodeForm(AuthenticateForm, Form):
    code = _code_field(gettext_lazy("Code"))

    def clean_code(self) -> str:
        """Each code works once. Throttled after too many wrong ones."""
        if seconds := throttle.seconds_until_code(self.user):
            minutes = -(-seconds // 60)
            too_many = ngettext(
                "Too many wrong codes. You can try again in %(count)d minute.",
                "Too many wrong codes. You can try again in %(count)d minutes.",
                minutes,
            )
            raise forms.ValidationError(too_many % {"count": minutes})
        self.cleaned_data["code"] = self.cleaned_data["code"].replace(" ", "")
        try:
            code: str = super().clean_code()
        except (forms.ValidationError, second_factor.SecretLost) as wrong:
            throttle.code_failed(self.user)
            if isinstance(wrong, second_factor.SecretLost):
                raise forms.ValidationError(
                    _(
                        "This code can't be checked. Ask your administrator to remove your "
                        "second factor."
                    )
                ) from None
            raise
        throttle.code_worked(self.user)
        return code


class CodesForm(GenerateRecoveryCodesForm, WithPassword):
    """New recovery codes."""


class AppForm(ActivateTOTPForm, WithPassword):
    code = _code_field(gettext_lazy("Code from the app"))
    field_order = ("code", "password")

    def clean_code(self) -> str:
        self.cleaned_data["code"] = self.cleaned_data["code"].replace(" ", "")
        return str(super().clean_code())


class PasskeyForm(AddWebAuthnForm, WithPassword):
    field_order = ("name", "password", "credential")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name")
        self.fields["name"].widget.attrs = {"class": "input", "maxlength": "100"}
