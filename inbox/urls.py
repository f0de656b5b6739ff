import re

from django.urls import include, path, register_converter
from django.urls.converters import IntConverter

from inbox.web import health, offline, permissions, reveal, search

_ESCAPED = re.compile(r"[~/]|^\.{1,2}$")
_ESCAPE = re.compile(r"~(7E|2F|2E)")


class MobiusId:
    """A slash becomes ``~2F``, since servers decode ``%2F`` before they look at the path; ``.`` and
    ``..`` are escaped, since browsers take them for folders.
    """

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), value)

    def to_url(self, value: str) -> str:
        """``reverse`` quotes the rest."""
        return _ESCAPED.sub(
            lambda match: "".join(f"~{ord(character):02X}" for character in match[0]), value
        )


class Number(IntConverter):
    """There is no row 0, and no larger number fits into a column."""

    regex = "[1-9][0-9]{0,17}"


register_converter(MobiusId, "mobius_id")
register_converter(Number, "number")

urlpatterns = [
    path("", include("inbox.web.inbox.urls")),
    path("", include("inbox.web.interactions.urls")),
    path("", include("inbox.web.batches.urls")),
    path("", include("inbox.web.drafts.urls")),
    path("", include("inbox.web.decisions.urls")),
    path("", include("inbox.web.blocked.urls")),
    path("", include("inbox.web.runs.urls")),
    path("", include("inbox.web.saved_views.urls")),
    path("", include("inbox.web.comment_templates.urls")),
    path("", include("inbox.web.insights.urls")),
    path("", include("inbox.web.groups.urls")),
    path("", include("inbox.web.connection.urls")),
    path("", include("inbox.web.people.urls")),
    path("", include("inbox.web.notifications.urls")),
    path("", include("inbox.web.channels.urls")),
    path("", include("inbox.web.live.urls")),
    path("", include("inbox.web.account.urls")),
    path("interactions/<mobius_id:id>/reveal", reveal.in_question, name="reveal"),
    path("runs/<mobius_id:id>/reveal", reveal.in_run, name="run-reveal"),
    path("permissions/", permissions.permissions, name="permissions"),
    path("permissions/change", permissions.change, name="permissions-change"),
    path("search/", search.search, name="search"),
    path("service-worker.js", offline.service_worker, name="service-worker"),
    path("manifest.webmanifest", offline.manifest, name="manifest"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
