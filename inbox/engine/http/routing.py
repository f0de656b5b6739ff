"""Which function answers a method on a path."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import Resolver404, resolve

from inbox.engine.actions.auth import Caller
from inbox.engine.http.answers import Answer, HttpRefusal
from inbox.engine.rules.errors import EngineError


@dataclass(frozen=True)
class Call:
    """One authenticated request. ``authenticate`` asks again whether its token is still good."""

    caller: Caller
    query: dict[str, str]
    body: dict[str, Any]
    last_event_id: str
    authenticate: Callable[[], Caller]


@dataclass(frozen=True)
class Opening:
    """How an event stream begins: what is written first, and the cursor that it goes on from.

    ``newest`` is the project's newest event when the cursor was fixed, ``run_id`` None for the
    stream of the whole project.
    """

    project_id: int
    run_id: str | None
    cursor: int
    newest: int
    first: bytes
    authenticate: Callable[[], Caller]


Handler = Callable[..., Answer | Opening]


class Resource:
    """The functions of one path, by method."""

    def __init__(self, **handlers: Handler) -> None:
        self._handlers = handlers

    def __call__(self, method: str) -> Handler:
        """The method's function. Raises 405."""
        handler = self._handlers.get(method)
        if handler is None:
            allowed = ", ".join(sorted(self._handlers))
            raise HttpRefusal(
                405,
                "method_not_allowed",
                f"{method} is not served here; {allowed} is.",
                headers=(("Allow", allowed),),
            )
        return handler


def find(path: str, method: str) -> tuple[Handler, dict[str, str]]:
    """The function for a request and the path's parts. Raises 404 and 405."""
    try:
        match = resolve(path, urlconf="inbox.engine.http.urls")
    except Resolver404:
        match = None
    if match is None or "\x00" in path:
        raise EngineError(404, "not_found", "There is nothing at this path.")
    return match.func(method), match.kwargs
