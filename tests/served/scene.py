"""One question in each status for each person of the table, arranged once through the API."""

from dataclasses import dataclass
from typing import Any

import httpx
import httpx_sse

from tests.access.table import TABLE, Action, Status, Verdict, Who
from tests.served.visitor import Visitor
from tests.support.crowd import enter
from tests.support.product import Product

WORKFLOW = "walk"
SECRET = "for-leads-alone"
SAID = "Said by one of the others"
CANARY = "canary-hunter2"
"""What is masked, in the context of every question and the inputs and metadata of every run."""
REVIEWERS = ["user_rina", "user_sam", "user_lee"]
FIRST, BOARD = "walkers", "walker-board"
PEOPLE: dict[str, str | None] = {
    "rina": "user_rina",
    "sam": "user_sam",
    "lee": "user_lee",
    "tess": "user_tess",
    "admin": None,
    "mallory": "user_mallory",
    "newcomer": "user_newcomer",
}
PERSON = {
    Who.TARGET: "rina",
    Who.MEMBER: "rina",
    Who.FORMER: "lee",
    Who.NEWCOMER: "newcomer",
    Who.LEAD: "tess",
    Who.ADMIN: "admin",
    Who.STRANGER: "mallory",
    Who.OUT: "nobody",
}
NOT_ASKED = (Who.LEAD, Who.ADMIN, Who.STRANGER, Who.OUT)
DIRECT = (Status.UNCLAIMED, Status.COMPLETED, Status.EXPIRED)
CHANGES = (
    Action.ANSWER,
    Action.UNDO,
    Action.SNOOZE,
    Action.CLAIM,
    Action.RELEASE,
    Action.AWAIT,
    Action.CANCEL,
    Action.NUDGE,
)
"""What is walked on a question of its own where it is allowed."""


@dataclass(frozen=True)
class Question:
    """``all_answer``: every member must."""

    id: str
    run: str
    all_answer: bool = False


