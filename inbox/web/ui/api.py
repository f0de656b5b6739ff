"""Which generation of the API is used, and how that is known; for administrators."""

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.mobius.generations import Found
from inbox.mobius.types import Generation
from inbox.models import Upstream

API_NAMES = {
    Generation.A: gettext_lazy("the guide's (A)"),
    Generation.B: gettext_lazy("the public reference's (B)"),
    Generation.C: gettext_lazy("the one without projects (C)"),
}


def api_name(generation: Generation) -> str:
    return str(API_NAMES[generation])


def api_text(upstream: Upstream) -> str:
    name = api_name(upstream.api)
    if settings.MOBIUS_API != "auto":
        return _("%(api)s, set by MOBIUS_API") % {"api": name}
    if not upstream.chosen_at:
        return _("%(api)s, until Mobius shows which one it has") % {"api": name}
    if not upstream.found_by:
        return name
    return found_text(Found(upstream.api, upstream.found_by))


def found_text(found: Found) -> str:
    facts = {"api": api_name(found.generation), "request": found.by}
    return _("%(api)s, found by %(request)s") % facts
