from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from inbox.answering import batches as service
from inbox.answering.batches import Confirmation
from inbox.live import hub
from inbox.models import Batch
from inbox.web.batches.forms import CommentForm, all_that_match, chosen
from inbox.web.batches.page import batch_context
from inbox.web.questions.forms import comment_of
from inbox.web.ui.batches import batch_lines
from inbox.web.ui.frame import render_page
from inbox.web.ui.lists import read_numbers
from inbox.web.ui.request import ReviewerRequest, is_fragment, origin_of
from inbox.web.ui.scopes import Filters


@require_POST
def new(request: ReviewerRequest) -> HttpResponseBase:
    """Nothing is sent. Without a question, redirect to the list."""
    verb, query = request.POST.get("verb", ""), request.POST.get("list", "")
    if verb not in Batch.Verb.values:
        raise Http404("No such action.")
    filters = Filters.read(QueryDict(query))
    if "all" in request.POST:
        selected = all_that_match(request.own, filters)
    else:
        selected = chosen(request.POST)
    if not selected:
        messages.info(request, _("Select at least one question."))
        return _redirect(request, filters.href())
    batch = service.prepare(
        reviewer=request.user.reviewer,
        upstream=request.upstream,
        verb=Batch.Verb(verb),
        chosen=selected,
        query=filters.query(),
    )
    return _redirect(request, batch.get_absolute_url())


@require_safe
def batch(request: ReviewerRequest, id: int) -> HttpResponse:
    return render_batch(request, get_own_batch(request, id))


def render_batch(
    request: ReviewerRequest, batch: Batch, form: CommentForm | None = None, status: int = 200
) -> HttpResponse:
    cursor = hub.cursor()
    service.note_shown([batch])
    context = batch_context(request.viewer, request.upstream, batch, timezone.now())
    context["form"] = form or CommentForm(initial={"comment": batch.comment})
    context["live_cursor"] = cursor
    template, parts = "batches/batch.html", {"batch": "batches/_batch.html"}
    return render_page(request, template, context, section="", parts=parts, status=status)


@require_POST
def send(request: ReviewerRequest, id: int) -> HttpResponseBase:
    """A second press changes nothing. 422 for a comment that is missing or too long."""
    batch, form = get_own_batch(request, id), CommentForm(request.POST)
    if not form.is_valid():
        return render_batch(request, batch, form, status=422)
    comment = form.cleaned_data["comment"]
    done = service.confirm(batch=batch, comment=comment, origin=origin_of(request))
    if done is Confirmation.NO_REASON:
        form.add_error("comment", form.no_reason)
        return render_batch(request, batch, form, status=422)
    return _redirect(request, batch.get_absolute_url())


def _redirect(request: ReviewerRequest, path: str) -> HttpResponseBase:
    """htmx sends the form, so that the person stays on the page if the request fails."""
    if request.htmx:
        return HttpResponseClientRedirect(path)
    return HttpResponseRedirect(path, status=303)


@require_POST
def comment(request: ReviewerRequest, id: int) -> HttpResponseBase:
    batch = get_own_batch(request, id)
    service.keep_comment(batch, comment_of(request.POST))
    return HttpResponseRedirect(batch.get_absolute_url(), status=303)


@require_POST
def undo(request: ReviewerRequest, id: int) -> HttpResponseBase:
    batch = get_own_batch(request, id)
    if service.undo(batch):
        messages.success(request, _("Undone. Nothing was sent."))
    elif not batch.previewed:
        messages.warning(request, _("It's too late to undo this."))
    return _redirect(request, batch.get_absolute_url())


@require_POST
def dismiss(request: ReviewerRequest, id: int) -> HttpResponseBase:
    batch = get_own_batch(request, id)
    service.dismiss(Batch.objects.filter(pk=batch.pk))
    return _dismissed(request, batch.query)


@require_POST
def dismiss_all(request: ReviewerRequest) -> HttpResponseBase:
    """Only the ``results`` that the page had, none that came later."""
    chosen = read_numbers(request.POST.get("results", ""))
    service.dismiss(
        service.batches_of(request.user.reviewer, request.upstream).filter(pk__in=chosen)
    )
    return _dismissed(request, request.POST.get("list", ""))


def _dismissed(request: ReviewerRequest, query: str) -> HttpResponseBase:
    if is_fragment(request, "batches"):
        left = batch_lines(request.own.batches)
        return render(request, "inbox/_batches.html", {"batches": left})
    return _redirect(request, Filters.read(QueryDict(query)).href())


def get_own_batch(request: ReviewerRequest, id: int) -> Batch:
    """404 for someone else's."""
    rows = service.batches_of(request.user.reviewer, request.upstream).select_related("reviewer")
    return get_object_or_404(rows, pk=id)
