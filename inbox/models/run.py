"""A run, mirrored."""

from datetime import datetime
from typing import Final

from django.db import models
from django.urls import reverse


class Run(models.Model):
    """A run as upstream last sent it. Only ``inbox.mirror.project`` writes it.

    - ``status``: a ``RunStatus``, or the API's own word.
    - ``state``: the status, or ``cancelled``.
    - ``plan``: the spec's steps (name, kind, description), null until the run was read with its
      spec.
    - ``log_from``: the seq from which on the event rows are complete; 0 for the whole log.
    - ``search``: the lower-cased text that the list of runs searches.
    - ``raw``: empty until the run itself was read.
    """

    CANCELLED: Final = "cancelled"

    # No index of the upstream alone: SQLite would take it for one that leaves few rows.
    upstream = models.ForeignKey(
        "inbox.Upstream", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    mobius_id = models.CharField(max_length=200)
    workflow = models.CharField(max_length=300)
    status = models.CharField(max_length=40)
    state = models.CharField(max_length=40, default="")
    status_since = models.DateTimeField()
    finished = models.BooleanField(default=False)
    queue = models.CharField(max_length=200, default="default")
    attempt = models.IntegerField(default=1)
    inputs = models.JSONField(default=dict)
    metadata = models.JSONField(default=dict)
    external_id = models.CharField(max_length=300, null=True)
    started_by = models.CharField(max_length=200, default="")
    wait = models.JSONField(default=dict)
    plan = models.JSONField(null=True)
    error_type = models.CharField(max_length=100, default="")
    error_message = models.TextField(default="")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()
    seq = models.BigIntegerField(default=0)
    log_from = models.BigIntegerField(null=True)
    gone = models.BooleanField(default=False)
    search = models.CharField(max_length=300, default="")
    raw = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["upstream", "mobius_id"], name="one_run_each")
        ]
        indexes = [
            models.Index(fields=["upstream", "finished"], name="run_unfinished"),
            # For the orders of the list of runs. The first two have all columns that are filtered
            # on, so that filtering does not read the wide rows.
            *(
                models.Index(fields=["upstream", "gone", *fields], name=f"run_{name}")
                for name, fields in {
                    "newest": ["created_at", "id", "mobius_id", "search", "state", "finished"],
                    "longest": ["status_since", "id", "mobius_id", "search", "state", "finished"],
                    "state_newest": ["state", "created_at", "id"],
                    "state_longest": ["state", "status_since", "id"],
                    "open_newest": ["finished", "created_at", "id"],
                    "open_longest": ["finished", "status_since", "id"],
                    "workflow": ["workflow", "created_at", "id"],
                    "workflow_longest": ["workflow", "status_since", "id"],
                    "queue": ["queue", "created_at", "id"],
                }.items()
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workflow} {self.mobius_id}"

    def get_absolute_url(self) -> str:
        return reverse("run", args=[self.mobius_id])

    @property
    def typed_name(self) -> str:
        """What has to be typed to cancel it: its workflow's name, or its id if it has none."""
        return self.workflow.strip() or self.mobius_id

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self.state == self.CANCELLED

    @property
    def unread(self) -> bool:
        """Whether it is known from its questions alone."""
        return not self.raw

    @property
    def ended_at(self) -> datetime | None:
        """When it finished, by upstream's clock; None before that."""
        return (self.completed_at or self.updated_at) if self.finished else None
