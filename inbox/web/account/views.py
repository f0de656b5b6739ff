from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from pydantic import SecretStr

from inbox.answering.guard import choice_of, choose, undo_offered
from inbox.lib import qr_code
from inbox.models import DeviceSignIn, Guard, Interaction, Theme
from inbox.notify import link_requests
from inbox.people import credentials as kept
from inbox.people import device_sign_ins, push_browsers, revocations, service_key
from inbox.people import member_tokens as service
from inbox.people.member_tokens import NotAdopted, Reason, Unconfirmed
from inbox.people.oidc.identity_provider import may_use_password
from inbox.people.rate_limit import PERIOD
from inbox.people.sessions import TIME_ZONE, open_sessions
from inbox.upstream import device_sign_in
from inbox.upstream.device_sign_in import NotStarted
from inbox.web.account.forms import (
    AddressForm,
    GuardForm,
    KeysForm,
    LanguageForm,
    LookForm,
    PasswordForm,
    TokenForm,
)
from inbox.web.account.messages import ended, not_adopted, not_started
from inbox.web.ui.devices import browser_and_system, device_name
from inbox.web.ui.frame import render_page
from inbox.web.ui.localization import activate_for
from inbox.web.ui.request import ReviewerRequest, origin_of
from inbox.web.ui.when import span

TOO_MANY = 429
UNCONFIRMED = "unconfirmed_token"
"""Session key of an encrypted token whose owner the person still has to confirm."""
SAVED = gettext_lazy(
    "Your member token was saved. Mobius uses it to record your answers under your name."
)
UNOWNED = gettext_lazy(
    "Your member token was saved. It will be used once an administrator has set your Mobius ID."
)


@require_safe
def account(request: ReviewerRequest) -> HttpResponseBase:
    """``?replace`` opens the form for another token."""
    return _page(request)


@sensitive_post_parameters("token")
@require_POST
async def adopt_token(request: ReviewerRequest) -> HttpResponseBase:
    """422 with the reason if it can't be used, 429 after too many tries."""
    form = TokenForm(request.upstream, request.POST)
    if not form.is_valid():
        return await sync_to_async(_page)(request, token_form=form, status=422)
    try:
        token = SecretStr(form.cleaned_data["token"])
        adopted = await service.adopt(
            reviewer=request.user.reviewer, token=token, origin=origin_of(request)
        )
    except NotAdopted as refused:
        form.add_error("token", _refused(request, refused))
        if refused.reason is not Reason.TOO_MANY:
            return await sync_to_async(_page)(request, token_form=form, status=422)
        response = await sync_to_async(_page)(request, token_form=form, status=TOO_MANY)
        response["Retry-After"] = str(round(PERIOD.total_seconds()))
        return response
    if isinstance(adopted, Unconfirmed):
        request.session[UNCONFIRMED] = asdict(adopted)
    else:
        messages.success(request, str(SAVED if request.user.reviewer.mobius_id else UNOWNED))
    return _back()


@require_POST
def confirm_token(request: ReviewerRequest) -> HttpResponseBase:
    """A pasted token, or one that the person got by signing in at Mobius."""
    sign_in = device_sign_ins.find(request.user.reviewer, request.upstream)
    unconfirmed = _unconfirmed(request, sign_in)
    if unconfirmed is None or unconfirmed.owner != request.POST.get("owner"):
        # Pressed twice, or another tab has pasted another token.
        return _back()
    mine = request.POST.get("mine") == "yes"
    if UNCONFIRMED not in request.session:
        return _confirm_sign_in(request, mine=mine)
    del request.session[UNCONFIRMED]
    if not mine:
        return _back()
    try:
        service.confirm(
            reviewer=request.user.reviewer, unconfirmed=unconfirmed, origin=origin_of(request)
        )
    except NotAdopted as refused:
        return _page(request, refused=_refused(request, refused), status=422)
    messages.success(request, str(SAVED))
    return _back()


def _confirm_sign_in(request: ReviewerRequest, *, mine: bool) -> HttpResponseBase:
    reviewer = request.user.reviewer
    if not mine:
        device_sign_ins.discard(reviewer)
    elif device_sign_ins.confirm(
        reviewer=reviewer, upstream=request.upstream, origin=origin_of(request)
    ):
        messages.success(request, str(SAVED))
    return _back()


@require_http_methods(["GET", "HEAD", "POST"])
async def sign_in_at_mobius(request: ReviewerRequest) -> HttpResponseBase:
    """POST starts it, with 422 or 429 if it can't be. GET is the section as it is now."""
    if request.method != "POST":
        return await sync_to_async(_section)(request)
    try:
        await device_sign_in.start(request.user.reviewer, request.upstream)
    except NotStarted as refused:
        too_many = refused.reason is device_sign_in.Reason.TOO_MANY
        words, status = not_started(refused), TOO_MANY if too_many else 422
        return await sync_to_async(_page)(request, not_started=words, status=status)
    return _back()


