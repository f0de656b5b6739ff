import re
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from inbox.people import accounts as people
from inbox.people.accounts import RIGHTS, Right
from inbox.web.ui import labels
from inbox.web.ui.frame import render_page
from inbox.web.ui.lists import PAGE, querystring
from inbox.web.ui.request import ReviewerRequest, administrator_required

_VALUE = re.compile(rf"([0-9]{{1,9}}):({'|'.join(map(re.escape, RIGHTS))})")


@require_safe
@administrator_required
def permissions(request: ReviewerRequest) -> HttpResponse:
    after = request.GET.get("after", "")
    users = User.objects.filter(username__gt=after).order_by("username")
    users = users.prefetch_related("groups__permissions", "user_permissions")
    found = list(users[: PAGE + 1])
    rows = [(user, _boxes(user)) for user in found[:PAGE]]
    next_href = _address(found[PAGE - 1].get_username()) if len(found) > PAGE else ""
    context = {
        "headings": [labels.RIGHTS[right] for right in RIGHTS],
        "rows": rows,
        # So that only what was changed is saved.
        "shown": ",".join(box["value"] for user, boxes in rows for box in boxes if box["has"]),
        "after": after,
        "first_href": _address("") if after else "",
        "next_href": next_href,
    }
    return render_page(request, "permissions/permissions.html", context, section="connection")


@require_POST
@administrator_required
def change(request: ReviewerRequest) -> HttpResponse:
    """Save only boxes that were changed: others may have changed some in the meantime."""
    checked = _rights_in(request.POST.getlist("right"))
    shown = _rights_in(request.POST.get("shown", "").split(","))
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


def _boxes(user: User) -> list[dict[str, Any]]:
    """``by_role``: a role gives it, so it can't be taken away here."""
    roles = list(user.groups.all())
    own = {role.name for role in roles}
    own |= {permission.codename for permission in user.user_permissions.all()}
    by_role = {permission.codename for role in roles for permission in role.permissions.all()}
    return [
        {
            "value": f"{user.pk}:{right}",
            "label": labels.RIGHTS[right],
            "has": right in own,
            "by_role": right in by_role and right not in own,
        }
        for right in RIGHTS
    ]


def _rights_in(values: Iterable[str]) -> frozenset[Right]:
    """Anything else is ignored."""
    found = map(_VALUE.fullmatch, values)
    return frozenset((int(match[1]), match[2]) for match in found if match)


def _address(after: str) -> str:
    return reverse("permissions") + querystring({"after": after})
