"""One's own account: the member token, the keyboard, the password."""

from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe
from pydantic import SecretStr

from inbox.forms.account import KeysForm, TokenForm
from inbox.models import Interaction, Upstream
from inbox.reviewers import credentials as kept
from inbox.services import credentials as service
from inbox.services.credentials import NotAdopted
from inbox.views.decorators import reviewer_required
from inbox.views.frame import frame
from inbox.views.origin import origin_of

REJECTED = 422


@require_safe
@never_cache
@reviewer_required
async def account(request: Any) -> HttpResponseBase:
    """The page. ``?replace`` opens the form for another token."""
    return await sync_to_async(_page)(request)


@sensitive_post_parameters("token")
@require_POST
@reviewer_required
async def adopt_token(request: Any) -> HttpResponseBase:
    """Take the pasted token, if Mobius says whose it is. 422 with the reason otherwise."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return await sync_to_async(_page)(request, token_form=form, status=REJECTED)
    try:
        token = SecretStr(form.cleaned_data["token"])
        await service.adopt(reviewer=request.user.reviewer, token=token, origin=origin_of(request))
    except NotAdopted as refused:
        form.add_error("token", str(refused))
        return await sync_to_async(_page)(request, token_form=form, status=REJECTED)
    messages.success(request, "Your token is kept. Mobius takes your answers by it.")
    return _back()


@require_POST
@reviewer_required
async def remove_token(request: Any) -> HttpResponseBase:
    """Forget the token."""
    await service.remove(reviewer=request.user.reviewer, origin=origin_of(request))
    messages.success(request, "Your token is removed.")
    return _back()


@require_POST
@reviewer_required
async def set_keys(request: Any) -> HttpResponseBase:
    """Single-key shortcuts on or off."""
    form = KeysForm(request.POST)
    form.is_valid()
    request.user.reviewer.keys_enabled = form.cleaned_data["keys_enabled"]
    await request.user.reviewer.asave(update_fields=["keys_enabled"])
    return _back()


@sensitive_post_parameters()
@require_POST
@reviewer_required
async def change_password(request: Any) -> HttpResponseBase:
    """Another password: signed out everywhere else, still signed in here."""
    return await sync_to_async(_change_password)(request)


def _change_password(request: Any) -> HttpResponseBase:
    form = PasswordChangeForm(request.user, request.POST)
    if not form.is_valid():
        return _page(request, password_form=form, status=REJECTED)
    form.save()
    update_session_auth_hash(request, form.user)
    messages.success(request, "Your password is changed.")
    return _back()


def _page(
    request: Any,
    *,
    token_form: TokenForm | None = None,
    password_form: PasswordChangeForm | None = None,
    status: int = 200,
) -> HttpResponse:
    upstream, reviewer = Upstream.present(), request.user.reviewer
    held_back = Interaction.objects.filter(
        upstream=upstream, mobius_id__in=service.unsent(reviewer), status="pending"
    )
    context = {
        "reviewer": reviewer,
        "credential": kept.present(reviewer),
        "lost": kept.state_of(request.user.pk, upstream) is kept.Token.LOST,
        "token_form": token_form or TokenForm(),
        "replacing": token_form is not None or "replace" in request.GET,
        "password_form": password_form or PasswordChangeForm(request.user),
        "held_back": held_back.only("mobius_id", "title"),
    }
    context |= frame(request, upstream, section="account")
    return render(request, "account/account.html", context, status=status)


def _back() -> HttpResponseBase:
    return HttpResponseRedirect(reverse("account"), status=303)
