"""Comments that are offered beside the field: fixed ones, and those that people use repeatedly.

Those come from closed questions that the viewer may open, so they tell no one's answer to an open
one.
"""

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from inbox import access, exact
from inbox.access import Viewer
from inbox.bidi import has_overrides
from inbox.models import CommentTemplate, Group, Interaction, Membership, Recipient, Upstream

LONGEST = 2000
"""The most characters of a template."""
MOST = 20
"""The most templates of a question."""
LEARNT_FROM = 500
"""How many of the group's latest answers are compared."""
MOST_FIXED = 200
"""The most fixed templates of an installation."""


class TooMany(ValueError):
    """There are ``MOST_FIXED`` already."""


@dataclass(frozen=True)
class Template:
    """A comment of a group has the answer that the group gave with it; any other has None."""

    text: str
    value: Any = None


def templates_for(viewer: Viewer, upstream: Upstream, item: Interaction) -> list[Template]:
    """The templates for a comment on the question: fixed ones, the viewer's own comments that they
    used twice, and those that two members of one of their groups used with the same answer to
    questions of the same workflow. Four queries.
    """
    found = [
        *(Template(row.text) for row in fixed(upstream, item)),
        *_own(viewer, upstream, item),
        *_groups(viewer, upstream, item),
    ]
    first: dict[str, Template] = {}
    for template in found:
        if _usable(template.text):
            first.setdefault(template.text, template)
    return list(first.values())[:MOST]


def fixed(upstream: Upstream, item: Interaction) -> QuerySet[CommentTemplate]:
    of_group = Q(group=None) | Q(group__mobius_id=item.group_id or "")
    rows = CommentTemplate.objects.filter(of_group, upstream=upstream)
    return rows.filter(workflow__in={"", item.workflow})


def add(
    viewer: Viewer, upstream: Upstream, *, text: str, workflow: str, group: Group | None
) -> CommentTemplate:
    """Offer a comment to everyone who answers. Raises ``TooMany``."""
    if CommentTemplate.objects.filter(upstream=upstream).count() >= MOST_FIXED:
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
    """Replace a fixed template. False if there is none with this number."""
    row = CommentTemplate.objects.filter(upstream=upstream, pk=number)
    return bool(row.update(workflow=workflow, group=group, text=text, author=viewer.name))


def delete(upstream: Upstream, number: int) -> bool:
    """Delete a fixed template. False if there is none with this number."""
    return bool(CommentTemplate.objects.filter(upstream=upstream, pk=number).delete()[0])


def _answers(viewer: Viewer, upstream: Upstream) -> QuerySet[Recipient]:
    """Everyone's answers with a comment to closed questions that the viewer may open."""
    seen = access.interactions(viewer, upstream).filter(deleted=False, status="completed")
    rows = Recipient.objects.filter(
        upstream=upstream, answered_at__isnull=False, interaction__in=seen.values("pk")
    )
    return rows.exclude(comment=None).exclude(comment="")


def _own(viewer: Viewer, upstream: Upstream, item: Interaction) -> list[Template]:
    rows = _answers(viewer, upstream).filter(user_id=viewer.mobius_id or "")
    here = Count("pk", filter=Q(workflow=item.workflow))
    counted = rows.values("comment").annotate(times=Count("pk"), here=here, last=Max("answered_at"))
    often = counted.filter(times__gte=2).order_by("-here", "-times", "-last")[:MOST]
    return [Template(str(row["comment"])) for row in often]


def _groups(viewer: Viewer, upstream: Upstream, item: Interaction) -> list[Template]:
    own_groups = access.own_groups(viewer, upstream)
    groups_of: dict[str, set[int]] = defaultdict(set)
    members = Membership.objects.filter(group__in=own_groups)
    for user_id, group_id in members.values_list("user_id", "group_id"):
        groups_of[user_id].add(group_id)
    rows = _answers(viewer, upstream).filter(
        workflow=item.workflow, user_id__in=members.values("user_id")
    )
    latest = rows.order_by("-answered_at").values_list("user_id", "comment", "value")[:LEARNT_FROM]
    users: dict[tuple[str, str], set[str]] = defaultdict(set)
    values: dict[tuple[str, str], Any] = {}
    for user_id, comment, value in latest:
        key = (str(comment), exact.dumps(value, sort_keys=True))
        users[key].add(user_id)
        values[key] = value
    return [
        Template(comment, values[comment, answer])
        for (comment, answer), who in users.items()
        if any(groups_of[one] & groups_of[other] for one, other in combinations(who, 2))
    ]


def _usable(text: str) -> bool:
    return bool(text.strip()) and len(text) <= LONGEST and not has_overrides(text)
