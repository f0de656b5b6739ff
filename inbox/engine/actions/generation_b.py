"""What generation B can do: interactions with one form, and runs that are listed, followed,
cancelled, tried again and signalled.
"""

from functools import partial
from typing import Any, Literal, Self

from django.db.models import Q, QuerySet
from pydantic import Field, model_validator

from inbox.engine import payloads_b
from inbox.engine.actions import answers, events_b, later, paging, runs
from inbox.engine.actions import events as log
from inbox.engine.actions.auth import Caller
from inbox.engine.actions.interactions import create_from
from inbox.engine.actions.interactions import find_interaction as find
from inbox.engine.actions.later import LIMIT, TYPES
from inbox.engine.actions.progress import end, save_run
from inbox.engine.actions.unit import writing
from inbox.engine.models import Interaction, Person, Project, Run, Step, Token
from inbox.engine.rules import bodies, errors, forms, questions
from inbox.engine.rules.questions import Question

_CANCELLED = Q(error_type="run_cancelled")


class NewInteraction(later.NewInteraction):
    spec: Question | None = None
    run_id: bodies.Name | None = None
    signal_name: bodies.Name | None = None

    @model_validator(mode="after")
    def _form_fits_kind(self) -> Self:
        if self.spec is not None:
            forms.check_mode(TYPES[self.kind], self.spec)
        if (self.run_id is None) != (self.signal_name is None):
            raise bodies.wrong("run_id and signal_name come together or not at all")
        return self


class Respond(bodies.Body):
    action: Literal["submit"] | None = None
    value: Any
    comment: str | None = None


def list_interactions(
    *, caller: Caller, filters: dict[str, str], limit: int = 20, cursor: str | None = None
) -> paging.Page:
    """What has several questions is left out."""
    rows = later.narrowed(caller, filters, "run_id", "session_id")
    rows = rows.filter(questions__isnull=True)
    if "session_id" in filters:
        rows = rows.none()
    if "run_id" in filters:
        rows = rows.filter(run_id=filters["run_id"])
    return later.page(rows, limit=limit, cursor=cursor, payload=payloads_b.interaction)


def get(*, caller: Caller, interaction_id: str) -> dict[str, Any]:
    return payloads_b.interaction(_find_interaction(caller, interaction_id))


def create(*, caller: Caller, body: Any) -> dict[str, Any]:
    """Answering it does not resume the run that it names. Raises 400 for a wrong body or a past
    time, 404 for an unknown run.
    """
    sent = bodies.read(NewInteraction, body)
    with writing(caller.project_id) as unit:
        run = None if sent.run_id is None else runs.find_run(caller.project_id, sent.run_id)
        interaction = create_from(
            unit,
            sent.fields(unit, caller.user_id, spec=sent.spec),
            spec=body.get("spec"),
            expires_at=sent.expires_at,
            run=run,
            signal_name=sent.signal_name,
            created_by=caller.user_id,
        )
        return payloads_b.interaction(interaction)


def respond(*, caller: Caller, interaction_id: str, body: Any) -> dict[str, Any]:
    """Raises 403 for a machine and for someone who isn't asked, 409 if it can't be answered now,
    400 for a wrong value.
    """
    with writing(caller.project_id) as unit:
        interaction = _find_interaction(caller, interaction_id)
        responder = later.check_responder(interaction, caller)
        sent = bodies.read(Respond, body)
        questions.check_value(interaction.spec, sent.value)
        answers.take(unit, interaction, responder, answers.Given(sent.value, None, sent.comment))
        return payloads_b.interaction(interaction)


review = partial(later.review, payload=payloads_b.interaction)
cancel = partial(later.cancel, payload=payloads_b.interaction)


def list_runs(
    *, caller: Caller, filters: dict[str, str], limit: int = 20, cursor: str | None = None
) -> paging.Page:
    paging.check_filters(
        filters, status=(*Run.Status.values, "cancelled"), loop_id=None, source_event_id=None
    )
    rows = Run.objects.filter(project_id=caller.project_id)
    match filters.get("status"):
        case None:
            pass
        case "cancelled":
            rows = rows.filter(_CANCELLED)
        case "failed":
            rows = rows.filter(status="failed").exclude(_CANCELLED)
        case status:
            rows = rows.filter(status=status)
    if "loop_id" in filters:
        rows = rows.filter(workflow_name__in=_names_of_loop(caller, filters["loop_id"]))
    if "source_event_id" in filters:
        rows = rows.none()
    return paging.newest_first(
        "runs", rows.defer("spec"), limit=limit, cursor=cursor, payload=payloads_b.run, most=LIMIT
    )


def get_run(*, caller: Caller, run_id: str) -> dict[str, Any]:
    return payloads_b.run(runs.find_run(caller.project_id, run_id))


def steps(*, caller: Caller, run_id: str) -> dict[str, Any]:
    run = runs.find_run(caller.project_id, run_id)
    rows = Step.objects.filter(run=run).order_by("transition_seq")
    return {"items": [payloads_b.step(row, run) for row in rows]}


def events(*, caller: Caller, run_id: str, after: int, limit: int) -> dict[str, Any]:
    """A page of the run's log, oldest first."""
    run = runs.find_run(caller.project_id, run_id)
    found: list[dict[str, Any]] = []
    while len(found) <= limit:
        logged = log.after(project_id=caller.project_id, since=after, run_id=run.pk)
        found += filter(None, map(events_b.event, logged))
        if not logged:
            break
        after = logged[-1].seq
    page: dict[str, Any] = {"items": found[:limit], "has_more": len(found) > limit}
    if page["items"]:
        page["next_sequence"] = page["items"][-1]["sequence"]
    return page


