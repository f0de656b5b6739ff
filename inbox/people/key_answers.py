"""The effective mode of ``SERVICE_KEY_ANSWERS``: shown to administrators, logged on changes."""

import logging
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.db import transaction

from inbox.audit import decision_log
from inbox.audit.decision_log import Entry
from inbox.mobius.types import Generation, Offer
from inbox.models import Upstream
from inbox.people import service_key

log = logging.getLogger(__name__)

VERB = "service_key_answers"


class Why(StrEnum):
    SET = "it is set"
    UNPROVEN = "Mobius does not name the owner of a token"
    PROVEN = "Mobius has named the owner of a token"
    OFFERED = "Mobius names the owner of a token"
    LATER = "in this generation of Mobius' API, people answer with their own token"
    UNKNOWN = "not known whether Mobius names the owner of a token"


@dataclass(frozen=True)
class Mode:
    """``paused``: Mobius has just refused the key."""

    on: bool
    why: Why
    setting: str
    paused: bool = False


@transaction.atomic
def record() -> None:
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
    Upstream.objects.filter(pk=Upstream.current().pk).update(proves_tokens=True)
    record()


def mode(upstream: Upstream) -> Mode:
    setting, now = settings.SERVICE_KEY_ANSWERS, service_key.answers(upstream)
    if setting != "auto":
        why = Why.SET
    elif now:
        why = Why.UNPROVEN
    elif upstream.generation != Generation.A:
        why = Why.LATER
    elif upstream.proves_tokens:
        why = Why.PROVEN
    elif upstream.capabilities.get("token_owner") == Offer.YES:
        why = Why.OFFERED
    else:
        why = Why.UNKNOWN
    return Mode(now, why, setting, paused=now and service_key.is_paused(upstream))


def _word(on: bool) -> str:
    return "on" if on else "off"
