"""The channels to people, and the module that sends by each."""

from typing import Protocol

from inbox.models import Reviewer
from inbox.models.notification import Channel
from inbox.notify import emails, push
from inbox.notify.messages import Message


class Sender(Protocol):
    """A module that sends by a channel."""

    def offered(self) -> bool:
        """It can be used in this installation."""

    def reaches(self, reviewer: Reviewer) -> bool:
        """The person has an address there."""

    async def send(self, message: Message) -> None:
        """Raises ``NotSent``."""

    async def send_test(self, reviewer: Reviewer) -> None:
        """Raises ``NotSent``."""


SENDERS: dict[Channel, Sender] = {Channel.EMAIL: emails, Channel.PUSH: push}


def reaching(reviewer: Reviewer) -> dict[Channel, Sender]:
    return {channel: sender for channel, sender in offered().items() if sender.reaches(reviewer)}


def offered() -> dict[Channel, Sender]:
    return {channel: sender for channel, sender in SENDERS.items() if sender.offered()}
