"""Attempts to answer, to claim and to review, drafts, and comments to choose from."""

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils import timezone

from inbox.lib import exact
from inbox.models.answers import Answers
from inbox.models.exact_json import ExactJSON
from inbox.models.interaction import Interaction
from inbox.models.reviewer import Reviewer

SKEW = timedelta(minutes=1)
"""How far our clock and that of Mobius may be apart."""
GIVE_UP_AFTER = timedelta(minutes=5)
"""What was sent can be sent again if the open question still doesn't show it by then."""


def same(first: Any, second: Any) -> bool:
    """``1`` is not ``true``."""
    return exact.dumps(first, sort_keys=True) == exact.dumps(second, sort_keys=True)


class Attempt(models.Model):
    """An answer that will be sent, is being sent, or was.

    - ``operation_id`` makes repeated submits one answer.
    - ``state``: ``held`` (it is sent at ``send_at``, unless it is undone before), ``undone``,
      ``open`` (it is unknown whether it arrived), ``accepted`` (upstream accepted it and does not
      show it yet), ``unconfirmed`` (the same, for so long that it can be sent again), ``answered``
      (upstream shows it) or ``refused`` (upstream refused it, someone was first, or it could not
      be sent: ``outcome`` has the code).
    - ``answers``: as in ``inbox.models.answers``, for the question's ``round``.
    - ``shown``: what the person saw: message, context with secrets masked, questions,
      ``updated_at``. ``digest`` is of the same with the secrets.
    - ``address``: where the answer was sent from, for the decision log.
    - ``http_status``: that of a failed POST, null if it succeeded or had no response.
    - ``created_at``: when the person decided. ``sent_at``: when the request of a held answer was
      begun; any other is sent at once.
    - ``returned``: why a held answer did not become one, as a ``Kind`` of
      ``inbox.answering.outcome``; empty for any other, and once the person has answered again.
      ``returned_message``: what Mobius said then.
    """

    NOT_SENT = "not_sent"
    ANOTHER_OWNER = "another_owner"
    """The outcome if the token answered as someone else."""

    class State(models.TextChoices):
        HELD = "held"
        UNDONE = "undone"
        OPEN = "open"
        ACCEPTED = "accepted"
        UNCONFIRMED = "unconfirmed"
        ANSWERED = "answered"
        REFUSED = "refused"

    UNSETTLED = (State.OPEN, State.ACCEPTED, State.UNCONFIRMED)
    """An answer may still turn out to be from an attempt in one of these states."""

    operation_id = models.CharField(max_length=64)
    reviewer = models.ForeignKey(Reviewer, on_delete=models.CASCADE, related_name="+")
    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    interaction_id = models.CharField(max_length=200)
    answers = ExactJSON(default=list)
    round = models.PositiveIntegerField(default=0)
    comment = models.TextField(default="", blank=True)
    credential_kind = models.CharField(max_length=10)
    address = models.CharField(max_length=64, default="", blank=True)
    shown = ExactJSON(default=dict)
    digest = models.CharField(max_length=16, default="", blank=True)
    http_status = models.PositiveSmallIntegerField(null=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    outcome = models.CharField(max_length=60, default="", blank=True)
    created_at = models.DateTimeField()
    send_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    returned = models.CharField(max_length=40, default="", blank=True)
    returned_message = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reviewer", "operation_id"], name="one_attempt_each"),
            models.UniqueConstraint(
                fields=["reviewer", "upstream", "interaction_id"],
                condition=models.Q(state="held"),
                name="one_held_answer_each",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "created_at"], name="attempt_open"),
            models.Index(fields=["upstream", "interaction_id"], name="attempt_of_item"),
        ]

    def __str__(self) -> str:
        return f"{self.operation_id} {self.state}"

    @classmethod
    def held_or_sending(cls) -> models.QuerySet["Attempt"]:
        states = (cls.State.HELD, cls.State.OPEN)
        return cls.objects.filter(state__in=states, send_at__isnull=False, returned="")

    @property
    def sent(self) -> bool:
        """Its request may have reached upstream."""
        waits = self.state in (self.State.HELD, self.State.UNDONE)
        return not waits and self.outcome != self.NOT_SENT

    def question(self) -> Interaction | None:
        """None if the mirror doesn't have it any more."""
        own = Interaction.objects.filter(upstream=self.upstream_id, mobius_id=self.interaction_id)
        return own.first()

    @property
    def began_at(self) -> datetime:
        return self.sent_at or self.created_at

    @property
    def on_its_way(self) -> bool:
        """It was held, is being sent now, and nothing is known of it yet."""
        return self.state == self.State.OPEN and self.send_at is not None and not self.returned

    def matches(self, answers: Answers, comment: str, at: datetime | None) -> bool:
        """A response with these answers and comment may be from this attempt.

        Its time must be between the request's start and end, give or take ``SKEW``. An unsettled
        attempt lasts until now.
        """
        if not self.sent or not same(self.answers, answers) or self.comment != comment:
            return False
        ended = self.settled_at or timezone.now()
        return at is None or self.began_at - SKEW <= at <= ended + SKEW


