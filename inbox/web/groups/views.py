from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from inbox.answering.outcome import Outcome
from inbox.live import hub
from inbox.models import Group
from inbox.upstream import groups as service
from inbox.web.groups.forms import MemberForm, RoutingForm
from inbox.web.groups.group_list import count_sentence, group_rows
from inbox.web.groups.page import group_context
from inbox.web.ui.frame import render_page
from inbox.web.ui.messages import Message
from inbox.web.ui.outcome_messages import group_message
from inbox.web.ui.request import ReviewerRequest, groups_required, origin_of


@require_safe
@groups_required
def groups(request: ReviewerRequest, id: str = "") -> HttpResponseBase:
    """``?add=``, ``?remove=`` and ``?routing=`` ask to confirm a change."""
    return _page(request, key=id)


@require_POST
async def add_member(request: ReviewerRequest, id: str) -> HttpResponseBase:
    return await _change(request, id, service.add_member, MemberForm(request.POST), "user_id")


@require_POST
async def remove_member(request: ReviewerRequest, id: str) -> HttpResponseBase:
    return await _change(request, id, service.remove_member, MemberForm(request.POST), "user_id")


@require_POST
async def change_routing(request: ReviewerRequest, id: str) -> HttpResponseBase:
    return await _change(request, id, service.change_routing, RoutingForm(request.POST), "routing")


async def _change(
    request: ReviewerRequest,
    key: str,
    change: Callable[..., Awaitable[Outcome[Group]]],
    form: Form,
    field: str,
) -> HttpResponseBase:
    """On failure, the group with the typed text. An invalid form isn't from our pages: 404."""
    if not form.is_valid():
        raise Http404("No such change.")
    outcome = await change(
        reviewer=request.user.reviewer,
        group=key,
        origin=origin_of(request),
        **{field: form.cleaned_data[field]},
    )
    message = group_message(outcome)
    if outcome.done:
        messages.success(request, str(message))
        return HttpResponseRedirect(reverse("group", args=[key]), status=303)
    typed = form.cleaned_data.get("typed", "")
    page = await sync_to_async(_page)(request, key=key, message=message, typed=typed)
    return message.add_retry_after(page)


def _page(
    request: ReviewerRequest,
    *,
    key: str = "",
    message: Message | None = None,
    typed: str = "",
) -> HttpResponse:
    cursor, now = hub.cursor(), timezone.now()
    upstream, viewer = request.upstream, request.viewer
    found = service.find(viewer, upstream, key) if key else None
    if key and found is None and message is None:
        raise Http404("No such group.")
    rows = group_rows(viewer, upstream, now)
    context: dict[str, Any] = {
        "rows": rows,
        "sentence": count_sentence(rows),
        "message": message,
        "live_cursor": cursor,
    }
    if found is not None:
        context |= group_context(
            viewer, upstream, found, now, query=request.GET.dict(), typed=typed, message=message
        )
    template, parts = "groups/groups.html", {"groups": "groups/_groups.html"}
    status = 200 if message is None else message.status
    return render_page(request, template, context, section="groups", parts=parts, status=status)
