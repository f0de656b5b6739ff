"""Comments that team leads offer beside the comment field of questions."""

from django.db.models import Q

from inbox.access import Viewer
from inbox.models import CommentTemplate, Group, Interaction, Upstream

LONGEST = 2000
"""The most characters of a template."""
MOST_OFFERED = 20
MOST = 200
"""The most templates of an installation."""


class TooMany(ValueError):
    pass


def texts_for(item: Interaction) -> list[str]:
    of_group = Q(group=None) | Q(group__mobius_id=item.group_id or "")
    rows = CommentTemplate.objects.filter(of_group, upstream=item.upstream_id)
    texts = rows.filter(workflow__in={"", item.workflow}).values_list("text", flat=True)
    return list(dict.fromkeys(texts))[:MOST_OFFERED]


def add(
    viewer: Viewer, upstream: Upstream, *, text: str, workflow: str, group: Group | None
) -> CommentTemplate:
    """Raises ``TooMany``."""
    if CommentTemplate.objects.filter(upstream=upstream).count() >= MOST:
        raise TooMany
    return CommentTemplate.objects.create(
        upstream=upstream, workflow=workflow, group=group, text=text, author=viewer.name
    )


def change(
    viewer: Viewer,
    upstream: Upstream,
    number: int,
    *,
    text: str,
    workflow: str,
    group: Group | None,
) -> bool:
    """False if there is none with this number."""
    row = CommentTemplate.objects.filter(upstream=upstream, pk=number)
    return bool(row.update(workflow=workflow, group=group, text=text, author=viewer.name))


def delete(upstream: Upstream, number: int) -> bool:
    """False if there is none with this number."""
    return bool(CommentTemplate.objects.filter(upstream=upstream, pk=number).delete()[0])
