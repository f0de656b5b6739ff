"""Texts about how current pages are, and about problems with the sync."""

from datetime import datetime

from django.utils.translation import gettext as _

from inbox.mirror.freshness import Freshness, Reason, Stage, Trouble
from inbox.web.ui.messages import sentences
from inbox.web.ui.script_words import Phrase
from inbox.web.ui.when import span


def freshness_phrases(fresh: Freshness) -> tuple[Phrase, ...]:
    """How current pages are, and why, for any viewer: a sentence or two."""
    because = _because(fresh.because)
    if fresh.stage is Stage.KEY_REFUSED:
        return because
    if fresh.no_updates_since is not None:
        return (Phrase("no_updates_since", at=fresh.no_updates_since), *because)
    return (Phrase(f"stage_{fresh.stage.name.lower()}"), *because)


def freshness_text(fresh: Freshness, now: datetime) -> str:
    """``freshness_phrases`` as one text."""
    return sentences(*(phrase.text(now) for phrase in freshness_phrases(fresh)))


def trouble_text(trouble: Trouble | None, now: datetime) -> str:
    """The problem, without IDs and Mobius' own words; empty for none."""
    return sentences(*(phrase.text(now) for phrase in _because(trouble)))


def _because(trouble: Trouble | None) -> tuple[Phrase, ...]:
    if trouble is None:
        return ()
    if trouble.until is not None:
        return (Phrase("rate_limited_until", at=trouble.until),)
    status = {"status": trouble.status}
    if trouble.call:
        return (Phrase("refused_request", facts={"request": trouble.call, **status}),)
    facts = status if trouble.reason is Reason.ERROR else {}
    return (Phrase(trouble.reason.name.lower(), facts=facts),)


def consequence(fresh: Freshness) -> Phrase:
    """What a mirror that is not current means for the viewer."""
    if not fresh.database:
        return Phrase("stale_database")
    if fresh.paused:
        return Phrase("stale_paused")
    if fresh.unread:
        return Phrase("stale_unread")
    return Phrase("stale_key_refused" if fresh.key_refused else "stale")


def explained(fresh: Freshness) -> str:
    """What administrators read in addition to ``freshness_text``: Mobius' own message, and which
    settings are involved.
    """
    trouble = fresh.trouble
    if trouble is None or fresh.state == "live":
        return ""
    match trouble.reason:
        case Reason.SILENT:
            silence = {"duration": span(trouble.silence)}
            return _("Mobius hasn't sent anything for %(duration)s.") % silence
        case Reason.REFUSED if trouble.request:
            facts = {
                "request": trouble.request,
                "status": trouble.status,
                "message": trouble.message,
            }
            if not trouble.message:
                return _("Mobius refused %(request)s (%(status)d).") % facts
            return _("Mobius refused %(request)s (%(status)s: %(message)s).") % facts
        case Reason.TOO_LARGE:
            limits = {"limits": "MOBIUS_EVENT_LIMIT, MOBIUS_RESPONSE_LIMIT"}
            return _("The limit comes from these settings: %(limits)s.") % limits
        case _:
            return ""
