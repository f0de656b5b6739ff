"""What administrators have to know, on *Connection* and above each page of the admin."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format

from inbox.presenters import decision_words
from inbox.services import decision_anchor, rights_log

CONFLICTS_FOR = timedelta(days=7)
CONFLICTS = 5


@dataclass(frozen=True)
class AdminWarning:
    """A sentence or two. ``bad``: something does not work."""

    text: str
    bad: bool = False


def warnings() -> list[AdminWarning]:
    """That ``LOG_ANCHOR`` fails; member tokens that did not fit their account, newest first."""
    found = []
    if failure := decision_anchor.failure():
        since = f" since {_at(failure.at)}" if failure.at else ""
        text = f"New heads of the decision log haven't reached LOG_ANCHOR{since}. {failure.why}."
        found.append(AdminWarning(f"{text} We try again every minute.", bad=True))
    conflicts = rights_log.conflicts(timezone.now() - CONFLICTS_FOR)[:CONFLICTS]
    for entry in conflicts:
        what = decision_words.conflict(entry)
        found.append(AdminWarning(f"{_at(entry.at)}: {what}. Nothing was changed."))
    return found


def _at(when: datetime) -> str:
    return date_format(timezone.localtime(when), "j F Y, H:i")
