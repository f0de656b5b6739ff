"""Every page's paths. Names are what templates and tests use."""

from django.urls import include, path, register_converter

from inbox.converters import MobiusId
from inbox.web import health

register_converter(MobiusId, "mobius_id")

urlpatterns = [
    path("", include("inbox.web.inbox.urls")),
    path("", include("inbox.web.interactions.urls")),
    path("", include("inbox.web.batches.urls")),
    path("", include("inbox.web.drafts.urls")),
    path("", include("inbox.web.decisions.urls")),
    path("", include("inbox.web.reveal.urls")),
    path("", include("inbox.web.blocked.urls")),
    path("", include("inbox.web.runs.urls")),
    path("", include("inbox.web.saved_views.urls")),
    path("", include("inbox.web.comment_templates.urls")),
    path("", include("inbox.web.insights.urls")),
    path("", include("inbox.web.groups.urls")),
    path("", include("inbox.web.connection.urls")),
    path("", include("inbox.web.permissions.urls")),
    path("", include("inbox.web.notifications.urls")),
    path("", include("inbox.web.search.urls")),
    path("", include("inbox.web.live.urls")),
    path("", include("inbox.web.account.urls")),
    path("", include("inbox.web.offline.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
