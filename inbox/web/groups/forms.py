from django import forms

from inbox.mobius.types import PolicyKind
from inbox.models.reviewer import validate_one_line


class MemberForm(forms.Form):
    """``typed`` is what the lead typed to find the person."""

    user_id = forms.CharField(max_length=200, validators=[validate_one_line])
    typed = forms.CharField(max_length=200, required=False)


class RoutingForm(forms.Form):
    routing = forms.TypedChoiceField(
        choices=[(kind, kind) for kind in (PolicyKind.ANY, PolicyKind.ALL)], coerce=PolicyKind
    )
