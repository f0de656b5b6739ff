from typing import Any

from django.db import models
from django.db.models import Q

from inbox.engine.fields import JSONText


class Project(models.Model):
    """``seq`` is the number of the newest event. Every write to the project locks its row. ``api``
    is the generation that it began with, and keeps.
    """

    handle = models.CharField(max_length=100, unique=True)
    api = models.CharField(max_length=1, default="a")
    seq = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.handle


class Person(models.Model):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    user_id = models.CharField(max_length=200)
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "user_id"], name="engine_person_once")
        ]

    def __str__(self) -> str:
        return self.name


class Token(models.Model):
    """A bearer token. Only its SHA-256 is stored. A service key has no ``person``."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{'member token' if self.person_id else 'service key'} {self.digest[:8]}…"


class DeviceSignIn(models.Model):
    """A sign-in by device flow. ``project`` is the requested one, if any. Only the SHA-256 of the
    device code is stored. ``person`` is who approved it.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    user_code = models.CharField(max_length=9, unique=True)
    expires_at = models.DateTimeField()
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="+")
    denied = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.user_code


class Group(models.Model):
    """Its policy and its members are copied into each interaction that targets it."""

    class Routing(models.TextChoices):
        FIRST_RESPONDER = "first_responder"
        ALL_MEMBERS = "all_members"

    id = models.CharField(max_length=40, primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    handle = models.CharField(max_length=64)
    name = models.CharField(max_length=64)
    description = models.TextField(null=True)
    routing_policy = models.CharField(
        max_length=20, choices=Routing.choices, default=Routing.FIRST_RESPONDER
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "handle"], name="engine_group_handle")
        ]
        indexes = [models.Index(fields=["project", "created_at", "id"], name="engine_group_newest")]

    def __str__(self) -> str:
        return self.handle


class Membership(models.Model):
    """``added_by`` is None if a service key added the person."""

    id = models.CharField(max_length=40, primary_key=True)
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="memberships")
    user_id = models.CharField(max_length=200)
    added_by = models.CharField(max_length=200, null=True)
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "user_id"], name="engine_member_once")
        ]
        indexes = [
            models.Index(fields=["group", "added_at", "id"], name="engine_member_newest"),
            models.Index(fields=["user_id"], name="engine_member_groups"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.group_id}"


class Run(models.Model):
    """``position`` is the index of the next or waiting step. ``fires_at`` is when the runner must
    look at the run, None while it waits for a person or has finished. ``wake_at`` is what the API
    reports, which includes a question's deadline.
    """

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUSPENDED = "suspended"
        COMPLETED = "completed"
        FAILED = "failed"

    class Wait(models.TextChoices):
        INTERACTION = "interaction"
        SIGNAL = "signal"
        SLEEP = "sleep"

    UNJOINED = ("spec",)
    FINISHED = (Status.COMPLETED, Status.FAILED)

    id = models.CharField(max_length=40, primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    workflow_name = models.CharField(max_length=200)
    queue = models.CharField(max_length=200, default="default")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    attempt = models.PositiveIntegerField(default=1)
    spec = JSONText()
    inputs = JSONText()
    metadata = JSONText()
    tags = JSONText()
    external_id = models.CharField(max_length=200, null=True)
    position = models.PositiveIntegerField(default=0)
    step_counts = JSONText()
    wait_kind = models.CharField(max_length=12, choices=Wait.choices, null=True)
    wait_signal = models.CharField(max_length=200, null=True)
    wait_interaction_id = models.CharField(max_length=40, null=True)
    wake_at = models.DateTimeField(null=True)
    fires_at = models.DateTimeField(null=True)
    error_type = models.CharField(max_length=20, null=True)
    error_message = models.TextField(null=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "external_id"], name="engine_run_external")
        ]
        indexes = [
            models.Index(fields=["project", "created_at", "id"], name="engine_run_newest"),
            models.Index(
                fields=["project", "status", "created_at", "id"], name="engine_run_status"
            ),
            models.Index(
                fields=["fires_at"], condition=Q(fires_at__isnull=False), name="engine_run_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.status}"

    @property
    def finished(self) -> bool:
        return self.status in self.FINISHED


class Step(models.Model):
    class Status(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        COMPLETED = "completed"
        FAILED = "failed"
        CANCELLED = "cancelled"

    class Kind(models.TextChoices):
        CONTROL = "control"
        SERVER_ACTION = "server_action"

    id = models.CharField(max_length=40, primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    step_name = models.CharField(max_length=200)
    action = models.CharField(max_length=40, default="")
    attempt = models.PositiveIntegerField(default=0)
    transition_seq = models.BigIntegerField()
    kind = models.CharField(max_length=20, choices=Kind.choices)
    status = models.CharField(max_length=10, choices=Status.choices)
    parameters = JSONText()
    output = JSONText(null=True)
    error_type = models.CharField(max_length=40, null=True)
    error_message = models.TextField(null=True)
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "transition_seq"], name="engine_step_order")
        ]

    def __str__(self) -> str:
        return f"{self.step_name} {self.status}"


class Signal(models.Model):
    """Kept until a ``wait_signal`` step takes it, the oldest of its name first."""

    number = models.BigAutoField(primary_key=True)
    id = models.CharField(max_length=40, unique=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="signals")
    name = models.CharField(max_length=200)
    payload = JSONText()
    created_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["run", "name", "number"], name="engine_signal_oldest")]

    def __str__(self) -> str:
        return f"{self.name} for {self.run_id}"


