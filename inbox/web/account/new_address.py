from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from inbox.people import new_address


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_address(request: HttpRequest, token: str) -> HttpResponse:
    """The link that was sent to a new email address. It works without a session."""
    try:
        if request.method == "POST":
            context = {"address": new_address.confirm(token).user.email, "done": True}
        else:
            context = {"address": new_address.read(token).new_email}
    except new_address.NotValid:
        return render(request, "account/confirm_address.html", status=404)
    return render(request, "account/confirm_address.html", context)
