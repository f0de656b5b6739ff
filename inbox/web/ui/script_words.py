"""Words that ``static/js/words.js`` reads.

A fragment of a stream has none, since everyone gets it: the script writes them in the language and
time zone of its page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from django.utils import dateformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from inbox.web.ui.labels import ITEM_STATUS, RUN_STATUS
from inbox.web.ui.when import AGO, EXACT, JUST_NOW, SPANS, exact_span, formats, moment, span

SENDING = gettext_noop("Sending…")
"""Shown when a held answer can no longer be undone."""
DUE = {
    "late": gettext_noop("{duration} late"),
    "expired": ITEM_STATUS["expired"][0],
    "due_in": gettext_noop("Due in {duration}"),
    "due_in_at": gettext_noop("Due in {duration}, {time}"),
    "expires_in": gettext_noop("Expires in {duration}"),
    "expires_in_at": gettext_noop("Expires in {duration}, {time}"),
}
"""Words for a deadline, as the tag ``due`` writes them too."""

RUNS = {
    **{f"run_{state}": label for state, (label, _icon, _tone) in RUN_STATUS.items()},
    "steps": gettext_noop("Steps"),
    "step": gettext_noop("Step"),
    "not_reached": gettext_noop("not reached"),
    "upcoming": gettext_noop("upcoming"),
    "step_running": gettext_noop("running {duration}"),
    "step_sleeping": gettext_noop("sleeping {duration}"),
    "step_sleeping_until": gettext_noop("sleeping until {time}"),
    "step_waiting": gettext_noop("waiting {duration}"),
    "step_completed": gettext_noop("done"),
    "step_completed_after": gettext_noop("{duration}"),
    "step_failed": gettext_noop("failed"),
    "step_failed_immediately": gettext_noop("failed immediately"),
    "step_failed_after": gettext_noop("failed after {duration}"),
    "step_skipped": gettext_noop("skipped"),
    "step_cancelled": gettext_noop("cancelled"),
    "step_cancelled_immediately": gettext_noop("cancelled immediately"),
    "step_cancelled_after": gettext_noop("cancelled after {duration}"),
}
"""The head of a run: its status, and how far its steps have got."""
FRESHNESS = {
    "checking": gettext_noop("Checking"),
    "live": gettext_noop("Live"),
    "lost": gettext_noop("Not live. Reconnecting…"),
    "ended": gettext_noop("No longer live. Reload the page."),
    "stage_live": gettext_noop("Live."),
    "stage_first_sync": gettext_noop("First sync in progress."),
    "stage_catching_up": gettext_noop("Catching up."),
    "stage_not_reached": gettext_noop("Mobius hasn't been reached yet."),
    "stage_waiting": gettext_noop("Waiting for the first sync."),
    "stage_no_updates": gettext_noop("No updates."),
    "no_updates_since": gettext_noop("No updates since {time}."),
    "key_refused": gettext_noop("Mobius doesn't accept the service key."),
    "key_denied": gettext_noop("The service key isn't for this project."),
    "project_unknown": gettext_noop("Mobius doesn't know this project."),
    "rate_limited": gettext_noop("Mobius is limiting requests."),
    "rate_limited_until": gettext_noop("Mobius is limiting requests until {time}."),
    "refused": gettext_noop("Mobius refused a request."),
    "refused_request": gettext_noop("Mobius refused {request} ({status})."),
    "too_large": gettext_noop("Mobius sent a response that's too large to read."),
    "unreadable": gettext_noop("Mobius sent a response that can't be read."),
    "other_api": gettext_noop("Mobius now uses generation {generation} of the API."),
    "error": gettext_noop("Mobius returned an error ({status})."),
    "not_responding": gettext_noop("Mobius isn't responding."),
    "stopped": gettext_noop("The sync has stopped. See the server's log for the reason."),
    "database_unreachable": gettext_noop("The inbox can't reach its database."),
    "database_silent": gettext_noop("The inbox's database isn't responding."),
    "database_read_only": gettext_noop("The inbox can't write to its database."),
    "disk_full": gettext_noop("The disk of the inbox's database is full."),
    "stale_database": gettext_noop(
        "Nothing can be saved or sent until this is fixed. Text you type stays on this page."
    ),
    "stale_paused": gettext_noop(
        "Answering is paused until Mobius is back. You can keep reading and writing, and your "
        "drafts are saved."
    ),
    "stale_other_api": gettext_noop(
        "Questions can't be shown or answered until the inbox uses it too. Your drafts are saved."
    ),
    "stale_unread": gettext_noop("Questions will appear once the first sync finishes."),
    "stale_key_refused": gettext_noop(
        "Questions may have changed in the meantime. Answers with a member token are still sent "
        "to Mobius, and your drafts are saved."
    ),
    "stale": gettext_noop(
        "Questions may have changed in the meantime. Answers are still sent to Mobius, and your "
        "drafts are saved."
    ),
}
"""How current the page is, and why. Reasons are named as in ``freshness.Reason``."""

WORDS = {
    **SPANS,
    **EXACT,
    **DUE,
    **RUNS,
    **FRESHNESS,
    "ago": AGO,
    "just_now": JUST_NOW,
    "sending": SENDING,
    "new_row": gettext_noop("New"),
    "copied": gettext_noop("Copied"),
    "not_copied": gettext_noop("Couldn't copy"),
    "selected": gettext_noop("{count} of {total} selected"),
    "selected_rows": gettext_noop("{count} selected"),
    "selected_on_pages": gettext_noop("{count} selected on several pages"),
    "found": gettext_noop("{count} of {total} shown"),
    "bytes_left": gettext_noop("Bytes left: {count}"),
    "bytes_too_many": gettext_noop("Bytes over the limit: {count}"),
    "characters_left": gettext_noop("Characters left: {count}"),
    "characters_too_many": gettext_noop("Characters over the limit: {count}"),
}
"""Numbers follow a colon, since scripts have no plural forms."""


@dataclass(frozen=True)
class Phrase:
    """``{duration}`` is the time ``since``, or ``seconds``; ``{time}`` is ``at``. ``facts`` are
    other placeholders, the same in every language.
    """

    key: str
    since: datetime | None = None
    seconds: float | None = None
    at: datetime | None = None
    facts: Mapping[str, object] = field(default_factory=dict)

    def text(self, now: datetime) -> str:
        filled = dict(self.facts)
        if self.since is not None:
            filled["duration"] = span((now - self.since).total_seconds())
        if self.seconds is not None:
            filled["duration"] = exact_span(self.seconds)
        if self.at is not None:
            filled["time"] = moment(self.at, now)
        return _(WORDS[self.key]).format(**filled)


def written() -> dict[str, str]:
    """Names are separated by ``|``; their key ends with the letter of ``dateformat`` they stand
    for.
    """
    days = [date(2026, 11, day) for day in range(1, 8)]  # from Sunday, as in JavaScript
    months = [date(2026, month, 1) for month in range(1, 13)]
    names = {"names_d": (days, "D"), "names_m": (months, "M"), "names_n": (months, "N")}
    return {
        **{key: _(text) for key, text in WORDS.items()},
        **formats(),
        **{
            key: "|".join(dateformat.format(day, letter) for day in dates)
            for key, (dates, letter) in names.items()
        },
    }
