"""The fixed comment templates, which team leads manage."""

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from inbox import access
from inbox.models import CommentTemplate
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
    runs = access.runs(request.viewer, upstream).filter(deleted__in=(False,))
    workflows = distinct_values(runs, "workflow", MOST)
    context = {"form": form, "rows": rows, "workflows": workflows}
    status = 422 if form.errors else 200
    template = "comment_templates/templates.html"
    return render_page(request, template, context, section="templates", status=status)


@require_POST
@lead_required
def delete(request: ReviewerRequest, id: int) -> HttpResponse:
    """Delete a fixed template. 404 if there is none with this number."""
    if not service.delete(request.upstream, id):
        raise Http404("no such template")
    messages.success(request, _("Template deleted"))
    return HttpResponseRedirect(reverse("templates"), status=303)
