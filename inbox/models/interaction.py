"""An interaction, mirrored."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import models
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _


def answered_at(response: Mapping[str, Any]) -> datetime | None:
    """When an answer was given, None if upstream does not say."""
    at = response.get("at")
    if isinstance(at, datetime):
        return at
    parsed = parse_datetime(at) if isinstance(at, str) else None
    return parsed if parsed is not None and parsed.tzinfo is not None else None


class Interaction(models.Model):
    """An interaction as upstream last sent it. Only ``inbox.mirror.project`` writes it.

    - ``status``: an ``InteractionStatus``, or the API's own word.
    - ``state``: the status, or ``cancelled`` or ``bypassed`` (by a signal) if it closed before its
      deadline without an answer (``inbox.mirror.states``).
    - ``questions``, ``responses``, ``policy``: the JSON of ``inbox.mobius.types``.
    - ``title``: the first line of the message, as plain text.
    - ``due_at``: the soft deadline if there is one, else ``expires_at``; ``soft`` says which.
    - ``claimable``: upstream shows claims on it.
    - ``members``: whom a group's question asks; ``members_from``: the member snapshot, Mobius'
      groups or the group mapping, empty if the members are unknown.
    - ``lacks``: which of ``inbox.mobius.types.LACKABLE`` are unknown.
    - ``workflow``, ``asked_by``: from the run.
    - ``search``: the lower-cased text that the inbox searches.
    - ``counted``: its days and durations as counted by ``inbox.mirror.tally``; null if not counted.
    - ``gone``: no longer exists upstream.
    """

    CANCELLED: Final = "cancelled"
    BYPASSED: Final = "bypassed"
    FROM_SNAPSHOT: Final = "snapshot"
    FROM_GROUPS: Final = "groups"
    FROM_MAPPING: Final = "mapping"

    # No index of the upstream alone: SQLite would take it for one that leaves few rows.
    upstream = models.ForeignKey(
        "inbox.Upstream", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    mobius_id = models.CharField(max_length=200)
    run_id = models.CharField(max_length=200, null=True)
    signal_name = models.CharField(max_length=300, null=True)
    type = models.CharField(max_length=40)
    mode = models.CharField(max_length=40, default="")
    status = models.CharField(max_length=40)
    state = models.CharField(max_length=40, default="")
    message = models.TextField(default="")
    title = models.CharField(max_length=300, default="")
    context = models.JSONField(default=dict)
    questions = models.JSONField(default=list)
    policy = models.JSONField(default=dict)
    responses = models.JSONField(default=list)
    target_type = models.CharField(max_length=40)
    target_id = models.CharField(max_length=200)
    group_id = models.CharField(max_length=200, null=True)
    members = models.JSONField(null=True)
    members_from = models.CharField(max_length=10, default="")
    lacks = models.CharField(max_length=60, default="")
    claimable = models.BooleanField(default=True)
    claimed_by = models.CharField(max_length=200, null=True)
    claimed_at = models.DateTimeField(null=True)
    responder_id = models.CharField(max_length=200, null=True)
    value = models.JSONField(null=True)
    comment = models.TextField(null=True)
    due_at = models.DateTimeField(null=True)
    soft = models.BooleanField(default=False)
    expires_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    seq = models.BigIntegerField(default=0)
    workflow = models.CharField(max_length=300, default="")
    asked_by = models.CharField(max_length=200, default="")
    search = models.TextField(default="")
    gone = models.BooleanField(default=False)
    counted = models.JSONField(null=True)
    raw = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["upstream", "mobius_id"], name="one_interaction_each")
        ]
        indexes = [
            models.Index(fields=["upstream", "run_id"], name="interaction_of_run"),
            models.Index(fields=["upstream", "status", "due_at"], name="interaction_open"),
            models.Index(
                fields=["upstream", "status", "created_at", "id"],
                condition=models.Q(gone=False),
                name="interaction_oldest",
            ),
            # For pruning what closed long ago.
            models.Index(fields=["upstream", "status", "updated_at"], name="interaction_aged"),
            # A group's open questions and response times, from the index alone.
            models.Index(
                fields=["upstream", "group_id", "status", "gone", "completed_at", "created_at"],
                name="interaction_of_group",
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.mobius_id

    def get_absolute_url(self) -> str:
        return reverse("interaction", args=[self.mobius_id])

    @property
    def pending(self) -> bool:
        """Whether it can still be answered, as far as the mirror knows."""
        return self.status == "pending" and not self.gone

    @property
    def closed_at(self) -> datetime | None:
        """When it was answered or expired, by upstream's clock; None for any other status."""
        closed = self.status in ("completed", "expired")
        return (self.completed_at or self.updated_at) if closed else None

    @property
    def takes_one_answer(self) -> bool:
        """Whether the first answer completes it, as far as known."""
        return self.policy_kind == "any"

    @property
    def policy_kind(self) -> str:
        """``any``, ``all`` or ``quorum``, or the API's own word."""
        return str(self.policy.get("kind") or "any")

    @property
    def shared(self) -> bool:
        """Whether several known people have to answer it."""
        return self.members is not None and self.policy_kind != "any"

    @property
    def required(self) -> int:
        """How many answers complete it."""
        members = len(self.members or ())
        match self.policy_kind:
            case "all":
                return max(1, members)
            case "quorum":
                return max(1, min(int(self.policy.get("quorum") or 1), members or 1))
            case _:
                return 1

    @property
    def answered_by(self) -> list[str | None]:
        """Mobius IDs of those who have answered, in upstream's order; None if it names nobody."""
        return [response.get("user_id") for response in self.responses or ()]

    @property
    def missing(self) -> list[str]:
        """The members who have not answered."""
        answered = set(self.answered_by)
        return [user_id for user_id in self.members or () if user_id not in answered]

    @property
    def display_title(self) -> str:
        """The title, or a placeholder."""
        return self.title or _("Untitled question")

    @property
    def says_how_many(self) -> bool:
        """Whether it is known how many must answer."""
        return "policy" not in self.lacks.split()

    @property
    def closed_early(self) -> bool:
        """Whether it was cancelled or bypassed by a signal."""
        return self.state in (self.CANCELLED, self.BYPASSED)