@require_POST
def cancel_sign_in(request: ReviewerRequest) -> HttpResponseBase:
    """Also closes one that has ended."""
    device_sign_ins.discard(request.user.reviewer)
    return _back()


def _section(request: ReviewerRequest) -> HttpResponse:
    return render(request, "account/_token.html", _token(request))


def _refused(request: ReviewerRequest, refused: NotAdopted) -> str:
    return not_adopted(refused, request.upstream.adapter.member_token_prefix)


def _unconfirmed(request: ReviewerRequest, sign_in: DeviceSignIn | None) -> Unconfirmed | None:
    """The one that was pasted last in this browser, else that of a sign-in at Mobius."""
    if pasted := request.session.get(UNCONFIRMED):
        return Unconfirmed(**pasted)
    return device_sign_ins.unconfirmed_of(sign_in)


@require_POST
def remove_token(request: ReviewerRequest) -> HttpResponseBase:
    service.remove(reviewer=request.user.reviewer, origin=origin_of(request))
    messages.success(request, _("Your token was removed."))
    return _back()


@require_POST
def set_keys(request: ReviewerRequest) -> HttpResponseBase:
    form = KeysForm(request.POST, instance=request.user.reviewer)
    reviewer = form.save(commit=False)
    reviewer.save(update_fields=list(form.fields))
    if form.changed_data == ["preview_enabled"]:
        enabled, on, off = reviewer.preview_enabled, _("Previews are on."), _("Previews are off.")
    else:
        enabled = reviewer.keys_enabled
        on, off = _("Single-key shortcuts are on."), _("Single-key shortcuts are off.")
    return _saved(request, on if enabled else off)


@require_POST
def set_language(request: ReviewerRequest) -> HttpResponseBase:
    form = LanguageForm(request.user.reviewer, request.POST)
    if not form.is_valid():
        return _page(request, status=422)
    reviewer = form.save(commit=False)
    reviewer.save(update_fields=list(form.fields))
    activate_for(reviewer, request.session)
    messages.success(request, _("Your language and time zone were saved."))
    return _back()


@require_POST
def set_look(request: ReviewerRequest) -> HttpResponseBase:
    """The page's script has already applied them."""
    form = LookForm(request.POST, instance=request.user.reviewer)
    if not form.is_valid():
        return _page(request, status=422)
    reviewer = form.save(commit=False)
    reviewer.save(update_fields=list(form.fields))
    if not request.htmx:
        messages.success(request, _("Your appearance settings were saved."))
    response = HttpResponse(status=204) if request.htmx else _back()
    _remember_theme(reviewer.theme, response)
    return response


def _remember_theme(theme: str, response: HttpResponseBase) -> None:
    """For the sign-in page and some errors."""
    if theme in (Theme.LIGHT, Theme.DARK):
        response.set_cookie(
            "theme",
            theme,
            max_age=timedelta(days=365),
            samesite="Lax",
            httponly=True,
            secure=settings.SECURE,
        )
    else:
        response.delete_cookie("theme", samesite="Lax")


@require_POST
def set_guard(request: ReviewerRequest) -> HttpResponseBase:
    reviewer, before = request.user.reviewer, choice_of(request.user.reviewer)
    form = GuardForm(before, request.POST)
    if not undo_offered() or not form.is_valid():
        return _page(request, status=422)
    guard, seconds = Guard(form.cleaned_data["guard"]), form.cleaned_data["seconds"]
    choose(reviewer=reviewer, guard=guard, seconds=seconds)
    if guard == Guard.UNDO:
        text = _("You can undo your answers for %(duration)s.") % {"duration": span(seconds)}
    elif before.guard == guard and before.seconds != seconds:
        period = _("The undo period for “Send with undo” is now %(duration)s.")
        text = period % {"duration": span(seconds)}
    else:
        text = _("You'll be asked to confirm before an answer is sent.")
    return _saved(request, text)


@sensitive_post_parameters()
@require_POST
def change_password(request: ReviewerRequest) -> HttpResponseBase:
    """Signs the person out everywhere else. 404 if a password doesn't work for them."""
    if not may_use_password(request.user.get_username()):
        raise Http404("No password.")
    form = PasswordForm(request.user, request, request.POST)
    if not form.is_valid():
        if form.retry_after is None:
            return _page(request, password_form=form, status=422)
        response = _page(request, password_form=form, status=TOO_MANY)
        response["Retry-After"] = str(form.retry_after)
        return response
    form.save()
    update_session_auth_hash(request, form.user)
    push_browsers.signed_out_elsewhere(request, request.user.reviewer)
    messages.success(request, _("Your password was changed."))
    return _back()