class Cancel(bodies.Body):
    reason: str | None = None


def cancel_run(*, caller: Caller, run_id: str, body: Any) -> dict[str, Any]:
    """Its open questions are cancelled with it. A run that has ended stays as it is."""
    sent = bodies.read(Cancel, body)
    with writing(caller.project_id) as unit:
        run = runs.find_run(caller.project_id, run_id)
        if not run.finished:
            end(
                unit,
                run,
                Run.Status.FAILED,
                error_type="run_cancelled",
                message=sent.reason or "The run was cancelled.",
                unanswered=Interaction.Status.CANCELLED,
            )
        return payloads_b.run(run)


class Recover(bodies.Body):
    """The engine has no limits that could be raised."""

    reason: str | None = None
    budget_usd: float | None = Field(None, gt=0)
    credit_budget: float | None = Field(None, gt=0)
    max_agent_turns: int | None = Field(None, ge=1)
    wall_clock_extend_seconds: int | None = Field(None, ge=1)


def retry(*, caller: Caller, run_id: str, body: Any) -> dict[str, Any]:
    """Go on with the step that failed. Raises 409 for a run that hasn't failed."""
    bodies.read(Recover, body)
    with writing(caller.project_id) as unit:
        run = runs.find_run(caller.project_id, run_id)
        if run.status != Run.Status.FAILED or run.error_type == "run_cancelled":
            raise errors.conflict("Only a failed run can be tried again.", status=str(run.status))
        Step.objects.filter(run=run, transition_seq=run.position + 1).delete()
        run.status, run.attempt = Run.Status.QUEUED, run.attempt + 1
        run.error_type = run.error_message = run.completed_at = None
        run.step_counts["failed"] = 0
        run.fires_at = unit.now
        save_run(
            unit,
            run,
            *("status", "attempt", "error_type", "error_message", "completed_at", "step_counts"),
            "fires_at",
        )
        unit.due(unit.now)
        return payloads_b.run(run)


class NewSignal(bodies.Body):
    step_key: bodies.Name
    result: dict[str, Any] | None = None


def signal(*, caller: Caller, run_id: str, body: Any) -> dict[str, Any]:
    """Raises 400 unless the run waits for a signal at the step."""
    with writing(caller.project_id) as unit:
        run = runs.find_run(caller.project_id, run_id)
        sent = bodies.read(NewSignal, body)
        waiting = Step.objects.filter(run=run, status=Step.Status.RUNNING).first()
        if (
            waiting is None
            or run.wait_kind != Run.Wait.SIGNAL
            or waiting.step_name != sent.step_key
        ):
            raise errors.bad_request(
                f"The run doesn't wait for an event at the step {sent.step_key}.", field="step_key"
            )
        runs.deliver(unit, run, run.wait_signal or "", sent.result or {})
        run.refresh_from_db()
        return payloads_b.run(run)


def list_loops(
    *, caller: Caller, filters: dict[str, str], limit: int = 20, cursor: str | None = None
) -> paging.Page:
    """One for each name of a workflow that has run, in one page."""
    paging.check_filters(filters, status=None, search=None, tag=None)
    paging.check_limit(limit, LIMIT)
    if cursor is not None:
        raise errors.bad_request("cursor is not from this list.", field="cursor")
    rows = _runs(caller).order_by("created_at", "pk").defer("spec")
    first: dict[str, Run] = {}
    last: dict[str, Run] = {}
    for run in rows:
        first.setdefault(run.workflow_name, run)
        last[run.workflow_name] = run
    items = [payloads_b.loop(name, last[name], first[name]) for name in sorted(first)]
    return {"items": items[:limit], "has_more": False}


def list_projects(
    *, caller: Caller, filters: dict[str, str], limit: int = 20, cursor: str | None = None
) -> paging.Page:
    """The one that the token is for."""
    rows = Project.objects.filter(pk=caller.project_id)
    return paging.newest_first(
        "projects", rows, limit=limit, cursor=cursor, payload=payloads_b.project, most=LIMIT
    )


def list_principals(*, caller: Caller) -> dict[str, Any]:
    return {"items": [later.service_principal(caller)]}


def capabilities(*, caller: Caller) -> dict[str, bool]:
    return {"can_manage_project": False, "can_manage_access": False}


def credentials(*, caller: Caller) -> dict[str, Any]:
    """A person's tokens, by which a client learns whose token it has. Raises 403 for a machine."""
    person = Person.objects.filter(project_id=caller.project_id, user_id=caller.user_id).first()
    if person is None:
        raise errors.forbidden("Only a person has credentials of the command line.")
    tokens = Token.objects.filter(person=person, revoked_at__isnull=True).order_by("pk")
    return {
        "items": [
            {
                "id": f"cred_{token.pk}",
                "status": "active",
                "label": person.name,
                "user_id": person.user_id,
            }
            for token in tokens
        ]
    }


def _runs(caller: Caller) -> QuerySet[Run]:
    return Run.objects.filter(project_id=caller.project_id)


def _names_of_loop(caller: Caller, loop_id: str) -> list[str]:
    names = _runs(caller).order_by().values_list("workflow_name", flat=True).distinct()
    return [name for name in names if payloads_b.loop_id(name) == loop_id]


def _find_interaction(caller: Caller, interaction_id: str) -> Interaction:
    """What has several questions doesn't exist for B."""
    row = find(caller.project_id, interaction_id)
    if row.questions is not None:
        raise errors.not_found("The interaction")
    return row
