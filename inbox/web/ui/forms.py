from typing import Any, ClassVar

from django import forms
from django.forms.renderers import TemplatesSetting
from django.utils.translation import gettext_lazy

ID_LENGTH = 200
NAME_OR_ID = {
    "class": "input",
    "autocomplete": "off",
    "autocapitalize": "none",
    "spellcheck": "false",
}
"""Attributes of a field for a name or an ID."""


class FormRenderer(TemplatesSetting):
    """``as_field_group`` draws a label, the control, its errors and its help."""

    field_template_name = "components/_field.html"


class Form(forms.Form):
    """``main_field`` has the focus after an error that belongs to no field."""

    main_field: ClassVar[str | None] = None

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        if focused := field or self.main_field:
            self.fields[focused].widget.attrs["autofocus"] = True


class MobiusIdForm(Form):
    mobius_id = forms.CharField(
        label=gettext_lazy("Mobius ID"),
        max_length=ID_LENGTH,
        widget=forms.TextInput(attrs={**NAME_OR_ID, "list": "seen-ids"}),
        error_messages={"required": gettext_lazy("Enter a Mobius ID.")},
    )
