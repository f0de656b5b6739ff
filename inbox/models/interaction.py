"""Questions and those who were asked, mirrored."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Self

from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _

from inbox.lib.instants import read_instant
from inbox.models.exact_json import ExactJSON

REASON_TO_REJECT: Final = "require_reason_on_reject"
"""The key of the context with which a workflow requires a comment for a rejection."""


OPEN: Final = ("pending", "in_review")
"""The statuses of an open interaction. Only a pending one can be answered; one in review waits for
its checkers.
"""

ACCEPTED: Final = "accepted"
CHANGES_REQUESTED: Final = "changes_requested"
CHECKS: Final = (ACCEPTED, CHANGES_REQUESTED)
"""The actions of checkers, as a lifecycle has them."""


def answered_at(response: Mapping[str, Any]) -> datetime | None:
    """None if upstream does not say."""
    at = response.get("at")
    if isinstance(at, datetime):
        return at
    return read_instant(at) if isinstance(at, str) else None


class InteractionQuerySet(models.QuerySet["Interaction"]):
    def pending(self) -> Self:
        """As far as the mirror knows."""
        return self.filter(status="pending", deleted=False)

    def open(self) -> Self:
        """Pending or in review, as far as the mirror knows."""
        return self.filter(status__in=OPEN, deleted=False)

    def pending_by_index(self) -> Self:
        """For an index with the column ``deleted``: SQLite does not look up a bare boolean column
        there.
        """
        return self.filter(status="pending", deleted__in=(False,))

    def by_mobius_id(
        self, upstream: "models.Model", mobius_ids: Collection[str]
    ) -> dict[str, "Interaction"]:
        """Those that there are."""
        return {
            row.mobius_id: row for row in self.filter(upstream=upstream, mobius_id__in=mobius_ids)
        }

    def pending_of_runs(self, run_ids: Iterable[str]) -> Self:
        """``Coalesce`` keeps the database from the index of all pending questions."""
        rows = self.filter(run_id__in=run_ids, deleted__in=(False,))
        return rows.alias(plain_status=Coalesce(F("status"), Value(""))).filter(
            plain_status="pending"
        )


class Interaction(models.Model):
    """An interaction as upstream last sent it. Only ``inbox.mirror.project`` writes it.

    - ``status``: an ``InteractionStatus``, or the API's own word.
    - ``state``: the status, or ``cancelled`` or ``bypassed`` (by a signal) if it closed early
      (``inbox.mirror.states``).
    - ``questions``, ``responses``, ``policy``: the JSON of ``inbox.mobius.types``.
    - ``value``: the final answer, as ``inbox.models.answers.value_of`` has it.
    - ``round``: how many requests for changes there were. Answers of earlier rounds are history.
    - ``due_at``: the soft deadline if there is one, else ``expires_at``; ``soft`` says which.
    - ``claimable``: upstream shows claims on it.
    - ``target_type``, ``target_id``: several people who are no group are a group without an ID.
    - ``members``: Mobius IDs; ``members_from``: the member snapshot, Mobius' groups or the group
      mapping, empty if the members are unknown.
    - ``unknown_fields``: which of ``inbox.mobius.types.MAYBE_UNKNOWN`` are unknown.
    - ``details``: what newer APIs also say about a question, such as its references, tags and
      lifecycle, as ``inbox.mirror.rows`` writes it.
    - ``workflow``, ``asked_by``: from the run; without one, ``asked_by`` is who created it.
    - ``counted``: its days and durations as counted by ``inbox.mirror.tally``; null if not counted.
    - ``deleted``: no longer exists upstream.
    """

    CANCELLED: Final = "cancelled"
    BYPASSED: Final = "bypassed"
    UNANSWERED: Final = ("expired", "cancelled")
    """Statuses; some upstreams say ``expired`` for both."""
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
    context = ExactJSON(default=dict)
    details = ExactJSON(default=dict)
    questions = ExactJSON(default=list)
    policy = ExactJSON(default=dict)
    responses = ExactJSON(default=list)
    target_type = models.CharField(max_length=40)
    target_id = models.CharField(max_length=200)
    group_id = models.CharField(max_length=200, null=True)
    members = ExactJSON(null=True)
    members_from = models.CharField(max_length=10, default="")
    unknown_fields = models.CharField(max_length=60, default="")
    claimable = models.BooleanField(default=True)
    claimed_by = models.CharField(max_length=200, null=True)
    claimed_at = models.DateTimeField(null=True)
    responder_id = models.CharField(max_length=200, null=True)
    value = ExactJSON(null=True)
    comment = models.TextField(null=True)
    round = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    soft = models.BooleanField(default=False)
    expires_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    seq = models.BigIntegerField(default=0)
    workflow = models.CharField(max_length=300, default="")
    asked_by = models.CharField(max_length=200, default="")
    deleted = models.BooleanField(default=False)
    counted = ExactJSON(null=True)
    raw = ExactJSON(default=dict)

    objects = InteractionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["upstream", "mobius_id"], name="one_interaction_each")
        ]
        indexes = [
            models.Index(fields=["upstream", "run_id"], name="interaction_of_run"),
            models.Index(fields=["upstream", "status", "due_at"], name="interaction_open"),
            models.Index(
                fields=["upstream", "status", "created_at", "id"],
                condition=models.Q(deleted=False),
                name="interaction_oldest",
            ),
            # For pruning what closed long ago.
            models.Index(fields=["upstream", "status", "updated_at"], name="interaction_aged"),
            # A group's open questions and response times, from the index alone.
            models.Index(
                fields=["upstream", "group_id", "status", "deleted", "completed_at", "created_at"],
                name="interaction_of_group",
            ),
            models.Index(
                fields=["upstream", "status", "claimed_by"],
                condition=models.Q(claimed_by__isnull=False),
                name="interaction_claimed",
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.mobius_id

    def get_absolute_url(self) -> str:
        return reverse("interaction", args=[self.mobius_id])

    @property
    def pending(self) -> bool:
        """As far as the mirror knows."""
        return self.status == "pending" and not self.deleted

    @property
    def is_open(self) -> bool:
        """Pending or in review, as far as the mirror knows."""
        return self.status in OPEN and not self.deleted

    @property
    def in_review(self) -> bool:
        """As far as the mirror knows."""
        return self.status == "in_review" and not self.deleted

    @property
    def closed_at(self) -> datetime | None:
        """When it was answered, expired or was cancelled, by upstream's clock; None for any other
        status.
        """
        closed = self.status == "completed" or self.closed_unanswered
        return (self.completed_at or self.updated_at) if closed else None

    @property
    def closed_unanswered(self) -> bool:
        return self.status in self.UNANSWERED

    def time_of(self, answer: Mapping[str, Any]) -> datetime:
        """If upstream does not say when the answer was given, when the question closed."""
        return answered_at(answer) or self.completed_at or self.updated_at

    @property
    def created_by(self) -> str:
        """The Mobius ID of the person or machine that asked, where upstream says."""
        return str(self.details.get("created_by") or "")

    @property
    def lifecycle(self) -> list[dict[str, Any]]:
        """Each a ``LifecycleEvent``, oldest first; empty if upstream does not say."""
        return list(self.details.get("lifecycle", ()))

    @property
    def people_asked(self) -> list[str]:
        """Mobius IDs; empty if they are unknown."""
        return [self.target_id] if self.target_type == "user" else list(self.members or ())

    @property
    def checkers(self) -> list[str]:
        """Mobius IDs of who checks what was submitted, from the first time that it is in review on.
        No one checks their own work.
        """
        if not self._was_in_review:
            return []
        own = {*self.people_asked, *self.answered_by}
        return [user_id for user_id in self.details.get("checkers", ()) if user_id not in own]

    @property
    def _was_in_review(self) -> bool:
        if self.status in ("in_review", "completed") or self.round:
            return True
        return any(event["action"] == "submitted_for_review" for event in self.lifecycle)

    @property
    def checks(self) -> list[dict[str, Any]]:
        """What checkers decided: each a ``LifecycleEvent``, with the ``round`` that it ended.

        Upstream may count a request for changes to the next one. Where the lifecycle lacks the last
        decision, it has no time.
        """
        found, round = [], 0
        for event in self.lifecycle:
            if event["action"] in CHECKS:
                found.append(event | {"round": round})
                round += event["action"] == CHANGES_REQUESTED
        checker = self.details.get("checked_by")
        last = {"actor_id": checker, "at": None, "comment": None}
        accepted = any(event["action"] == ACCEPTED for event in found)
        if checker and self.status == "completed" and not accepted:
            found.append(last | {"action": ACCEPTED, "round": self.round})
        elif checker and self.status != "completed" and round < self.round:
            facts = {"action": CHANGES_REQUESTED, "comment": self.details.get("feedback")}
            found.append(last | facts | {"round": self.round - 1})
        return found

    def round_began(self, round: int) -> datetime:
        """With a request for changes, or when it was asked. Also if upstream does not say."""
        requests = [one for one in self.lifecycle if one["action"] == CHANGES_REQUESTED]
        began = requests[round - 1]["at"] if 0 < round <= len(requests) else None
        return read_instant(began or "") or self.created_at

    @property
    def takes_one_answer(self) -> bool:
        return self.policy_kind == "any"

    @property
    def policy_kind(self) -> str:
        """``any``, ``all`` or ``quorum``, or the API's own word."""
        return str(self.policy.get("kind") or "any")

    @property
    def shared(self) -> bool:
        """Several known people have to answer it."""
        return self.members is not None and self.policy_kind != "any"

    @property
    def asks_named_people(self) -> bool:
        """Several people, who are no group."""
        unnamed = self.target_type == "group" and not self.target_id and not self.group_id
        return unnamed and bool(self.members)

    @property
    def required(self) -> int:
        members = len(self.members or ())
        match self.policy_kind:
            case "all":
                return max(1, members)
            case "quorum":
                return max(1, min(int(self.policy.get("quorum") or 1), members or 1))
            case _:
                return 1

    @property
    def asked_by_step(self) -> bool:
        return (self.signal_name or "").startswith("interaction:")

    @property
    def only_question(self) -> Mapping[str, Any]:
        """Empty if it asks several, or upstream sent none."""
        questions = self.questions or []
        return questions[0] if len(questions) == 1 and isinstance(questions[0], dict) else {}

    @property
    def current_responses(self) -> list[dict[str, Any]]:
        """The answers of this round."""
        return [answer for answer in self.responses or () if answer["round"] == self.round]

    def last_response_before(self, round: int, user_id: str | None) -> dict[str, Any] | None:
        """A person's answer of the last round before this one in which they answered."""
        own = [
            answer
            for answer in self.responses or ()
            if user_id and answer.get("user_id") == user_id and answer["round"] < round
        ]
        return max(own, key=lambda answer: answer["round"], default=None)

    @property
    def answered_by(self) -> list[str | None]:
        """Mobius IDs of who answered in this round, in upstream's order; None for an answer without
        a name.
        """
        return [response.get("user_id") for response in self.current_responses]

    @property
    def missing(self) -> list[str]:
        answered = set(self.answered_by)
        return [user_id for user_id in self.members or () if user_id not in answered]

    def is_short_of(self, unable: Collection[str | None]) -> bool:
        """Too few answers can still come if those in ``unable`` don't answer."""
        left = [user_id for user_id in self.missing if user_id not in unable]
        return self.shared and len(left) < self.required - len(self.answered_by)

    @property
    def display_title(self) -> str:
        return self.title or _("Untitled question")

    @property
    def is_approval(self) -> bool:
        """A single question that is answered by *Approve* or *Reject*."""
        return len(self.questions) == 1 and self.mode == "confirm"

    @property
    def needs_reason_to_reject(self) -> bool:
        return isinstance(self.context, dict) and self.context.get(REASON_TO_REJECT) is True

    @property
    def policy_is_known(self) -> bool:
        return "policy" not in self.unknown_fields.split()

    @property
    def closed_early(self) -> bool:
        return self.state in (self.CANCELLED, self.BYPASSED)


