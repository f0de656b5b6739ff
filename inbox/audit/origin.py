"""The person or program that makes a change, and its address."""

import os
import pwd
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """``address`` is the browser's network address; empty for background work."""

    address: str = ""


BACKGROUND = Origin()
"""Not requested by a browser."""


@dataclass(frozen=True)
class Actor:
    """``account`` is a username; for a command, the one of the operating system.

    ``credential_kind`` is ``account``, ``command`` or ``provider``.
    """

    account: str
    mobius_id: str = ""
    origin: Origin = BACKGROUND
    credential_kind: str = "account"


_current: ContextVar[Callable[[], Actor] | None] = ContextVar("actor", default=None)


@contextmanager
def acting(actor: Callable[[], Actor]) -> Iterator[None]:
    """``actor`` is called at each change."""
    token = _current.set(actor)
    try:
        yield
    finally:
        _current.reset(token)


def current_actor() -> Actor:
    """The person whose request this is; outside a request, the OS user."""
    actor = _current.get()
    return Actor(os_user(), credential_kind="command") if actor is None else actor()


def os_user() -> str:
    """Not from the environment, which can be set freely."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid {os.geteuid()}"
