import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

Json = dict[str, Any]

GUIDE_CALLS = frozenset(
    {
        "start_run",
        "run_events",
        "interactions",
        "interaction",
        "respond",
        "create_interaction",
        "signal",
        "runs",
        "run",
    }
)
FINISHED = ("completed", "failed")


@dataclass
class Offers:
    """How this server differs from others; may be changed while it runs.

    ``refuses``: call → status that it answers with whatever is asked; 0 is silence. ``"run run_1"``
    is the call for one id. Calls are those of ``GUIDE_CALLS`` and ``more``: project_events, steps,
    me, groups, members, cancel, claim, release.
    """

    more: set[str] = field(default_factory=set)
    refuses: dict[str, int] = field(default_factory=dict)
    retry_after: int | None = None

    # Lists
    filters: set[str] = field(default_factory=lambda: {"run_id", "status", "limit", "cursor"})
    statuses: set[str] | None = None  # of interactions, in the filter; others are a 400
    run_statuses: set[str] | None = None
    needs_run_id: bool = False
    limit_maximum: int | None = None
    page_size: int = 50
    cursors: bool = True  # without: the newest ``page_size`` and nothing more
    cursors_expire: bool = False  # every one that comes back is a 400
    ignores_cursor: bool = False  # answers with the first page, whatever the cursor
    etag: bool = False

    # Objects
    row_fields: tuple[str, ...] | None = None  # of a list's rows; None: all
    only_rows: bool = False  # an interaction says no more than its row
    ids_as_numbers: bool = False
    times: Literal["rfc3339", "missing", "epoch", "naive", "offset"] = "rfc3339"
    published_words: bool = False  # runs are ``active`` until they are over
    tells_members: bool = True  # the member snapshot
    tells_policy: bool = True  # ``require_all``

    # Streams
    seq_per_run: bool = False
    id_lines: bool = True
    event_lines: bool = True
    line_end: str = "\n"
    keepalive: float | None = None
    comment_first: bool = False
    closes_after: float | None = None
    accepts_since: bool = True
    replays: bool = True
    seeds: bool = False  # a run's stream begins with the run as it is
    only_status: bool = False  # ``data`` of run_updated holds nothing else
    only_run_updated: bool = True

    # Answers
    responder: Literal["person", "key", "group", "none"] = "person"
    principal: str = "svc_installation"  # of the key
    own_form: bool = False  # keeps a value as text, and what is text without white space around it
    respond_status: int = 200
    respond_body: Literal["interaction", "unchanged", "none"] = "interaction"
    processes: bool = True  # without: an accepted answer waits for ``State.process``
    resumes: bool = True  # without: the run of an answered question waits for ``State.resume``


