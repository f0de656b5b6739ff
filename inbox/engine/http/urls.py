"""The API's paths."""

from typing import Any

from django.urls import URLPattern, include, path

from inbox.engine.http.calls import events, groups, interactions, members, runs
from inbox.engine.http.routing import Handler, Resource


def _at(route: str, **handlers: Handler) -> URLPattern:
    """A path and its calls. Django's ``path`` takes any callable; its types want a view."""
    resource: Any = Resource(**handlers)
    return path(route, resource)


_project = [
    _at("runs", GET=runs.list_runs, POST=runs.start),
    _at("runs/events", GET=events.of_project),
    _at("runs/<str:run_id>", GET=runs.get),
    _at("runs/<str:run_id>/steps", GET=runs.steps),
    _at("runs/<str:run_id>/events", GET=events.of_run),
    _at("runs/<str:run_id>/signals", POST=runs.signal),
    _at("runs/<str:run_id>/cancellations", POST=runs.cancel),
    _at("interactions", GET=interactions.list_interactions, POST=interactions.create),
    _at("interactions/<str:interaction_id>", GET=interactions.get),
    _at("interactions/<str:interaction_id>/respond", POST=interactions.respond),
    _at("interactions/<str:interaction_id>/claim", POST=interactions.claim),
    _at("interactions/<str:interaction_id>/release", POST=interactions.release),
    _at("groups", GET=groups.list_groups, POST=groups.create),
    _at("groups/<str:group>", GET=groups.get, PATCH=groups.update),
    _at("groups/<str:group>/members", GET=groups.members, POST=groups.add_member),
    _at("groups/<str:group>/members/<str:user_id>", DELETE=groups.remove_member),
    _at("members/me", GET=members.me),
    _at("members/<str:user_id>/groups", GET=groups.of_member),
]

urlpatterns = [path("v1/projects/<str:project>/", include(_project))]
