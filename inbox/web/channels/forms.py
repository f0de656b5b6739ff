from typing import Any

from asgiref.sync import async_to_sync
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox import access
from inbox.access import Viewer
from inbox.models import GroupChannel, Upstream
from inbox.notify import outgoing
from inbox.web.ui.forms import Form

Kind, Scope = GroupChannel.Kind, GroupChannel.Scope


class ChannelForm(Form):
    """``scope`` and ``of`` of the channel are in ``cleaned_data`` too."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Channel"),
        choices=Kind.choices,
        widget=forms.Select(attrs={"class": "input"}),
    )
    url = forms.CharField(
        label=gettext_lazy("Webhook address"),
        max_length=2000,
        help_text=gettext_lazy("It is encrypted and won't be shown again."),
        widget=forms.TextInput(attrs={"class": "input mono", "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Enter the webhook's address.")},
    )
    workflow = forms.CharField(
        label=gettext_lazy("Workflow"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("Leave empty for all questions."),
        widget=forms.TextInput(
            attrs={"class": "input", "autocomplete": "off", "list": "channel-workflows"}
        ),
    )
    titles = forms.BooleanField(
        label=gettext_lazy("Send titles: everyone in this channel may read them"),
        required=False,
    )

    def __init__(self, viewer: Viewer, upstream: Upstream, data: Any = None) -> None:
        super().__init__(data, auto_id="channel-%s")
        if upstream.has_groups:
            self.fields["group"] = forms.ModelChoiceField(
                access.groups(viewer, upstream).order_by("name"),
                label=_("Group"),
                empty_label=_("All groups"),
                required=False,
                widget=forms.Select(attrs={"class": "input"}),
            )
        if upstream.has_machines:
            self.fields["agent"] = forms.CharField(
                label=_("ID of an agent"),
                max_length=200,
                required=False,
                widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
            )

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"]).strip()
        try:
            async_to_sync(outgoing.check)(url)
        except outgoing.NotPosted as failed:
            raise forms.ValidationError(outgoing.words(failed.why)) from None
        return url

    def clean(self) -> dict[str, Any]:
        data = dict(super().clean() or {})
        group = data.get("group")
        wanted = {
            Scope.GROUP: group.mobius_id if group else "",
            Scope.WORKFLOW: data.get("workflow", ""),
            Scope.AGENT: data.get("agent", ""),
        }
        chosen = [(scope, of) for scope, of in wanted.items() if of]
        if len(chosen) > 1:
            self.add_error("workflow", _("Choose one of these, or none for all questions."))
        data["scope"], data["of"] = chosen[0] if chosen else (Scope.ALL, "")
        return data
