"""An interaction, mirrored."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import models
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _


def answered_at(response: Mapping[str, Any]) -> datetime | None:
    """When an answer was given, None where upstream does not say."""
    at = response.get("at")
    if isinstance(at, datetime):
        return at
    parsed = parse_datetime(at) if isinstance(at, str) else None
    return parsed if parsed is not None and parsed.tzinfo is not None else None


class Interaction(models.Model):
    """An interaction as upstream last told it; ``inbox.mirror.project`` alone writes it. ``status``
    is an ``InteractionStatus`` or the wire's own word. ``state`` is the status, or ``cancelled``
    or ``bypassed`` (by a signal) for one that closed before its deadline without being answered
    (``inbox.mirror.states``). ``questions``, ``responses`` and ``policy`` are the JSON forms of
    ``inbox.mobius.types``. ``title`` is the first line of the message as plain text. ``due_at``
    is the soft deadline where the workflow gives one, else ``expires_at``; ``soft`` says which.
    ``claimable``: upstream tells of claims on it. ``members`` are those whom a group's question
    asks, ``members_from`` says who named them: the member snapshot, Mobius' groups or the group
    mapping, empty where nobody has. ``lacks`` names what upstream has not told, of
    ``inbox.mobius.types.LACKING``. ``workflow`` and ``asked_by`` come from the run. ``search``
    is the lower-cased text that the inbox searches. ``counted`` is what the rollup has counted
    of it: its days and durations, as ``inbox.mirror.tally`` has found them; null for one that is
    not in the rollup.
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
            # What has been over for so long that it is forgotten.
            models.Index(fields=["upstream", "status", "updated_at"], name="interaction_aged"),
            # What waits on a group, and how long it took, without reading the rows.
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
        """It can still be answered, as far as the mirror knows."""
        return self.status == "pending" and not self.gone

    @property
    def closed_at(self) -> datetime | None:
        """When it was answered or expired, by upstream's clock; None for any other status."""
        closed = self.status in ("completed", "expired")
        return (self.completed_at or self.updated_at) if closed else None

    @property
    def takes_one_answer(self) -> bool:
        """The first answer completes it, as far as upstream says."""
        return self.policy_kind == "any"

    @property
    def policy_kind(self) -> str:
        """``any``, ``all`` or ``quorum``, or the wire's own word."""
        return str(self.policy.get("kind") or "any")

    @property
    def shared(self) -> bool:
        """Several people may have to answer it, and they are known."""
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
        """The Mobius IDs of those who have answered, in upstream's order. None: it names nobody."""
        return [response.get("user_id") for response in self.responses or ()]

    @property
    def missing(self) -> list[str]:
        """The members who have not answered."""
        answered = set(self.answered_by)
        return [user_id for user_id in self.members or () if user_id not in answered]

    @property
    def display_title(self) -> str:
        """The title, for a question that may have none."""
        return self.title or _("Untitled question")

    @property
    def says_how_many(self) -> bool:
        """It is known how many must answer; where it is not, one answer may be enough."""
        return "policy" not in self.lacks.split()

    @property
    def closed_early(self) -> bool:
        """Cancelled, or bypassed by a signal: it neither was answered nor expired in time."""
        return self.state in (self.CANCELLED, self.BYPASSED)
