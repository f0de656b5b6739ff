"""The guide-only server's HTTP."""

import asyncio
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from tests.upstream.serving import Seen, Served, piece
from tests.upstream.state import GUIDE_CALLS, Json, Offers, Refused, State

ROUTES = (
    ("start_run", "POST", "/runs"),
    ("runs", "GET", "/runs"),
    ("project_events", "GET", "/runs/events"),
    ("run", "GET", "/runs/{id}"),
    ("steps", "GET", "/runs/{id}/steps"),
    ("run_events", "GET", "/runs/{id}/events"),
    ("signal", "POST", "/runs/{id}/signals"),
    ("cancel", "POST", "/runs/{id}/cancellations"),
    ("interactions", "GET", "/interactions"),
    ("create_interaction", "POST", "/interactions"),
    ("interaction", "GET", "/interactions/{id}"),
    ("respond", "POST", "/interactions/{id}/respond"),
    ("me", "GET", "/members/me"),
    ("groups", "GET", "/groups"),
    ("members", "GET", "/groups/{id}/members"),
)


class GuideServer(Served):
    def __init__(self, *, prefix: str = "", project: str = "demo", **offers: Any) -> None:
        super().__init__()
        self.offers = Offers(**offers)
        self.state = State(self.offers)
        self.key = self.state.key
        self._root = f"{prefix}/v1/projects/{project}"
        self._prefix = prefix

    @property
    def base_url(self) -> str:
        return f"{super().base_url}{self._prefix}"

    async def answer(self, seen: Seen, receive: Any, send: Any) -> None:
        try:
            token = self._token(seen.call, seen.id, seen.headers)
            if seen.call in ("run_events", "project_events"):
                since = self._since(seen.query, seen.headers)
                await self._stream(seen.id or None, since, receive, send)
                return
            status, answer = self._answer(seen.call, seen.id, seen.query, seen.json, token)
        except Silent:
            await receive()
            return
        except Refused as refused:
            status = refused.status
            answer = {"error": {"code": refused.code, "message": str(refused)}}
        await self._reply(send, status, answer, seen.headers)

    def call(self, method: str, path: str) -> tuple[str, str]:
        for call, allowed, route in ROUTES:
            pattern = re.escape(self._root) + route.replace("{id}", "(?P<id>[^/]+)")
            if method == allowed and (found := re.fullmatch(pattern, path)):
                return call, found.groupdict().get("id", "")
        return "", ""

    def _token(self, call: str, id: str, headers: dict[str, str]) -> str:
        token = headers.get("authorization", "").removeprefix("Bearer ")
        if token != self.key and token not in self.state.people:
            raise Refused(401, "unauthorized", "The token is not known.")
        refused = self.offers.refuses.get(f"{call} {id}", self.offers.refuses.get(call))
        if refused == 0:
            raise Silent
        if refused is not None:
            raise Refused(refused, "refused", f"This server answers {refused} to {call}.")
        if call not in GUIDE_CALLS | self.offers.more:
            raise Refused(404, "not_found", "There is no such call.")
        return token

    def _answer(  # noqa: PLR0911, PLR0912  one line for each call
        self, call: str, id: str, query: dict[str, str], body: Json, token: str
    ) -> tuple[int, Any]:
        state, offers = self.state, self.offers
        with state.lock:
            match call:
                case "interactions":
                    return 200, self._interactions(query)
                case "interaction":
                    return 200, state.shown_interaction(state.interaction(id))
                case "create_interaction":
                    return 201, state.shown_interaction(state.create_interaction(body))
                case "respond":
                    before = state.shown_interaction(state.interaction(id))
                    after = state.shown_interaction(state.respond(id, body, token))
                    given = {"interaction": after, "unchanged": before, "none": None}
                    return offers.respond_status, given[offers.respond_body]
                case "start_run":
                    return 202, state.shown_run(state.start(body))
                case "runs":
                    return 200, self._runs(query)
                case "run":
                    return 200, state.shown_run(state.run(id))
                case "steps":
                    return 200, {"items": [state.shown(step) for step in state.steps(id)]}
                case "signal":
                    return 202, state.shown(state.signal(id, body))
                case "cancel":
                    state.cancel(id)
                    return 204, None
                case "groups":
                    return 200, {"items": [{"id": one, "handle": one} for one in state.groups]}
                case "members":
                    return 200, {"items": [{"user_id": one} for one in state.groups.get(id, [])]}
                case _:
                    if token == self.key:
                        raise Refused(400, "bad_request", "A service key is no member's.")
                    return 200, {"user_id": state.people[token], "name": ""}

    # Lists

    def _interactions(self, query: dict[str, str]) -> Json:
        if self.offers.needs_run_id and "run_id" not in query:
            raise Refused(400, "bad_request", "run_id is required.")
        self._check(query, self.offers.statuses)
        rows = [
            row
            for row in self.state.interactions.values()
            if query.get("status", row["status"]) == row["status"]
            and query.get("run_id", str(row["run_id"])) in _spellings(row["run_id"])
        ]
        return self._page(rows, query, lambda row: self.state.shown_interaction(row, row=True))

    def _runs(self, query: dict[str, str]) -> Json:
        self._check(query, self.offers.run_statuses)
        rows = [self.state.shown_run(run) for run in self.state.runs.values()]
        rows = [row for row in rows if query.get("status", row["status"]) == row["status"]]
        for row in rows:
            row.pop("spec")
        return self._page(rows, query, lambda row: row)

    def _check(self, query: dict[str, str], statuses: set[str] | None) -> None:
        for name in query:
            if name not in self.offers.filters:
                raise Refused(400, "bad_request", f"{name} is not known.")
        most = self.offers.limit_maximum
        if most is not None and int(query.get("limit", "1")) > most:
            raise Refused(422, "bad_request", f"limit is at most {most}.")
        if statuses is not None and query.get("status", "") not in {"", *statuses}:
            raise Refused(400, "bad_request", f"{query['status']} is no status.")

    def _page(self, rows: list[Json], query: dict[str, str], show: Callable[[Json], Json]) -> Json:
        rows = rows[::-1]
        if "cursor" in query and self.offers.cursors_expire:
            raise Refused(400, "bad_request", "The cursor has expired.")
        if self.offers.ignores_cursor:
            query = {name: value for name, value in query.items() if name != "cursor"}
        start = int(query.get("cursor", "0"))
        # A cursor counts from the oldest, so that new rows move nothing.
        start = len(rows) - start if "cursor" in query else 0
        end = start + int(query.get("limit", self.offers.page_size))
        page: Json = {"items": [show(row) for row in rows[start:end]]}
        if self.offers.cursors and end < len(rows):
            page |= {"has_more": True, "next_cursor": str(len(rows) - end)}
        return page

    # Streams

    def _since(self, query: dict[str, str], headers: dict[str, str]) -> int | None:
        if "since" in query and not self.offers.accepts_since:
            raise Refused(400, "bad_request", "since is not known.")
        told = [int(one) for one in (query.get("since"), headers.get("last-event-id")) if one]
        return max(told) if told and self.offers.replays else None

    async def _stream(self, run_id: str | None, since: int | None, receive: Any, send: Any) -> None:
        offers, state = self.offers, self.state
        if run_id is not None:
            run_id = state.run(run_id)["id"]
        loop, more = asyncio.get_running_loop(), asyncio.Event()
        unlisten = state.listen(lambda: loop.call_soon_threadsafe(more.set))
        gone = asyncio.ensure_future(receive())
        self.count_stream(1)
        start = {"type": "http.response.start", "status": 200}
        try:
            with state.lock:
                sent = 0 if since is not None else len(state.events)
            await send({**start, "headers": [(b"content-type", b"text/event-stream")]})
            first = ": hello" + offers.line_end if offers.comment_first else ""
            if run_id is not None and offers.seeds:
                first += self._seed(run_id)
            await send(piece(first))
            ends = None if offers.closes_after is None else loop.time() + offers.closes_after
            while not gone.done() and (ends is None or loop.time() < ends):
                more.clear()
                with state.lock:
                    fresh, sent = state.events[sent:], len(state.events)
                wanted = [one for one in fresh if self._wanted(one, run_id, since)]
                await send(piece("".join(self._frame(one) for one in wanted)))
                await self._wait(more, gone, ends, send)
            await send({"type": "http.response.body", "body": b""})
        finally:
            self.count_stream(-1)
            unlisten()
            gone.cancel()

    async def _wait(self, more: asyncio.Event, gone: Any, ends: float | None, send: Any) -> None:
        left = None if ends is None else max(0.0, ends - asyncio.get_running_loop().time())
        quiet = self.offers.keepalive
        patience = min((one for one in (left, quiet) if one is not None), default=None)
        coming = asyncio.ensure_future(more.wait())
        done, _ = await asyncio.wait(
            {coming, gone}, timeout=patience, return_when=asyncio.FIRST_COMPLETED
        )
        coming.cancel()
        if not done and quiet is not None and patience == quiet:
            await send(piece(f":keepalive{self.offers.line_end * 2}"))

    def _wanted(self, event: Json, run_id: str | None, since: int | None) -> bool:
        if run_id is not None and event["run_id"] != run_id:
            return False
        if self.offers.only_run_updated and event["type"] != "run_updated":
            return False
        return since is None or self._seq(event) > since

    def _seq(self, event: Json) -> int:
        return int(event["run_seq"] if self.offers.seq_per_run else event["seq"])

    def _frame(self, event: Json, *, seed: bool = False) -> str:
        data = event["data"]
        if event["type"] == "run_updated":
            data = self.state.shown_run(data)
            data = {"status": data["status"]} if self.offers.only_status else data
        payload = self.state.shown({**event, "data": data, "seq": self._seq(event)})
        del payload["run_seq"]
        lines = [f"data: {json.dumps(payload)}", ""]
        if self.offers.event_lines:
            lines.insert(0, f"event: {event['type']}")
        if self.offers.id_lines and not seed:
            lines.insert(0, f"id: {payload['seq']}")
        return "".join(line + self.offers.line_end for line in lines)

    def _seed(self, run_id: str) -> str:
        about = [one for one in self.state.events if one["run_id"] == run_id]
        return self._frame(
            {**about[-1], "type": "run_updated", "data": self.state.run(run_id)}, seed=True
        )

    async def _reply(self, send: Any, status: int, answer: Any, asked: dict[str, str]) -> None:
        content = b"" if answer is None else json.dumps(answer).encode()
        headers = [(b"content-type", b"application/json")]
        if self.offers.etag and status == 200:
            tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
            headers.append((b"etag", tag.encode()))
            if asked.get("if-none-match") == tag:
                status, content = 304, b""
        if status in (429, 503) and self.offers.retry_after is not None:
            headers.append((b"retry-after", str(self.offers.retry_after).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})


class Silent(Exception):
    """A request that is not answered."""


def _spellings(id: str | None) -> tuple[str, ...]:
    return (str(id), str(id).rpartition("_")[2])