class Refused(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class State:
    """Thread-safe: the server and the test both use it. Ids count from 1."""

    key = "mbx_guide_only"

    def __init__(self, offers: Offers) -> None:
        self.offers = offers
        self.people: dict[str, str] = {}  # member token → Mobius ID
        self.groups: dict[str, list[str]] = {}
        self.runs: dict[str, Json] = {}
        self.interactions: dict[str, Json] = {}
        self.events: list[Json] = []  # with ``seq`` of the project and ``run_seq``
        self.signals: list[Json] = []
        self.lock = threading.RLock()
        self._listeners: set[Callable[[], None]] = set()
        self._waiting: list[tuple[str, Json, str]] = []
        self._answered: list[Json] = []
        self._last = datetime(2026, 1, 1, tzinfo=UTC)
        self._count = 0

    # What a test does

    def token_of(self, user_id: str) -> str:
        token = f"mbc_{user_id}"
        self.people[token] = user_id
        return token

    def ask(self, *, to: str = "user_rina", message: str = "Ship it?", **fields: Any) -> str:
        """A standalone approval; ``to`` is a person's id or ``group:<id>``."""
        kind, _, name = to.rpartition(":")
        body = {
            "type": "approval",
            "target": {"type": kind or "user", "id": name},
            "message": message,
            "spec": {"mode": "confirm"},
            **fields,
        }
        return str(self.create_interaction(body)["id"])

    def run_that_asks(self, *, to: str = "user_rina", message: str = "Ship it?") -> str:
        """A run with one interaction step; suspended when this returns."""
        kind, _, name = to.rpartition(":")
        step = {
            "name": "approve",
            "interaction": {
                "type": "approval",
                "message": message,
                "target": {"type": kind or "user", "id": name},
                "spec": {"mode": "confirm"},
            },
        }
        return str(self.start({"spec": {"name": "release", "steps": [step]}})["id"])

    def question_of(self, run_id: str) -> str:
        return next(i for i, x in reversed(self.interactions.items()) if x["run_id"] == run_id)

    def expire(self, id: str) -> None:
        with self.lock:
            self._close(self.interactions[id], "expired")
            if run := self.runs.get(self.interactions[id]["run_id"] or ""):
                self._move(run, "failed")

    def process(self) -> None:
        """Do what was accepted while ``Offers.processes`` was off."""
        with self.lock:
            waiting, self._waiting = self._waiting, []
            for id, body, who in waiting:
                self._answer(self.interactions[id], body, who)

    def resume(self) -> None:
        """Resume the runs whose questions were answered while ``Offers.resumes`` was off."""
        with self.lock:
            answered, self._answered = self._answered, []
            for interaction in answered:
                self._go_on_after(self.runs[interaction["run_id"]], interaction)

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` after each event; the result ends that."""
        with self.lock:
            self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    # What the calls do

    def start(self, body: Json) -> Json:
        with self.lock:
            run = {
                "id": self._id("run"),
                "workflow_name": body["spec"].get("name", ""),
                "status": "queued",
                "inputs": body.get("inputs") or {},
                "metadata": body.get("metadata") or {},
                "spec": body["spec"],
                "created_at": self._now(),
                "completed_at": None,
            }
            run["updated_at"] = run["created_at"]
            self.runs[run["id"]] = run
            self._move(run, "queued")
            queued = dict(run)
            self._go_on(run, 0)
            return queued

    def create_interaction(self, body: Json, *, signal_name: str | None = None) -> Json:
        with self.lock:
            target = body["target"]
            members = self.groups.get(target["id"]) if target["type"] == "group" else None
            interaction = {
                "id": self._id("int"),
                "type": body["type"],
                "status": "pending",
                "run_id": body.get("run_id"),
                "signal_name": signal_name or body.get("signal_name"),
                "message": body.get("message", ""),
                "context": body.get("context"),
                "spec": body.get("spec"),
                "target": target,
                "require_all": body.get("require_all", target.get("require_all", False)),
                "target_member_snapshot": members,
                "partial_responses": [],
                "responder": None,
                "response": None,
                "expires_at": body.get("expires_at"),
                "completed_at": None,
                "created_at": self._now(),
            }
            interaction["updated_at"] = interaction["created_at"]
            self.interactions[interaction["id"]] = interaction
            self._tell("interaction_created", interaction["run_id"], interaction)
            return interaction

    def respond(self, id: str, body: Json, token: str) -> Json:
        with self.lock:
            interaction = self.interaction(id)
            if interaction["status"] != "pending":
                raise Refused(409, "conflict", f"The interaction is {interaction['status']}.")
            target = interaction["target"]
            person = self.people.get(token)
            if person is None and target["type"] == "user":
                person = target["id"]
            who = {
                "person": person or self.offers.principal,
                "key": self.offers.principal,
                "group": target["id"],
                "none": "",
            }[self.offers.responder]
            if not self.offers.processes:
                self._waiting.append((id, body, who))
            else:
                self._answer(interaction, body, who)
            return interaction

    def signal(self, run_id: str, body: Json) -> Json:
        with self.lock:
            run = self.run(run_id)
            if run["status"] in FINISHED:
                raise Refused(409, "conflict", "The run is over.")
            self.signals.append({"id": self._id("sig"), "run_id": run_id, **body})
            for interaction in self.interactions.values():
                open_ = interaction["run_id"] == run_id and interaction["status"] == "pending"
                if open_ and interaction["signal_name"] == body["name"]:
                    self._close(interaction, "expired")
                    self._go_on_after(run, interaction)
            return self.signals[-1]

    def cancel(self, run_id: str) -> None:
        with self.lock:
            run = self.run(run_id)
            if run["status"] in FINISHED:
                return
            for interaction in self.interactions.values():
                if interaction["run_id"] == run_id and interaction["status"] == "pending":
                    self._close(interaction, "expired")
            self._move(run, "failed", error_type="run_cancelled")

    def run(self, id: str) -> Json:
        return _found(self.runs, id)

    def interaction(self, id: str) -> Json:
        return _found(self.interactions, id)

    def steps(self, run_id: str) -> list[Json]:
        run = self.run(run_id)
        reached = [i for i in self.interactions.values() if i["run_id"] == run_id]
        return [
            {
                "id": f"step_{run_id}_{n}",
                "run_id": run_id,
                "step_name": step["name"],
                "kind": "control",
                "action": "interaction",
                "transition_seq": n,
                "status": "completed" if asked["status"] == "completed" else "running",
                "created_at": asked["created_at"],
                "updated_at": asked["updated_at"],
            }
            for n, (step, asked) in enumerate(zip(run["spec"]["steps"], reached, strict=False))
        ]

    # How things are shown

    def shown_run(self, run: Json) -> Json:
        status = run["status"]
        if self.offers.published_words and status not in FINISHED:
            status = "active"
        return self.shown({**run, "status": status})

    def shown_interaction(self, interaction: Json, *, row: bool = False) -> Json:
        hidden = set()
        if not self.offers.tells_members:
            hidden.add("target_member_snapshot")
        if not self.offers.tells_policy:
            hidden.add("require_all")
        shown = {k: v for k, v in interaction.items() if k not in hidden}
        if (row or self.offers.only_rows) and self.offers.row_fields is not None:
            shown = {k: v for k, v in shown.items() if k in self.offers.row_fields}
        return self.shown(shown)

    def shown(self, thing: Json) -> Json:
        made = {}
        for name, value in thing.items():
            if isinstance(value, datetime):
                if self.offers.times != "missing":
                    made[name] = self._time(value)
            elif name in ("id", "run_id") and isinstance(value, str) and self.offers.ids_as_numbers:
                made[name] = number_of(value)
            elif isinstance(value, dict) and name in ("response", "data"):
                made[name] = self.shown(value)
            elif name == "partial_responses":
                made[name] = [self.shown(one) for one in value]
            else:
                made[name] = value
        return made

    def _time(self, at: datetime) -> Any:
        match self.offers.times:
            case "epoch":
                return int(at.timestamp())
            case "naive":
                return at.replace(tzinfo=None).isoformat()
            case "offset":
                return (at + timedelta(hours=2)).replace(tzinfo=None).isoformat() + "+02:00"
            case _:
                return at.isoformat().replace("+00:00", "Z")

    # What happens inside

    def _answer(self, interaction: Json, body: Json, who: str) -> None:
        now = self._now()
        if self.offers.own_form:
            body = {name: _as_text(one) for name, one in body.items()}
        answer = {"user_id": who, "value": body["value"], "comment": body.get("comment")}
        interaction["partial_responses"] += [{**answer, "responded_at": now}]
        members = interaction["target_member_snapshot"] or []
        if interaction["require_all"] and len(interaction["partial_responses"]) < len(members):
            interaction["updated_at"] = now
            self._tell("interaction_updated", interaction["run_id"], interaction)
            return
        kind = "group" if self.offers.responder == "group" else "user"
        interaction["responder"] = {"type": kind, "id": who} if who else None
        interaction["response"] = {
            "value": body["value"],
            "comment": body.get("comment"),
            "at": now,
        }
        self._close(interaction, "completed")
        if interaction["run_id"] and interaction["signal_name"]:
            self._answered.append(interaction)
            if self.offers.resumes:
                self.resume()

    def _close(self, interaction: Json, status: str) -> None:
        interaction.update(status=status, completed_at=self._now(), updated_at=self._now())
        self._tell(f"interaction_{status}", interaction["run_id"], interaction)

    def _go_on_after(self, run: Json, interaction: Json) -> None:
        done = int(interaction["signal_name"].rpartition(":")[2])
        self._move(run, "queued")
        self._go_on(run, done + 1)

    def _go_on(self, run: Json, step: int) -> None:
        """Run from ``step`` on, until an interaction suspends it or it is over."""
        self._move(run, "running")
        for n, one in enumerate(run["spec"]["steps"]):
            if n >= step and "interaction" in one:
                body = {**one["interaction"], "run_id": run["id"]}
                self.create_interaction(body, signal_name=f"interaction:{n}")
                self._move(run, "suspended")
                return
        self._move(run, "completed")

    def _move(self, run: Json, status: str, **fields: Any) -> None:
        now = self._now()
        run.update(status=status, updated_at=now, **fields)
        if status in FINISHED:
            run["completed_at"] = now
        self._tell("run_updated", run["id"], run)

    def _tell(self, type: str, run_id: str | None, thing: Json) -> None:
        run_seq = 1 + sum(event["run_id"] == run_id for event in self.events)
        event = {"type": type, "run_id": run_id, "seq": len(self.events) + 1, "run_seq": run_seq}
        self.events.append({**event, "timestamp": self._now(), "data": dict(thing)})
        for listener in list(self._listeners):
            listener()

    def _now(self) -> datetime:
        self._last = max(datetime.now(UTC), self._last + timedelta(microseconds=1))
        return self._last

    def _id(self, kind: str) -> str:
        self._count += 1
        return f"{kind}_{self._count}"


def number_of(id: str) -> int:
    return int(id.rpartition("_")[2])


def _as_text(value: Any) -> str:
    return (value if isinstance(value, str) else json.dumps(value)).strip()


def _found(things: dict[str, Json], id: str) -> Json:
    for name, thing in things.items():
        if id in (name, str(number_of(name))):
            return thing
    raise Refused(404, "not_found", "There is no such thing.")
