"""What the form showed a person: which version of the question."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.crypto import salted_hmac

from inbox import exact
from inbox.instants import read_instant
from inbox.models import Interaction


@dataclass(frozen=True)
class Seen:
    """``updated_at`` of the interaction as shown, and a digest of the question as shown.

    Either is None if the form did not send it.
    """

    updated_at: datetime | None = None
    question: str | None = None

    @classmethod
    def parse(cls, sent: str) -> "Seen":
        """Parse the form's field; an unreadable part counts as not sent."""
        when, _, question = sent.partition(" ")
        return cls(updated_at=read_instant(when), question=question or None)

    def differs_from(self, interaction: Interaction) -> bool:
        """Whether the question is no longer the one that was shown."""
        return self.question is not None and self.question != digest(interaction)


def seen_of(interaction: Interaction) -> str:
    """The form's field: ``<updated_at> <digest of the question>``."""
    return f"{interaction.updated_at.isoformat()} {digest(interaction)}"


def digest(interaction: Interaction) -> str:
    """A digest of what a person answers, secrets included: message, context and questions."""
    return digest_of([interaction.message, interaction.context, interaction.questions])


def digest_of(content: list[Any]) -> str:
    """A digest of JSON. It is in the page, so it is keyed: a secret must not be guessable by
    trying.
    """
    text = exact.dumps(content, sort_keys=True)
    return salted_hmac("inbox.seen", text, algorithm="sha256").hexdigest()[:16]
