"""What a person had before them when the form was shown: when, and which question."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from django.utils.dateparse import parse_datetime

from inbox.models import Interaction


@dataclass(frozen=True)
class Seen:
    """``updated_at`` of the interaction as shown, and a digest of the question as shown.

    Either is None where the form did not bring it.
    """

    updated_at: datetime | None = None
    question: str | None = None

    @classmethod
    def parse(cls, sent: str) -> "Seen":
        """Read the form's field; what cannot be read counts as not sent."""
        when, _, question = sent.partition(" ")
        try:
            updated_at = parse_datetime(when)
        except ValueError:
            updated_at = None
        if updated_at is not None and updated_at.tzinfo is None:
            updated_at = None
        return cls(updated_at=updated_at, question=question or None)

    def another_question_than(self, interaction: Interaction) -> bool:
        """The question as it is now is not the one that was shown."""
        return self.question is not None and self.question != digest(interaction)


def seen_of(interaction: Interaction) -> str:
    """What the form carries: ``<updated_at> <digest of the question>``."""
    return f"{interaction.updated_at.isoformat()} {digest(interaction)}"


def digest(interaction: Interaction) -> str:
    """Of all that an answer is an answer to: message, context, questions."""
    asked = [interaction.message, interaction.context, interaction.questions]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]
