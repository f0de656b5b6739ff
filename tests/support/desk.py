"""Rina's desk: the product in front of a real engine, with a scripted server in between."""

from datetime import UTC, datetime
from typing import Any

from asgiref.sync import sync_to_async

from inbox.mirror import project as mirror
from inbox.mobius.adapters.guide.interaction import read_interaction
from inbox.mobius.adapters.guide.run import read_run
from inbox.models import Attempt, Decision, Draft, Interaction, Reviewer, Upstream
from tests.fixtures_engine import Project
from tests.support.people import make_people
from tests.support.scripted_server import Request, ScriptedServer

CAST = ("user_rina", "user_sam", "user_lee", "user_tess")


class Desk:
    """``project`` is asked and looked at directly; the product reaches it through ``server``."""

    def __init__(self, project: Project, server: ScriptedServer, settings: Any) -> None:
        self.project, self.server = project, server
        settings.MOBIUS_BASE_URL = settings.MOBIUS_IDENTITY = server.base_url
        settings.MOBIUS_PROJECT = project.handle
        settings.MOBIUS_API_KEY = project.service_key
        settings.SERVICE_KEY_ANSWERS = "off"
        self.settings = settings
        make_people(tokens={user_id: project.tokens[user_id] for user_id in CAST})

    def person(self, name: str) -> Reviewer:
        return Reviewer.objects.select_related("user").get(user__username=name)

    def ask(self, **fields: Any) -> Interaction:
        return self.read(self.project.ask(**{"spec": {"mode": "confirm"}, **fields})["id"])

    def ask_group(self, handle: str = "approvers", **fields: Any) -> Interaction:
        return self.ask(target={"type": "group", "id": handle}, **fields)

    def read(self, id: str) -> Interaction:
        self.tell(self.upstream(id))
        return Interaction.objects.get(mobius_id=id)

    def tell(self, payload: dict[str, Any]) -> None:
        interaction = read_interaction(payload)
        mirror.apply(Upstream.current(), [interaction], read_at=datetime.now(UTC))

    def tell_run(self, id: str) -> None:
        answer = self.project.http.get(f"runs/{id}")
        assert answer.is_success, answer.text
        mirror.apply(Upstream.current(), [read_run(answer.json())], read_at=datetime.now(UTC))

    def upstream(self, id: str) -> dict[str, Any]:
        answer = self.project.http.get(f"interactions/{id}")
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def elsewhere(self, user_id: str, id: str, value: Any, comment: str | None = None) -> None:
        body = {"value": value} if comment is None else {"value": value, "comment": comment}
        answer = self.project.as_(user_id).post(f"interactions/{id}/respond", json=body)
        assert answer.is_success, answer.text

    def posts(self) -> list[Request]:
        return self.server.seen("POST", r"/respond$")


@sync_to_async
def drafts() -> list[tuple[list[str], str]]:
    """Of single questions."""
    found = Draft.objects.order_by("id")
    return [(draft.values.get("value", []), draft.comment) for draft in found]


@sync_to_async
def attempts() -> list[tuple[str, str]]:
    """All attempts: state, outcome."""
    return list(Attempt.objects.order_by("id").values_list("state", "outcome"))


@sync_to_async
def decisions() -> list[Decision]:
    return list(Decision.objects.filter(observed=False).order_by("number"))
