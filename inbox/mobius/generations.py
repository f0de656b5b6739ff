"""Which generation of the API a server has. ``docs/upstream.md`` has the calls as a table."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from inbox.mobius.errors import Denied, InvalidResponse, MobiusError, NotFound, Rejected
from inbox.mobius.transport import Transport
from inbox.mobius.types import Generation

_LATER = {"kind", "title"}
_GUIDE = {"type", "message", "target"}
"""The fields of a question. Other servers may send more fields, or leave some out."""


@dataclass(frozen=True)
class Found:
    """``by`` is the request whose response told, with its status unless that was 200."""

    generation: Generation
    by: str


@dataclass(frozen=True)
class _Response:
    request: str
    items: tuple[Any, ...] = ()
    error: MobiusError | None = None

    def tells(self, generation: Generation) -> Found:
        status = f" ({self.error.status})" if self.error is not None else ""
        return Found(generation, self.request + status)


def is_later(answer: Any) -> bool:
    """A question, or a list with one, is of a generation after the guide's."""
    if not isinstance(answer, dict):
        return False
    items = answer.get("items")
    if isinstance(items, list):
        return any(map(is_later, items))
    return answer.keys() >= _LATER and not answer.keys() & _GUIDE


async def find_generation(transport: Transport, base_url: str, project: str) -> Found:
    """A server that responds and can't be told apart has the guide's. Without a project only C can
    be found. Raises MobiusError if the responses say nothing about the generation.
    """
    server = transport.with_root(f"{base_url}/v1")
    if not project:
        return await _without_project(server)
    try:
        return await _in_project(server, f"/projects/{quote(project, safe='')}")
    except NotFound as unknown:
        try:
            return await _without_project(server)
        except MobiusError:
            raise unknown from None


async def _in_project(server: Transport, project: str) -> Found:
    """Raises NotFound if there are no questions at this path."""
    questions = await _request(server, f"{project}/interactions")
    if isinstance(questions.error, NotFound):
        raise questions.error
    if isinstance(questions.error, Rejected):
        return questions.tells(Generation.A)
    if questions.items:
        later = any(map(is_later, questions.items))
        return questions.tells(Generation.B if later else Generation.A)
    loops = await _request(server, f"{project}/loops")
    if loops.error is None:
        return loops.tells(Generation.B)
    groups = await _request(server, f"{project}/groups")
    if groups.error is None:
        return groups.tells(Generation.A)
    if not isinstance(loops.error, Denied):
        return loops.tells(Generation.A)
    if isinstance(groups.error, NotFound):
        return groups.tells(Generation.B)
    raise loops.error


async def _without_project(server: Transport) -> Found:
    questions = await _request(server, "/interactions")
    if questions.error is None or isinstance(questions.error, Denied):
        return questions.tells(Generation.C)
    raise questions.error


async def _request(server: Transport, path: str) -> _Response:
    request = f"GET /v1{path}"
    try:
        answer = await server.send("GET", path, query={"limit": 1})
    except (Denied, NotFound, Rejected) as error:
        return _Response(request, error=error)
    items = answer.get("items") if isinstance(answer, dict) else None
    if not isinstance(items, list):
        raise InvalidResponse("Mobius returned something that is not a list.")
    return _Response(request, items=tuple(items))
