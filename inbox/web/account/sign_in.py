"""Signing in, with a password or with a one-time link."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from inbox.models import OneTimeLink
from inbox.people import demo, throttle
from inbox.services import draft, links
from inbox.services.origin import Actor, acting
from inbox.services.question import NotAsked
from inbox.web.account.forms import AdministratorForm, ChosenPasswordForm
from inbox.web.account.signed_out import KeptText
from inbox.web.ui.request import origin_of, typed_in

BACKEND = "inbox.people.backend.ReviewerBackend"
REJECTED = 422


@login_not_required
@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
def one_time_link(request: HttpRequest) -> HttpResponse:
    """Show the form; the POST that sets the password uses the link up."""
    parameters = request.POST if request.method == "POST" else request.GET
    token = parameters.get("token", "")
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
    return AdministratorForm(data) if link.user is None else ChosenPasswordForm(link.user, data)


@sensitive_variables()
def _use(request: HttpRequest, link: OneTimeLink, form: Any, token: str) -> Any:
    if link.user is not None:
        return links.set_password(token, form.cleaned_data["new_password1"])
    user = form.save(commit=False)
    with acting(lambda: Actor(user.get_username(), origin=origin_of(request))):
        return links.make_administrator(token, user)


@sensitive_variables()
def _page(
    request: HttpRequest, link: OneTimeLink, form: Any, token: str, *, status: int
) -> HttpResponse:
    context = {"link": link, "form": form, "token": token}
    answer = render(request, "registration/link.html", context, status=status)
    # Not same-origin: the token would be in the Referer of the style sheets and scripts.
    answer["Referrer-Policy"] = "origin"
    return answer


LOCKED = 429


@method_decorator(login_not_required, name="dispatch")
class SignIn(LoginView):
    """Django's sign-in, which also saves text typed while signed out as a draft."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Redirect a GET of somebody who is already signed in.

        A POST may carry typed text.
        """
        if request.method == "GET" and request.user.is_authenticated:
            return HttpResponseRedirect(self.get_success_url())
        return super().dispatch(request, *args, **kwargs)

    def get_template_names(self) -> list[str]:
        """The page that shows the kept text, where there is any."""
        has_kept_text = KeptText.from_sign_in_form(self.request)
        return ["account/kept.html" if has_kept_text else "registration/login.html"]

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Django's context, the kept text, and the demo's people in the demo."""
        return super().get_context_data(
            kept=KeptText.from_sign_in_form(self.request),
            signed_out=True,
            login=settings.LOGIN_URL,
            demo_people=_demo_people(),
            demo_password=demo.PASSWORD,
            **context,
        )

    def form_valid(self, form: AuthenticationForm) -> Any:
        """Sign in, and save the kept text as a draft of its question."""
        response = super().form_valid(form)
        kept = KeptText.from_sign_in_form(self.request)
        if kept is None:
            return response
        try:
            draft.save(
                reviewer=form.get_user().reviewer,
                interaction_id=kept.item,
                values=kept.values,
                comment=kept.comment,
                typed_in=typed_in(self.request),
            )
        except NotAsked:
            return render(self.request, "account/kept.html", {"kept": kept, "not_asked": True})
        return redirect(kept.page)


@sensitive_variables("credentials")
def locked(
    request: HttpRequest, original_response: Any = None, credentials: Any = None
) -> HttpResponse:
    """Too many wrong passwords: when to try again, with the kept text.

    A view's own 429 response stays.
    """
    if original_response is not None and original_response.status_code == LOCKED:
        return original_response
    username = (credentials or {}).get("username") or request.POST.get("username", "")
    seconds = throttle.seconds_to_wait(request, username)
    context = {
        "username": username,
        "seconds": seconds,
        "until": timezone.now() + timedelta(seconds=seconds),
        "kept": KeptText.from_sign_in_form(request),
        "signed_out": True,
        "locked": True,
        "login": settings.LOGIN_URL,
    }
    template = "account/kept.html" if context["kept"] else "registration/locked.html"
    response = render(request, template, context, status=LOCKED)
    response["Retry-After"] = str(seconds)
    return response


def _demo_people() -> list[tuple[str, str]]:
    if not settings.EMBEDDED:
        return []
    present = set(
        get_user_model()
        .objects.filter(username__in=[demo.ADMIN, *(person.username for person in demo.CAST)])
        .values_list("username", flat=True)
    )
    shown = [(person.username, person.roles[-1]) for person in demo.CAST]
    return [entry for entry in [*shown, (demo.ADMIN, "administrator")] if entry[0] in present]
