"""The event streams. Each topic is authorised separately; no response is a redirect."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from inbox import access
from inbox.access import Viewer
from inbox.live import topics
from inbox.live.handoff import accept
from inbox.live.rights import Right, Topics
from inbox.models import Upstream
from inbox.web.ui.request import ReviewerRequest
from inbox.web.ui.scopes import has_everyone

Stream = Callable[..., HttpResponse]


def streams(allowed: Topics) -> Stream:
    """``allowed`` returns the topics a viewer may follow, or None."""

    @require_safe
    @wraps(allowed)
    def view(request: ReviewerRequest, id: str = "") -> HttpResponse:
        about = id or request.GET.get("item", "")
        found = allowed(request.viewer, request.upstream, about)
        if found is None:
            return HttpResponse(_("Not found."), status=404, content_type="text/plain")
        right = Right.of(request, allowed, about, found)
        return accept(request, topics=found, right=right, since=request.GET.get("since"))

    return view


@streams
def inbox(viewer: Viewer, upstream: Upstream, item: str) -> tuple[str, ...] | None:
    own = _own(viewer)
    if has_everyone(viewer, upstream):
        # The list of everyone's questions follows it, as the list of runs does elsewhere.
        own += (topics.runs(),)
    if not item:
        return own
    questions = access.interactions(viewer, upstream).filter(mobius_id=item)
    found = questions.values_list("run_id", "target_type")[:1]
    if not found:
        return None
    run_id, target = found[0]
    runs = access.runs(viewer, upstream).filter(mobius_id=run_id or "")
    run_topics = (topics.run(id) for id in runs.values_list("mobius_id", flat=True))
    shows_presence = settings.PRESENCE and target == "group"
    presence = (topics.presence(item),) if shows_presence else ()
    return (*own, topics.item(item), *presence, *run_topics)


@streams
def run(viewer: Viewer, upstream: Upstream, id: str) -> tuple[str, ...] | None:
    questions = access.interactions(viewer, upstream).filter(run_id=id)
    items = [topics.item(item) for item in questions.values_list("mobius_id", flat=True)]
    # Who may see a question of a run may see the run.
    if not items and not access.runs(viewer, upstream).filter(mobius_id=id).exists():
        return None
    return (*_own(viewer), topics.run(id), *items)


@streams
def runs(viewer: Viewer, upstream: Upstream, about: str) -> tuple[str, ...]:
    return (*_own(viewer), topics.runs())


def _own(viewer: Viewer) -> tuple[str, ...]:
    id_ = viewer.mobius_id
    if not id_:
        return (topics.freshness(),)
    personal = (topics.inbox(id_), topics.questions(id_), topics.notices(id_), topics.held(id_))
    return (topics.freshness(), *personal)
