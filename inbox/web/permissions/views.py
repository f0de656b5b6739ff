"""*Permissions*, for administrators: who has which role, and what leads may do besides viewing."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from inbox.services import people
from inbox.web.permissions.page import permissions_page, rights_in
from inbox.web.ui.frame import render_page
from inbox.web.ui.lists import querystring
from inbox.web.ui.request import ReviewerRequest, administrator_required


@require_safe
@administrator_required
def permissions(request: ReviewerRequest) -> HttpResponse:
    after = request.GET.get("after", "")
    page = permissions_page(after)
    context = {
        "page": page,
        "after": after,
        "first_href": _address("") if after else "",
        "next_href": _address(page.last) if page.last else "",
    }
    return render_page(request, "permissions/permissions.html", context, section="connection")


@require_POST
@administrator_required
def change(request: ReviewerRequest) -> HttpResponse:
    """Save the boxes that were changed since the page was shown. What others have changed
    in the meantime stays.
    """
    checked = rights_in(request.POST.getlist("right"))
    shown = rights_in(request.POST.get("shown", "").split(","))
    count = people.change_rights(given=checked - shown, taken=shown - checked)
    if count:
        text = ngettext(
            "The permissions of %(count)d person were changed.",
            "The permissions of %(count)d people were changed.",
            count,
        )
        messages.success(request, text % {"count": count})
    else:
        messages.info(request, _("Nothing was changed."))
    return HttpResponseRedirect(_address(request.POST.get("after", "")), status=303)


def _address(after: str) -> str:
    return reverse("permissions") + querystring({"after": after})
