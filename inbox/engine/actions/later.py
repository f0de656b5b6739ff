"""What generations B and C have in common. ``payload`` is how a generation shows an interaction."""

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, Self

from django.db.models import Exists, OuterRef, QuerySet
from pydantic import AfterValidator, Field, model_validator

from inbox.engine.actions import answers, paging
from inbox.engine.actions.auth import Caller
from inbox.engine.actions.interactions import Time, find_interaction
from inbox.engine.actions.unit import Unit, writing
from inbox.engine.models import Interaction, Project, Recipient
from inbox.engine.payloads_later import KINDS, MACHINE, principal
from inbox.engine.rules import bodies, errors, forms, policies
from inbox.engine.rules.questions import Question, Target

LIMIT = 100
TYPES = {kind: type_ for type_, kind in KINDS.items()}
Kind = Literal["request_information", "request_approval", "request_review", "assign_work"]
Title = Annotated[bodies.Text, AfterValidator(bodies.check_one_line)]
Payload = Callable[[Interaction], dict[str, Any]]


class ReviewPolicy(bodies.Body):
    """Without reviewers the creator reviews."""

    reviewer_user_ids: list[bodies.Id] | None = None


class Policy(bodies.Body):
    type: Literal["any_of", "all_of", "quorum"]
    threshold: int | None = Field(None, ge=1)
    review: ReviewPolicy | None = None

    @model_validator(mode="after")
    def _threshold_is_for_a_quorum(self) -> Self:
        if (self.type == "quorum") != (self.threshold is not None):
            raise bodies.wrong("has a threshold if, and only if, its type is quorum")
        return self


class Consumer(bodies.Body):
    not_served: ClassVar[frozenset[str]] = frozenset({"http_subscriber"})

    kind: Literal["none"]


class NewInteraction(bodies.Body):
    """Without the form, which each generation has in its own way."""

    not_served: ClassVar[frozenset[str]] = frozenset({"delivery"})

    target_user_ids: list[bodies.Id] = Field(min_length=1, max_length=100)
    kind: Kind
    title: Title
    description: str | None = None
    subject: forms.Reference | None = None
    references: list[forms.Reference] | None = None
    context: dict[str, Any] | None = None
    tags: dict[forms.TagKey, forms.TagValue] | None = Field(None, max_length=8)
    properties: dict[str, Any] | None = None
    require_all: bool | None = None
    resolution_policy: Policy | None = None
    consumer: Consumer | None = None
    expires_at: Time | None = None

    @model_validator(mode="after")
    def _policy_makes_sense(self) -> Self:
        if self.resolution_policy is None:
            return self
        if self.require_all is not None:
            raise bodies.wrong("require_all and resolution_policy exclude each other")
        if (self.resolution_policy.threshold or 1) > len(set(self.target_user_ids)):
            raise bodies.wrong("resolution_policy.threshold is more people than are asked")
        return self

    def fields(
        self,
        unit: Unit,
        creator: str | None,
        *,
        questions: list[forms.FormQuestion] | None = None,
        spec: Question | None = None,
    ) -> forms.LaterFields:
        """Raises 400 for a past time and if a machine would have to review."""
        if self.expires_at is not None and self.expires_at <= unit.now:
            raise errors.bad_request("expires_at has passed.", field="expires_at")
        ids = list(dict.fromkeys(self.target_user_ids))
        policy = self.resolution_policy or Policy(type="all_of" if self.require_all else "any_of")
        single = Target(type="user", id=ids[0])
        return forms.LaterFields(
            type=TYPES[self.kind],  # type: ignore[arg-type]
            target=single if len(ids) == 1 else forms.People(type="people", ids=ids),
            message="\n\n".join(filter(None, (self.title, self.description))),
            context=self.context,
            subject=self.subject,
            references=self.references,
            tags=self.tags,
            properties=self.properties,
            questions=questions,
            spec=spec,
            require_all=policy.type == "all_of",
            quorum=policy.threshold,
            reviewers=_reviewers(policy, creator),
        )


