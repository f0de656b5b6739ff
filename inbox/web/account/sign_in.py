from datetime import timedelta
from typing import Any

from allauth.account.utils import perform_login
from allauth.account.views import LoginView
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import pgettext
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from inbox.access import REVIEWER, TEAM_LEAD
from inbox.audit.origin import Actor, acting
from inbox.models import OneTimeLink
from inbox.notify import link_requests
from inbox.people import demo, links, push_browsers, throttle, time_zones
from inbox.people.oidc.identity_provider import may_use_password
from inbox.people.sessions import TIME_ZONE
from inbox.web.account.forms import AdministratorForm, ChosenPasswordForm
from inbox.web.account.signed_out import keep_until_signed_in, kept_at_sign_in
from inbox.web.ui.request import origin_of

BACKEND = "inbox.people.backend.ReviewerBackend"


@login_not_required
@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
def one_time_link(request: HttpRequest) -> HttpResponse:
    """The POST uses the link up. With an identity provider, signing in there does."""
    parameters = request.POST if request.method == "POST" else request.GET
    token = parameters.get("token", "")
    try:
        link = links.find(token)
        if link.user is not None and not may_use_password(link.user.get_username()):
            return _page(request, link, None, token)
        form = _form(link, request.POST if request.method == "POST" else None)
        if not form.is_valid():
            return _page(request, link, form, token, status=422 if form.is_bound else 200)
        user = _use(request, link, form, token)
    except links.NotValid:
        context = {"needs_setup": links.needs_setup()}
        return render(request, "registration/link_over.html", context, status=404)
    after = reverse("connection" if user.is_superuser else "home")
    response = perform_login(request, user, redirect_url=after)
    response.status_code = 303
    return response


@sensitive_variables()
def _form(link: OneTimeLink, data: Any) -> Any:
    return AdministratorForm(data) if link.user is None else ChosenPasswordForm(link.user, data)


@sensitive_variables()
def _use(request: HttpRequest, link: OneTimeLink, form: Any, token: str) -> Any:
    if link.user is not None:
        user = links.set_password(token, form.cleaned_data["new_password1"])
        push_browsers.signed_out_elsewhere(request, user.reviewer)
        return user
    user = form.save(commit=False)
    with acting(lambda: Actor(user.get_username(), origin=origin_of(request))):
        return links.make_administrator(token, user)


@sensitive_variables()
def _page(
    request: HttpRequest, link: OneTimeLink, form: Any, token: str, *, status: int = 200
) -> HttpResponse:
    context = {"link": link, "form": form, "token": token}
    answer = render(request, "registration/link.html", context, status=status)
    # Not same-origin: the token would be in the Referer of the style sheets and scripts.
    answer["Referrer-Policy"] = "origin"
    return answer


LOCKED = 429


class SignInForm(AuthenticationForm):
    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        return perform_login(request, self.get_user(), redirect_url=redirect_url)


@method_decorator(login_not_required, name="dispatch")
class SignIn(LoginView):
    """Also saves text that was typed while signed out."""

    form_class = SignInForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """A POST may carry typed text, even of someone who is signed in already."""
        if request.method == "GET" and request.user.is_authenticated:
            return HttpResponseRedirect(self.get_success_url() or settings.LOGIN_REDIRECT_URL)
        return super().dispatch(request, *args, **kwargs)

    def get_template_names(self) -> list[str]:
        has_kept_text = kept_at_sign_in(self.request)
        return ["account/kept.html" if has_kept_text else "registration/login.html"]

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return super().get_context_data(
            next=self.get_next_url(),
            kept=kept_at_sign_in(self.request),
            signed_out=True,
            login=settings.LOGIN_URL,
            resets=link_requests.offered(),
            demo_people=[] if settings.OIDC else _demo_people(),
            demo_password=demo.PASSWORD,
            **context,
        )

    def form_valid(self, form: AuthenticationForm) -> Any:
        """Typed text is saved after the second factor, if there is one."""
        keep_until_signed_in(self.request, kept_at_sign_in(self.request))
        return super().form_valid(form)


@login_not_required
def admin_sign_in(request: HttpRequest) -> HttpResponseBase:
    if request.user.is_authenticated and not request.user.is_staff:
        raise Http404("No such page.")
    return redirect_to_login(request.GET.get("next", reverse("admin:index")))


@sensitive_variables("credentials")
def locked(
    request: HttpRequest, original_response: Any = None, credentials: Any = None
) -> HttpResponse:
    """A 429 response of the view itself stays."""
    if original_response is not None and original_response.status_code == LOCKED:
        return original_response
    username = (credentials or {}).get("username") or request.POST.get("username", "")
    seconds = throttle.seconds_to_wait(request, username)
    context = {
        "username": username,
        "seconds": seconds,
        "until": timezone.now() + timedelta(seconds=seconds),
        "kept": kept_at_sign_in(request),
        "signed_out": True,
        "locked": True,
        "login": settings.LOGIN_URL,
    }
    response = _locked_page(request, context)
    response["Retry-After"] = str(seconds)
    return response


def _locked_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    template = "account/kept.html" if context["kept"] else "registration/locked.html"
    # The page says at what time. A signed-out request has no zone, but the form has the browser's.
    zone = time_zones.find(request.POST.get(TIME_ZONE)) or timezone.get_current_timezone()
    with timezone.override(zone):
        return render(request, template, context, status=LOCKED)


def _demo_people() -> list[tuple[str, str]]:
    if not settings.EMBEDDED:
        return []
    present = set(
        get_user_model()
        .objects.filter(username__in=[demo.ADMIN, *(person.username for person in demo.CAST)])
        .values_list("username", flat=True)
    )
    names = {
        REVIEWER: pgettext("in parentheses", "reviewer"),
        TEAM_LEAD: pgettext("in parentheses", "team lead"),
    }
    shown = [(person.username, names[person.roles[-1]]) for person in demo.CAST]
    shown.append((demo.ADMIN, pgettext("in parentheses", "administrator")))
    return [entry for entry in shown if entry[0] in present]