class ActionAttempt(models.Model):
    """A claim, release or review that was sent, kept until the question shows its outcome.

    ``verb`` is ``claim``, ``release``, ``accept`` or ``request_changes``. ``was_claimed``: the
    person had claimed the question before. ``question_updated_at`` is the question's ``updated_at``
    in the mirror at that time. A review is of a ``round``, with a ``comment``, and has
    ``accepted_at`` if upstream accepted it and does not show it yet.
    ``ended_at`` and ``http_status`` are set if the request failed; without a response it may still
    be accepted.
    """

    GIVE_UP_AFTER_FAILURE = timedelta(minutes=1)
    """As ``GIVE_UP_AFTER``, if the request failed."""

    reviewer = models.ForeignKey(Reviewer, on_delete=models.CASCADE, related_name="+")
    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    interaction_id = models.CharField(max_length=200)
    verb = models.CharField(max_length=20)
    address = models.CharField(max_length=64, default="", blank=True)
    was_claimed = models.BooleanField(default=False)
    question_updated_at = models.DateTimeField()
    round = models.PositiveIntegerField(default=0)
    comment = models.TextField(default="", blank=True)
    accepted_at = models.DateTimeField(null=True)
    http_status = models.PositiveSmallIntegerField(null=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.verb} {self.interaction_id}"

    @property
    def given_up(self) -> bool:
        """The question has not shown it for so long that it counts as not accepted."""
        if self.ended_at is not None:
            return self.ended_at + self.GIVE_UP_AFTER_FAILURE < timezone.now()
        return self.created_at + GIVE_UP_AFTER < timezone.now()

    def note_failure(self, http_status: int | None) -> None:
        """None if there was no response, so that it may still be on its way."""
        if http_status is not None:
            self.http_status, self.ended_at = http_status, timezone.now()
            self.save(update_fields=["http_status", "ended_at"])

    def may_have_made(self, at: datetime) -> bool:
        """A change at this time."""
        ended = self.ended_at or timezone.now()
        return self.created_at - SKEW <= at <= ended + SKEW


class Draft(models.Model):
    """An answer that was typed and not sent. Only its owner reads it.

    ``values`` is what the form contains beside the comment, as ``inbox.models.answers.Typed`` has
    it. ``version`` counts changes of the text; ``form`` is the operation ID of the form that saved
    it last. ``earlier_values`` and ``earlier_comment`` are the text that it replaced although its
    form did not show that.
    ``round`` is the question's when it was saved last.
    ``closed_at`` is set when others closed the question; the draft is deleted 30 days later.
    """

    reviewer = models.ForeignKey(Reviewer, on_delete=models.CASCADE, related_name="+")
    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    interaction_id = models.CharField(max_length=200)
    values = ExactJSON(default=dict)
    comment = models.TextField(default="", blank=True)
    round = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    form = models.CharField(max_length=64, default="", blank=True)
    earlier_values = ExactJSON(null=True)
    earlier_comment = models.TextField(default="", blank=True)
    updated_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reviewer", "upstream", "interaction_id"], name="one_draft_each"
            )
        ]

    def __str__(self) -> str:
        return f"draft for {self.interaction_id}"

    @property
    def base(self) -> str:
        """Identifies this version. A form that was filled from it sends it when it saves."""
        return f"{self.pk}-{self.version}"

    @property
    def empty(self) -> bool:
        return not self.values and not self.comment


class CommentTemplate(models.Model):
    """``workflow`` and ``group`` limit the questions it is offered for. ``author`` is the lead who
    last changed it, by their name at that time.
    """

    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    workflow = models.CharField(max_length=300, default="", blank=True)
    group = models.ForeignKey("inbox.Group", on_delete=models.CASCADE, null=True, related_name="+")
    text = models.TextField()
    author = models.CharField(max_length=300)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["workflow", "text", "id"]

    def __str__(self) -> str:
        return self.text[:60]
