"""What a command changes while the inbox is served: open pages hear of it through the log."""

import asyncio
from collections.abc import Iterable

from asgiref.sync import sync_to_async
from django.db.models import Max, Q

from inbox.mirror.changes import Changes
from inbox.models import Decision, GroupMapping, Interaction, Reviewer, Upstream
from inbox.services import group_mapping
from inbox.services.audit import rights_log

LOOK_EVERY = 2.0
"""Seconds between two looks; each is one query while nothing is new."""


class Elsewhere:
    """Looks for new entries that change whom a group's questions ask, whoever entered them."""

    def __init__(self) -> None:
        self._newest: int | None = None

    async def run(self) -> None:
        """Endless, until it is cancelled."""
        while True:
            await sync_to_async(self.look)()
            await asyncio.sleep(LOOK_EVERY)

    def look(self) -> None:
        """Tell open pages of what was entered since the last time; at first of nothing."""
        if self._newest is None:
            self._newest = Decision.objects.aggregate(newest=Max("number"))["newest"] or 0
            return
        fresh = Decision.objects.filter(number__gt=self._newest).order_by("number")
        entries = list(fresh.only("number", "verb", "group_id", "title", "value"))
        if entries:
            self._newest = entries[-1].number
            _tell(one for one in entries if one.verb in (group_mapping.VERB, rights_log.MOBIUS_ID))


def _tell(entries: Iterable[Decision]) -> None:
    groups: set[str] = set()
    accounts: set[str] = set()
    people: set[str] = set()
    for entry in entries:
        ends = [entry.value[end] for end in ("before", "after")]
        if entry.verb == group_mapping.VERB:
            groups.add(entry.group_id)
            accounts.update(name for names in ends for name in names)
        else:
            mapped = GroupMapping.objects.filter(reviewer__user__username=entry.title)
            groups.update(mapped.values_list("group_id", flat=True))
            people.update(id for id in ends if id)
    if not groups:
        return
    named = Reviewer.objects.filter(user__username__in=accounts).exclude(mobius_id=None)
    people.update(str(id) for id in named.values_list("mobius_id", flat=True))
    asked = Interaction.objects.filter(
        Q(group_id__in=groups) | Q(target_id__in=groups),
        upstream=Upstream.present(),
        status="pending",
        gone=False,
        target_type="group",
    )
    questions = set(asked.values_list("mobius_id", flat=True))
    changes = Changes(interactions=questions, groups=groups)
    changes.touch(dict.fromkeys(people, questions))
    changes.publish()


elsewhere = Elsewhere()
"""That of this process."""
