"""What people are told outside the page: events, each person's choices, and what became of them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy

from inbox.models.reviewer import Reviewer

if TYPE_CHECKING:
    from inbox.models.upstream import Upstream


class NotificationEventQuerySet(models.QuerySet["NotificationEvent"]):
    def write(self, events: "Iterable[NotificationEvent]") -> None:
        """One that was written before stays as it is."""
        NotificationEvent.objects.bulk_create(events, ignore_conflicts=True)

    def write_summaries(self, upstream: "Upstream", people: Iterable[str]) -> None:
        """For those who were given these Mobius IDs."""
        if upstream.seeded_at is None:
            return
        now = upstream.clock(timezone.now())
        self.write(
            NotificationEvent(
                upstream=upstream,
                kind=NotificationEvent.Kind.SUMMARY,
                subject=person,
                occurrence=now.isoformat(),
                person=person,
                at=now,
            )
            for person in people
            if person
        )


class NotificationEvent(models.Model):
    """Something that people may be told, written in the transaction that caused it.

    - ``subject``: the ID of the question, the run or the person that it is about.
    - ``occurrence``: tells events of one kind about one subject apart, such as a round, the mark
      of a reminder, or the person and number of a nudge.
    - ``person``: the Mobius ID of the only person it concerns; empty if the question says who.
    - ``actor``: the Mobius ID of who caused it, ``actor_name`` their name at that time.
    - ``at``: when it happened, for questions by upstream's clock.
    - ``planned_at``: when its deliveries were written; null until then.
    """

    class Kind(models.TextChoices):
        ASKED = "asked", gettext_lazy("You are asked")
        ASKED_GROUP = "asked_group", gettext_lazy("A group of yours is asked")
        TO_REVIEW = "to_review", gettext_lazy("An answer is ready for your review")
        CHANGES_REQUESTED = (
            "changes_requested",
            gettext_lazy("Changes to your answer are requested"),
        )
        REMINDER = "reminder", gettext_lazy("A question will soon be due or expire")
        EXPIRED = "expired", gettext_lazy("A question expires unanswered")
        NUDGED = "nudged", gettext_lazy("Someone nudges you")
        CLAIM_RELEASED = "claim_released", gettext_lazy("A claim that you wait for ends")
        ANSWERED_BY_OTHER = "answered_by_other", gettext_lazy("Someone else answers")
        NOT_SENT = "not_sent", gettext_lazy("An answer of yours could not be sent")
        TOKEN_REFUSED = "token_refused", gettext_lazy("Your member token has a problem")  # nosec B105
        EXPIRING_UNANSWERED = (
            "expiring_unanswered",
            gettext_lazy("Any question is about to expire or has expired unanswered"),
        )
        CLAIMED_TOO_LONG = "claimed_too_long", gettext_lazy("A claim lasts too long")
        RUN_FAILED = "run_failed", gettext_lazy("Runs of a workflow fail")
        NO_ACCOUNT = "no_account", gettext_lazy("Someone without an account is asked")
        SUMMARY = "summary", gettext_lazy("What waited when you got your Mobius ID")

    ABOUT_PEOPLE = (Kind.TOKEN_REFUSED, Kind.NO_ACCOUNT, Kind.SUMMARY)
    ABOUT_RUNS = (Kind.RUN_FAILED,)
    FOR_LEADS = (
        Kind.EXPIRING_UNANSWERED,
        Kind.CLAIMED_TOO_LONG,
        Kind.RUN_FAILED,
        Kind.NO_ACCOUNT,
    )
    WITHOUT_CHOICE = (Kind.NO_ACCOUNT, Kind.SUMMARY)
    """The bell has the first for leads; the second is told as ``asked`` is."""

    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    subject = models.CharField(max_length=200)
    occurrence = models.CharField(max_length=250, default="", blank=True)
    person = models.CharField(max_length=200, default="", blank=True)
    actor = models.CharField(max_length=200, default="", blank=True)
    actor_name = models.CharField(max_length=500, default="", blank=True)
    at = models.DateTimeField()
    planned_at = models.DateTimeField(null=True)

    objects = NotificationEventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["upstream", "subject", "kind", "occurrence"], name="one_event_each"
            )
        ]
        indexes = [
            models.Index(
                fields=["upstream", "id"],
                condition=models.Q(planned_at__isnull=True),
                name="event_unplanned",
            ),
            models.Index(fields=["upstream", "at"], name="event_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


Kind = NotificationEvent.Kind


class Channel(models.TextChoices):
    BELL = "bell", gettext_lazy("Bell")
    EMAIL = "email", gettext_lazy("Email")
    PUSH = "push", gettext_lazy("Push")


class When(models.TextChoices):
    NOW = "now", gettext_lazy("At once")
    DIGEST = "digest", gettext_lazy("Digest")
    OFF = "off", gettext_lazy("Off")


class NotificationChoice(models.Model):
    """Where a person's plan differs from the defaults in ``inbox.notify.plan``."""

    reviewer = models.ForeignKey(Reviewer, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    when = models.CharField(max_length=6, choices=When.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reviewer", "kind", "channel"], name="one_choice_each")
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.channel}: {self.when}"


class MuteQuerySet(models.QuerySet["Mute"]):
    def in_force(self, now: datetime) -> "MuteQuerySet":
        return self.filter(models.Q(until=None) | models.Q(until__gt=now))


class Mute(models.Model):
    """Until ``until``, or without it for good, nothing of this kind or about this workflow is sent
    to the person. The bell still has it.
    """

    WORKFLOW_LENGTH = 300

    reviewer = models.ForeignKey(Reviewer, on_delete=models.CASCADE, related_name="mutes")
    kind = models.CharField(max_length=20, choices=Kind.choices, default="", blank=True)
    workflow = models.CharField(max_length=WORKFLOW_LENGTH, default="", blank=True)
    until = models.DateTimeField(null=True)

    objects = MuteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reviewer", "kind", "workflow"], name="one_mute_of_each"
            )
        ]

    def __str__(self) -> str:
        return f"{self.workflow or self.kind} until {self.until}"


