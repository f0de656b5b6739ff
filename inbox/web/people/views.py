import asyncio
from collections.abc import Sequence
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from inbox.answering import deactivation
from inbox.answering.deactivation import Deactivated, NotDeactivated, Reason
from inbox.lib.page_slots import release_slot
from inbox.models import Reviewer
from inbox.notify import mails
from inbox.people import accounts, directory, links, people_import
from inbox.people.accounts import NotAdded
from inbox.web.people.deactivation import deactivation_page
from inbox.web.people.forms import GiveIdForm, ImportForm, PersonForm
from inbox.web.people.link_mail import LinkRow, link_rows, mails_of, read_rows
from inbox.web.people.messages import unreadable
from inbox.web.people.page import people_page
from inbox.web.people.queries import PeopleFilters
from inbox.web.ui.frame import render_page
from inbox.web.ui.messages import not_added
from inbox.web.ui.request import ReviewerRequest, administrator_required, origin_of


@require_safe
@administrator_required
def people(request: ReviewerRequest) -> HttpResponse:
    return _list(request)


@require_http_methods(["GET", "HEAD", "POST"])
@administrator_required
@sensitive_variables()
def add_person(request: ReviewerRequest) -> HttpResponse:
    """The sign-in link is shown only once."""
    if request.method != "POST":
        return _add_page(request, PersonForm())
    form = PersonForm(request.POST)
    if not form.is_valid():
        return _add_page(request, form, status=422)
    try:
        added = accounts.add(form.person())
    except NotAdded as refused:
        form.add_error(None, not_added(refused))
        return _add_page(request, form, status=422)
    return _links(request, link_rows([added]))


@require_http_methods(["GET", "HEAD", "POST"])
@administrator_required
@sensitive_variables()
def import_people(request: ReviewerRequest) -> HttpResponse:
    """Preview the file; with ``confirmed``, import it."""
    if request.method != "POST":
        return _import_page(request, ImportForm())
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _import_page(request, form, status=422)
    content = form.content()
    try:
        persons = people_import.read(content)
    except people_import.Unreadable as error:
        form.add_error("file", unreadable(error))
        return _import_page(request, form, status=422)
    confirmed = "confirmed" in request.POST
    rows = accounts.add_all(persons) if confirmed else accounts.check_all(persons)
    problems = sum(row.refused is not None for row in rows)
    if confirmed and not problems:
        return _links(request, link_rows(rows))
    preview = {
        "rows": [(row, not_added(row.refused) if row.refused else "") for row in rows],
        "problems": problems,
        "text": content.decode("utf-8-sig"),
    }
    return _import_page(request, form, preview=preview, status=422 if problems else 200)


@require_POST
@administrator_required
@sensitive_variables()
def new_link(request: ReviewerRequest, id: int) -> HttpResponse:
    """Shown only once; it replaces the previous one."""
    user = get_object_or_404(get_user_model(), pk=id, is_active=True)
    added = accounts.Added(accounts.Person(user.get_username()), link=links.make_sign_in(user))
    return _links(request, link_rows([added]))


@sensitive_post_parameters("token", "sent", "mail")
@require_POST
@administrator_required
@sensitive_variables()
async def mail_links(request: ReviewerRequest) -> HttpResponseBase:
    tokens, sent = (request.POST.getlist(name) for name in ("token", "sent"))
    rows = await sync_to_async(read_rows)(tokens[: people_import.MAX_PEOPLE], sent)
    if not rows:
        messages.error(request, _("This link no longer works. Create a new one."))
        return _back()
    wanted = request.POST.get("mail")
    chosen = [row for row in rows if row.offered and (not wanted or row.token == wanted)]
    to_send = await sync_to_async(mails_of)(chosen)
    async with release_slot():
        failures = await asyncio.to_thread(mails.send_all, to_send)
    results = {row.token: row.mailed(failed) for row, failed in zip(chosen, failures, strict=True)}
    shown = [results.get(row.token, row) for row in rows]
    return await sync_to_async(_links)(request, shown)


@require_POST
@administrator_required
def give_mobius_id(request: ReviewerRequest) -> HttpResponse:
    """The Mobius ID of open questions, to an account that has none."""
    form = GiveIdForm(request.POST)
    if not form.is_valid():
        return _list(request, give_form=form, status=422)
    user, mobius_id = form.cleaned_data["account"], form.cleaned_data["mobius_id"]
    try:
        accounts.give_mobius_id(user, mobius_id)
    except NotAdded as refused:
        form.add_error(None, not_added(refused))
        return _list(request, give_form=form, status=422)
    facts = {"username": user.get_username(), "id": mobius_id}
    messages.success(request, _("%(username)s has the Mobius ID %(id)s now.") % facts)
    return _back()


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
    return render_page(request, "people/deactivate.html", context, section="people", status=status)


def _list(
    request: ReviewerRequest, *, give_form: GiveIdForm | None = None, status: int = 200
) -> HttpResponse:
    filters = PeopleFilters.read(request.GET)
    context = people_page(request.upstream, filters) | {"give_form": give_form or GiveIdForm()}
    parts = {"people-list": "people/_list.html"}
    template = "people/people.html"
    return render_page(request, template, context, section="people", parts=parts, status=status)


def _add_page(request: ReviewerRequest, form: PersonForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "seen": directory.seen_without_account()}
    return render_page(request, "people/add.html", context, section="people", status=status)


def _import_page(
    request: ReviewerRequest,
    form: ImportForm,
    *,
    preview: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"form": form, "columns": people_import.COLUMNS, "preview": preview}
    return render_page(request, "people/import.html", context, section="people", status=status)


def _links(request: ReviewerRequest, rows: Sequence[LinkRow]) -> HttpResponse:
    """No other page shows them again."""
    context = {"links": rows, "links_to_mail": sum(row.offered for row in rows)}
    return render_page(request, "people/links.html", context, section="people")


def _back() -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("people"), status=303)
