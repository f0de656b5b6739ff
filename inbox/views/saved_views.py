"""Saving, renaming and deleting a view of the run monitor."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from inbox.forms.runs import ViewForm
from inbox.models import SavedView
from inbox.presenters.run_query import RunQuery
from inbox.services import saved_views
from inbox.services.saved_views import NoSuchView, NotSaved
from inbox.views.decorators import lead_required
from inbox.views.monitor import monitor_page
from inbox.views.request import ReviewerRequest


@require_POST
@lead_required
def save(request: ReviewerRequest) -> HttpResponse:
    """Keep the filters of ``?…`` under the name that was typed."""

    def write(name: str) -> SavedView:
        text = RunQuery.read(request.GET).text()
        return saved_views.save(request.viewer, name=name, query=text)

    return _named(request, write)


@require_POST
@lead_required
def rename(request: ReviewerRequest, id: int) -> HttpResponse:
    """Give a view another name."""

    def write(name: str) -> SavedView:
        return saved_views.rename(request.viewer, id, name=name)

    return _named(request, write)


@require_POST
@lead_required
def delete(request: ReviewerRequest, id: int) -> HttpResponse:
    """Forget a view; the list stays as it is filtered."""
    try:
        name = saved_views.delete(request.viewer, id)
    except NoSuchView:
        raise Http404("No such view.") from None
    messages.success(request, f"“{name}” was deleted.")
    return HttpResponseRedirect(RunQuery.read(request.GET).replace().href(), status=303)


def _named(request: ReviewerRequest, write: Callable[[str], SavedView]) -> HttpResponse:
    form = ViewForm(request.POST)
    if not form.is_valid():
        return _again(request, str(form.errors["name"][0]))
    try:
        view = write(form.cleaned_data["name"])
    except NoSuchView:
        raise Http404("No such view.") from None
    except NotSaved as error:
        return _again(request, str(error))
    messages.success(request, f"Saved as “{view.name}”.")
    return HttpResponseRedirect(view.get_absolute_url(), status=303)


def _again(request: ReviewerRequest, error: str) -> HttpResponse:
    typed = request.POST.get("name", "")
    return monitor_page(request, status=422, view_error=error, view_typed=typed)
