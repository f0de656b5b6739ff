"""The decision log, for team leads; and the receipt of an answer, for who may see the question."""

from collections.abc import AsyncIterator, Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from inbox.models import Decision, DecisionHead, Interaction, Upstream
from inbox.presenters import item_page, receipt, veil
from inbox.presenters.decision_list import decision_list
from inbox.presenters.decision_query import DecisionQuery
from inbox.services import decision_export, decision_log
from inbox.views.decorators import lead_required
from inbox.views.frame import frame, is_fragment

Export = Callable[[QuerySet[Decision], DecisionHead], AsyncIterator[str]]


@require_safe
@never_cache
@lead_required
async def decisions(request: Any) -> HttpResponseBase:
    """The log; for a swap the part below its filters."""
    return await sync_to_async(_decisions)(request)


@require_safe
@never_cache
@lead_required
async def decision(request: Any, number: int) -> HttpResponseBase:
    """One entry, whatever it says."""
    return await sync_to_async(_decision)(request, number)


@require_safe
@never_cache
@lead_required
async def as_csv(request: Any) -> HttpResponseBase:
    """What is filtered, for a spreadsheet."""
    return await _export(request, decision_export.as_csv, "csv", "text/csv; charset=utf-8")


@require_safe
@never_cache
@lead_required
async def as_json_lines(request: Any) -> HttpResponseBase:
    """What is filtered, each entry as it was hashed."""
    return await _export(request, decision_export.as_json_lines, "jsonl", "application/jsonl")


@require_safe
@never_cache
async def answer_receipt(request: Any, id: str) -> HttpResponseBase:
    """The answers to one question as sheets to print; ``?entry=`` one of them."""
    return await sync_to_async(_receipt)(request, id)


def _decisions(request: Any) -> HttpResponse:
    upstream, query = request.upstream, DecisionQuery.read(request.GET)
    context: dict[str, Any] = {
        "list": decision_list(request.viewer, upstream, query, timezone.now())
    }
    template = "decisions/_log.html"
    if not is_fragment(request, "decision-log"):
        context |= frame(request, upstream, section="decisions")
        template = "decisions/decisions.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _decision(request: Any, number: int) -> HttpResponse:
    upstream = request.upstream
    entry = veil.entries_seen_by(request.viewer, upstream).filter(number=number).first()
    if entry is None:
        raise Http404("No such entry.")
    item = Interaction.objects.filter(upstream=upstream, mobius_id=entry.interaction_id).first()
    return _sheets(request, upstream, [entry], item)


def _receipt(request: Any, id: str) -> HttpResponse:
    upstream = request.upstream
    item = item_page.find(request.viewer, upstream, id)
    entries = [] if item is None else receipt.answers(request.viewer, upstream, item)
    wanted = request.GET.get("entry", "")
    if wanted:
        entries = [entry for entry in entries if str(entry.number) == wanted]
    if not entries:
        raise Http404("No such receipt.")
    return _sheets(request, upstream, entries, item)


def _sheets(
    request: Any, upstream: Upstream, entries: list[Decision], item: Interaction | None
) -> HttpResponse:
    context = {
        "sheets": receipt.sheets(request.viewer, entries, item),
        "item": item if entries[0].interaction_id else None,
        "printed": timezone.now(),
    }
    context |= frame(request, upstream, section="decisions" if request.viewer.lead else "")
    return render(request, "decisions/sheet.html", context)


async def _export(
    request: Any, export: Export, ending: str, content_type: str
) -> StreamingHttpResponse:
    upstream = request.upstream
    entries = veil.entries_seen_by(request.viewer, upstream)
    rows = DecisionQuery.read(request.GET).but().rows(entries, timezone.now())
    head = await sync_to_async(decision_log.head)()
    response = StreamingHttpResponse(export(rows, head), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="decisions-{head.number}.{ending}"'
    return response
