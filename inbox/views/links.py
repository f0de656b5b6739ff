"""The page behind a one-time link: somebody chooses a password, and is signed in."""

from typing import Any

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from inbox.forms.links import AdministratorForm
from inbox.models import OneTimeLink
from inbox.services import links
from inbox.services.origin import Actor, acting
from inbox.views.origin import origin_of

BACKEND = "inbox.reviewers.backend.ReviewerBackend"
REJECTED = 422


@login_not_required
@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
def one_time_link(request: HttpRequest) -> HttpResponse:
    """Show the form; the POST that sets the password uses the link up."""
    given = request.POST if request.method == "POST" else request.GET
    token = given.get("token", "")
    try:
        link = links.find(token)
        form = _form(link, request.POST if request.method == "POST" else None)
        if not form.is_valid():
            return _page(request, link, form, token, status=REJECTED if form.is_bound else 200)
        user = _use(request, link, form, token)
    except links.NotValid:
        context = {"needs_setup": links.needs_setup()}
        return render(request, "registration/link_over.html", context, status=404)
    login(request, user, backend=BACKEND)
    return HttpResponseRedirect(reverse("connection" if user.is_superuser else "home"), status=303)


@sensitive_variables()
def _form(link: OneTimeLink, data: Any) -> Any:
    return AdministratorForm(data) if link.user is None else SetPasswordForm(link.user, data)


@sensitive_variables()
def _use(request: HttpRequest, link: OneTimeLink, form: Any, token: str) -> Any:
    if link.user is not None:
        return links.set_password(token, form.cleaned_data["new_password1"])
    made = form.save(commit=False)
    with acting(lambda: Actor(made.get_username(), origin=origin_of(request))):
        return links.make_administrator(token, made)


@sensitive_variables()
def _page(
    request: HttpRequest, link: OneTimeLink, form: Any, token: str, *, status: int
) -> HttpResponse:
    passwords = [form[name] for name in form.fields if "password" in name]
    context = {"link": link, "form": form, "passwords": passwords, "token": token}
    answer = render(request, "registration/link.html", context, status=status)
    # Not same-origin: the token would be in the Referer of the style sheets and scripts.
    answer["Referrer-Policy"] = "origin"
    return answer
