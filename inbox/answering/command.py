"""Sending Mobius a change that a person requested.

A command is sent once. Unless it plainly succeeds, Mobius is read, and the outcome says what that
shows. Each command decides what it stores before and after.
"""

from abc import ABC, abstractmethod
from typing import Any, Generic

from asgiref.sync import sync_to_async

from inbox.answering.outcome import Outcome, Subject
from inbox.live.page_activity import page_activity
from inbox.mobius.errors import InvalidResponse, MobiusError, RateLimited, Unavailable, Unreachable
from inbox.processes import lease

READ_WITHIN = 10.0
"""The most seconds that a person waits for a read."""
READ_WITHIN_LIMIT = 2.0
"""The same while Mobius limits requests, when the page can say at once when to try again."""


class Command(ABC, Generic[Subject]):
    """Only ``send`` and ``read`` talk to Mobius."""

    @property
    def run_id(self) -> str:
        """The run that it may change, which the sync then reads; empty for none."""
        return ""

    @abstractmethod
    async def send(self) -> Any:
        """Raises ``MobiusError``."""

    @abstractmethod
    async def read(self, *, within: float = READ_WITHIN) -> Any:
        """Return the current state, never None. Raises ``MobiusError``."""

    @abstractmethod
    def on_accepted(self, response: Any) -> Outcome[Subject] | None:
        """None if the response does not show the result."""

    @abstractmethod
    def on_not_sent(self, error: MobiusError) -> Outcome[Subject]: ...

    @abstractmethod
    def on_error(self, error: MobiusError, snapshot: Any) -> Outcome[Subject]:
        """``snapshot`` is from ``read``, None if that failed too."""

    def on_recheck(self, snapshot: Any) -> Outcome[Subject]:
        """Called after a success whose response did not show the result."""
        return self.on_error(InvalidResponse("Mobius accepted it, and does not show it."), snapshot)


async def execute(ready: Command[Subject] | Outcome[Subject]) -> Outcome[Subject]:
    if isinstance(ready, Outcome):
        return ready
    # A task that only the leader runs may have been paused since the command was prepared.
    lease.check()
    try:
        response = await ready.send()
    except MobiusError as error:
        if never_left(error):
            return await sync_to_async(ready.on_not_sent)(error)
        return await sync_to_async(ready.on_error)(error, await _read(ready, error))
    finally:
        page_activity.acted(ready.run_id)
    outcome = await sync_to_async(ready.on_accepted)(response)
    if outcome is not None:
        return outcome
    return await sync_to_async(ready.on_recheck)(await _read(ready))


async def _read(command: Command[Subject], error: MobiusError | None = None) -> Any:
    within = READ_WITHIN_LIMIT if isinstance(error, RateLimited) else READ_WITHIN
    try:
        return await command.read(within=within)
    except MobiusError:
        return None


def never_left(error: MobiusError) -> bool:
    return isinstance(error, Unreachable) and not error.sent


def is_uncertain(error: MobiusError) -> bool:
    return isinstance(error, (Unavailable, Unreachable, InvalidResponse)) and not never_left(error)
