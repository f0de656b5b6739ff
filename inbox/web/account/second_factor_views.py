from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from inbox.people.oidc.identity_provider import may_use_password
from inbox.people.second_factor import FACTORS, passkeys_offered
from inbox.web.account.second_factor_forms import WithPassword
from inbox.web.ui.frame import frame, render_page
from inbox.web.ui.request import ReviewerRequest

TYPE = Authenticator.Type

View = Callable[..., HttpResponseBase]


def _with_password(view: View) -> View:
    """404 for people who sign in with the identity provider, which has factors of its own."""

    @wraps(view)
    def guarded(request: ReviewerRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not may_use_password(request.user.get_username()):
            raise Http404("No password, so no second factor.")
        return view(request, *args, **kwargs)

    return guarded


@method_decorator(login_not_required, name="dispatch")
class SecondStep(AuthenticateView):
    template_name = "registration/second_factor.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            raise Http404("Signed in already.")
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The page opens at the code if it comes from an app."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        factors = Authenticator.objects.filter(user=self.stage.login.user)
        held = set(factors.values_list("type", flat=True))
        if TYPE.TOTP in held:
            context["form"].fields["code"].widget.attrs["autofocus"] = True
        return {**context, "held": held}

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        response.status_code = 422
        return response


@require_safe
@_with_password
def second_factor(request: ReviewerRequest) -> HttpResponse:
    return _page(request)


class _Framed:
    """A view of allauth within our page frame."""

    request: Any

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        return {**context, **frame(self.request, section="account")}

    def form_invalid(self, form: Any) -> HttpResponse:
        context = self.get_context_data(form=form)
        return render(self.request, self.template_name, context, status=422)  # type: ignore[attr-defined]


@method_decorator([sensitive_post_parameters(), _with_password], name="dispatch")
class AddApp(_Framed, ActivateTOTPView):
    template_name = "account/second_factor_app.html"

    def get_success_url(self) -> str:
        return _after_adding(self.did_generate_recovery_codes)


@method_decorator([sensitive_post_parameters(), _with_password], name="dispatch")
class AddPasskey(_Framed, AddWebAuthnView):
    """404 if the host of ``PUBLIC_URL`` is an IP address: passkeys need a name."""

    template_name = "account/second_factor_passkey.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not passkeys_offered():
            raise Http404("Passkeys need a host name.")
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return {**context, "form": kwargs.get("form") or self.get_form()}

    def get_success_url(self) -> str:
        return _after_adding(self.did_generate_recovery_codes)


@method_decorator(_with_password, name="dispatch")
class RecoveryCodes(_Framed, ViewRecoveryCodesView):
    """404 if there are none, or if they were shown."""

    template_name = "account/second_factor_codes.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if not context["can_view_codes"]:
            raise Http404("The codes were shown.")
        return context


@method_decorator([sensitive_post_parameters(), require_POST, _with_password], name="dispatch")
class NewRecoveryCodes(GenerateRecoveryCodesView):
    def dispatch(self, request: ReviewerRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not _factors(request).filter(type__in=FACTORS).exists():
            raise Http404("No second factor.")
        return super().dispatch(request, *args, **kwargs)

    def form_invalid(self, form: Any) -> HttpResponse:
        return _page(self.request, rejected=form)


@sensitive_post_parameters()
@require_POST
@_with_password
def remove_factor(request: ReviewerRequest, id: int) -> HttpResponseBase:
    """With the last factor, the recovery codes go too."""
    factor = get_object_or_404(_factors(request).filter(type__in=FACTORS), pk=id)
    form = WithPassword(request.POST)
    if not form.is_valid():
        return _page(request, rejected=form)
    with transaction.atomic():
        factor.delete()
        if not _factors(request).filter(type__in=FACTORS).exists():
            _factors(request).delete()
    messages.success(request, _("The second factor was removed."))
    return HttpResponseRedirect(reverse("mfa_index"), status=303)


def _factors(request: ReviewerRequest) -> Any:
    return Authenticator.objects.filter(user=request.user)


def _after_adding(with_codes: bool) -> str:
    return reverse("mfa_view_recovery_codes" if with_codes else "mfa_index")


def _page(request: ReviewerRequest, *, rejected: WithPassword | None = None) -> HttpResponse:
    """``rejected`` is the form that was sent to the address of the request."""
    factors = list(_factors(request).order_by("created_at"))
    codes = next((factor for factor in factors if factor.type == TYPE.RECOVERY_CODES), None)
    context = {
        "app": next((factor for factor in factors if factor.type == TYPE.TOTP), None),
        "passkeys": [factor.wrap() for factor in factors if factor.type == TYPE.WEBAUTHN],
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "passkeys_offered": passkeys_offered(),
        "rejected": rejected,
        "rejected_at": request.path if rejected else "",
    }
    status, template = 422 if rejected else 200, "account/second_factor.html"
    return render_page(request, template, context, section="account", status=status)
