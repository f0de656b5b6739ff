"""Channels that several people read, such as a room of a chat, and the messages to them."""

from django.db import models
from django.utils.translation import gettext_lazy

from inbox.models.notification import Delivery, NotificationEvent


class GroupChannel(models.Model):
    """An incoming webhook that is told of new questions.

    - ``of``: the Mobius ID of the group, the name of the workflow or the ID of the agent, according
      to ``scope``; empty for all questions.
    - ``url``, ``secret``, ``old_secret``: only ``inbox.people.vault`` decrypts them. A ``webhook``
      is signed with both secrets while there is an old one; the others have none.
    - ``titles``: everyone who reads the channel may read titles.
    - ``disabled_at``: when the receiver said that it is gone.
    - ``error``: of the last attempt, as ``inbox.notify.outgoing.words`` reads it; empty if it was
      sent.
    """

    class Kind(models.TextChoices):
        SLACK = "slack", "Slack"
        TEAMS = "teams", "Microsoft Teams"
        GOOGLE_CHAT = "google_chat", "Google Chat"
        MATTERMOST = "mattermost", "Mattermost"
        WEBHOOK = "webhook", "Webhook"

    class Scope(models.TextChoices):
        GROUP = "group", gettext_lazy("Group")
        WORKFLOW = "workflow", gettext_lazy("Workflow")
        AGENT = "agent", gettext_lazy("Agent")
        ALL = "all", gettext_lazy("All questions")

    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    scope = models.CharField(max_length=8, choices=Scope.choices)
    of = models.CharField(max_length=300, default="", blank=True)
    kind = models.CharField(max_length=11, choices=Kind.choices)
    host = models.CharField(max_length=255)
    url = models.BinaryField()
    secret = models.BinaryField(default=b"")
    old_secret = models.BinaryField(default=b"")
    titles = models.BooleanField(default=False)
    added_by = models.CharField(max_length=300, default="", blank=True)
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=20, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["upstream", "scope", "of", "kind"], name="one_group_channel_each"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.host}"

    @property
    def of_words(self) -> str:
        return self.of or str(self.get_scope_display())


class ChannelMessage(models.Model):
    """One event for one group channel, and what became of it.

    - ``state``: as of a ``Delivery``, and ``sending`` from before an attempt until its end.
    - ``message``: as of a ``Delivery``.
    - ``twice``: a process ended during an attempt, so it may have been sent twice.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        SENDING = "sending"
        SENT = "sent"
        DROPPED = "dropped"
        FAILED = "failed"

    event = models.ForeignKey(NotificationEvent, on_delete=models.CASCADE, related_name="+")
    channel = models.ForeignKey(GroupChannel, on_delete=models.CASCADE, related_name="messages")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    reason = models.CharField(
        max_length=12, choices=Delivery.Reason.choices, default="", blank=True
    )
    error = models.CharField(max_length=20, default="", blank=True)
    message = models.CharField(max_length=64, default="", blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    twice = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "channel"], name="one_channel_message_each")
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(state__in=["waiting", "sending"]),
                name="channel_message_waiting",
            ),
            models.Index(fields=["channel", "closed_at"], name="channel_message_closed"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.channel}: {self.state}"
