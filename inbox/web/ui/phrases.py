"""Texts that a page's script can write too.

A fragment of a stream is the same for everyone who gets it, so it has no words: it names a text of
``script_words.WORDS``, with times and numbers, and ``static/js/words.js`` writes it in the language
and time zone of its page. Pages have the words from the start.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from inbox.web.ui import script_words
from inbox.web.ui.when import exact_span, moment, span


@dataclass(frozen=True)
class Phrase:
    """The key of a text, and what its placeholders stand for.

    Attributes:
        since: ``{duration}`` is the time since then.
        seconds: ``{duration}`` is this duration, with its seconds.
        at: ``{time}`` is this time.
        facts: other placeholders. They are the same in every language.
    """

    key: str
    since: datetime | None = None
    seconds: float | None = None
    at: datetime | None = None
    facts: Mapping[str, object] = field(default_factory=dict)

    def text(self, now: datetime) -> str:
        """The words, in the current language and time zone."""
        filled = dict(self.facts)
        if self.since is not None:
            filled["duration"] = span((now - self.since).total_seconds())
        if self.seconds is not None:
            filled["duration"] = exact_span(self.seconds)
        if self.at is not None:
            filled["time"] = moment(self.at, now)
        return _(script_words.WORDS[self.key]).format(**filled)
