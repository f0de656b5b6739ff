"""Pages for one role. That somebody is signed in at all is the middleware's concern."""

from collections.abc import Callable
from functools import wraps
from operator import attrgetter
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import Http404

from inbox.access import Viewer
from inbox.views.request import ReviewerRequest

View = Callable[..., Any]


def _only(has_role: Callable[[Viewer], bool]) -> Callable[[View], View]:
    """For everybody without the role the page is not there. For sync and async views."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: ReviewerRequest, *args: Any, **kwargs: Any) -> Any:
            if not has_role(request.viewer):
                raise Http404("No such page.")
            return view(request, *args, **kwargs)

        return markcoroutinefunction(guarded) if iscoroutinefunction(view) else guarded

    return decorate


lead_required = _only(attrgetter("lead"))
administrator_required = _only(attrgetter("administrator"))
