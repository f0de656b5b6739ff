"""Texts about how current pages are, and about problems with the sync."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from inbox.mirror.freshness import Freshness, Reason, Stage, Trouble
from inbox.web.ui.messages import sentences
from inbox.web.ui.when import moment, span

_STAGES = {
    Stage.LIVE: gettext_noop("Live."),
    Stage.FIRST_SYNC: gettext_noop("First sync in progress."),
    Stage.CATCHING_UP: gettext_noop("Catching up."),
    Stage.NOT_REACHED: gettext_noop("Mobius hasn't been reached yet."),
    Stage.WAITING: gettext_noop("Waiting for the first sync."),
    Stage.NO_UPDATES: gettext_noop("No updates."),
}
_REASONS = {
    Reason.KEY_REFUSED: gettext_noop("Mobius refuses the service key."),
    Reason.KEY_DENIED: gettext_noop("The service key isn't for this project."),
    Reason.PROJECT_UNKNOWN: gettext_noop("Mobius doesn't know this project."),
    Reason.RATE_LIMITED: gettext_noop("Mobius is limiting requests."),
    Reason.REFUSED: gettext_noop("Mobius refuses a request."),
    Reason.TOO_LARGE: gettext_noop("Mobius sent more data at once than can be read."),
    Reason.UNREADABLE: gettext_noop("Mobius sent a response that can't be read."),
    Reason.ERROR: gettext_noop("Mobius returned an error (%(status)d)."),
    Reason.NOT_RESPONDING: gettext_noop("Mobius isn't responding."),
    Reason.STOPPED: gettext_noop("The sync stopped. The server's log says why."),
    Reason.DATABASE_UNREACHABLE: gettext_noop("The inbox can't reach its database."),
    Reason.DATABASE_SILENT: gettext_noop("The inbox's database isn't responding."),
    Reason.DATABASE_READ_ONLY: gettext_noop("The inbox can't write to its database."),
}


def freshness_text(fresh: Freshness, now: datetime) -> str:
    """How current pages are, and why, for any viewer."""
    because = trouble_text(fresh.because, now)
    if fresh.stage is Stage.KEY_REFUSED:
        return because
    if fresh.no_updates_since is not None:
        since = {"time": moment(fresh.no_updates_since, now)}
        return sentences(_("No updates since %(time)s.") % since, because)
    return sentences(_(_STAGES[fresh.stage]), because)


def trouble_text(trouble: Trouble | None, now: datetime) -> str:
    """The problem, without IDs and Mobius' own words; empty for none."""
    if trouble is None:
        return ""
    if trouble.until is not None:
        until = {"time": moment(trouble.until, now)}
        return _("Mobius is limiting requests until %(time)s.") % until
    if trouble.call:
        refused = {"request": trouble.call, "status": trouble.status}
        return _("Mobius refuses %(request)s (%(status)d).") % refused
    return _(_REASONS[trouble.reason]) % {"status": trouble.status}


def explained(fresh: Freshness) -> str:
    """What administrators are told beside ``freshness_text``: what Mobius says, and which settings
    decide.
    """
    trouble = fresh.trouble
    if trouble is None or fresh.state == "live":
        return ""
    match trouble.reason:
        case Reason.SILENT:
            silence = {"duration": span(trouble.silence)}
            return _("Mobius has sent nothing for %(duration)s.") % silence
        case Reason.REFUSED if trouble.request:
            request, status = trouble.request, trouble.status
            facts = {"request": request, "status": status, "message": trouble.message}
            return _("Mobius refuses %(request)s (%(status)s: %(message)s).") % facts
        case Reason.TOO_LARGE:
            limits = {"limits": "MOBIUS_EVENT_LIMIT, MOBIUS_RESPONSE_LIMIT"}
            return _("These settings set the limit: %(limits)s.") % limits
        case _:
            return ""
