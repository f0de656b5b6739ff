"""What a scripted Mobius of generation B or C knows, and its rules."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from tests.support.later_items import (
    AGENT,
    DECISION,
    RINA,
    event_of_b,
    question_of_b,
    question_of_c,
    response,
    run_of_b,
    step_of_b,
)
from tests.upstream.state import Json, Refused

Dialect = Literal["b", "c1", "c"]
"""C1: the paths of C, and the form of B."""

FINISHED = ("completed", "failed", "cancelled")


class LaterState:
    """Thread-safe: the server and the test both use it. Ids count from 1."""

    key = "mbx_later"

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.people: dict[str, str] = {}  # member token → Mobius ID
        self.interactions: dict[str, Json] = {}
        self.runs: dict[str, Json] = {}
        self.steps: dict[str, list[Json]] = {}
        self.events: dict[str, list[Json]] = {}  # of each run
        self.lock = threading.RLock()
        self._listeners: set[Callable[[], None]] = set()
        self._last = datetime(2026, 1, 1, tzinfo=UTC)
        self._count = 0

    # What a test does

    def token_of(self, user_id: str) -> str:
        token = f"mbc_{user_id}"
        self.people[token] = user_id
        return token

    def ask(self, *to: str, title: str = "Ship it?", **fields: Any) -> str:
        """Without fields an approval by Rina."""
        several = {"questions": [{**DECISION, "prompt": title}]}
        made = {
            "id": self._id("iact"),
            "kind": "request_approval",
            "title": title,
            "spec": several if self.dialect == "c" else {"mode": "confirm"},
            "target_user_ids": list(to or [RINA]),
            "context": None,
            "description": None,
            "created_by": AGENT,
            "responses": [],
            "lifecycle": [],
            **dict.fromkeys(("created_at", "updated_at"), self._now()),
            "expires_at": f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}",
        }
        with self.lock:
            if self.dialect == "b":
                alone = {"run_id": None, "signal_name": None}
                asked = question_of_b(**(made | alone | fields))
            else:
                asked = question_of_c(**(made | fields))
            self._note(asked, "created", asked["created_by"])
            self.interactions[asked["id"]] = asked
        return str(asked["id"])

    def run_that_asks(self, *to: str, title: str = "Ship it?") -> str:
        """A run of B whose step *gate* asks. The one after it ends with ``finish``."""
        with self.lock:
            id = self._id("run")
            times = dict.fromkeys(("started_at", "created_at", "updated_at"), self._now())
            self.runs[id] = run_of_b(id=id, **times)
            gate = step_of_b(id=f"{id}:gate", run_id=id, seq=0, **times)
            self.steps[id], self.events[id] = [gate], []
            self._tell(id, "run.started", step=None)
            self._tell(id, "step.started", step="gate")
            self.ask(*to, title=title, run_id=id, signal_name="gate")
            self._tell(id, "wait.opened", step="gate")
        return id

    def question_of(self, run_id: str) -> str:
        return next(i for i, x in self.interactions.items() if x.get("run_id") == run_id)

    def finish(self, run_id: str) -> None:
        """End the step that has run since the answer, and the run."""
        with self.lock:
            self._change(self.steps[run_id][-1], status="completed", completed_at=self._now())
            self._tell(run_id, "step.completed", step="roll-out")
            done = {"status": "completed", "stop_reason": "completed"}
            self._change(self.runs[run_id], completed_at=self._now(), **done)
            self._tell(run_id, "run.completed", step=None)

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` after each event; the result ends that."""
        with self.lock:
            self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    # What the calls do

    def interaction(self, id: str) -> Json:
        return _found(self.interactions, id)

    def run(self, id: str) -> Json:
        return _found(self.runs, id)

    def respond(self, id: str, body: Json, who: str | None) -> Json:
        with self.lock:
            asked = self.interaction(id)
            if who not in asked["target_user_ids"]:
                raise Refused(403, "forbidden", "Only those who are asked may respond.")
            if asked["status"] != "pending":
                raise Refused(409, "conflict", f"The interaction is {asked['status']}.")
            round = asked.get("review_round", 0)
            given = [one for one in asked["responses"] if one["attempt"] == round]
            if who in [one["responder_user_id"] for one in given]:
                raise Refused(409, "conflict", "You have responded already.")
            content = "answers" if self.dialect == "c" else "value"
            _check_body(body, {"action", content, "comment"}, needed=content)
            if body.get("action", "submit") != "submit":
                raise wrong("action must be submit.")
            check = _check_answers if self.dialect == "c" else _check_value
            check(asked["spec"], body[content])
            made = response(
                who,
                self._id("iresp"),
                interaction_id=id,
                comment=body.get("comment"),
                attempt=round,
                **{content: body[content]},
                **dict.fromkeys(("responded_at", "created_at", "updated_at"), self._now()),
            )
            asked["responses"].append(made)
            given.append(made)
            if len(given) < _needed(asked):
                self._change(asked)
            elif "review" in (asked.get("resolution_policy") or {}):
                self._change(asked, status="in_review", submitted_at=self._now())
                self._note(asked, "submitted_for_review", who, round=round)
            else:
                self._resolve(asked, made, who)
            return asked

    def review(self, id: str, body: Json, who: str | None) -> Json:
        with self.lock:
            asked = self.interaction(id)
            review = (asked.get("resolution_policy") or {}).get("review") or {}
            reviewers = review.get("reviewer_user_ids") or [asked["created_by"]]
            if who not in reviewers:
                raise Refused(403, "forbidden", "Only its reviewers may review it.")
            if asked["status"] != "in_review":
                raise Refused(409, "conflict", f"The interaction is {asked['status']}.")
            _check_body(body, {"action", "comment"}, needed="action")
            asked["reviewer"] = {"user_id": who}
            if body["action"] == "accept":
                self._note(asked, "accepted", who, comment=body.get("comment"))
                self._resolve(asked, asked["responses"][-1], who)
            elif body["action"] == "request_changes" and body.get("comment"):
                round = (asked.get("review_round") or 0) + 1
                feedback = body["comment"]
                self._change(asked, status="pending", review_round=round, review_feedback=feedback)
                self._note(asked, "changes_requested", who, comment=feedback, round=round)
            else:
                raise wrong("action must be accept, or request_changes with a comment.")
            return asked

    # What happens inside

    def _resolve(self, asked: Json, final: Json, who: str) -> None:
        policy = asked.get("resolution_policy") or {"type": "any_of"}
        alone = policy["type"] == "any_of"
        outcome = {}
        if self.dialect == "c":
            outcome = {"outcome": final["answers"] if alone else asked["responses"]}
        elif alone:
            outcome = {"outcome": final["value"]}
        self._change(
            asked,
            status="completed",
            responder={"user_id": final["responder_user_id"]},
            resolving_response_id=final["id"],
            resolved_by=policy["type"],
            completed_at=self._now(),
            **outcome,
        )
        self._note(asked, "resolved", who)
        if run := self.runs.get(asked.get("run_id") or ""):
            self._go_on(run["id"])

    def _go_on(self, run_id: str) -> None:
        now = self._now()
        self._change(self.steps[run_id][0], status="completed", completed_at=now)
        self._change(self.runs[run_id], status="running")
        self._tell(run_id, "interaction.responded", step="gate")
        self._tell(run_id, "step.completed", step="gate")
        step = {"id": f"{run_id}:roll-out", "step_key": "roll-out", "step_name": "Roll it out"}
        times = dict.fromkeys(("started_at", "created_at", "updated_at"), now)
        self.steps[run_id].append(
            step_of_b(run_id=run_id, kind="action", status="running", seq=1, **step, **times)
        )
        self._tell(run_id, "step.started", step="roll-out")

    def _note(self, asked: Json, action: str, who: str | None, **more: Any) -> None:
        event = {"at": self._now(), "status": asked["status"], "action": action, "actor_id": who}
        asked["lifecycle"].append({**event, "round": asked.get("review_round") or 0, **more})

    def _change(self, thing: Json, **fields: Any) -> None:
        thing.update(fields, updated_at=self._now())

    def _tell(self, run_id: str, type: str, *, step: str | None) -> None:
        log = self.events[run_id]
        which = {"step_id": step and f"{run_id}:{step}", "step_key": step, "payload": {}}
        number = len(log) + 1
        log.append(
            event_of_b(number, type, run_id=run_id, **which, created_at=self._now())
            | {"id": f"{run_id}:evt:{number:06}"}
        )
        for listener in list(self._listeners):
            listener()

    def _now(self) -> str:
        self._last = max(datetime.now(UTC), self._last + timedelta(microseconds=1))
        return self._last.isoformat().replace("+00:00", "Z")

    def _id(self, kind: str) -> str:
        self._count += 1
        return f"{kind}_{self._count}"