class RecipientQuerySet(models.QuerySet["Recipient"]):
    """SQLite looks up ``open IN (true)`` in a full index, but not the bare column that
    ``open=True`` becomes, which is the condition of the partial indexes.
    """

    def open_by_index(self) -> Self:
        return self.filter(open__in=(True,))

    def closed_by_index(self) -> Self:
        return self.filter(open__in=(False,))


class Recipient(models.Model):
    """A person an interaction asks: the direct target, or a member of its group. Or, with
    ``checks``, a checker of what was submitted.

    Columns that the inbox sorts and filters by are copies of the interaction's, so that a person's
    list is found in an index of this table. ``open``: this person still has to answer.
    ``answered_at``: when this person did. ``via_group`` is false for people who are
    asked by name.
    ``claimed``: open, and claimed by this person. ``waits_for_others``: answered by this person,
    and still open for others or for a review. ``seen`` is the interaction's ``updated_at`` when
    this person last saw it, null if they have not or have marked it as unread. ``value`` is this
    person's answer in this round, as ``inbox.models.answers.value_of`` has it.

    Of a checker: ``open``: it is in review. ``answered_at``, ``value`` and ``comment``: when they
    decided last, which of ``CHECKS`` and why, unless it is in review again. ``waits_for_others``:
    they asked for changes that were not submitted yet.
    """

    # Longer indexes begin with each of these two.
    interaction = models.ForeignKey(
        Interaction, on_delete=models.CASCADE, related_name="recipients", db_index=False
    )
    upstream = models.ForeignKey(
        "inbox.Upstream", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    user_id = models.CharField(max_length=200)
    checks = models.BooleanField(default=False)
    via_group = models.BooleanField(default=False)
    group_id = models.CharField(max_length=200, null=True)
    open = models.BooleanField()
    claimed = models.BooleanField(default=False)
    waits_for_others = models.BooleanField(default=False)
    due_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    type = models.CharField(max_length=40, default="")
    run_id = models.CharField(max_length=200, null=True)
    workflow = models.CharField(max_length=300, default="")
    asked_by = models.CharField(max_length=200, default="")
    seen = models.DateTimeField(null=True)
    value = ExactJSON(null=True)
    comment = models.TextField(null=True)

    objects = RecipientQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["interaction", "user_id"], name="asked_once")
        ]
        indexes = [
            # The columns after ``id`` are filtered on, so that a filter that finds few of very many
            # rows reads the index only. All texts in one index would be too long for PostgreSQL.
            models.Index(
                fields=[
                    *("upstream", "user_id", "open", "due_at", "id"),
                    *("interaction", "via_group", "group_id", "type", "created_at"),
                ],
                name="asks_open",
            ),
            *(
                models.Index(
                    fields=["upstream", "user_id", *fields, "due_at", "id", "interaction"],
                    name=f"asks_of_{name}",
                )
                for name, fields in {
                    "run": ["run_id", "open"],
                    "workflow": ["open", "workflow"],
                    "requester": ["open", "asked_by"],
                }.items()
            ),
            models.Index(fields=["upstream", "user_id", "open", "-closed_at"], name="asks_closed"),
            # Partial indexes: these are few of very many rows. Of indexes that look equally good,
            # SQLite takes the one that was created last, so they come last.
            models.Index(
                fields=["upstream", "user_id", "created_at", "id"],
                condition=models.Q(open=True),
                name="asks_by_age",
            ),
            models.Index(
                fields=["upstream", "user_id", "due_at", "id"],
                condition=models.Q(claimed=True),
                name="asks_claimed",
            ),
            models.Index(
                fields=["upstream", "user_id", "due_at", "id"],
                condition=models.Q(waits_for_others=True),
                name="asks_waiting",
            ),
            models.Index(
                fields=["upstream", "user_id", "due_at", "id"],
                condition=models.Q(open=True, seen__isnull=True),
                name="asks_unread",
            ),
            models.Index(
                fields=["upstream", "user_id", "due_at", "id"],
                condition=models.Q(open=True, checks=True),
                name="asks_to_review",
            ),
        ]

    def __str__(self) -> str:
        return self.user_id

    @property
    def unread(self) -> bool:
        return self.open and self.seen is None

    @property
    def changed(self) -> bool:
        """Others have changed it since this person saw it."""
        alive = self.open or self.waits_for_others
        return alive and self.seen is not None and self.interaction.updated_at > self.seen