def _reviewers(policy: Policy, creator: str | None) -> list[str] | None:
    if policy.review is None:
        return None
    reviewers = policy.review.reviewer_user_ids or ([] if creator is None else [creator])
    if not reviewers:
        raise errors.bad_request(
            "resolution_policy.review.reviewer_user_ids is missing, and a machine can't review.",
            field="resolution_policy.review.reviewer_user_ids",
        )
    return reviewers


class Review(bodies.Body):
    action: Literal["accept", "request_changes"]
    comment: str | None = None

    @model_validator(mode="after")
    def _changes_have_a_reason(self) -> Self:
        if self.action == "request_changes" and not (self.comment or "").strip():
            raise bodies.wrong("comment is required to request changes")
        return self


class Cancel(bodies.Body):
    reason: str | None = None


def narrowed(caller: Caller, filters: dict[str, str], *more: str) -> QuerySet[Interaction]:
    """A machine's inbox is empty. Raises 400 for a filter that is neither here nor in ``more``."""
    paging.check_filters(
        filters,
        status=tuple(Interaction.Status.values),
        kind=tuple(TYPES),
        target_user_id=None,
        inbox=("true", "false"),
        **dict.fromkeys(more),
    )
    rows = Interaction.objects.filter(project_id=caller.project_id)
    if "status" in filters:
        rows = rows.filter(status=filters["status"])
    if "kind" in filters:
        rows = rows.filter(type=TYPES[filters["kind"]])
    if "target_user_id" in filters:
        rows = _asked_of(rows, filters["target_user_id"])
    if filters.get("inbox") == "true":
        rows = rows.none() if caller.user_id is None else _asked_of(rows, caller.user_id)
    return rows.select_related("run", "step").defer("run__spec")


def _asked_of(rows: QuerySet[Interaction], user_id: str) -> QuerySet[Interaction]:
    return rows.filter(
        Exists(Recipient.objects.filter(user_id=user_id, interaction=OuterRef("pk")))
    )


def page(
    rows: QuerySet[Interaction], *, limit: int, cursor: str | None, payload: Payload
) -> paging.Page:
    return paging.newest_first(
        "interactions", rows, limit=limit, cursor=cursor, payload=payload, most=LIMIT
    )


def service_principal(caller: Caller) -> dict[str, Any]:
    """The machine whose key the service key is."""
    since = Project.objects.values_list("created_at", flat=True).get(pk=caller.project_id)
    return principal(MACHINE, "service", "Service key", since)


def check_responder(interaction: Interaction, caller: Caller) -> str:
    """Return who responds. Raises 403 for a machine and for someone who isn't asked, 409 if it
    can't be answered now.
    """
    if caller.user_id is None:
        raise errors.forbidden("A person's own token is required to respond.")
    policies.check_answer(interaction, caller.user_id)
    return caller.user_id


def review(*, caller: Caller, interaction_id: str, body: Any, payload: Payload) -> dict[str, Any]:
    """Raises 403 for who may not review it, 409 unless it is in review, 400."""
    with writing(caller.project_id) as unit:
        interaction = find_interaction(caller.project_id, interaction_id)
        reviewer = policies.check_review(interaction, caller.user_id)
        sent = bodies.read(Review, body)
        if sent.action == "accept":
            answers.accept(unit, interaction, reviewer, sent.comment)
        else:
            answers.request_changes(unit, interaction, reviewer, sent.comment or "")
        return payload(interaction)


def cancel(*, caller: Caller, interaction_id: str, body: Any, payload: Payload) -> dict[str, Any]:
    """Raises 403 for a machine, 400 for a closed one."""
    with writing(caller.project_id) as unit:
        interaction = find_interaction(caller.project_id, interaction_id)
        actor = policies.check_cancel(interaction, caller.user_id)
        sent = bodies.read(Cancel, body)
        answers.cancel(unit, interaction, actor, sent.reason)
        return payload(interaction)
