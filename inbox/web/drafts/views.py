from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from inbox import access
from inbox.answering import draft as service
from inbox.models import Draft, Interaction
from inbox.web.questions.drafts import text_of
from inbox.web.ui.frame import render_page
from inbox.web.ui.labels import item_status, kind
from inbox.web.ui.lists import PAGE, Keyset, ListForm, Text
from inbox.web.ui.request import ReviewerRequest

LONGEST = 300
"""Characters of a text that a row shows."""
NEWEST_FIRST = Keyset("updated_at")


class DraftFilters(ListForm):
    url_name = "drafts"

    cursor = Text(longest=60)


@require_safe
def drafts(request: ReviewerRequest) -> HttpResponse:
    filters = DraftFilters.read(request.GET)
    own = service.with_text(request.viewer, request.upstream)
    found = NEWEST_FIRST.after(own, filters.cleaned_data["cursor"])
    page = NEWEST_FIRST.page(list(found[: PAGE + 1]))
    if filters.first_href and not page.rows:
        return redirect(filters.first_href)
    ids = [draft.interaction_id for draft in page.rows]
    columns = ("mobius_id", "type", "title", "questions", "status", "state", "deleted")
    seen = access.interactions(request.viewer, request.upstream).filter(mobius_id__in=ids)
    items = {item.mobius_id: item for item in seen.only(*columns)}
    context = {
        "filters": filters,
        "rows": [_row(draft, items.get(draft.interaction_id)) for draft in page.rows],
        "next_href": filters.href(cursor=page.cursor) if page.cursor else "",
    }
    return render_page(request, "drafts/drafts.html", context, section="drafts")


def _row(draft: Draft, item: Interaction | None) -> dict[str, Any]:
    """``item`` is None if the viewer may no longer see the question."""
    text = text_of(draft, item)
    closed = item is not None and not item.is_open
    return {
        "draft": draft,
        "item": item,
        "kind": kind(item.type) if item else None,
        "text": text if len(text) <= LONGEST else f"{text[:LONGEST].rstrip()}…",
        "status": item_status(item.state, deleted=item.deleted) if item and closed else None,
        "deleted_at": draft.closed_at and draft.closed_at + service.KEEP_CLOSED_FOR,
    }


@require_POST
def discard(request: ReviewerRequest, id: int) -> HttpResponseBase:
    """Only at the ``version`` that the page showed. 404 for someone else's."""
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
