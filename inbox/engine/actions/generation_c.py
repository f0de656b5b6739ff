"""What generation C can do. Its place is the organization, so no project is named."""

from functools import partial
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from inbox.engine import payloads_c
from inbox.engine.actions import answers, later, paging, runs
from inbox.engine.actions.auth import Caller
from inbox.engine.actions.interactions import create_from, find_interaction
from inbox.engine.actions.later import LIMIT, TYPES
from inbox.engine.actions.progress import end
from inbox.engine.actions.unit import writing
from inbox.engine.models import Interaction, Run
from inbox.engine.payloads_later import principal
from inbox.engine.rules import bodies, errors, forms


class Spec(bodies.Body):
    questions: list[forms.FormQuestion] = Field(min_length=1, max_length=12)


class NewInteraction(later.NewInteraction):
    spec: Spec | None = None

    @model_validator(mode="after")
    def _form_fits_kind(self) -> Self:
        if self.spec is not None:
            forms.check_form(TYPES[self.kind], self.spec.questions, "spec.questions")
        return self


class Respond(bodies.Body):
    action: Literal["submit"] | None = None
    answers: list[forms.FormAnswer] = Field(min_length=1, max_length=12)
    comment: str | None = None


def list_interactions(
    *, caller: Caller, filters: dict[str, str], limit: int = 20, cursor: str | None = None
) -> paging.Page:
    rows = later.narrowed(caller, filters, "session_id")
    if "session_id" in filters:
        rows = rows.filter(run_id=_run_id(filters["session_id"]))
    return later.page(rows, limit=limit, cursor=cursor, payload=payloads_c.interaction)


def get(*, caller: Caller, interaction_id: str) -> dict[str, Any]:
    return payloads_c.interaction(find_interaction(caller.project_id, interaction_id))


def create(*, caller: Caller, body: Any) -> dict[str, Any]:
    """Raises 400 for a wrong body or a past time."""
    sent = bodies.read(NewInteraction, body)
    with writing(caller.project_id) as unit:
        questions = None if sent.spec is None else sent.spec.questions
        interaction = create_from(
            unit,
            sent.fields(unit, caller.user_id, questions=questions),
            spec=None,
            expires_at=sent.expires_at,
            created_by=caller.user_id,
        )
        return payloads_c.interaction(interaction)


def respond(*, caller: Caller, interaction_id: str, body: Any) -> dict[str, Any]:
    """Raises 403 for a machine and for someone who isn't asked, 409 if it can't be answered now,
    400 for wrong answers.
    """
    with writing(caller.project_id) as unit:
        interaction = find_interaction(caller.project_id, interaction_id)
        responder = later.check_responder(interaction, caller)
        sent = bodies.read(Respond, body)
        form = payloads_c.form(interaction)
        forms.check_answers(form, sent.answers)
        given = {each.question_id: each.model_dump(exclude_none=True) for each in sent.answers}
        plain = {
            question["id"]: forms.plain(question, given[question["id"]])
            for question in form
            if question["id"] in given
        }
        several = interaction.questions is not None
        value, kept = (plain, list(given.values())) if several else (plain[forms.ONLY], None)
        answers.take(unit, interaction, responder, answers.Given(value, kept, sent.comment))
        return payloads_c.interaction(interaction)


review = partial(later.review, payload=payloads_c.interaction)
cancel = partial(later.cancel, payload=payloads_c.interaction)


def list_sessions(
    *, caller: Caller, filters: dict[str, str], limit: int = 20, cursor: str | None = None
) -> paging.Page:
    paging.check_filters(filters)
    rows = Run.objects.filter(project_id=caller.project_id).defer("spec")
    return paging.newest_first(
        "sessions", rows, limit=limit, cursor=cursor, payload=payloads_c.session, most=LIMIT
    )


def get_session(*, caller: Caller, session_id: str) -> dict[str, Any]:
    return payloads_c.session(_find_session(caller, session_id))


def list_turns(
    *,
    caller: Caller,
    session_id: str,
    filters: dict[str, str],
    limit: int = 20,
    cursor: str | None = None,
) -> paging.Page:
    paging.check_filters(filters)
    paging.check_limit(limit, LIMIT)
    if cursor is not None:
        raise errors.bad_request("cursor is not from this list.", field="cursor")
    return {"items": [payloads_c.turn(_find_session(caller, session_id))], "has_more": False}


def get_turn(*, caller: Caller, session_id: str, turn_id: str) -> dict[str, Any]:
    return payloads_c.turn(_find_turn(caller, session_id, turn_id))


def cancel_turn(*, caller: Caller, session_id: str, turn_id: str) -> dict[str, Any]:
    """Its open questions are cancelled with it. One that has ended stays as it is."""
    with writing(caller.project_id) as unit:
        run = _find_turn(caller, session_id, turn_id)
        if not run.finished:
            end(
                unit,
                run,
                Run.Status.FAILED,
                error_type="run_cancelled",
                message="The turn was cancelled.",
                unanswered=Interaction.Status.CANCELLED,
            )
        return payloads_c.turn(run)


def list_principals(*, caller: Caller) -> dict[str, Any]:
    """The service key's, and an agent for each workflow that has run."""
    rows = Run.objects.filter(project_id=caller.project_id).defer("spec")
    agents: dict[str, dict[str, Any]] = {}
    for run in rows.order_by("created_at", "pk"):
        agent = payloads_c.agent_id(run)
        if agent not in agents:
            agents[agent] = principal(agent, "agent", run.workflow_name, run.created_at)
    return {"items": [later.service_principal(caller), *agents.values()]}


def context(*, caller: Caller) -> dict[str, Any]:
    """The organization's text for its agents, of which the engine has none."""
    return {"content": "", "max_bytes": 32768}


def _find_session(caller: Caller, session_id: str) -> Run:
    try:
        return runs.find_run(caller.project_id, _run_id(session_id))
    except errors.EngineError:
        raise errors.not_found("The session") from None


def _find_turn(caller: Caller, session_id: str, turn_id: str) -> Run:
    run = _find_session(caller, session_id)
    if turn_id != payloads_c.turn_id(run.pk):
        raise errors.not_found("The turn")
    return run


def _run_id(session_id: str) -> str:
    return f"run_{session_id.removeprefix('ses_')}"
