"""The viewer's drafts."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from inbox.models import Draft
from inbox.services import draft as service
from inbox.web.drafts.page import DraftFilters, draft_list
from inbox.web.ui.frame import render_page
from inbox.web.ui.request import ReviewerRequest


@require_safe
def drafts(request: ReviewerRequest) -> HttpResponse:
    filters = DraftFilters.read(request.GET)
    listed = draft_list(request.viewer, request.upstream, filters)
    if filters.first_href and not listed.rows:
        return redirect(filters.first_href)
    return render_page(request, "drafts/drafts.html", {"list": listed}, section="drafts")


@require_POST
def discard(request: ReviewerRequest, id: int) -> HttpResponseBase:
    """Delete a draft at the ``version`` that the page showed. 404 for someone else's."""
    reviewer, version = request.user.reviewer, request.POST.get("version", "")
    get_object_or_404(Draft, reviewer=reviewer, pk=id)
    shown = int(version) if version.isdecimal() and len(version) < 10 else 0
    if service.discard_version(reviewer=reviewer, pk=id, version=shown):
        messages.success(request, _("Draft discarded."))
    else:
        messages.info(
            request, _("The draft has changed since this page was loaded, so it was kept.")
        )
    filters = DraftFilters.read(QueryDict(request.POST.get("list", "")))
    return HttpResponseRedirect(filters.href(), status=303)
