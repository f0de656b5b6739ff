"""The event streams. Each topic is authorised separately; no response is a redirect."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from inbox import access
from inbox.live import topics
from inbox.live.handoff import accept
from inbox.live.rights import Right, SignIn, Topics
from inbox.models import Upstream
from inbox.web.ui.request import ReviewerRequest

Stream = Callable[..., HttpResponse]


def streams(allowed: Callable[..., Topics]) -> Stream:
    """Make a view from a function that returns the topics a viewer may follow, or None."""

    @require_safe
    @wraps(allowed)
    def view(request: ReviewerRequest, **kwargs: Any) -> HttpResponse:
        topics_of = allowed(request, **kwargs)
        found = topics_of(request.viewer)
        if found is None:
            return HttpResponse(_("Not found."), status=404, content_type="text/plain")
        right = Right(topics_of, found, request.session.session_key or "")
        return accept(
            request,
            topics=found,
            recheck=right,
            since=request.GET.get("since"),
            sign_in=SignIn.of(request),
        )

    return view


@streams
def inbox(request: ReviewerRequest) -> Topics:
    """The viewer's list, and with ``?item=`` one interaction and its run."""
    return partial(_inbox, request.GET.get("item"))


@streams
def run(request: ReviewerRequest, id: str) -> Topics:
    """A run and its questions that the viewer may see."""
    return partial(_run, id)


@streams
def runs(request: ReviewerRequest) -> Topics:
    return _runs


def _inbox(item: str | None, viewer: access.Viewer) -> tuple[str, ...] | None:
    if item is None:
        return _own(viewer)
    upstream = Upstream.present()
    questions = access.interactions(viewer, upstream).filter(mobius_id=item)
    found = questions.values_list("run_id", "target_type")[:1]
    if not found:
        return None
    run_id, target = found[0]
    runs = access.runs(viewer, upstream).filter(mobius_id=run_id or "")
    run_topics = (topics.run(id) for id in runs.values_list("mobius_id", flat=True))
    shows_presence = settings.PRESENCE and target == "group"
    presence = (topics.presence(item),) if shows_presence else ()
    return (*_own(viewer), topics.item(item), *presence, *run_topics)


def _run(id: str, viewer: access.Viewer) -> tuple[str, ...] | None:
    upstream = Upstream.present()
    if not access.runs(viewer, upstream).filter(mobius_id=id).exists():
        return None
    questions = access.interactions(viewer, upstream).filter(run_id=id)
    items = (topics.item(item) for item in questions.values_list("mobius_id", flat=True))
    return (*_own(viewer), topics.run(id), *items)


def _runs(viewer: access.Viewer) -> tuple[str, ...]:
    return (*_own(viewer), topics.runs())


def _own(viewer: access.Viewer) -> tuple[str, ...]:
    id_ = viewer.mobius_id
    if not id_:
        return (topics.freshness(),)
    personal = (topics.inbox(id_), topics.questions(id_), topics.notices(id_), topics.held(id_))
    return (topics.freshness(), *personal)
