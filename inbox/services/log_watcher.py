"""Updates open pages when a command changes who is asked, by watching the decision log."""

import asyncio
from collections.abc import Iterable

from asgiref.sync import sync_to_async
from django.db.models import Max, Q

from inbox.mirror.changes import Changes
from inbox.models import Decision, GroupMapping, Interaction, Reviewer, Upstream
from inbox.services import group_mapping
from inbox.services.audit import rights_log

CHECK_EVERY = 2.0
"""Seconds between two checks; each is one query while nothing is new."""


class LogWatcher:
    """Watches for new entries that change whom a group's questions ask, from any process."""

    def __init__(self) -> None:
        self._newest: int | None = None

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            await sync_to_async(self.check)()
            await asyncio.sleep(CHECK_EVERY)

    def check(self) -> None:
        """Publish what was logged since the last call. The first call only finds the last entry."""
        if self._newest is None:
            self._newest = Decision.objects.aggregate(newest=Max("number"))["newest"] or 0
            return
        new = Decision.objects.filter(number__gt=self._newest).order_by("number")
        entries = list(new.only("number", "verb", "group_id", "title", "value"))
        if entries:
            self._newest = entries[-1].number
            _publish(
                entry
                for entry in entries
                if entry.verb in (group_mapping.VERB, rights_log.MOBIUS_ID)
            )


def _publish(entries: Iterable[Decision]) -> None:
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
    reviewers = Reviewer.objects.filter(user__username__in=accounts).exclude(mobius_id=None)
    people.update(str(id) for id in reviewers.values_list("mobius_id", flat=True))
    items = Interaction.objects.filter(
        Q(group_id__in=groups) | Q(target_id__in=groups),
        upstream=Upstream.present(),
        status="pending",
        gone=False,
        target_type="group",
    )
    questions = set(items.values_list("mobius_id", flat=True))
    changes = Changes(interactions=questions, groups=groups)
    changes.touch(dict.fromkeys(people, questions))
    changes.publish()


log_watcher = LogWatcher()
"""The process's watcher."""
