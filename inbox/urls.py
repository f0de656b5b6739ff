"""Every page's paths, and the converter of IDs in them. Templates and tests use their names."""

import re

from django.urls import include, path, register_converter

from inbox.web import health

_ESCAPED = re.compile(r"[~/]|^\.{1,2}$")
_ESCAPE = re.compile(r"~(7E|2F|2E)")


class MobiusId:
    """A Mobius ID, with any characters.

    A slash becomes ``~2F``, since servers decode ``%2F`` before they look at the path. The IDs
    ``.`` and ``..`` are escaped too, since browsers take them for folders.
    """

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """The ID. A tilde that isn't an escape stays."""
        return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), value)

    def to_url(self, value: str) -> str:
        """The ID as written in a URL; ``reverse`` quotes the rest."""
        return _ESCAPED.sub(
            lambda match: "".join(f"~{ord(character):02X}" for character in match[0]), value
        )


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
