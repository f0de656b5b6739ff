"""Drafts: saved while one types, and those of other devices."""

from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from inbox.forms import comment_of, typed_of
from inbox.live.presence import get_presence
from inbox.presenters.drafts import OtherDraft, other_drafts
from inbox.services import draft as service
from inbox.services.draft import NotAsked, TypedIn
from inbox.views.interactions import render_item
from inbox.views.request import ReviewerRequest
from inbox.views.typed_in import device_of, typed_in


@require_POST
def draft(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """Keep ``value`` and ``comment`` unjudged: 204, or 200 with the other drafts of the question.

    ``use`` then puts another draft into the form, by its ``base``. ``discard`` keeps nothing and
    forgets the draft it names, or the newest. With ``back`` the browser is sent to the question,
    which then has the text in its form. 409 where the answer is in: nothing is left to keep. The
    others in a group see that one writes.
    """
    try:
        kept, others = _kept(request, id)
    except NotAsked:
        raise Http404("no such question") from None
    if "use" in request.POST:
        return _used(request, id)
    script = request.htmx
    if "back" in request.POST or ("discard" in request.POST and not script):
        return HttpResponseRedirect(reverse("interaction", args=[id]), status=303)
    if kept and settings.PRESENCE and "discard" not in request.POST:
        get_presence().write(id, request.viewer.user_id)
    if kept and (others or (script and "discard" in request.POST)):
        context = {"drafts": others, "id": id, "usable": True}
        return render(request, "interactions/_other_drafts.html", context)
    return HttpResponse(status=204 if kept else 409)


def _kept(request: ReviewerRequest, id: str) -> tuple[bool, tuple[OtherDraft, ...]]:
    """Whether there was something to keep, and the drafts that are not in the form."""
    reviewer, form = request.user.reviewer, typed_in(request)
    item = service.asked_item(request.viewer, id)
    kept = True
    if "discard" in request.POST:
        named = request.POST["discard"]
        service.discard(reviewer=reviewer, item=item, base=named if "-" in named else "")
    else:
        kept = service.save(
            reviewer=reviewer,
            interaction_id=id,
            values=typed_of(request.POST),
            comment=comment_of(request.POST),
            typed_in=form,
        )
    _, others = service.drafts_of(request.viewer, item, form)
    return kept, other_drafts(others, item, form.device, timezone.now())


def _used(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """The question with the other draft in its form, as that draft is now."""
    item = service.asked_item(request.viewer, id)
    base = service.newest_base(reviewer=request.user.reviewer, item=item, base=request.POST["use"])
    if request.htmx:
        return render_item(request, item, shows=TypedIn(base=base, device=device_of(request)))
    page = reverse("interaction", args=[id])
    return HttpResponseRedirect(f"{page}?{urlencode({'draft': base})}", status=303)