class NotificationTimes(models.Model):
    """When a person gets their digest, and when nothing may interrupt them: local wall time.

    ``next_digest_at`` is null if they get none. Quiet hours that begin and end at the same minute
    are off; both are minutes after midnight.
    """

    class Every(models.TextChoices):
        DAY = "day", gettext_lazy("Every day")
        WORKDAY = "workday", gettext_lazy("Monday to Friday")
        WEEK = "week", gettext_lazy("Every Monday")
        NEVER = "never", gettext_lazy("Never")

    reviewer = models.OneToOneField(
        Reviewer, on_delete=models.CASCADE, related_name="notification_times"
    )
    digest = models.CharField(max_length=7, choices=Every.choices, default=Every.WORKDAY)
    digest_minute = models.PositiveSmallIntegerField(
        default=8 * 60, validators=[MaxValueValidator(24 * 60 - 1)]
    )
    next_digest_at = models.DateTimeField(null=True)
    quiet_from = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(24 * 60 - 1)]
    )
    quiet_until = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(24 * 60 - 1)]
    )
    quiet_weekends = models.BooleanField(default=False)
    deadlines_break_through = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_digest_at"],
                condition=models.Q(next_digest_at__isnull=False),
                name="digest_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.reviewer}: {self.digest}"


class FailureLimit(models.Model):
    """A team lead is told when so many runs of a workflow have failed within so many minutes."""

    reviewer = models.OneToOneField(
        Reviewer, on_delete=models.CASCADE, related_name="failure_limit"
    )
    failures = models.PositiveSmallIntegerField(
        default=3, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    minutes = models.PositiveSmallIntegerField(
        default=60, validators=[MinValueValidator(5), MaxValueValidator(24 * 60)]
    )

    def __str__(self) -> str:
        return f"{self.failures} in {self.minutes} min"


class Delivery(models.Model):
    """One event for one person by one channel, and what became of it.

    - ``state``: ``waiting`` (to be sent at ``due_at``, unless it was seen before), ``digest`` (it
      waits for the person's next digest), ``sent``, ``dropped`` (``reason`` says why it was no
      longer needed) or ``failed``.
    - ``give_up_at``: while it waits, when it is too old to be sent.
    - ``message``: the ID of the message that it was sent with; several may have one message. It is
      stored before the first attempt, so that a repeat after a crash can be told as one.
    - ``error``: what the server said last.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        DIGEST = "digest"
        SENT = "sent"
        DROPPED = "dropped"
        FAILED = "failed"

    class Reason(models.TextChoices):
        SEEN = "seen", gettext_lazy("Seen before it was due")
        SETTLED = "settled", gettext_lazy("No longer needed an answer")
        NO_ACCESS = "no_access", gettext_lazy("No longer asked")
        OFF = "off", gettext_lazy("Switched off meanwhile")
        MUTED = "muted", gettext_lazy("Muted")
        NO_ADDRESS = "no_address", gettext_lazy("No email address or browser")
        TOO_OLD = "too_old", gettext_lazy("Too old")

    event = models.ForeignKey(
        NotificationEvent, on_delete=models.CASCADE, related_name="deliveries"
    )
    reviewer = models.ForeignKey(Reviewer, on_delete=models.CASCADE, related_name="+")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    state = models.CharField(max_length=8, choices=State.choices)
    due_at = models.DateTimeField()
    give_up_at = models.DateTimeField()
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=12, choices=Reason.choices, default="", blank=True)
    error = models.CharField(max_length=300, default="", blank=True)
    message = models.CharField(max_length=64, default="", blank=True)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["event", "reviewer", "channel"], name="one_delivery_each"
            )
        ]
        indexes = [
            models.Index(
                fields=["channel", "due_at"],
                condition=models.Q(state="waiting"),
                name="delivery_waiting",
            ),
            models.Index(
                fields=["reviewer", "channel"],
                condition=models.Q(state="digest"),
                name="delivery_in_digest",
            ),
            models.Index(fields=["reviewer", "channel", "closed_at"], name="delivery_closed"),
            models.Index(
                fields=["channel", "state", "closed_at"],
                condition=models.Q(state__in=["sent", "failed"]),
                name="delivery_ended",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.reviewer} by {self.channel}: {self.state}"


class PushBrowser(models.Model):
    """A browser in which a person has allowed web push.

    - ``endpoint``: the address at its push service; whoever knows it and the keys can push.
    - ``p256dh`` and ``auth``: the browser's public key and secret, base64url.
    - ``key``: the public key of this installation that the browser was given. Push services take
      nothing that is signed with another.
    - ``browser``: its name in ``inbox.people.known_browser``.
    - ``used_at``: when push was allowed there, or the person last signed in with it.
    """

    reviewer = models.ForeignKey(Reviewer, on_delete=models.CASCADE, related_name="push_browsers")
    endpoint = models.CharField(max_length=1000, unique=True)
    p256dh = models.CharField(max_length=100)
    auth = models.CharField(max_length=30)
    key = models.CharField(max_length=100)
    browser = models.CharField(max_length=32, default="", blank=True)
    user_agent = models.CharField(max_length=300, default="", blank=True)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"a browser of {self.reviewer}"


class StoppedChannel(models.Model):
    """A channel that an administrator has switched off: what is due there waits.

    ``channel`` is a ``Channel`` without the bell, or the kind of a group channel.
    """

    channel = models.CharField(max_length=11, primary_key=True)
    stopped_at = models.DateTimeField()
    stopped_by = models.CharField(max_length=150)

    def __str__(self) -> str:
        return self.channel

    @classmethod
    def names(cls) -> set[str]:
        return set(cls.objects.values_list("channel", flat=True))


class KeptMessage(models.Model):
    """An email of the demo that was kept here, since there is no mail server."""

    NEWEST = 100

    to = models.CharField(max_length=320)
    subject = models.CharField(max_length=500)
    text = models.TextField()
    html = models.TextField(default="", blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.subject


OLD_NEWS = timedelta(hours=1)
"""An event that is older when it is planned interrupts nobody."""
TOO_OLD = timedelta(hours=4)
"""A delivery that is overdue for longer is not sent: it became due at once, or at the end of a
snooze, of quiet hours or with a digest.
"""
KEPT_FOR = timedelta(days=30)


def is_old_news(at: datetime, now: datetime) -> bool:
    """Both by upstream's clock."""
    return at < now - OLD_NEWS
