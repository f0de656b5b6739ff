from datetime import timedelta
from functools import cache
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.forms import (
    PasswordChangeForm,
    SetPasswordForm,
    SetPasswordMixin,
    UserCreationForm,
)
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import dateformat
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_variables

from inbox.answering.guard import SECONDS, Choice
from inbox.models import Guard, Reviewer, Upstream
from inbox.people import throttle, time_zones
from inbox.people.oidc.identity_provider import may_use_password, oidc
from inbox.web.ui.forms import Form


class TokenForm(Form):
    """The form never shows the token again, not even after an error."""

    token = forms.CharField(
        label=gettext_lazy("Member token"),
        max_length=4096,
        widget=forms.PasswordInput(
            attrs={
                "class": "input mono",
                "autocomplete": "off",
                "spellcheck": "false",
            }
        ),
        error_messages={"required": gettext_lazy("Paste your token here first.")},
    )

    def __init__(self, upstream: Upstream, data: Any = None) -> None:
        super().__init__(data)
        self.fields["token"].widget.attrs["placeholder"] = upstream.adapter.member_token_prefix


KeysForm = forms.modelform_factory(Reviewer, fields=("keys_enabled", "preview_enabled"))


class LanguageForm(forms.ModelForm):
    """Empty values mean the browser's own. ``browsers_zone`` is its time zone, if known."""

    class Meta:
        model = Reviewer
        fields = ("language", "time_zone")

    def __init__(self, reviewer: Reviewer, data: Any = None, *, browsers_zone: str = "") -> None:
        super().__init__(data, instance=reviewer)
        self._browsers_zone = browsers_zone
        languages = [("", _("Browser's language")), *settings.LANGUAGES]
        self.fields["language"] = forms.ChoiceField(choices=languages, required=False)

    def clean_time_zone(self) -> str:
        zone: str = self.cleaned_data["time_zone"]
        if zone and zone not in _zone_options() and zone != self.initial["time_zone"]:
            message = forms.ChoiceField.default_error_messages["invalid_choice"]
            raise forms.ValidationError(message, params={"value": zone})
        return zone

    @property
    def zone_options(self) -> SafeString:
        """Rendered here: in the template, it would take as long as the rest of the page."""
        automatic, chosen = _("Browser's time zone"), self["time_zone"].value()
        if self._browsers_zone:
            automatic = _("Browser's time zone (%(zone)s)") % {"zone": self._browsers_zone}
        options = {"": _option("", automatic), **_zone_options()}
        if chosen:
            options[chosen] = _option(chosen, chosen.replace("_", " "), selected=True)
        return SafeString("".join(options.values()))  # nosec # each was escaped


@cache
def _zone_options() -> dict[str, SafeString]:
    return {name: _option(name, name.replace("_", " ")) for name in sorted(time_zones.names())}


def _option(value: str, label: str, *, selected: bool = False) -> SafeString:
    attribute = SafeString(" selected") if selected else ""
    return format_html('<option value="{}"{}>{}</option>', value, attribute, label)


class LookForm(forms.ModelForm):
    class Meta:
        model = Reviewer
        fields = ("theme", "density")
        labels = {"theme": gettext_lazy("Theme"), "density": gettext_lazy("Density")}


class GuardForm(forms.Form):
    guard = forms.ChoiceField(choices=Guard.choices)
    seconds = forms.TypedChoiceField(coerce=int)

    def __init__(self, choice: Choice, data: Any = None) -> None:
        super().__init__(data, initial={"guard": choice.guard, "seconds": choice.seconds})
        offered = sorted({*SECONDS, choice.seconds})
        words = [(seconds, _seconds(seconds)) for seconds in offered]
        self.fields["seconds"].choices = words  # type: ignore[attr-defined]


def _seconds(seconds: int) -> str:
    return ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}


LABELS = {
    "username": gettext_lazy("Username"),
    "old_password": gettext_lazy("Current password"),
    "new_password1": gettext_lazy("New password"),
    "new_password2": gettext_lazy("Confirm new password"),
    "password1": gettext_lazy("New password"),
    "password2": gettext_lazy("Confirm new password"),
}

NEW_PASSWORD = ("new_password1", "password1")
"""The field of the new password. Django's forms give it different names."""

RULES = gettext_lazy(
    "At least 8 characters, not only digits, not a common password, and not similar to your "
    "username, name or email address."
)


class PasswordFields(SetPasswordMixin, Form):
    """Errors of a new password are shown at its field, not at its confirmation."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.required, field.label = True, LABELS[name]
            field.help_text = RULES if name in NEW_PASSWORD else ""
            field.widget.attrs["class"] = "input"
            field.widget.attrs.pop("autofocus", None)

    def validate_password_for_user(self, user: User, *_confirmation: str) -> None:
        for name in NEW_PASSWORD:
            super().validate_password_for_user(user, name)


class ChosenPasswordForm(PasswordFields, SetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            self.fields["new_password1"].widget.attrs["autofocus"] = True


class PasswordForm(PasswordFields, PasswordChangeForm):
    """A wrong current password counts as a failed sign-in. ``retry_after`` is in seconds."""

    def __init__(self, user: User, request: HttpRequest, data: Any = None) -> None:
        super().__init__(user, data)
        self._request = request
        self.retry_after: int | None = None

    @sensitive_variables()
    def clean_old_password(self) -> str:
        typed, username = self.cleaned_data["old_password"], self.user.get_username()
        try:
            return check_password(self._request, username, typed)
        except forms.ValidationError:
            if getattr(self._request, "axes_locked_out", False):
                self.retry_after = throttle.seconds_to_wait(self._request, username)
            raise


class AddressForm(Form):
    new_email = forms.EmailField(
        label=gettext_lazy("New email address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"class": "input", "autocomplete": "email"}),
        error_messages={"required": gettext_lazy("Enter an email address.")},
    )
    password = forms.CharField(
        label=gettext_lazy("Current password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"class": "input", "autocomplete": "current-password"}),
    )

    def __init__(self, user: User, request: HttpRequest, data: Any = None) -> None:
        super().__init__(data)
        self._user, self._request = user, request

    def clean_new_email(self) -> str:
        address: str = self.cleaned_data["new_email"]
        if address == self._user.email:
            raise forms.ValidationError(_("This is your email address already."))
        return address

    @sensitive_variables()
    def clean_password(self) -> str:
        typed: str = self.cleaned_data["password"]
        return check_password(self._request, self._user.get_username(), typed)


@sensitive_variables()
def check_password(request: HttpRequest, username: str, typed: str) -> str:
    """Failures count and are throttled, as at sign-in. Raises ValidationError."""
    if authenticate(request, username=username, password=typed) is not None:
        return typed
    if getattr(request, "axes_locked_out", False):
        raise forms.ValidationError(_too_many(throttle.seconds_to_wait(request, username)))
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
    class Meta(UserCreationForm.Meta):
        fields = ("username",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if settings.OIDC is not None:
            self.initial["username"] = settings.OIDC.break_glass

    def clean_username(self) -> str:
        """With an identity provider, only one name has a working password."""
        username: str = super().clean_username()
        if not may_use_password(username):
            only = _("Only %(name)s can sign in with a password.")
            raise forms.ValidationError(only % {"name": oidc().break_glass})
        return username
