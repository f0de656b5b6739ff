"""Notifications, requests for them, and what administrators are notified about."""

from django.db import models
from django.db.models import Exists, OuterRef, Q

from inbox.models.interaction import Interaction
from inbox.models.notification import NotificationEvent
from inbox.models.reviewer import Reviewer


class NoticeQuerySet(models.QuerySet["Notice"]):
    def newest_of_each_question(self) -> "NoticeQuerySet":
        """Of these; those that are about no question stay. They are all of one upstream."""
        is_newer = Q(at__gt=OuterRef("at")) | Q(at=OuterRef("at"), pk__gt=OuterRef("pk"))
        newer = self.filter(
            is_newer, reviewer=OuterRef("reviewer"), interaction_id=OuterRef("interaction_id")
        )
        return self.filter(Q(interaction_id="") | ~Exists(newer))


class Notice(models.Model):
    """A repeated notification is the same row, unread again, at the last time.

    An empty ``interaction_id`` means that it is about the account or the inbox, or ``about`` the
    workflow whose runs failed or the Mobius ID that no account has. ``sender`` is a
    Mobius ID, ``sender_name`` the name at that time. ``reason`` is as ``Attempt.returned``, and
    ``message`` what Mobius said then. The question's text is not copied: the person may no longer
    be allowed to see it.
    """

    class Kind(models.TextChoices):
        ASKED = "asked"
        ASKED_GROUP = "asked_group"
        TO_REVIEW = "to_review"
        CHANGES_REQUESTED = "changes_requested"
        REMINDER = "reminder"
        EXPIRED = "expired"
        ANSWERED_BY_OTHER = "answered_by_other"
        NUDGE = "nudge"
        TOKEN_REMOVED = "token_removed"  # nosec B105 # noqa: S105 - a kind of notice
        NOT_SENT = "not_sent"
        RELEASED = "released"
        TOO_FEW_LEFT = "too_few_left"
        NO_CHECKER = "no_checker"
        TOKEN_REFUSED = "token_refused"  # nosec B105 # noqa: S105 - a kind of notice
        EXPIRING_UNANSWERED = "expiring_unanswered"
        CLAIMED_TOO_LONG = "claimed_too_long"
        RUN_FAILED = "run_failed"
        NO_ACCOUNT = "no_account"
        SUMMARY = "summary"
        # About an ``Incident``, for administrators. ``reason`` says whether it is over.
        KEY_REFUSED = "key_refused"
        PROJECT_UNKNOWN = "project_unknown"
        SYNC_DEAD = "sync_dead"
        LOG_BROKEN = "log_broken"
        API_CHANGED = "api_changed"
        TOKEN_OF_ANOTHER = "token_of_another"  # nosec B105 # noqa: S105 - a kind of notice

    ANOTHER_OWNER = "another_owner"
    """The ``reason`` if a token was removed since it answered as someone else."""

    reviewer = models.ForeignKey(Reviewer, on_delete=models.CASCADE, related_name="notices")
    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    interaction_id = models.CharField(max_length=200)
    about = models.CharField(max_length=300, default="", blank=True)
    sender = models.CharField(max_length=200, default="", blank=True)
    sender_name = models.CharField(max_length=300)
    reason = models.CharField(max_length=40, default="", blank=True)
    message = models.TextField(default="", blank=True)
    times = models.PositiveIntegerField(default=1)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        constraints = [
            # Of two simultaneous nudges, the second finds the row, and that it is recent.
            models.UniqueConstraint(
                fields=["reviewer", "upstream", "interaction_id", "about", "kind"],
                name="one_notice_each",
            )
        ]
        indexes = [
            models.Index(fields=["reviewer", "upstream", "-at", "-id"], name="notice_newest"),
            models.Index(
                fields=["reviewer", "upstream"],
                condition=models.Q(read_at__isnull=True),
                name="notice_unread",
            ),
            models.Index(fields=["upstream", "at"], name="notice_by_time"),
            models.Index(
                fields=["upstream", "interaction_id"],
                condition=models.Q(read_at__isnull=True),
                name="notice_unread_of_item",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.interaction_id}"

    @classmethod
    def kind_of(cls, event: NotificationEvent) -> str:
        return _RENAMED.get(event.kind, event.kind)

    @property
    def event_kind(self) -> str:
        """The kind of notification event that it is about; empty if there is none."""
        renamed = {notice: event for event, notice in _RENAMED.items()}
        kind = renamed.get(self.kind, self.kind)
        return kind if kind in NotificationEvent.Kind.values else ""


_RENAMED: dict[str, str] = {
    NotificationEvent.Kind.NUDGED: Notice.Kind.NUDGE,
    NotificationEvent.Kind.CLAIM_RELEASED: Notice.Kind.RELEASED,
}
"""The kinds of notices that have another name than the event."""


class AwaitedRelease(models.Model):
    """``claimed_by`` is a Mobius ID."""

    reviewer = models.ForeignKey(Reviewer, on_delete=models.CASCADE, related_name="+")
    interaction = models.ForeignKey(Interaction, on_delete=models.CASCADE, related_name="+")
    claimed_by = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["interaction", "reviewer"], name="awaited_once")
        ]

    def __str__(self) -> str:
        return f"{self.reviewer} {self.interaction}"


class Incident(models.Model):
    """A problem that an administrator has to solve. It lasts until ``ended_at``, which is when it
    began for what only happens once.
    """

    class Kind(models.TextChoices):
        KEY_REFUSED = "key_refused"
        PROJECT_UNKNOWN = "project_unknown"
        SYNC_DEAD = "sync_dead"
        LOG_BROKEN = "log_broken"
        API_CHANGED = "api_changed"
        TOKEN_OF_ANOTHER = "token_of_another"  # nosec B105 # noqa: S105 - a kind of incident

    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    began_mailed_at = models.DateTimeField(null=True)
    ended_mailed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["upstream", "kind"],
                condition=models.Q(ended_at__isnull=True),
                name="one_open_incident_each",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} since {self.began_at:%Y-%m-%d %H:%M}"