class Event(models.Model):
    """``frame`` is ASCII JSON without line breaks. The project's lock replaces a constraint."""

    pk = models.CompositePrimaryKey("project_id", "seq")
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    seq = models.BigIntegerField()
    run_id = models.CharField(max_length=40, null=True)
    type = models.CharField(max_length=40)
    at = models.DateTimeField()
    frame = models.TextField()

    class Meta:
        indexes = [
            models.Index(
                fields=["run_id", "seq"],
                condition=Q(run_id__isnull=False),
                name="engine_event_of_run",
            )
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.type}"


class Interaction(models.Model):
    """One question in ``spec``, or several in ``questions``. ``members`` are the people who are
    asked together, as they were when it was created. ``reviewers`` is None unless the answers
    are reviewed. ``fires_at`` is ``expires_at`` while it can still expire.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        IN_REVIEW = "in_review"
        COMPLETED = "completed"
        EXPIRED = "expired"
        CANCELLED = "cancelled"

    OPEN = (Status.PENDING, Status.IN_REVIEW)
    IN_GUIDE = Q(
        questions__isnull=True,
        quorum__isnull=True,
        reviewers__isnull=True,
        type__in=("approval", "review", "input"),
        target_type__in=("user", "group", "agent"),
    ) & ~Q(status="cancelled")

    id = models.CharField(max_length=40, primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, null=True, related_name="interactions")
    step = models.ForeignKey(Step, on_delete=models.CASCADE, null=True, related_name="+")
    signal_name = models.CharField(max_length=200, null=True)
    created_by = models.CharField(max_length=200, null=True)
    type = models.CharField(max_length=20)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    message = models.TextField()
    subject = JSONText(null=True)
    references = JSONText(null=True)
    context = JSONText(null=True)
    tags = JSONText(null=True)
    properties = JSONText(null=True)
    spec = JSONText(null=True)
    questions = JSONText(null=True)
    target_type = models.CharField(max_length=10)
    target_id = models.CharField(max_length=200)
    target_group_id = models.CharField(max_length=40, null=True)
    members = JSONText(null=True)
    routing_policy = models.CharField(max_length=20, choices=Group.Routing.choices, null=True)
    require_all = models.BooleanField(null=True)
    quorum = models.PositiveIntegerField(null=True)
    reviewers = JSONText(null=True)
    claimed_by = models.CharField(max_length=200, null=True)
    claimed_at = models.DateTimeField(null=True)
    responses = JSONText(default=list)
    responder = JSONText(null=True)
    response = JSONText(null=True)
    review_round = models.PositiveIntegerField(default=0)
    submitted_at = models.DateTimeField(null=True)
    review_feedback = models.TextField(null=True)
    reviewer = models.CharField(max_length=200, null=True)
    cancel_reason = models.TextField(null=True)
    lifecycle = JSONText(default=list)
    expires_at = models.DateTimeField(null=True)
    fires_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["project", "created_at", "id"], name="engine_item_newest"),
            models.Index(
                fields=["project", "status", "created_at", "id"], name="engine_item_status"
            ),
            models.Index(
                fields=["fires_at"], condition=Q(fires_at__isnull=False), name="engine_item_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.status}"

    @property
    def all_must_answer(self) -> bool:
        if self.members is None or self.quorum is not None:
            return False
        return self.routing_policy == Group.Routing.ALL_MEMBERS or bool(self.require_all)

    @property
    def needed(self) -> int:
        """How many people have to answer."""
        if self.quorum is not None:
            return int(self.quorum)
        return len(self.members or ()) if self.all_must_answer else 1

    @property
    def current_responses(self) -> list[dict[str, Any]]:
        """Those of the current round, in the order in which they came."""
        return [each for each in self.responses if each["round"] == self.review_round]

    @property
    def in_guide(self) -> bool:
        """Whether the API that the guide describes can show it: ``IN_GUIDE`` for one row."""
        return (
            (self.questions, self.quorum, self.reviewers) == (None, None, None)
            and self.type != "task"
            and self.target_type != "people"
            and self.status != self.Status.CANCELLED
        )


class Recipient(models.Model):
    interaction = models.ForeignKey(Interaction, on_delete=models.CASCADE, related_name="+")
    user_id = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user_id", "interaction"], name="engine_recipient_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} of {self.interaction_id}"
