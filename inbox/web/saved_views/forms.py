"""The form of a saved view, and why one can't be saved."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from inbox.models import Group
from inbox.services.saved_views import MAX_VIEWS, NotSaved, Reason
from inbox.web.ui.forms import Form


class ViewForm(Form):
    """The name of a view, and the group that it is shared with, one of the person's own."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off", "autofocus": True}),
        error_messages={
            "required": gettext_lazy("Enter a name for the view."),
            "max_length": gettext_lazy("A name can have at most 80 characters."),
        },
    )

    def __init__(self, data: Any = None, *, groups: QuerySet[Group], **kwargs: Any) -> None:
        super().__init__(data, auto_id="view-%s", **kwargs)
        self.groups = groups
        self.fields["group"] = forms.ModelChoiceField(
            groups,
            label=_("Share with"),
            empty_label=_("Only me"),
            required=False,
            widget=forms.Select(attrs={"class": "input"}),
            error_messages={"invalid_choice": _("You are no longer in this group.")},
        )

    def clean_name(self) -> str:
        """Collapse runs of spaces."""
        return " ".join(str(self.cleaned_data["name"]).split())


def not_saved(refused: NotSaved) -> str:
    """Why a view can't have its name or can't be saved."""
    if refused.reason is Reason.NAME_TAKEN:
        return _("You already have a view called %(name)s.") % {"name": refused.name}
    many = ngettext(
        "You already have %(count)d view. Delete one first.",
        "You already have %(count)d views. Delete one first.",
        MAX_VIEWS,
    )
    return many % {"count": MAX_VIEWS}
