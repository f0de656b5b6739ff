from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.models import Reviewer, Upstream
from inbox.people import service_key
from inbox.people.ability import Ability, by_ability
from inbox.web.ui.forms import ID_LENGTH, NAME_OR_ID, Form


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


class MappingForm(Form):
    group_id = forms.CharField(
        label=gettext_lazy("Mobius group ID"),
        max_length=ID_LENGTH,
        widget=forms.TextInput(attrs=NAME_OR_ID),
        error_messages={"required": gettext_lazy("Enter the group's Mobius ID.")},
    )