def wrong(message: str) -> Refused:
    return Refused(400, "bad_request", message)


def _needed(asked: Json) -> int:
    policy = asked.get("resolution_policy") or {"type": "any_of"}
    people = len(asked["target_user_ids"])
    return int({"any_of": 1, "all_of": people}.get(policy["type"]) or policy["threshold"])


def _check_body(body: Any, known: set[str], *, needed: str) -> None:
    if not isinstance(body, dict) or body.keys() - known or needed not in body:
        raise wrong(f"The body has {needed}, and nothing but {', '.join(sorted(known))}.")
    if not isinstance(body.get("comment", ""), str):
        raise wrong("comment is a text.")


def _check_value(spec: Json, value: Any) -> None:
    options = [one["value"] for one in spec.get("options", [])]
    right = {
        "confirm": lambda: isinstance(value, bool),
        "select": lambda: value in options,
        "multi_select": lambda: isinstance(value, list) and all(one in options for one in value),
        "input": lambda: isinstance(value, str),
    }[spec["mode"]]
    if not right():
        raise wrong("value is not one of this form.")


def _check_answers(spec: Json, answers: Any) -> None:
    """Exactly one field of content for each answer, beside ``other`` of several choices."""
    if not isinstance(answers, list) or not answers:
        raise wrong("answers is a list.")
    questions = {one["id"]: one for one in spec["questions"]}
    given = [one.get("question_id") for one in answers]
    required = {id for id, one in questions.items() if one.get("required", True)}
    if len(set(given)) < len(given) or set(given) - questions.keys() or required - set(given):
        raise wrong("Each required question is answered once, and no other than those asked.")
    for answer in answers:
        question = questions[answer["question_id"]]
        content = {name: value for name, value in answer.items() if name != "question_id"}
        if not _fits(question, content):
            raise wrong(f"The answer to {question['id']} is not one of its form.")


def _fits(question: Json, content: Json) -> bool:
    options = [one["value"] for one in question.get("options", [])]
    if "other" in content and not question.get("allow_other"):
        return False
    match question["mode"], content:
        case "confirm", {"value": value, **rest}:
            return not rest and value in ("approved", "rejected")
        case "select", {"value": value, **rest}:
            return not rest and value in options
        case "multi_select", {"values": [*values], **rest}:
            return rest.keys() <= {"other"} and all(one in options for one in values)
        case ("select", {"other": str(), **rest}) | ("input", {"text": str(), **rest}):
            return not rest
    return False


def _found(things: dict[str, Json], id: str) -> Json:
    if id not in things:
        raise Refused(404, "not_found", "There is no such thing.")
    return things[id]
