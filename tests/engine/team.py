"""A project of the engine with its people, and what they usually ask."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from inbox.engine.actions import advance, events, interactions, runs
from inbox.engine.actions.auth import Caller, authenticate
from inbox.engine.actions.provision import provision

PEOPLE = {
    "user_rina": "Rina",
    "user_sam": "Sam",
    "user_lee": "Lee",
    "user_tess": "Tess",
    "user_mallory": "Mallory",
}
REVIEWERS = ["user_rina", "user_sam", "user_lee"]


@dataclass
class Team:
    handle: str
    tokens: dict[str, str]
    groups: dict[str, str]
    service: Caller
    rina: Caller
    sam: Caller
    lee: Caller
    mallory: Caller

    @property
    def project_id(self) -> int:
        return self.service.project_id

    def ask(self, *, at: datetime | None = None, **fields: Any) -> dict[str, Any]:
        """By default an approval for Rina, asked now."""
        body = {
            "type": "approval",
            "target": {"type": "user", "id": "user_rina"},
            "message": "Publish it?",
            "spec": {"mode": "confirm"},
            **fields,
        }
        body = {name: value for name, value in body.items() if value is not ...}
        return interactions.create(caller=self.service, body=body, at=at)

    def ask_group(self, handle: str = "approvers", **fields: Any) -> dict[str, Any]:
        return self.ask(target={"type": "group", "id": handle}, **fields)

    def read(self, interaction: dict[str, Any]) -> dict[str, Any]:
        return interactions.get(caller=self.service, interaction_id=interaction["id"])

    def answer(
        self, who: Caller, interaction: dict[str, Any], value: Any = True, **fields: Any
    ) -> dict[str, Any]:
        return interactions.respond(
            caller=who, interaction_id=interaction["id"], body={"value": value, **fields}
        )

    def start(self, *steps: dict[str, Any], **body: Any) -> dict[str, Any]:
        """A run of ``steps``, still queued."""
        spec = {"name": "billing", "steps": list(steps)}
        return runs.start(caller=self.service, body={"spec": spec, **body})

    def settle(self, run: dict[str, Any]) -> dict[str, Any]:
        advance.settle(project_id=self.project_id, run_id=run["id"])
        return self.run(run)

    def begin(self, *steps: dict[str, Any], **body: Any) -> dict[str, Any]:
        return self.settle(self.start(*steps, **body))

    def run(self, run: dict[str, Any]) -> dict[str, Any]:
        return runs.get(caller=self.service, run_id=run["id"])

    def steps(self, run: dict[str, Any]) -> list[dict[str, Any]]:
        return runs.steps(caller=self.service, run_id=run["id"])["items"]

    def questions(self, run: dict[str, Any]) -> list[dict[str, Any]]:
        filters = {"run_id": run["id"]}
        return interactions.list_interactions(caller=self.service, filters=filters)["items"]

    def frames(self, since: int = 0, run_id: str | None = None) -> list[dict[str, Any]]:
        found = events.after(project_id=self.project_id, since=since, run_id=run_id)
        return [json.loads(each.data) for each in found]

    def newest(self) -> int:
        return events.newest(project_id=self.project_id)


def make_team() -> Team:
    handle = f"p-{uuid4().hex[:12]}"
    groups = [
        {
            "handle": name,
            "name": name.title(),
            "routing_policy": policy,
            "members": REVIEWERS,
        }
        for name, policy in (("approvers", "first_responder"), ("change-board", "all_members"))
    ]
    created = provision(handle=handle, people=PEOPLE, groups=groups)
    tokens = created["members"]
    return Team(
        handle=handle,
        tokens={**tokens, "service": created["service_key"]},
        groups=created["groups"],
        service=authenticate(token=created["service_key"], project=handle),
        rina=authenticate(token=tokens["user_rina"], project=handle),
        sam=authenticate(token=tokens["user_sam"], project=handle),
        lee=authenticate(token=tokens["user_lee"], project=handle),
        mallory=authenticate(token=tokens["user_mallory"], project=handle),
    )


def question(name: str = "ask", **config: Any) -> dict[str, Any]:
    """An interaction step: an approval for Rina within an hour unless ``config`` says otherwise."""
    return {
        "name": name,
        "interaction": {
            "type": "approval",
            "message": "Publish it?",
            "target": {"type": "user", "id": "user_rina"},
            "timeout": "1h",
            "spec": {"mode": "confirm"},
            **config,
        },
    }


def wait(topic: str = "go", name: str = "wait", **config: Any) -> dict[str, Any]:
    return {"name": name, "wait_signal": {"topic": topic, **config}}


def sleep(duration: str, name: str = "sleep") -> dict[str, Any]:
    return {"name": name, "sleep": {"duration": duration}}


def act(action: str, name: str = "act", **parameters: Any) -> dict[str, Any]:
    return {"name": name, "action": action, "parameters": parameters}
