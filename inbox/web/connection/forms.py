from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.models import Reviewer, Upstream
from inbox.people import service_key
from inbox.people.ability import Ability, by_ability
from inbox.people.accounts import Person, Role
from inbox.web.ui.forms import Form

ID_LENGTH = 200
NAME_OR_ID = {
    "class": "input",
    "autocomplete": "off",
    "autocapitalize": "none",
    "spellcheck": "false",
}
"""Attributes of a field for a name or an ID."""


class MobiusIdForm(Form):
    mobius_id = forms.CharField(
        label=gettext_lazy("Mobius ID"),
        max_length=ID_LENGTH,
        widget=forms.TextInput(attrs={**NAME_OR_ID, "list": "seen-ids"}),
        error_messages={"required": gettext_lazy("Enter a Mobius ID.")},
    )


class GiveIdForm(Form):
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


class RecipientForm(Form):
    recipient = forms.ChoiceField(
        label=gettext_lazy("Send to"),
        widget=forms.Select(attrs={"class": "input"}),
        error_messages={
            "required": gettext_lazy("Choose a person."),
            "invalid_choice": gettext_lazy(
                "This person has no Mobius ID or is deactivated, so they can't receive a question."
            ),
        },
    )

    def __init__(self, upstream: Upstream, viewer: Reviewer, data: Any = None) -> None:
        super().__init__(data, initial={"recipient": viewer.mobius_id})
        found = by_ability(upstream)
        with_key = _("%(name)s: can answer")
        if service_key.is_paused(upstream):
            with_key = _("%(name)s: can't answer now, since Mobius just refused the service key")
        kinds = (
            (found[Ability.TOKEN], _("%(name)s: can answer")),
            (found[Ability.KEY], with_key),
            (
                found[Ability.REFUSED],
                _("%(name)s: can't answer, since Mobius refused their member token"),
            ),
            (found[Ability.NO_TOKEN], _("%(name)s: can't answer without a member token")),
        )
        choices = [
            (reviewer.mobius_id, words % {"name": reviewer.name})
            for people, words in kinds
            for reviewer in people
        ]
        if choices and not viewer.mobius_id:
            choices.insert(0, ("", _("Choose a person")))
        self.fields["recipient"].choices = choices  # type: ignore[attr-defined]


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


class MappingForm(Form):
    group_id = forms.CharField(
        label=gettext_lazy("Mobius group ID"),
        max_length=ID_LENGTH,
        widget=forms.TextInput(attrs=NAME_OR_ID),
        error_messages={"required": gettext_lazy("Enter the group's Mobius ID.")},
    )
