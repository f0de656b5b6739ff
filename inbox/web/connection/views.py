import asyncio
from collections.abc import Sequence
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from inbox.answering import deactivation
from inbox.answering.deactivation import Deactivated, NotDeactivated, Reason
from inbox.lib.page_slots import release_slot
from inbox.models import Reviewer
from inbox.notify import mails, switches
from inbox.people import accounts as people
from inbox.people import links, people_import, service_key
from inbox.people.accounts import NotAdded
from inbox.upstream import group_mapping, sample_question
from inbox.web.connection.deactivation import deactivation_page
from inbox.web.connection.forms import (
    GiveIdForm,
    ImportForm,
    MappingForm,
    MobiusIdForm,
    PersonForm,
    RecipientForm,
)
from inbox.web.connection.link_mail import LinkRow, link_rows, mails_of, read_rows
from inbox.web.connection.messages import not_added, not_mapped, not_sent, unreadable
from inbox.web.connection.page import connection_page
from inbox.web.ui.frame import render_page
from inbox.web.ui.request import ReviewerRequest, administrator_required, origin_of

TEST_QUESTION = "test_question"
"""Session key of the ID of the test question that this browser follows."""


@require_safe
@administrator_required
def connection(request: ReviewerRequest) -> HttpResponseBase:
    return _page(request)


@require_POST
@administrator_required
@sensitive_variables()
def add_person(request: ReviewerRequest) -> HttpResponse:
    """The sign-in link is shown only once."""
    form = PersonForm(request.POST)
    if not form.is_valid():
        return _page(request, person_form=form, status=422)
    try:
        added = people.add(form.person())
    except NotAdded as refused:
        form.add_error(None, not_added(refused))
        return _page(request, person_form=form, status=422)
    return _page(request, links=link_rows([added]))


@require_POST
@administrator_required
@sensitive_variables()
def new_link(request: ReviewerRequest, id: int) -> HttpResponse:
    """Shown only once; it replaces the previous one."""
    user = get_object_or_404(get_user_model(), pk=id, is_active=True)
    added = people.Added(people.Person(user.get_username()), link=links.make_sign_in(user))
    return _page(request, links=link_rows([added]))


@sensitive_post_parameters("token", "sent", "mail")
@require_POST
@administrator_required
@sensitive_variables()
async def mail_links(request: ReviewerRequest) -> HttpResponseBase:
    tokens, sent = (request.POST.getlist(name) for name in ("token", "sent"))
    rows = await sync_to_async(read_rows)(tokens[: people_import.MAX_PEOPLE], sent)
    if not rows:
        messages.error(request, _("This link no longer works. Create a new one."))
        return _back("people")
    wanted = request.POST.get("mail")
    chosen = [row for row in rows if row.offered and (not wanted or row.token == wanted)]
    to_send = await sync_to_async(mails_of)(chosen)
    async with release_slot():
        failures = await asyncio.to_thread(mails.send_all, to_send)
    results = {row.token: row.mailed(failed) for row, failed in zip(chosen, failures, strict=True)}
    shown = [results.get(row.token, row) for row in rows]
    return await sync_to_async(_page)(request, links=shown)


@require_POST
@administrator_required
@sensitive_variables()
def import_people(request: ReviewerRequest) -> HttpResponse:
    """Preview the file; with ``confirmed``, import it."""
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, import_form=form, status=422)
    content = form.content()
    try:
        persons = people_import.read(content)
    except people_import.Unreadable as error:
        form.add_error("file", unreadable(error))
        return _page(request, import_form=form, status=422)
    confirmed = "confirmed" in request.POST
    rows = people.add_all(persons) if confirmed else people.check_all(persons)
    problems = sum(row.refused is not None for row in rows)
    if confirmed and not problems:
        return _page(request, links=link_rows(rows))
    rows_with_problems = [(row, not_added(row.refused) if row.refused else "") for row in rows]
    preview = {
        "rows": rows_with_problems,
        "problems": problems,
        "text": content.decode("utf-8-sig"),
    }
    return _page(request, preview=preview, status=422 if problems else 200)


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
def give_mobius_id(request: ReviewerRequest) -> HttpResponse:
    """The Mobius ID of open questions, to an account that has none."""
    form = GiveIdForm(request.POST)
    if not form.is_valid():
        return _page(request, give_form=form, status=422)
    user, mobius_id = form.cleaned_data["account"], form.cleaned_data["mobius_id"]
    try:
        people.give_mobius_id(user, mobius_id)
    except NotAdded as refused:
        form.add_error(None, not_added(refused))
        return _page(request, give_form=form, status=422)
    facts = {"username": user.get_username(), "id": mobius_id}
    messages.success(request, _("%(username)s has the Mobius ID %(id)s now.") % facts)
    return _back("people")


@require_POST
@administrator_required
def set_mobius_id(request: ReviewerRequest) -> HttpResponse:
    form = MobiusIdForm(request.POST)
    if not form.is_valid():
        return _page(request, id_form=form, status=422)
    try:
        people.set_mobius_id(request.user, form.cleaned_data["mobius_id"])
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


def _page(
    request: ReviewerRequest,
    *,
    links: Sequence[LinkRow] = (),
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context = {
        "links": links,
        "links_to_mail": sum(row.offered for row in links),
        "page": connection_page(request.upstream),
        "person_form": PersonForm(),
        "import_form": ImportForm(),
        "mapping_form": MappingForm(),
        "id_form": MobiusIdForm(),
        "give_form": GiveIdForm(),
        "columns": people_import.COLUMNS,
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


@require_http_methods(["GET", "HEAD", "POST"])
@administrator_required
async def deactivate(request: ReviewerRequest, id: int) -> HttpResponse:
    rows = Reviewer.objects.select_related("user")
    reviewer = await sync_to_async(get_object_or_404)(rows, user=id)
    if request.method != "POST":
        return await sync_to_async(_deactivation)(request, reviewer)
    try:
        done = await deactivation.deactivate(
            reviewer=reviewer, by=request.user.reviewer, origin=origin_of(request)
        )
    except NotDeactivated as refused:
        return await sync_to_async(_deactivation)(
            request, reviewer, refused=refused.reason, status=422
        )
    return await sync_to_async(_deactivation)(request, reviewer, done=done)


def _deactivation(
    request: ReviewerRequest,
    reviewer: Reviewer,
    *,
    done: Deactivated | None = None,
    refused: Reason | None = None,
    status: int = 200,
) -> HttpResponse:
    if done is None and refused is None:
        refused = deactivation.why_not(reviewer, request.user.reviewer)
    context = {"page": deactivation_page(request.viewer, reviewer, done, refused)}
    template = "connection/deactivate.html"
    return render_page(request, template, context, section="connection", status=status)
