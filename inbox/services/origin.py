"""Who does something, and from where."""

import os
import pwd
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """``address`` is the network address of the person's browser; empty for what is done in the
    background.
    """

    address: str = ""


BACKGROUND = Origin()
"""What no browser has asked for."""


@dataclass(frozen=True)
class Actor:
    """Who changes accounts and rights: a signed-in person, or a command on the server.

    ``account`` is a user name here; for a command, of the operating system. ``credential_kind`` is
    ``account`` or ``command``.
    """

    account: str
    mobius_id: str = ""
    origin: Origin = BACKGROUND
    credential_kind: str = "account"


_current: ContextVar[Callable[[], Actor] | None] = ContextVar("actor", default=None)


@contextmanager
def acting(actor: Callable[[], Actor]) -> Iterator[None]:
    """Changes made inside the context are those of ``actor``, which is called when one is made."""
    token = _current.set(actor)
    try:
        yield
    finally:
        _current.reset(token)


def current_actor() -> Actor:
    """The person whose request this is; outside a request, the OS user who runs the command."""
    actor = _current.get()
    return Actor(os_user(), credential_kind="command") if actor is None else actor()


def os_user() -> str:
    """The user that the process runs as; the environment is not asked, for it can say anything."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid {os.geteuid()}"
