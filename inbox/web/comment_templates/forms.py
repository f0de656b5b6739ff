"""The form of a fixed comment template."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.bidi import has_overrides
from inbox.models import Group
from inbox.services.comment_templates import LONGEST
from inbox.web.ui.forms import Form


class TemplateForm(Form):
    """A comment, and which questions it is offered for."""

    text = forms.CharField(
        label=gettext_lazy("Comment"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"class": "input", "rows": 3}),
        error_messages={
            "required": gettext_lazy("Enter a comment."),
            "max_length": gettext_lazy("A template can have at most 2,000 characters."),
        },
    )
    workflow = forms.CharField(
        label=gettext_lazy("Workflow"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("Leave empty for all workflows."),
        widget=forms.TextInput(
            attrs={"class": "input", "autocomplete": "off", "list": "template-workflows"}
        ),
    )

    def __init__(
        self, data: Any = None, *, groups: QuerySet[Group], initial: dict[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial=initial, auto_id="template-%s")
        self.fields["group"] = forms.ModelChoiceField(
            groups,
            label=_("Group"),
            empty_label=_("Everyone who is asked"),
            required=False,
            widget=forms.Select(attrs={"class": "input"}),
        )

    def clean_text(self) -> str:
        """Refuse what a question would not offer."""
        text = str(self.cleaned_data["text"]).replace("\r\n", "\n")
        if has_overrides(text):
            raise forms.ValidationError(
                _("The comment has invisible characters that change how it reads.")
            )
        return text
