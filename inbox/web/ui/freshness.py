from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from inbox.mirror.freshness import Freshness, Reason, Stage, Trouble
from inbox.web.ui.messages import sentences
from inbox.web.ui.script_words import Phrase
from inbox.web.ui.when import span


def freshness_phrases(fresh: Freshness) -> tuple[Phrase, ...]:
    because = _because(fresh.because)
    if fresh.stage is Stage.KEY_REFUSED:
        return because
    if fresh.no_updates_since is not None:
        return (Phrase("no_updates_since", at=fresh.no_updates_since), *because)
    return (Phrase(f"stage_{fresh.stage.name.lower()}"), *because)


def freshness_text(fresh: Freshness, now: datetime) -> str:
    return sentences(*(phrase.text(now) for phrase in freshness_phrases(fresh)))


def trouble_text(trouble: Trouble | None, now: datetime) -> str:
    """Without IDs and Mobius' own words."""
    return sentences(*(phrase.text(now) for phrase in _because(trouble)))


def _because(trouble: Trouble | None) -> tuple[Phrase, ...]:
    if trouble is None:
        return ()
    if trouble.until is not None:
        return (Phrase("rate_limited_until", at=trouble.until),)
    status = {"status": trouble.status}
    if trouble.call:
        return (Phrase("refused_request", facts={"request": trouble.call, **status}),)
    facts: dict[str, object] = {}
    if trouble.reason is Reason.ERROR:
        facts.update(status)
    if trouble.generation is not None:
        facts["generation"] = trouble.generation.upper()
    return (Phrase(trouble.reason.name.lower(), facts=facts),)


def consequence(fresh: Freshness) -> Phrase:
    if not fresh.database:
        return Phrase("stale_database")
    if fresh.paused:
        return Phrase("stale_paused")
    if fresh.other_api:
        return Phrase("stale_other_api")
    if fresh.unread:
        return Phrase("stale_unread")
    return Phrase("stale_key_refused" if fresh.key_refused else "stale")


def explained(fresh: Freshness) -> str:
    """For administrators: Mobius' own message, and the settings involved."""
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
            if trouble.message:
                words = _("Mobius refused %(request)s (%(status)s: %(message)s).")
            else:
                words = _("Mobius refused %(request)s (%(status)d).")
            return words % facts
        case Reason.OTHER_API:
            return _about_the_api()
        case Reason.TOO_LARGE:
            limits = {"limits": "MOBIUS_EVENT_LIMIT, MOBIUS_RESPONSE_LIMIT"}
            return _("The limit comes from these settings: %(limits)s.") % limits
        case _:
            return ""


def _about_the_api() -> str:
    if settings.MOBIUS_API != "auto":
        return _("Correct MOBIUS_API, or set it to auto, and restart.")
    return _("The inbox follows once a second check confirms it, about a minute later.")