class Scene:
    """``looked_at`` are questions that no allowed change is made to; ``fresh`` are for one each."""

    def __init__(self, product: Product) -> None:
        groups = [
            _group(FIRST, "first_responder"),
            _group(BOARD, "all_members"),
        ]
        self.entries = enter(product, PEOPLE, groups)
        self.api = product.api()
        self._product = product
        self._soon_over: list[str] = []
        self.visitors = {
            name: Visitor(product.web, name, self.entries.get(name)) for name in PERSON.values()
        }
        self.looked_at: dict[tuple[Status, Who], list[Question]] = {}
        self.fresh: dict[tuple[Status, Who, Action], Question] = {}

    def visitor(self, who: Who) -> Visitor:
        return self.visitors[PERSON[who]]

    def arrange(self, *, changes: bool = True) -> None:
        """Without ``changes`` there is nothing fresh."""
        with self.visitors["rina"].hearing() as until:
            for status in Status:
                self._arrange_looks(status)
            for (status, who, action), verdict in TABLE.items():
                if changes and action in CHANGES and verdict in (Verdict.YES, Verdict.IDLE):
                    self.fresh[status, who, action] = self._make(status, who)
            self._product.expire(*self._soon_over)
            for question in self.all():
                until(lambda question=question: self.is_mirrored(question))
        tess = self.visitors["tess"]
        # After a lead's change all groups are read, also those that are new to the mirror.
        assert tess.post("/groups/approvers/routing", {"routing": "any"}).status_code == 303
        for handle in (FIRST, BOARD):
            out = tess.post(f"/groups/{handle}/members/remove", {"user_id": "user_lee"})
            into = tess.post(f"/groups/{handle}/members/add", {"user_id": "user_newcomer"})
            assert (out.status_code, into.status_code) == (303, 303), out.text + into.text

    def all(self) -> list[Question]:
        looked = [question for some in self.looked_at.values() for question in some]
        return list(dict.fromkeys([*looked, *self.fresh.values()]))

    def upstream(self, question: Question) -> dict[str, Any]:
        found: dict[str, Any] = _ok(self.api.get(f"/interactions/{question.id}")).json()
        return found

    def is_mirrored(self, question: Question) -> bool:
        shown = self.visitors["tess"].get(f"/interactions/{question.id}/raw.json")
        now = self.upstream(question)
        due = now["status"] != "pending" or not now["message"].startswith("Soon over")
        return due and shown.status_code == 200 and shown.json()["updated_at"] == now["updated_at"]

    def ask_rina(self) -> Question:
        return self._direct(Status.UNCLAIMED, "user_rina")

    def answer(self, question: Question) -> None:
        self._answered(question, "user_rina")

    def close(self) -> None:
        self.api.close()
        for visitor in self.visitors.values():
            visitor.close()

    def _arrange_looks(self, status: Status) -> None:
        shared = [self._make(status, Who.MEMBER)]
        if status is Status.COMPLETED:
            shared.append(self._answered_first())
        direct = [self._make(status, Who.TARGET)] if status in DIRECT else []
        for who in Who:
            if TABLE[status, who, Action.SEE] is Verdict.NEVER:
                continue
            if who is Who.TARGET:
                self.looked_at[status, who] = direct
            elif who is Who.FORMER and status in (Status.CLAIMED_BY_ME, Status.WITH):
                self.looked_at[status, who] = [self._make(status, who)]
            else:
                self.looked_at[status, who] = shared + (direct if who in NOT_ASKED else [])

    def _make(self, status: Status, who: Who) -> Question:
        user = f"user_{PERSON[who]}"
        if who is Who.TARGET:
            return self._direct(status, user)
        handle = (
            FIRST
            if status in (Status.UNCLAIMED, Status.CLAIMED_BY_ME, Status.CLAIMED_BY_ANOTHER)
            else BOARD
        )
        question = self._asked(handle, soon=status is Status.EXPIRED)
        if status in (Status.CLAIMED_BY_ME, Status.CLAIMED_BY_ANOTHER):
            return self._then(
                question, "claim", user if status is Status.CLAIMED_BY_ME else "user_sam"
            )
        answers = {
            # With Sam's beside it, so that there is someone else's to be seen.
            Status.WITH: (user, "user_sam"),
            Status.WITHOUT: ("user_sam",),
            Status.EXPIRED: ("user_sam",),
            Status.COMPLETED: tuple(REVIEWERS),
        }
        return self._answered(question, *answers.get(status, ()))

    def _direct(self, status: Status, user: str) -> Question:
        question = self._ask({"type": "user", "id": user}, soon=status is Status.EXPIRED)
        return self._answered(question, user) if status is Status.COMPLETED else question

    def _answered_first(self) -> Question:
        return self._answered(self._asked(FIRST), "user_sam")

    def _asked(self, handle: str, *, soon: bool = False) -> Question:
        return self._ask({"type": "group", "id": handle}, soon=soon)

    def _ask(self, target: dict[str, str], *, soon: bool) -> Question:
        config = {
            "type": "approval",
            "message": "Soon over" if soon else "Ship it?",
            "target": target,
            "timeout": "1h",
            "spec": {"mode": "confirm"},
            "context": {"deploy": [{"service": "payments", "api_key": CANARY}]},
        }
        spec = {"name": WORKFLOW, "steps": [{"name": "ask", "interaction": config}]}
        given = {"note": SECRET, "client_secret": CANARY}
        body = {"spec": spec, "inputs": given, "metadata": {"session_token": CANARY}}
        run = _ok(self.api.post("/runs", json=body)).json()
        events = f"/runs/{run['id']}/events"
        with httpx_sse.connect_sse(self.api, "GET", events) as source:
            for event in source.iter_sse():
                frame = event.json()
                if frame["type"] == "interaction_created":
                    break
                if frame["type"] == "run_updated" and frame["data"]["status"] == "suspended":
                    break
        found = _ok(self.api.get("/interactions", params={"run_id": run["id"]})).json()["items"]
        self._soon_over += [found[0]["id"]] if soon else []
        return Question(found[0]["id"], run["id"], target["id"] == BOARD)

    def _answered(self, question: Question, *users: str) -> Question:
        for user in users:
            body = {"value": True, "comment": SAID if user == "user_sam" else ""}
            self._then(question, "respond", user, body)
        return question

    def _then(
        self, question: Question, verb: str, user: str, body: dict[str, Any] | None = None
    ) -> Question:
        token = self.entries[user.removeprefix("user_")]["token"]
        headers = {"Authorization": f"Bearer {token}"}
        _ok(self.api.post(f"/interactions/{question.id}/{verb}", json=body, headers=headers))
        return question


def _group(handle: str, routing: str) -> dict[str, Any]:
    return {
        "handle": handle,
        "name": handle.capitalize(),
        "routing_policy": routing,
        "members": REVIEWERS,
    }


def _ok(response: httpx.Response) -> httpx.Response:
    assert response.is_success, response.text
    return response
