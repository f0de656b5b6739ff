from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.people.accounts import Person, Role
from inbox.web.ui.forms import ID_LENGTH, NAME_OR_ID, MobiusIdForm


class GiveIdForm(forms.Form):
    """To one of the accounts without a Mobius ID."""

    mobius_id = forms.CharField(max_length=ID_LENGTH)
    account = forms.ModelChoiceField(
        User.objects.filter(reviewer__isnull=False),
        error_messages={
            "required": gettext_lazy("Choose an account."),
            "invalid_choice": gettext_lazy("This account no longer exists."),
        },
    )


class PersonForm(MobiusIdForm):
    main_field = "name"
    name = forms.CharField(
        label=gettext_lazy("Username"),
        max_length=150,
        widget=forms.TextInput(attrs=NAME_OR_ID),
        error_messages={"required": gettext_lazy("Enter a username.")},
    )
    full_name = forms.CharField(
        label=gettext_lazy("Full name"),
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs=NAME_OR_ID),
    )
    email = forms.EmailField(
        label=gettext_lazy("Email address"),
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs=NAME_OR_ID),
    )
    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        choices=[
            (Role.REVIEWER, gettext_lazy("Reviewer")),
            (Role.LEAD, gettext_lazy("Team lead")),
        ],
        widget=forms.Select(attrs={"class": "input"}),
    )
    admin = forms.BooleanField(label=gettext_lazy("Administrator"), required=False)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="person-%s")

    def person(self) -> Person:
        cleaned: dict[str, Any] = self.cleaned_data
        return Person(
            username=cleaned["name"],
            mobius_id=cleaned["mobius_id"],
            full_name=cleaned["full_name"],
            email=cleaned["email"],
            role=Role(cleaned["role"]),
            admin=cleaned["admin"],
        )


class ImportForm(forms.Form):
    """A CSV file, or its text after the preview."""

    file = forms.FileField(required=False)
    text = forms.CharField(required=False, strip=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("file") and not cleaned.get("text"):
            self.add_error("file", _("Choose a CSV file."))
        return cleaned

    def content(self) -> bytes:
        file = self.cleaned_data["file"]
        return file.read() if file else self.cleaned_data["text"].encode()
