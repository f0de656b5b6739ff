from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from inbox.models import Reviewer
from inbox.notify import switches
from inbox.people import accounts, service_key
from inbox.people.accounts import NotAdded
from inbox.upstream import group_mapping, sample_question
from inbox.web.connection.forms import MappingForm, RecipientForm
from inbox.web.connection.messages import not_mapped, not_sent
from inbox.web.connection.page import connection_page
from inbox.web.ui.forms import MobiusIdForm
from inbox.web.ui.frame import render_page
from inbox.web.ui.messages import not_added
from inbox.web.ui.request import ReviewerRequest, administrator_required

TEST_QUESTION = "test_question"
"""Session key of the ID of the test question that this browser follows."""


@require_safe
@administrator_required
def connection(request: ReviewerRequest) -> HttpResponseBase:
    return _page(request)


@require_POST
@administrator_required
def map_group(request: ReviewerRequest) -> HttpResponse:
    form = MappingForm(request.POST)
    if not form.is_valid():
        return _page(request, mapping_form=form, status=422)
    try:
        group_mapping.map_group(form.cleaned_data["group_id"], request.POST.getlist("people"))
    except group_mapping.NotMapped as refused:
        form.add_error(None, not_mapped(refused))
        return _page(request, mapping_form=form, status=422)
    messages.success(request, _("The people assigned to the group were saved."))
    return _back("groups")


@require_POST
@administrator_required
def set_mobius_id(request: ReviewerRequest) -> HttpResponse:
    form = MobiusIdForm(request.POST)
    if not form.is_valid():
        return _page(request, id_form=form, status=422)
    try:
        accounts.set_mobius_id(request.user, form.cleaned_data["mobius_id"])
    except NotAdded as refused:
        form.add_error("mobius_id", not_added(refused))
        return _page(request, id_form=form, status=422)
    messages.success(request, _("Your Mobius ID is set."))
    return _back("test")


@require_POST
@administrator_required
def resume_key(request: ReviewerRequest) -> HttpResponse:
    """Let the next answer try the service key, although Mobius has just refused it."""
    service_key.resume(request.upstream)
    return _back("mobius")


@require_POST
@administrator_required
def switch_channel(request: ReviewerRequest) -> HttpResponse:
    channel, on = request.POST.get("channel", ""), request.POST.get("on") == "yes"
    if channel not in switches.LABELS:
        raise Http404("No such channel.")
    switches.switch(channel, timezone.now(), on=on, by=request.user.get_username())
    words = _("%(channel)s is switched on.") if on else _("%(channel)s is switched off.")
    messages.success(request, words % {"channel": switches.LABELS[channel]})
    return _back("notifications")


@require_POST
@administrator_required
async def send_test_question(request: ReviewerRequest) -> HttpResponseBase:
    form = await sync_to_async(RecipientForm)(request.upstream, request.user.reviewer, request.POST)
    if not form.is_valid():
        return await sync_to_async(_page)(request, recipient_form=form, status=422)
    try:
        id = await sample_question.send(request.upstream, form.cleaned_data["recipient"])
    except sample_question.NotSent as refused:
        why = not_sent(refused)
        return await sync_to_async(_page)(request, recipient_form=form, not_sent=why, status=422)
    request.session[TEST_QUESTION] = id
    return _back("test")


@require_safe
@administrator_required
def test_question(request: ReviewerRequest) -> HttpResponse:
    if TEST_QUESTION not in request.session:
        raise Http404("No test question was sent from this browser.")
    return render(request, "connection/_test_status.html", _followed(request))


def _page(request: ReviewerRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {
        "page": connection_page(request.upstream),
        "mapping_form": MappingForm(),
        "id_form": MobiusIdForm(),
        "recipient_form": RecipientForm(request.upstream, request.user.reviewer),
        **_followed(request),
        **more,
    }
    template = "connection/connection.html"
    return render_page(request, template, context, section="connection", status=status)


def _followed(request: ReviewerRequest) -> dict[str, Any]:
    if TEST_QUESTION not in request.session:
        return {}
    row = sample_question.find(request.upstream, request.session[TEST_QUESTION])
    recipient = None
    if row is not None and row.target_id != request.user.reviewer.mobius_id:
        recipient = Reviewer.objects.filter(mobius_id=row.target_id).first()
    return {"test": row, "stage": sample_question.stage_of(row), "recipient": recipient}


def _back(section: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{reverse('connection')}#{section}", status=303)
