from collections.abc import AsyncIterator, Callable

from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from inbox.access import redaction
from inbox.answering import question
from inbox.audit import decision_log
from inbox.audit import export as decision_export
from inbox.models import Decision, DecisionHead, Interaction
from inbox.web.decisions import receipt
from inbox.web.decisions.page import decision_list
from inbox.web.decisions.queries import DecisionFilters
from inbox.web.ui.frame import render_page
from inbox.web.ui.localization import in_installation_zone
from inbox.web.ui.request import ReviewerRequest, lead_required

Export = Callable[[QuerySet[Decision], DecisionHead], AsyncIterator[str]]


@require_safe
@lead_required
@in_installation_zone
def decisions(request: ReviewerRequest) -> HttpResponse:
    filters = DecisionFilters.read(request.GET)
    context = decision_list(request.viewer, request.upstream, filters, timezone.now())
    template, parts = "decisions/decisions.html", {"decision-log": "decisions/_log.html"}
    return render_page(request, template, context, section="decisions", parts=parts)


@require_safe
@lead_required
@in_installation_zone
def decision(request: ReviewerRequest, number: int) -> HttpResponse:
    upstream = request.upstream
    entry = redaction.entries_seen_by(request.viewer, upstream).filter(number=number).first()
    if entry is None:
        raise Http404("No such entry.")
    rows = Interaction.objects.filter(upstream=upstream, mobius_id=entry.interaction_id)
    # Another project may have a question with the same ID.
    is_here = (entry.base_url, entry.project) == (upstream.base_url, upstream.project)
    return _receipts(request, [entry], rows.first() if is_here else None)


@require_safe
@lead_required
@in_installation_zone
def as_csv(request: ReviewerRequest) -> HttpResponseBase:
    return _export(request, decision_export.as_csv, "csv", "text/csv; charset=utf-8")


@require_safe
@lead_required
@in_installation_zone
def as_json_lines(request: ReviewerRequest) -> HttpResponseBase:
    """Each entry as it was hashed."""
    return _export(request, decision_export.as_json_lines, "jsonl", "application/jsonl")


@require_safe
@in_installation_zone
def answer_receipt(request: ReviewerRequest, id: str) -> HttpResponse:
    """With ``?entry=`` only for one of them."""
    upstream = request.upstream
    item = question.find(request.viewer, upstream, id)
    entries = [] if item is None else receipt.answers(request.viewer, upstream, item)
    wanted = request.GET.get("entry", "")
    if wanted:
        entries = [entry for entry in entries if str(entry.number) == wanted]
    if not entries:
        raise Http404("No such receipt.")
    return _receipts(request, entries, item)


def _receipts(
    request: ReviewerRequest, entries: list[Decision], item: Interaction | None
) -> HttpResponse:
    context = {
        "receipts": receipt.receipts(request.viewer, request.upstream, entries, item),
        "item": item if entries[0].interaction_id else None,
        "printed": timezone.now(),
    }
    section = "decisions" if request.viewer.lead else ""
    return render_page(request, "decisions/receipt.html", context, section=section)


def _export(
    request: ReviewerRequest, export: Export, ending: str, content_type: str
) -> StreamingHttpResponse:
    upstream = request.upstream
    entries = redaction.entries_seen_by(request.viewer, upstream)
    rows = DecisionFilters.read(request.GET).rows(entries, timezone.now())
    head = decision_log.head()
    response = StreamingHttpResponse(export(rows, head), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="decisions-{head.number}.{ending}"'
    return response
