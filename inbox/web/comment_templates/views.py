"""The fixed comment templates, which team leads manage."""

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from inbox import access
from inbox.models import CommentTemplate, Group
from inbox.models.distinct import distinct_values
from inbox.services import comment_templates as service
from inbox.services.comment_templates import MOST_FIXED, TooMany
from inbox.web.comment_templates.forms import TemplateForm
from inbox.web.ui.frame import render_page
from inbox.web.ui.lists import MOST
from inbox.web.ui.request import ReviewerRequest, lead_required


@require_http_methods(["GET", "HEAD", "POST"])
@lead_required
def templates(request: ReviewerRequest) -> HttpResponse:
    """The fixed templates, and a form that adds one."""
    upstream = request.upstream
    groups = access.groups(request.viewer, upstream).order_by("name")
    form = TemplateForm(request.POST or None, groups=groups)
    if request.method == "POST" and form.is_valid():
        try:
            service.add(request.viewer, upstream, **form.cleaned_data)
        except TooMany:
            words = _("There are already %(count)d templates. Delete one first.")
            form.add_error("text", words % {"count": MOST_FIXED})
        else:
            messages.success(request, _("Template added"))
            return HttpResponseRedirect(reverse("templates"), status=303)
    rows = CommentTemplate.objects.filter(upstream=upstream).select_related("group")
    return _page(request, "comment_templates/templates.html", form, rows=rows)


@require_http_methods(["GET", "HEAD", "POST"])
@lead_required
def edit(request: ReviewerRequest, id: int) -> HttpResponse:
    """Change a fixed template. 404 if there is none with this number."""
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
    """Delete a fixed template. 404 if there is none with this number."""
    if not service.delete(request.upstream, id):
        raise Http404("no such template")
    messages.success(request, _("Template deleted"))
    return HttpResponseRedirect(reverse("templates"), status=303)


def _page(
    request: ReviewerRequest, template: str, form: TemplateForm, **context: Any
) -> HttpResponse:
    """A page with the form, which suggests the workflows there are."""
    runs = access.runs(request.viewer, request.upstream).filter(deleted__in=(False,))
    context |= {"form": form, "workflows": distinct_values(runs, "workflow", MOST)}
    status = 422 if form.errors else 200
    return render_page(request, template, context, section="templates", status=status)
