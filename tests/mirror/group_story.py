"""Moves of a group on the real engine, beside a model that knows the rules."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx_sse

from tests.fixtures_engine import Project
from tests.support.snapshots import LEE, RINA, SAM

PEOPLE = (RINA, SAM, LEE, "user_tess")
HANDLES = {"any": "approvers", "all": "change-board"}
SOON = timedelta(seconds=0.4)

Move = tuple[str, str, int]


@dataclass
class Question:
    """``members`` are those of the moment it was asked."""

    id: str
    policy: str
    members: tuple[str, ...]
    expires_at: datetime | None
    claimed_by: str | None = None
    answered: set[str] = field(default_factory=set)
    expired: bool = False

    @property
    def complete(self) -> bool:
        if self.policy == "any":
            return bool(self.answered)
        return self.answered == set(self.members)

    @property
    def status(self) -> str:
        return "completed" if self.complete else "expired" if self.expired else "pending"

    def meets(self, what: str, who: str) -> int:
        """Return the status that upstream must answer, and change the model."""
        moves = {"claim": self.claim, "release": self.release, "respond": self.answer}
        return moves[what](who)

    def claim(self, who: str) -> int:
        if who not in self.members:
            return 403
        if self.status != "pending":
            return 409
        if self.policy == "all":
            return 400
        if self.claimed_by not in (None, who):
            return 409
        self.claimed_by = who
        return 200

    def release(self, who: str) -> int:
        if who not in self.members:
            return 403
        if self.status != "pending":
            return 409
        if self.claimed_by not in (None, who):
            return 403
        self.claimed_by = None
        return 200

    def answer(self, who: str) -> int:
        if who not in self.members:
            return 403
        if self.status != "pending" or self.claimed_by not in (None, who) or who in self.answered:
            return 409
        self.answered.add(who)
        return 200


class Story:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.questions: list[Question] = []
        self.inside = {handle: {RINA, SAM, LEE} for handle in HANDLES.values()}

    def play(self, move: Move) -> None:
        what, who, which = move
        policy = ("any", "all")[which % 2]
        match what:
            case "ask" | "ask soon":
                self._ask(policy, soon=what == "ask soon")
            case "join" | "leave":
                self._move(HANDLES[policy], who, into=what == "join")
            case "restart":
                self._restart()
            case "expire":
                self.wait_for_the_expiry()
            case _ if self.questions:
                self._act(what, who, self.questions[which % len(self.questions)])
        self.check()

    def check(self) -> None:
        listed = self.project.http.get("interactions", params={"limit": 200}).json()["items"]
        stored = {one["id"]: one for one in listed}
        assert stored.keys() == {question.id for question in self.questions}
        for question in self.questions:
            one = stored[question.id]
            self._note_expiry(question, one)
            said = [answer["user_id"] for answer in one["partial_responses"] or ()]
            by = said if question.policy == "all" else [(one["responder"] or {}).get("id")]
            assert one["status"] == question.status
            assert one["claimed_by"] == question.claimed_by
            assert sorted(id_ for id_ in by if id_) == sorted(question.answered)
            assert sorted(one["target_member_snapshot"]) == sorted(question.members)

    def _ask(self, policy: str, *, soon: bool) -> None:
        handle = HANDLES[policy]
        body: dict[str, Any] = {
            "type": "approval",
            "message": "Ship it?",
            "target": {"type": "group", "id": handle},
        }
        at = datetime.now(UTC) + SOON
        if soon:
            body["expires_at"] = at.isoformat().replace("+00:00", "Z")
        answer = self.project.http.post("interactions", json=body)
        if not self.inside[handle]:
            assert answer.status_code == 400
            return
        if soon and answer.status_code == 400 and datetime.now(UTC) > at:
            # It came too late.
            self._ask(policy, soon=soon)
            return
        assert answer.status_code == 201, answer.text
        members = tuple(self.inside[handle])
        expires_at = at if soon else None
        self.questions.append(Question(answer.json()["id"], policy, members, expires_at))

    def _act(self, what: str, who: str, question: Question) -> None:
        body = {"value": True} if what == "respond" else None
        path = f"interactions/{question.id}/{what}"
        code = self.project.as_(who).post(path, json=body).status_code
        stored = self.project.http.get(f"interactions/{question.id}").json()
        # Its time may have run out just before this move, or between the move and the look.
        before = replace(question, answered=set(question.answered))
        if code == before.meets(what, who):
            question.claimed_by, question.answered = before.claimed_by, before.answered
            self._note_expiry(question, stored)
        else:
            self._note_expiry(question, stored)
            assert code == question.meets(what, who)

    def _note_expiry(self, question: Question, stored: dict[str, Any]) -> None:
        if stored["status"] != "expired" or question.expired:
            return
        assert question.expires_at is not None
        assert datetime.now(UTC) >= question.expires_at
        assert not question.complete
        question.expired = True

    def _move(self, handle: str, who: str, *, into: bool) -> None:
        people = self.inside[handle]
        path = f"groups/{handle}/members"
        if into:
            code = self.project.http.post(path, json={"user_id": who}).status_code
            assert code == (409 if who in people else 201)
            people.add(who)
        else:
            code = self.project.http.delete(f"{path}/{who}").status_code
            assert code == (204 if who in people else 404)
            people.discard(who)

    def _restart(self) -> None:
        self.project.engine.kill()
        self.project.hang_up()
        self.project.engine.start()

    def wait_for_the_expiry(self) -> None:
        waiting = {
            question.id
            for question in self.questions
            if question.expires_at is not None and question.status == "pending"
        }
        with self._log() as frames:
            while waiting:
                frame = next(frames)
                if frame["type"] in ("interaction_expired", "interaction_completed"):
                    waiting.discard(frame["data"]["id"])

    @contextmanager
    def _log(self) -> Iterator[Iterator[dict[str, Any]]]:
        path = "runs/events?since=0"
        with httpx_sse.connect_sse(self.project.http, "GET", path) as source:
            yield (event.json() for event in source.iter_sse() if event.data)
