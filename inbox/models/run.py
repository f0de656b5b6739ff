"""Runs with their steps and events, mirrored."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Optional, Self

from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.urls import reverse

from inbox.models.exact_json import ExactJSON
from inbox.models.interaction import Interaction


class RunQuerySet(models.QuerySet["Run"]):
    """SQLite looks up ``deleted IN (false)`` in an index that has the column, but not the bare
    column that ``deleted=False`` becomes. ``Coalesce`` keeps it from such an index.
    """

    def not_deleted_by_index(self) -> Self:
        return self.filter(deleted__in=(False,))

    def not_deleted_without_index(self) -> Self:
        rows = self.alias(is_deleted=Coalesce(F("deleted"), Value(True)))
        return rows.filter(is_deleted__in=(False,))

    def unfinished_by_index(self) -> Self:
        return self.filter(finished__in=(False,))

    def unfinished_without_index(self) -> Self:
        rows = self.alias(is_finished=Coalesce(F("finished"), Value(True)))
        return rows.filter(is_finished__in=(False,))

    def with_state_without_index(self, state: str) -> Self:
        return self.alias(plain_state=Coalesce(F("state"), Value(""))).filter(plain_state=state)


class Run(models.Model):
    """A run as upstream last sent it. Only ``inbox.mirror.project`` writes it.

    - ``status``: a ``RunStatus``, or the API's own word.
    - ``state``: the status, or ``cancelled``.
    - ``plan``: the spec's steps, null until the run was read with its spec.
    - ``log_from``: the seq from which on the event rows are complete; 0 for the whole log.
    - ``search``: lower-cased text.
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
    inputs = ExactJSON(default=dict)
    metadata = ExactJSON(default=dict)
    external_id = models.CharField(max_length=300, null=True)
    started_by = models.CharField(max_length=200, default="")
    wait = ExactJSON(default=dict)
    plan = ExactJSON(null=True)
    error_type = models.CharField(max_length=100, default="")
    error_message = models.TextField(default="")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()
    seq = models.BigIntegerField(default=0)
    log_from = models.BigIntegerField(null=True)
    deleted = models.BooleanField(default=False)
    search = models.CharField(max_length=300, default="")
    raw = ExactJSON(default=dict)

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["upstream", "mobius_id"], name="one_run_each")
        ]
        indexes = [
            models.Index(fields=["upstream", "finished"], name="run_unfinished"),
            # For the orders of the list of runs. The first two have all columns that are filtered
            # on, and the next four the ID, by which the runs of one person are found, so that
            # filtering does not read the wide rows.
            *(
                models.Index(fields=["upstream", "deleted", *fields], name=f"run_{name}")
                for name, fields in {
                    "newest": ["created_at", "id", "mobius_id", "search", "state", "finished"],
                    "longest": ["status_since", "id", "mobius_id", "search", "state", "finished"],
                    "state_newest": ["state", "created_at", "id", "mobius_id"],
                    "state_longest": ["state", "status_since", "id", "mobius_id"],
                    "open_newest": ["finished", "created_at", "id", "mobius_id"],
                    "open_longest": ["finished", "status_since", "id", "mobius_id"],
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
    def confirmation_text(self) -> str:
        """Its workflow's name, or its id if it has none."""
        return self.workflow.strip() or self.mobius_id

    @property
    def cancelled(self) -> bool:
        return self.state == self.CANCELLED

    @property
    def known_only_from_questions(self) -> bool:
        return not self.raw

    @property
    def ended_at(self) -> datetime | None:
        """By upstream's clock."""
        return (self.completed_at or self.updated_at) if self.finished else None


class Step(models.Model):
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    mobius_id = models.CharField(max_length=200)
    name = models.CharField(max_length=300)
    kind = models.CharField(max_length=40, default="")
    action = models.CharField(max_length=200, default="")
    status = models.CharField(max_length=40)
    attempt = models.IntegerField(default=0)
    order = models.IntegerField(default=0)
    error_type = models.CharField(max_length=100, default="")
    error_message = models.TextField(default="")
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    seq = models.BigIntegerField(default=0)
    raw = ExactJSON(default=dict)

    class Meta:
        ordering = ["order", "id"]
        constraints = [models.UniqueConstraint(fields=["run", "mobius_id"], name="one_step_each")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def that_asked(cls, item: Interaction, steps: Iterable["Step"]) -> Optional["Step"]:
        """None if no step asked the question, or it is unknown.

        Upstream doesn't say: it is the one that was running when the question was created.
        """
        if not item.asked_by_step:
            return None
        running = [
            (step.started_at, step)
            for step in steps
            if step.started_at is not None
            and step.started_at <= item.created_at
            and (step.completed_at is None or step.completed_at >= item.created_at)
        ]
        running.sort(key=lambda pair: pair[0])
        return running[-1][1] if running else None


class Event(models.Model):
    """``data`` is what the timeline needs, not the whole payload.

    ``kind`` is an ``EventKind``, ``type`` the API's type. ``seq`` is unique within a run; it may
    count per run or per project.
    """

    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    run_id = models.CharField(max_length=200)
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=20)
    type = models.CharField(max_length=100)
    at = models.DateTimeField(null=True)
    data = ExactJSON(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["upstream", "run_id", "seq"], name="one_event_of_run_each"
            )
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.type}"
