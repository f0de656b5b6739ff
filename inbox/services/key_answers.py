"""The effective mode of ``SERVICE_KEY_ANSWERS``: shown to administrators, logged on changes."""

import logging
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.db import transaction

from inbox.mobius.types import Offer
from inbox.models import Upstream
from inbox.people import service_key
from inbox.services.audit import decision_log
from inbox.services.audit.decision_log import Entry

log = logging.getLogger(__name__)

VERB = "service_key_answers"


class Why(StrEnum):
    """Why the key answers or doesn't: the setting, or whether Mobius names the owners of tokens."""

    SET = "it is set"
    UNPROVEN = "Mobius does not name the owner of a token"
    PROVEN = "Mobius has named the owner of a token"
    OFFERED = "Mobius names the owner of a token"
    UNKNOWN = "not known whether Mobius names the owner of a token"


@dataclass(frozen=True)
class Mode:
    """Whether the key answers. ``setting`` is ``SERVICE_KEY_ANSWERS``; ``refused`` are the kinds of
    target for which Mobius refused the key.
    """

    on: bool
    why: Why
    setting: str
    refused: tuple[str, ...] = ()


@transaction.atomic
def record() -> None:
    """Log the mode if it has changed. Called at start, every minute, and before the key answers."""
    upstream = Upstream.lock_current()
    now = service_key.answers(upstream)
    if now == upstream.key_answers:
        return
    before, upstream.key_answers = upstream.key_answers, now
    upstream.save(update_fields=["key_answers"])
    value = {"setting": settings.SERVICE_KEY_ANSWERS, "before": _word(before), "after": _word(now)}
    decision_log.append(Entry(verb=VERB, upstream=upstream, actor="", value=value))
    log.warning("Answers with the service key: %s (%s)", _word(now), mode(upstream).why)


@transaction.atomic
def record_proven() -> None:
    """Record that Mobius has named the owner of a member token."""
    Upstream.objects.filter(pk=Upstream.current().pk).update(proves_tokens=True)
    record()


def mode(upstream: Upstream) -> Mode:
    setting, now = settings.SERVICE_KEY_ANSWERS, service_key.answers(upstream)
    if setting != "auto":
        why = Why.SET
    elif now:
        why = Why.UNPROVEN
    elif upstream.proves_tokens:
        why = Why.PROVEN
    elif upstream.capabilities.get("token_owner") == Offer.YES:
        why = Why.OFFERED
    else:
        why = Why.UNKNOWN
    kinds = ("user", "group") if now else ()
    refused = tuple(kind for kind in kinds if service_key.is_refused(upstream, kind))
    return Mode(now, why, setting, refused)


def _word(on: bool) -> str:
    return "on" if on else "off"
