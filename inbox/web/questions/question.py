from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from inbox.answering import guard
from inbox.models import Interaction, Run
from inbox.models.interaction import REASON_TO_REJECT
from inbox.web.questions import details
from inbox.web.questions.history import assignee_name
from inbox.web.ui import context, markdown
from inbox.web.ui.labels import TASK, kind
from inbox.web.ui.live_run import live_head
from inbox.web.ui.masks import masks_in
from inbox.web.ui.people import People
from inbox.web.ui.when import ago, deadline


def shown_question(
    item: Interaction,
    *,
    people: People,
    now: datetime,
    group: str,
    run: Run | None,
    digest: str,
    closed: bool,
) -> dict[str, Any]:
    """``item`` is as the viewer may see it."""
    cards = (
        *details.reference_cards(item),
        *context.cards(item.context, shown_elsewhere=_shown_elsewhere(item)),
        *details.conversation_cards(item),
    )
    folded = details.folded(item)
    in_cards = (*cards, *details.all_cards(folded))
    return {
        "kind": kind(item.type),
        "asked": _asked(item, people, group, now),
        "deadline": None if closed else deadline(item, now),
        "run": run,
        "live": live_head(run)["live"] if run is not None else None,
        "body": markdown.render(markdown.body(_text(item), item.title)),
        "cards": cards,
        "folded": folded,
        "masked": masks_in(item.context, item.details, item.responses, beside=in_cards),
        "digest": digest,
        "evidence": context.as_shown(digest),
    }


def _text(item: Interaction) -> str:
    """The message without what its questions ask, which stands beside their answers."""
    text = item.message
    title = text.partition("\n")[0]
    for question in reversed(item.questions or ()):
        if (prompt := question.get("prompt")) and prompt != title:
            text = text.removesuffix(prompt).rstrip()
    return text


def _asked(item: Interaction, people: People, group: str, now: datetime) -> str:
    when = ago(item.created_at, now)
    if item.asked_by:
        you, other = _("You asked %(ago)s"), _("%(name)s asked %(ago)s")
        if item.type == TASK:
            you, other = _("You assigned this %(ago)s"), _("%(name)s assigned this %(ago)s")
        return people.sentence(item.asked_by, you, other, ago=when)
    asked = _("Asked %(name)s %(ago)s")
    return asked % {"name": assignee_name(item, people, group), "ago": when}


def _shown_elsewhere(item: Interaction) -> frozenset[str]:
    keys = {
        "due_at": item.soft,
        "confirm": guard.must_confirm(item),
        REASON_TO_REJECT: item.needs_reason_to_reject,
    }
    return frozenset(key for key, shown in keys.items() if shown)
