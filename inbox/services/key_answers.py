"""The effective mode of ``SERVICE_KEY_ANSWERS``: told to administrators, logged when it changes."""

import logging

from django.conf import settings
from django.db import transaction

from inbox.mobius.types import Offer
from inbox.models import Upstream
from inbox.people import service_key
from inbox.services.audit import decision_log
from inbox.services.audit.decision_log import Entry

log = logging.getLogger(__name__)

_KINDS = {"user": "questions to one person", "group": "questions to a group"}

VERB = "service_key_answers"


@transaction.atomic
def note() -> None:
    """Log the mode where it is another one than the last that was logged. At start, every minute,
    and before the key answers.
    """
    upstream = Upstream.hold_present()
    now = service_key.answers(upstream)
    if now == upstream.key_answers:
        return
    before, upstream.key_answers = upstream.key_answers, now
    upstream.save(update_fields=["key_answers"])
    value = {"setting": settings.SERVICE_KEY_ANSWERS, "before": _word(before), "after": _word(now)}
    decision_log.append(Entry(verb=VERB, upstream=upstream, actor="", value=value))
    log.warning("Answers with the service key: %s", sentence(upstream))


@transaction.atomic
def note_proven() -> None:
    """Mobius has said whose a member token is, whether or not the token is kept."""
    Upstream.objects.filter(pk=Upstream.present().pk).update(proves_tokens=True)
    note()


def sentence(upstream: Upstream) -> str:
    """The mode and its reason."""
    setting, now = settings.SERVICE_KEY_ANSWERS, service_key.answers(upstream)
    if setting != "auto":
        why = f"SERVICE_KEY_ANSWERS is {setting}"
    elif now:
        why = "Mobius doesn't say who a member token belongs to"
    elif upstream.proves_tokens:
        why = "Mobius has said before who a member token belongs to"
    elif upstream.capabilities.get("token_owner") == Offer.YES:
        why = "Mobius says who a member token belongs to"
    else:
        why = "it isn't known yet whether Mobius says who a member token belongs to"
    if not now:
        return f"Off: {why}. Everyone answers with their own member token."
    said = (
        f"On: {why}. The key answers for people without a member token whose Mobius ID an "
        "administrator has set, where one answer is enough."
    )
    refused = [words for kind, words in _KINDS.items() if service_key.is_refused(upstream, kind)]
    if refused:
        said += (
            f" Mobius refused it for {' and '.join(refused)}, so it isn't used for those until the "
            "next restart."
        )
    return said


def _word(mode: bool) -> str:
    return "on" if mode else "off"
