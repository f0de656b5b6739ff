"""Sending Mobius a change that a person asked for.

A command goes out once. After anything but a plain yes Mobius is read, and the outcome tells what
is true. What each command writes before and after that is its own.
"""

from abc import ABC, abstractmethod
from typing import Any, Generic

from asgiref.sync import sync_to_async

from inbox.live.page_activity import page_activity
from inbox.mobius.errors import MobiusError, Nonsense, RateLimited, Unavailable, Unreachable
from inbox.services.outcome import Outcome, Subject

READ_WITHIN = 10.0
"""Seconds that a person waits for Mobius to be read."""
READ_WITHIN_LIMIT = 2.0
"""The same while Mobius limits requests: it said so, and the person can be told when to retry."""


class Command(ABC, Generic[Subject]):
    """A change that is prepared and can go out. Only ``send`` and ``read`` talk to Mobius."""

    @abstractmethod
    async def send(self) -> Any:
        """The request and its response. Raises ``MobiusError``."""

    @abstractmethod
    async def read(self, *, within: float = READ_WITHIN) -> Any:
        """What Mobius has now, never None. Raises ``MobiusError``."""

    @abstractmethod
    def on_accepted(self, response: Any) -> Outcome[Subject] | None:
        """Mobius said yes. None where the response does not show what came of it."""

    @abstractmethod
    def on_not_sent(self, error: MobiusError) -> Outcome[Subject]:
        """The request never left."""

    @abstractmethod
    def on_error(self, error: MobiusError, snapshot: Any) -> Outcome[Subject]:
        """The request failed. ``snapshot`` was read after it, None where that failed too."""

    def on_recheck(self, snapshot: Any) -> Outcome[Subject]:
        """As ``on_error``, after a yes of which nothing was to be seen."""
        return self.on_error(Nonsense("Mobius accepted it, and does not show it."), snapshot)


async def execute(ready: Command[Subject] | Outcome[Subject]) -> Outcome[Subject]:
    """Send the command. An outcome is one already: there is nothing to send."""
    if isinstance(ready, Outcome):
        return ready
    try:
        response = await ready.send()
    except MobiusError as error:
        if never_left(error):
            return await sync_to_async(ready.on_not_sent)(error)
        return await sync_to_async(ready.on_error)(error, await _read(ready, error))
    finally:
        page_activity.acted()
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
    """The request was not sent, so it changed nothing and there is nothing to read."""
    return isinstance(error, Unreachable) and not error.sent


def is_uncertain(error: MobiusError) -> bool:
    """Nobody knows whether the request was accepted."""
    return isinstance(error, (Unavailable, Unreachable, Nonsense)) and not never_left(error)
