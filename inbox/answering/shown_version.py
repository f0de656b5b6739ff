"""The version of a question that a form showed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.crypto import salted_hmac

from inbox.lib import exact
from inbox.lib.instants import read_instant
from inbox.models import Interaction


@dataclass(frozen=True)
class ShownVersion:
    """Either is None if the form did not send it."""

    updated_at: datetime | None = None
    question: str | None = None

    @classmethod
    def parse(cls, sent: str) -> "ShownVersion":
        """An unreadable part counts as not sent."""
        when, _, question = sent.partition(" ")
        return cls(updated_at=read_instant(when), question=question or None)

    def differs_from(self, interaction: Interaction) -> bool:
        return self.question is not None and self.question != digest(interaction)


ANY_VERSION = ShownVersion()
"""For a caller who doesn't say what was shown."""


def shown_version_of(interaction: Interaction) -> str:
    """The form's field: ``<updated_at> <digest of the question>``."""
    return f"{interaction.updated_at.isoformat()} {digest(interaction)}"


def digest(interaction: Interaction) -> str:
    """Includes secrets."""
    content = [interaction.message, interaction.context, interaction.questions]
    # A later round has been asked to change the answer.
    return digest_of([*content, interaction.round] if interaction.round else content)


def digest_of(content: list[Any]) -> str:
    """It is in the page, so it is keyed: a secret must not be guessable by trying."""
    text = exact.dumps(content, sort_keys=True)
    return salted_hmac("inbox.seen", text, algorithm="sha256").hexdigest()[:16]
