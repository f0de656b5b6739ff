"""What was sent about a question, for team leads, and the demo's emails, for administrators."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import urlize
from django.utils.html import format_html
from django.views.decorators.http import require_safe

from inbox import access
from inbox.models import ChannelMessage, Delivery, KeptMessage
from inbox.notify import outgoing
from inbox.web.ui.frame import render_page
from inbox.web.ui.lists import PAGE
from inbox.web.ui.request import ReviewerRequest, administrator_required, lead_required


@require_safe
@lead_required
def deliveries(request: ReviewerRequest, id: str) -> HttpResponse:
    """Newest first."""
    seen = access.interactions(request.viewer, request.upstream)
    item = get_object_or_404(seen, mobius_id=id)
    found = Delivery.objects.filter(event__upstream=request.upstream, event__subject=id)
    rows = found.select_related("event", "reviewer").order_by("-created_at", "-pk")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    sent = ChannelMessage.objects.filter(event__upstream=request.upstream, event__subject=id)
    context = {
        "item": item,
        "page": page,
        "channel_rows": [
            (row, outgoing.words(row.error))
            for row in sent.select_related("event", "channel").order_by("-created_at", "-pk")
        ],
    }
    return render_page(request, "notifications/deliveries.html", context, section="runs")


@require_safe
@administrator_required
def kept_messages(request: ReviewerRequest) -> HttpResponse:
    context = {"rows": KeptMessage.objects.order_by("-pk")}
    template = "notifications/kept_messages.html"
    return render_page(request, template, context, section="connection")


@require_safe
@administrator_required
def kept_message(request: ReviewerRequest, id: int) -> HttpResponse:
    """The email as it would look. Its own styles are allowed, and nothing else."""
    message = get_object_or_404(KeptMessage, pk=id)
    response = HttpResponse(message.html or _as_html(message))
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response


def _as_html(message: KeptMessage) -> str:
    page = '<!doctype html><title>{}</title><pre style="white-space: pre-wrap">{}</pre>'
    return format_html(page, message.subject, urlize(message.text))
