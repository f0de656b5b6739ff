from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import ngettext

from inbox import access
from inbox.access import Viewer
from inbox.models import Group, Membership, Upstream
from inbox.people.names import names_of
from inbox.web.groups.queries import Waiting, answer_times, waiting
from inbox.web.ui.labels import routing_words
from inbox.web.ui.people import People
from inbox.web.ui.when import span

FACES = 6


def group_rows(viewer: Viewer, upstream: Upstream, now: datetime) -> list[dict[str, Any]]:
    """``faces`` are the first of ``size`` members."""
    groups = list(access.groups(viewer, upstream).order_by("name", "handle"))
    members = members_of(groups)
    waiting_by_id = waiting(viewer, upstream, [group.mobius_id for group in groups])
    everyone = {id_ for found in members.values() for id_ in found}
    people = People(names_of(upstream, everyone), viewer.mobius_id)
    rows = []
    for group in groups:
        ids = sorted(members.get(group.pk, []), key=lambda id_: people.full(id_).lower())
        waits = waiting_by_id.get(group.mobius_id, Waiting())
        rows.append(
            {
                "group": group,
                "name": group.name or group.handle,
                "routing": routing_words(group.routing),
                "faces": [people.face(id_) for id_ in ids[:FACES]],
                "size": len(ids),
                "waiting": waits.count,
                "oldest": span((now - waits.since).total_seconds()) if waits.since else "",
                "answer_times": answer_times(upstream, group.mobius_id, now),
            }
        )
    return rows


def count_sentence(rows: Sequence[Mapping[str, Any]]) -> str:
    """``5 groups, 4 with open questions``; empty for none."""
    count, busy = len(rows), sum(row["waiting"] > 0 for row in rows)
    if not count:
        return ""
    if busy:
        words = ngettext(
            "%(count)d group, %(busy)d with open questions",
            "%(count)d groups, %(busy)d with open questions",
            count,
        )
    else:
        words = ngettext(
            "%(count)d group, none with open questions",
            "%(count)d groups, none with open questions",
            count,
        )
    return words % {"count": count, "busy": busy}


def members_of(groups: Iterable[Group]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    rows = Membership.objects.filter(group__in=[group.pk for group in groups])
    for group, user_id in rows.order_by("user_id").values_list("group_id", "user_id"):
        found.setdefault(group, []).append(user_id)
    return found
