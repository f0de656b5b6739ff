from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from inbox import access
from inbox.lib.bidi import has_overrides
from inbox.models import CommentTemplate, Group
from inbox.models.distinct import distinct_values
from inbox.people import comment_templates as service
from inbox.people.comment_templates import LONGEST, TooMany
from inbox.web.ui.forms import Form
from inbox.web.ui.frame import render_page
from inbox.web.ui.lists import MOST
from inbox.web.ui.request import ReviewerRequest, lead_required


class TemplateForm(Form):
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
        text = str(self.cleaned_data["text"]).replace("\r\n", "\n")
        if has_overrides(text):
            raise forms.ValidationError(
                _("The comment has invisible characters that change how it reads.")
            )
        return text


@require_http_methods(["GET", "HEAD", "POST"])
@lead_required
def templates(request: ReviewerRequest) -> HttpResponse:
    upstream = request.upstream
    groups = access.groups(request.viewer, upstream).order_by("name")
    form = TemplateForm(request.POST or None, groups=groups)
    if request.method == "POST" and form.is_valid():
        try:
            service.add(request.viewer, upstream, **form.cleaned_data)
        except TooMany:
            words = _("There are already %(count)d templates. Delete one first.")
            form.add_error("text", words % {"count": service.MOST})
        else:
            messages.success(request, _("Template added"))
            return HttpResponseRedirect(reverse("templates"), status=303)
    rows = CommentTemplate.objects.filter(upstream=upstream).select_related("group")
    return _page(request, "comment_templates/templates.html", form, rows=rows)


@require_http_methods(["GET", "HEAD", "POST"])
@lead_required
def edit(request: ReviewerRequest, id: int) -> HttpResponse:
    upstream = request.upstream
    row = get_object_or_404(CommentTemplate, upstream=upstream, pk=id)
    offered = access.groups(request.viewer, upstream)
    # Its own group too, which may be deleted: another text must not offer it to everyone.
    groups = Group.objects.filter(Q(pk__in=offered.values("pk")) | Q(pk=row.group_id))
    first = {"text": row.text, "workflow": row.workflow, "group": row.group_id}
    form = TemplateForm(request.POST or None, groups=groups.order_by("name"), initial=first)
    if request.method == "POST" and form.is_valid():
        if not service.change(request.viewer, upstream, id, **form.cleaned_data):
            raise Http404("no such template")
        messages.success(request, _("Template saved"))
        return HttpResponseRedirect(reverse("templates"), status=303)
    return _page(request, "comment_templates/edit.html", form)


@require_POST
@lead_required
def delete(request: ReviewerRequest, id: int) -> HttpResponse:
    if not service.delete(request.upstream, id):
        raise Http404("no such template")
    messages.success(request, _("Template deleted"))
    return HttpResponseRedirect(reverse("templates"), status=303)


def _page(
    request: ReviewerRequest, template: str, form: TemplateForm, **context: Any
) -> HttpResponse:
    runs = access.runs(request.viewer, request.upstream).not_deleted_by_index()
    context |= {"form": form, "workflows": distinct_values(runs, "workflow", MOST)}
    status = 422 if form.errors else 200
    return render_page(request, template, context, section="templates", status=status)
