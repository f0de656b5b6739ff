"""The API's paths."""

from django.urls import include, path

from inbox.engine.http.calls import events, groups, interactions, members, runs
from inbox.engine.http.routing import Resource

_project = [
    path("runs", Resource(GET=runs.list_runs, POST=runs.start)),
    path("runs/events", Resource(GET=events.of_project)),
    path("runs/<str:run_id>", Resource(GET=runs.get)),
    path("runs/<str:run_id>/steps", Resource(GET=runs.steps)),
    path("runs/<str:run_id>/events", Resource(GET=events.of_run)),
    path("runs/<str:run_id>/signals", Resource(POST=runs.signal)),
    path("runs/<str:run_id>/cancellations", Resource(POST=runs.cancel)),
    path("interactions", Resource(GET=interactions.list_interactions, POST=interactions.create)),
    path("interactions/<str:interaction_id>", Resource(GET=interactions.get)),
    path("interactions/<str:interaction_id>/respond", Resource(POST=interactions.respond)),
    path("interactions/<str:interaction_id>/claim", Resource(POST=interactions.claim)),
    path("interactions/<str:interaction_id>/release", Resource(POST=interactions.release)),
    path("groups", Resource(GET=groups.list_groups, POST=groups.create)),
    path("groups/<str:group>", Resource(GET=groups.get, PATCH=groups.update)),
    path("groups/<str:group>/members", Resource(GET=groups.members, POST=groups.add_member)),
    path("groups/<str:group>/members/<str:user_id>", Resource(DELETE=groups.remove_member)),
    path("members/me", Resource(GET=members.me)),
    path("members/<str:user_id>/groups", Resource(GET=groups.of_member)),
]

urlpatterns = [path("v1/projects/<str:project>/", include(_project))]
