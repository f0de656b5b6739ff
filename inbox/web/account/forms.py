"""The forms of the account page and of a one-time link."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm, UserCreationForm
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import dateformat
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_variables

from inbox.people import throttle
from inbox.people.clients import adapter
from inbox.web.ui.forms import Form


class TokenForm(Form):
    """A member token, pasted. It is never shown again, not after an error either."""

    token = forms.CharField(
        label=gettext_lazy("Member token"),
        max_length=4096,
        widget=forms.PasswordInput(
            attrs={
                "class": "input mono",
                "autocomplete": "off",
                "spellcheck": "false",
                "placeholder": adapter.member_token_prefix,
            }
        ),
        error_messages={"required": gettext_lazy("Paste your token here first.")},
    )


class KeysForm(forms.Form):
    """Whether single-key shortcuts are on."""

    keys_enabled = forms.BooleanField(required=False)


LABELS = {
    "username": gettext_lazy("Username"),
    "old_password": gettext_lazy("Current password"),
    "new_password1": gettext_lazy("New password"),
    "new_password2": gettext_lazy("Confirm new password"),
    "password1": gettext_lazy("New password"),
    "password2": gettext_lazy("Confirm new password"),
}


class PasswordFields(forms.BaseForm):
    """The fields of Django's own forms: each required, with our labels and nothing beside it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.required, field.label, field.help_text = True, LABELS[name], ""
            field.widget.attrs["class"] = "input"
            field.widget.attrs.pop("autofocus", None)


class ChosenPasswordForm(PasswordFields, SetPasswordForm):
    """The password of an account whose one-time link was opened."""


class PasswordForm(PasswordFields, PasswordChangeForm):
    """A change of password. A wrong current password counts as a failed sign-in and is throttled.

    ``retry_after`` is how many seconds to wait after too many; else None.
    """

    def __init__(self, user: User, request: HttpRequest, data: Any = None) -> None:
        super().__init__(user, data)
        self._request = request
        self.retry_after: int | None = None

    @sensitive_variables()
    def clean_old_password(self) -> str:
        """Check it with Django's ``authenticate``, which counts failures and throttles."""
        typed: str = self.cleaned_data["old_password"]
        username = self.user.get_username()
        if authenticate(self._request, username=username, password=typed) is not None:
            return typed
        if getattr(self._request, "axes_locked_out", False):
            self.retry_after = throttle.seconds_to_wait(self._request, username)
            raise forms.ValidationError(_too_many(self.retry_after))
        raise forms.ValidationError(_("This isn't your current password."))


def _too_many(seconds: int) -> str:
    if seconds < 60:
        soon = ngettext(
            "Too many wrong passwords. You can try again in %(count)d second.",
            "Too many wrong passwords. You can try again in %(count)d seconds.",
            seconds,
        )
        return soon % {"count": seconds}
    until = dateformat.format(localtime() + timedelta(seconds=seconds), "H:i")
    return _("Too many wrong passwords. You can try again at %(time)s.") % {"time": until}


class AdministratorForm(PasswordFields, UserCreationForm):
    """The name and password of the first administrator."""

    class Meta(UserCreationForm.Meta):
        fields = ("username",)
