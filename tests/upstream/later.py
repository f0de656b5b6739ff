"""A scripted Mobius of generation B or C, with what is published of it and nothing else."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any

from tests.upstream.later_state import FINISHED, Dialect, LaterState, wrong
from tests.upstream.serving import Seen, Served, piece
from tests.upstream.state import Json, Refused

QUESTIONS = (
    ("interactions", "GET", "/interactions"),
    ("interaction", "GET", "/interactions/{id}"),
    ("respond", "POST", "/interactions/{id}/respond"),
    ("review", "POST", "/interactions/{id}/review"),
)
ROUTES = {
    "b": (
        *QUESTIONS,
        ("loops", "GET", "/loops"),
        ("runs", "GET", "/runs"),
        ("run", "GET", "/runs/{id}"),
        ("steps", "GET", "/runs/{id}/steps"),
        ("run_events", "GET", "/runs/{id}/events"),
    ),
    "c1": QUESTIONS,
    "c": QUESTIONS,
}
PAGE = ("cursor", "limit")
FILTERS = ("status", "kind", "target_user_id", "session_id", "inbox")
MOST, DEFAULT = 100, 20


class LaterServer(Served):
    """``refuses``: calls that are answered with 404. What is not published is refused too: an
    unknown parameter or field and a form of another dialect with 400, an answer by the service key
    with 403.
    """

    def __init__(self, dialect: Dialect, *, project: str = "demo") -> None:
        super().__init__()
        self.dialect = dialect
        self.generation = "b" if dialect == "b" else "c"
        self.state = LaterState(dialect)
        self.key = self.state.key
        self.refuses: set[str] = set()
        self._root = f"/v1/projects/{project}" if dialect == "b" else "/v1"

    def call(self, method: str, path: str) -> tuple[str, str]:
        for call, allowed, route in ROUTES[self.dialect]:
            pattern = re.escape(self._root) + route.replace("{id}", "(?P<id>[^/]+)")
            if method == allowed and (found := re.fullmatch(pattern, path)):
                return call, found.groupdict().get("id", "")
        return "", ""

    async def answer(self, seen: Seen, receive: Any, send: Any) -> None:
        try:
            token = seen.headers.get("authorization", "").removeprefix("Bearer ")
            if token != self.key and token not in self.state.people:
                raise Refused(401, "unauthorized", "The token is not known.")
            if not seen.call or seen.call in self.refuses:
                raise Refused(404, "not_found", "There is no such call.")
            stream = "text/event-stream" in seen.headers.get("accept", "")
            if seen.call == "run_events" and stream:
                await self._stream(seen, receive, send)
                return
            with self.state.lock:
                status, answer = 200, self._answer(seen, self.state.people.get(token))
                content = json.dumps(answer).encode()
        except Refused as refused:
            status = refused.status
            content = json.dumps(
                {"error": {"code": refused.code, "message": str(refused)}}
            ).encode()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _answer(  # noqa: PLR0911  one line for each call
        self, seen: Seen, who: str | None
    ) -> Json:
        state = self.state
        match seen.call:
            case "interactions":
                of_run = ("run_id",) if self.dialect == "b" else ()
                return self._page(state.interactions, seen.query, (*FILTERS, *of_run), who)
            case "interaction":
                return state.interaction(seen.id)
            case "respond":
                return state.respond(seen.id, seen.json, who)
            case "review":
                return state.review(seen.id, seen.json, who)
            case "loops":
                return self._page({}, seen.query, ("search", "tag"), who)
            case "runs":
                return self._page(
                    state.runs, seen.query, ("status", "loop_id", "source_event_id"), who
                )
            case "run":
                return state.run(seen.id)
            case "steps":
                return {"items": state.steps[state.run(seen.id)["id"]]}
            case _:
                return self._log(seen)

    def _page(
        self, things: dict[str, Json], query: dict[str, str], filters: tuple[str, ...], who: Any
    ) -> Json:
        _check(query, (*filters, *PAGE))
        rows = [one for one in list(things.values())[::-1] if _wanted(one, query, who)]
        start, limit = int(query.get("cursor", "0")), _limit(query)
        end = start + limit
        page: Json = {"items": rows[start:end], "has_more": end < len(rows)}
        return page | ({"next_cursor": str(end)} if end < len(rows) else {})

    def _log(self, seen: Seen) -> Json:
        _check(seen.query, ("after_sequence", "limit"))
        after, limit = int(seen.query.get("after_sequence", "0")), _limit(seen.query)
        events = self.state.events[self.state.run(seen.id)["id"]][after:]
        page: Json = {"items": events[:limit], "has_more": len(events) > limit}
        return page | ({"next_sequence": events[:limit][-1]["sequence"]} if events else {})

    async def _stream(self, seen: Seen, receive: Any, send: Any) -> None:
        """It ends once everything of a finished run was sent."""
        _check(seen.query, ("after_sequence",))
        state, run = self.state, self.state.run(seen.id)
        cursors = (seen.query.get("after_sequence"), seen.headers.get("last-event-id"))
        sent = max(int(one or 0) for one in cursors)
        loop, more = asyncio.get_running_loop(), asyncio.Event()
        unlisten = state.listen(lambda: loop.call_soon_threadsafe(more.set))
        gone = asyncio.ensure_future(receive())
        self.count_stream(1)
        headers = [(b"content-type", b"text/event-stream")]
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            while not gone.done():
                more.clear()
                with state.lock:
                    fresh = state.events[run["id"]][sent:]
                    ends = run["status"] in FINISHED
                await send(piece("".join(map(_frame, fresh))))
                sent += len(fresh)
                if ends:
                    await send({"type": "http.response.body", "body": b""})
                    return
                coming = asyncio.ensure_future(more.wait())
                await asyncio.wait({coming, gone}, return_when=asyncio.FIRST_COMPLETED)
                coming.cancel()
        finally:
            self.count_stream(-1)
            unlisten()
            gone.cancel()


def _check(query: dict[str, str], known: tuple[str, ...]) -> None:
    for name in query:
        if name not in known:
            raise wrong(f"{name} is not known.")


def _limit(query: dict[str, str]) -> int:
    limit = int(query.get("limit", DEFAULT))
    if not 1 <= limit <= MOST:
        raise wrong(f"limit is a number from 1 to {MOST}.")
    return limit


FIELDS: dict[str, Callable[[Json, str, Any], bool]] = {
    "target_user_id": lambda row, value, _: value in row["target_user_ids"],
    "session_id": lambda row, value, _: _session(row) == value,
    "inbox": lambda row, value, who: value != "true" or who in row["target_user_ids"],
}


def _wanted(row: Json, query: dict[str, str], who: Any) -> bool:
    given = {name: value for name, value in query.items() if name not in PAGE}
    return all(
        FIELDS[name](row, value, who) if name in FIELDS else row.get(name) == value
        for name, value in given.items()
    )


def _session(row: Json) -> str | None:
    tool = (row.get("consumer") or {}).get("agent_tool") or {}
    return tool.get("session_id")


def _frame(event: Json) -> str:
    head = f"id: {event['sequence']}\nevent: {event['event_type']}\n"
    return f"{head}data: {json.dumps(event)}\n\n"
