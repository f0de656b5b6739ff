"""Commands write to the log but have no bus, so each process watches the log for changes of who is
asked, and for deactivations.
"""

import asyncio
from collections.abc import Iterable

from asgiref.sync import sync_to_async
from django.db.models import Max, Q

from inbox.answering.claiming import Verb
from inbox.audit import rights_log
from inbox.live import topics
from inbox.live.bus import get_bus
from inbox.mirror.changes import Changes
from inbox.mirror.recipients import people_of
from inbox.models import Decision, GroupMapping, Interaction, Reviewer, Upstream
from inbox.upstream import group_mapping

CHECK_EVERY = 2.0
"""Seconds between two checks; each is one query while nothing is new."""


class LogWatcher:
    def __init__(self) -> None:
        self._newest: int | None = None

    async def run(self) -> None:
        while True:
            await sync_to_async(self.check)()
            await asyncio.sleep(CHECK_EVERY)

    def check(self) -> None:
        """The first call only notes the last entry."""
        if self._newest is None:
            self._newest = Decision.objects.aggregate(newest=Max("number"))["newest"] or 0
            return
        new = Decision.objects.filter(number__gt=self._newest).order_by("number")
        columns = ("number", "verb", "interaction_id", "group_id", "title", "value")
        entries = list(new.only(*columns))
        if entries:
            self._newest = entries[-1].number
            _publish_recipients(entries)
            _publish_deactivations(entries)


def _publish_recipients(entries: Iterable[Decision]) -> None:
    groups: set[str] = set()
    accounts: set[str] = set()
    people: set[str] = set()
    for entry in entries:
        if entry.verb == group_mapping.VERB:
            groups.add(entry.group_id)
            accounts.update(entry.value["before"], entry.value["after"])
        elif entry.verb == rights_log.MOBIUS_ID:
            mapped = GroupMapping.objects.filter(reviewer__user__username=entry.title)
            groups.update(mapped.values_list("group_id", flat=True))
            people.update(id for id in (entry.value["before"], entry.value["after"]) if id)
    if not groups:
        return
    reviewers = Reviewer.objects.filter(user__username__in=accounts).exclude(mobius_id=None)
    people.update(str(id) for id in reviewers.values_list("mobius_id", flat=True))
    items = Interaction.objects.pending().filter(
        Q(group_id__in=groups) | Q(target_id__in=groups),
        upstream=Upstream.current(),
        target_type="group",
    )
    questions = set(items.values_list("mobius_id", flat=True))
    changes = Changes(interactions=questions, groups=groups)
    changes.touch(dict.fromkeys(people, questions))
    changes.publish_here()


def _publish_deactivations(entries: Iterable[Decision]) -> None:
    switched = (rights_log.DEACTIVATED, rights_log.REACTIVATED)
    if any(entry.verb in switched for entry in entries):
        get_bus().publish_here([topics.runs()])
    released = {
        entry.interaction_id
        for entry in entries
        if entry.verb == Verb.RELEASE and (entry.value or {}).get("by")
    }
    if released:
        items = Interaction.objects.filter(upstream=Upstream.current(), mobius_id__in=released)
        changes = Changes(interactions=released)
        changes.touch(people_of(list(items)))
        changes.publish_here()


log_watcher = LogWatcher()
"""The process's watcher."""