@sensitive_post_parameters("password")
@require_POST
def change_address(request: ReviewerRequest) -> HttpResponseBase:
    """A link that is sent to the new address proves it. 404 if people can't set theirs here."""
    if not link_requests.addresses_offered(request.user):
        raise Http404("Addresses aren't set here.")
    form = AddressForm(request.user, request, request.POST)
    if not form.is_valid():
        return _page(request, address_form=form, status=422)
    address = form.cleaned_data["new_email"]
    if not link_requests.ask_to_confirm(request.user.reviewer, address):
        form.add_error("new_email", _("Too many links were sent. Try again in an hour."))
        return _page(request, address_form=form, status=TOO_MANY)
    messages.success(request, _("A link to confirm it is on its way to %(to)s.") % {"to": address})
    return _back()


@require_POST
def discard_address(request: ReviewerRequest) -> HttpResponseBase:
    """One that isn't proven yet."""
    reviewer = request.user.reviewer
    reviewer.new_email = ""
    reviewer.save(update_fields=["new_email"])
    messages.success(request, _("The new email address was discarded."))
    return _back()


def _page(
    request: ReviewerRequest,
    *,
    token_form: TokenForm | None = None,
    password_form: PasswordForm | None = None,
    address_form: AddressForm | None = None,
    refused: str = "",
    not_started: str = "",
    status: int = 200,
) -> HttpResponse:
    reviewer = request.user.reviewer
    if password_form is None and may_use_password(request.user.get_username()):
        password_form = PasswordForm(request.user, request)
    if address_form is None and link_requests.addresses_offered(request.user):
        address_form = AddressForm(request.user, request)
    context = {
        **_token(request, token_form),
        "refused": refused,
        "not_started": not_started,
        "replacing": bool(token_form or not_started) or "replace" in request.GET,
        "revocations": revocations.shown_to(reviewer),
        "language_form": LanguageForm(reviewer, browsers_zone=request.session.get(TIME_ZONE, "")),
        "look_form": LookForm(instance=reviewer),
        "guard_form": GuardForm(choice_of(reviewer)) if undo_offered() else None,
        "password_form": password_form,
        "address_form": address_form,
        "address_refused": link_requests.refusal_of(reviewer) if reviewer.new_email else "",
    }
    return render_page(request, "account/account.html", context, section="account", status=status)


def _token(request: ReviewerRequest, token_form: TokenForm | None = None) -> dict[str, Any]:
    upstream, reviewer = request.upstream, request.user.reviewer
    sign_in = device_sign_ins.find(reviewer, upstream)
    unconfirmed = _unconfirmed(request, sign_in)
    if unconfirmed is not None and not unconfirmed.waits:
        request.session.pop(UNCONFIRMED, None)
        unconfirmed = None
    refused = service.refused_question_ids(reviewer, upstream)
    held_back = Interaction.objects.filter(
        upstream=upstream, mobius_id__in=refused, status="pending"
    )
    return {
        "reviewer": reviewer,
        "token_form": token_form or TokenForm(upstream),
        "unconfirmed": unconfirmed,
        "offers_sign_in": device_sign_in.is_offered(upstream),
        **_sign_in(sign_in),
        "credential": kept.find(reviewer, upstream),
        "key_answers": service_key.may_answer_for(reviewer, upstream),
        "proven_later": upstream.adapter.answers_prove_tokens,
        "lost": kept.state_of(request.user.pk, upstream) is kept.Token.LOST,
        "held_back": held_back.only("mobius_id", "title"),
    }


def _sign_in(sign_in: DeviceSignIn | None) -> dict[str, Any]:
    if sign_in is None:
        return {}
    left = max(0.0, (sign_in.expires_at - timezone.now()).total_seconds())
    return {
        "sign_in": sign_in,
        "sign_in_ended": ended(sign_in),
        "qr": qr_code.svg(sign_in.link),
        "expires_in": span(left),
    }


def _saved(request: ReviewerRequest, text: str) -> HttpResponseBase:
    messages.success(request, text)
    if request.htmx:
        return render(request, "components/_toasts.html", {"oob": True})
    return _back()


def _back() -> HttpResponseBase:
    return HttpResponseRedirect(reverse("account"), status=303)


@require_safe
def sessions(request: ReviewerRequest) -> HttpResponse:
    """This one first, then the most recently seen."""
    own_key = request.session.session_key
    found = open_sessions(request.user)
    found.sort(key=lambda each: (each.key != own_key, -(each.seen_at or each.signed_in_at or 0)))
    rows = [
        {
            "device": device_name(*browser_and_system(session.user_agent)),
            "mine": session.key == own_key,
            "signed_in_at": _time(session.signed_in_at),
            "seen_at": _time(session.seen_at),
        }
        for session in found
    ]
    return render_page(request, "account/sessions.html", {"rows": rows}, section="account")


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds).astimezone()
