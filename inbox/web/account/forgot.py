"""*Forgot your password?*: the response is the same whether or not there is an account."""

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from inbox.notify import link_requests
from inbox.people import throttle
from inbox.web.ui.forms import Form
from inbox.web.ui.when import span

TOO_MANY = 429


class ForgotForm(Form):
    main_field = "account"
    account = forms.CharField(
        label=gettext_lazy("Username or email address"),
        max_length=254,
        widget=forms.TextInput(
            attrs={
                "class": "input",
                "autocomplete": "username",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
        error_messages={"required": gettext_lazy("Enter your username or email address.")},
    )


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def forgot_password(request: HttpRequest) -> HttpResponseBase:
    if not link_requests.offered():
        raise Http404("Links aren't sent by email.")
    if request.method != "POST":
        return _page(request, ForgotForm())
    form = ForgotForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    if seconds := throttle.seconds_until_link(request):
        words = _("Too many requests from your network. Try again in %(duration)s.")
        form.add_error(None, words % {"duration": span(seconds)})
        response = _page(request, form, status=TOO_MANY)
        response["Retry-After"] = str(seconds)
        return response
    throttle.link_asked(request)
    link_requests.ask(form.cleaned_data["account"])
    return HttpResponseRedirect(f"{reverse('forgot-password')}?sent", status=303)


def _page(request: HttpRequest, form: ForgotForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "sent": "sent" in request.GET}
    return render(request, "registration/forgot.html", context, status=status)
