"""What a confirmed change of a group sends."""

from typing import Any

from django import forms

from inbox.mobius.types import PolicyKind
from inbox.models.reviewer import validate_one_line


class MemberForm(forms.Form):
    """Whom the change is about; ``typed`` is what the lead wrote to name them."""

    user_id = forms.CharField(max_length=200, validators=[validate_one_line])
    typed = forms.CharField(max_length=200, required=False)


class RoutingForm(forms.Form):
    """How many must answer from now on."""

    routing = forms.ChoiceField(choices=[(kind, kind) for kind in (PolicyKind.ANY, PolicyKind.ALL)])

    def clean_routing(self) -> Any:
        """The policy."""
        return PolicyKind(self.cleaned_data["routing"])
