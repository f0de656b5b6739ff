"""`python -m tests.bench.old_news [QUESTIONS]`: whom questions interrupt that were asked long ago,
when the mirror sees them for the first time. Everyone wants everything at once, by email.

A row for each case says how many events there were, how many messages are due, and how many wait
for the digest.
"""

import sys
from collections.abc import Iterable
from datetime import timedelta

from tests.bench.filled_mirror import FOLDER, install, questions  # isort: skip - it sets Django up

from django.contrib.auth.models import User
from django.db.models import Count, Q
from django.utils import timezone

from inbox import models
from inbox.mirror import project
from inbox.mobius.types import Interaction
from inbox.models import Delivery, NotificationChoice, NotificationEvent, Reviewer, Upstream
from inbox.models.notification import OLD_NEWS
from inbox.notify.planning import plan_events

BATCH = 1_000
HOUR = timedelta(hours=1)
NO_OFFSET = timedelta()


def main() -> None:
    count = int(sys.argv[1]) if sys.argv[1:] else 10_000
    install()
    User.objects.update(email="someone@example.com")
    NotificationChoice.objects.all().delete()
    NotificationChoice.objects.bulk_create(
        NotificationChoice(reviewer=reviewer, kind=kind, channel="email", when="now")
        for reviewer in Reviewer.objects.all()
        for kind in ("asked", "asked_group")
    )
    now = timezone.now()
    old = [_older(item) for item in questions(count, now)]
    sys.stdout.write("| case | events | due | in digests |\n|---|---|---|---|\n")
    case("the first full sync", old, seeded=False)
    case("a backup is restored", old, seeded=True)
    case("the clock here is an hour ahead", old, seeded=True, offset=-HOUR)
    case("the clock here is an hour behind", old, seeded=True, offset=HOUR)
    FOLDER.cleanup()


def _older(item: Interaction) -> Interaction:
    """By an hour, and without a deadline, whose reminders would be news."""
    asked = item.created_at - OLD_NEWS
    return item.model_copy(update={"created_at": asked, "updated_at": asked, "expires_at": None})


def _moved(item: Interaction, offset: timedelta) -> Interaction:
    times = {"created_at": item.created_at + offset, "updated_at": item.updated_at + offset}
    return item.model_copy(update=times)


def case(
    name: str, items: Iterable[Interaction], *, seeded: bool, offset: timedelta = NO_OFFSET
) -> None:
    """``offset``: of Mobius's clock from the one here."""
    NotificationEvent.objects.all().delete()
    upstream = Upstream.current()
    models.Interaction.objects.all().delete()
    upstream.seeded_at = timezone.now() - timedelta(days=30) if seeded else None
    upstream.clock_offset = offset
    upstream.save()
    moved = [_moved(item, offset) for item in items]
    for first in range(0, len(moved), BATCH):
        project.apply(upstream, moved[first : first + BATCH], read_at=timezone.now())
    while plan_events(timezone.now()):
        pass
    rows = Delivery.objects.aggregate(
        due=Count("pk", filter=Q(state="waiting")), digest=Count("pk", filter=Q(state="digest"))
    )
    events = NotificationEvent.objects.count()
    sys.stdout.write(f"| {name} | {events} | {rows['due']} | {rows['digest']} |\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
