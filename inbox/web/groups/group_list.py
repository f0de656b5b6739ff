"""The table of groups."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import ngettext

from inbox import access
from inbox.access import Viewer
from inbox.models import Group, Membership, Upstream
from inbox.people.names import names_of
from inbox.web.groups.queries import AnswerTimes, Waiting, answer_times, waiting
from inbox.web.ui.labels import routing_words
from inbox.web.ui.people import Face, People
from inbox.web.ui.when import span

FACES = 6


@dataclass(frozen=True)
class GroupRow:
    """One group. ``faces`` are the first of ``size`` members."""

    group: Group
    name: str
    routing: str
    faces: tuple[Face, ...]
    size: int
    waiting: int
    waiting_href: str
    oldest: str
    answer_times: AnswerTimes
    current: bool


@dataclass(frozen=True)
class GroupList:
    """The table as ``groups/_table.html`` shows it."""

    rows: tuple[GroupRow, ...]

    @property
    def sentence(self) -> str:
        """``5 groups, 4 with open questions``."""
        count, busy = len(self.rows), sum(row.waiting > 0 for row in self.rows)
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


def group_list(
    viewer: Viewer, upstream: Upstream, now: datetime, *, current: Group | None = None
) -> GroupList:
    """The groups that the viewer may open. Four queries, and one for each group's times."""
    groups = list(access.groups(viewer, upstream).order_by("name", "handle"))
    members = members_of(groups)
    waits = waiting(viewer, upstream, [group.mobius_id for group in groups])
    ids = {id_ for found in members.values() for id_ in found}
    people = People(names_of(ids), viewer.mobius_id)
    return GroupList(
        tuple(
            _row(
                group,
                members=members.get(group.pk, []),
                people=people,
                waits=waits.get(group.mobius_id, Waiting()),
                times=answer_times(upstream, group.mobius_id, now),
                now=now,
                current=current is not None and group.pk == current.pk,
            )
            for group in groups
        )
    )


def members_of(groups: Iterable[Group]) -> dict[int, list[str]]:
    """The members' IDs by group. One query."""
    found: dict[int, list[str]] = {}
    rows = Membership.objects.filter(group__in=[group.pk for group in groups])
    for group, user_id in rows.order_by("user_id").values_list("group_id", "user_id"):
        found.setdefault(group, []).append(user_id)
    return found


def _row(
    group: Group,
    *,
    members: list[str],
    people: People,
    waits: Waiting,
    times: AnswerTimes,
    now: datetime,
    current: bool,
) -> GroupRow:
    in_order = sorted(members, key=lambda id_: people.full(id_).lower())
    return GroupRow(
        group=group,
        name=group.name or group.handle,
        routing=routing_words(group.routing),
        faces=tuple(people.face(id_) for id_ in in_order[:FACES]),
        size=len(members),
        waiting=waits.count,
        waiting_href=f"{group.get_absolute_url()}#waiting",
        oldest=span((now - waits.since).total_seconds()) if waits.since else "",
        answer_times=times,
        current=current,
    )
