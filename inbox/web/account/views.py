"""One's own account: the member token, the keyboard, the password."""

from dataclasses import asdict

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe
from pydantic import SecretStr

from inbox.models import Interaction
from inbox.people import credentials as kept
from inbox.people import service_key
from inbox.services import credentials as service
from inbox.services.credentials import NotAdopted, Reason, Unconfirmed
from inbox.services.rate_limit import PERIOD
from inbox.web.account.forms import KeysForm, PasswordForm, TokenForm
from inbox.web.account.messages import not_adopted
from inbox.web.ui.frame import frame
from inbox.web.ui.request import ReviewerRequest, origin_of

REJECTED = 422
TOO_MANY = 429
UNCONFIRMED = "unconfirmed_token"
"""In the session: a token that waits, sealed, for the person to say that its owner is them."""
SAVED = gettext_lazy(
    "Your member token was saved. Mobius uses it to record your answers under your name."
)


@require_safe
def account(request: ReviewerRequest) -> HttpResponseBase:
    """The page. ``?replace`` opens the form for another token."""
    return _page(request)


@sensitive_post_parameters("token")
@require_POST
async def adopt_token(request: ReviewerRequest) -> HttpResponseBase:
    """Take the pasted token, if Mobius says whose it is. 422 with the reason otherwise, 429 after
    too many tries.
    """
    form = TokenForm(request.POST)
    if not form.is_valid():
        return await sync_to_async(_page)(request, token_form=form, status=REJECTED)
    try:
        token = SecretStr(form.cleaned_data["token"])
        adopted = await service.adopt(
            reviewer=request.user.reviewer, token=token, origin=origin_of(request)
        )
    except NotAdopted as refused:
        form.add_error("token", not_adopted(refused))
        if refused.reason is not Reason.TOO_MANY:
            return await sync_to_async(_page)(request, token_form=form, status=REJECTED)
        response = await sync_to_async(_page)(request, token_form=form, status=TOO_MANY)
        response["Retry-After"] = str(round(PERIOD))
        return response
    if isinstance(adopted, Unconfirmed):
        request.session[UNCONFIRMED] = asdict(adopted)
    else:
        messages.success(request, str(SAVED))
    return _back()


@require_POST
def confirm_token(request: ReviewerRequest) -> HttpResponseBase:
    """The person says whether the owner that Mobius named is them."""
    unconfirmed = _unconfirmed(request)
    if unconfirmed is None or unconfirmed.owner != request.POST.get("owner"):
        # Pressed twice, or another tab has pasted another token.
        return _back()
    del request.session[UNCONFIRMED]
    if request.POST.get("mine") != "yes":
        return _back()
    try:
        service.confirm(
            reviewer=request.user.reviewer, unconfirmed=unconfirmed, origin=origin_of(request)
        )
    except NotAdopted as refused:
        return _page(request, refused=not_adopted(refused), status=REJECTED)
    messages.success(request, str(SAVED))
    return _back()


def _unconfirmed(request: ReviewerRequest) -> Unconfirmed | None:
    kept = request.session.get(UNCONFIRMED)
    return Unconfirmed(**kept) if kept else None


@require_POST
async def remove_token(request: ReviewerRequest) -> HttpResponseBase:
    await service.remove(reviewer=request.user.reviewer, origin=origin_of(request))
    messages.success(request, _("Your token was removed."))
    return _back()


@require_POST
def set_keys(request: ReviewerRequest) -> HttpResponseBase:
    """Single-key shortcuts on or off."""
    form = KeysForm(request.POST)
    form.is_valid()
    enabled = request.user.reviewer.keys_enabled = form.cleaned_data["keys_enabled"]
    request.user.reviewer.save(update_fields=["keys_enabled"])
    text = _("Single-key shortcuts are on.") if enabled else _("Single-key shortcuts are off.")
    messages.success(request, text)
    return _back()


@sensitive_post_parameters()
@require_POST
def change_password(request: ReviewerRequest) -> HttpResponseBase:
    """Change the password, which signs the person out everywhere else."""
    form = PasswordForm(request.user, request, request.POST)
    if not form.is_valid():
        if form.retry_after is None:
            return _page(request, password_form=form, status=REJECTED)
        response = _page(request, password_form=form, status=TOO_MANY)
        response["Retry-After"] = str(form.retry_after)
        return response
    form.save()
    update_session_auth_hash(request, form.user)
    messages.success(request, _("Your password was changed."))
    return _back()


def _page(
    request: ReviewerRequest,
    *,
    token_form: TokenForm | None = None,
    password_form: PasswordForm | None = None,
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    upstream, reviewer = request.upstream, request.user.reviewer
    held_back = Interaction.objects.filter(
        upstream=upstream, mobius_id__in=service.unsent(reviewer), status="pending"
    )
    unconfirmed = _unconfirmed(request)
    if unconfirmed is not None and not unconfirmed.waits:
        del request.session[UNCONFIRMED]
        unconfirmed = None
    context = {
        "reviewer": reviewer,
        "unconfirmed": unconfirmed,
        "refused": refused,
        "credential": kept.present(reviewer),
        "key_answers": service_key.may_answer_for(reviewer, upstream),
        "lost": kept.state_of(request.user.pk, upstream) is kept.Token.LOST,
        "token_form": token_form or TokenForm(),
        "replacing": token_form is not None or "replace" in request.GET,
        "password_form": password_form or PasswordForm(request.user, request),
        "held_back": held_back.only("mobius_id", "title"),
    }
    context |= frame(request, upstream, section="account")
    return render(request, "account/account.html", context, status=status)


def _back() -> HttpResponseBase:
    return HttpResponseRedirect(reverse("account"), status=303)
