"""The question itself: its text, context, requester and run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from inbox.models import Interaction, Run
from inbox.models.interaction import REASON_TO_REJECT
from inbox.services import guard
from inbox.web.interactions.history import assignee_name
from inbox.web.ui import context, markdown
from inbox.web.ui.context import Card
from inbox.web.ui.labels import Kind, kind
from inbox.web.ui.live_run import LiveRun, live_head
from inbox.web.ui.markdown import Text
from inbox.web.ui.masks import Masks, masks_in
from inbox.web.ui.people import People
from inbox.web.ui.when import Deadline, ago, deadline


@dataclass(frozen=True)
class ShownQuestion:
    """The question and its context.

    Attributes:
        asked: a sentence with the requester, or else the assignee, and the time.
        run, live: None for a question without a run.
        digest: of ``inbox.services.seen``; it differs once the question has changed.
    """

    kind: Kind
    asked: str
    deadline: Deadline | None
    run: Run | None
    live: LiveRun | None
    body: Text
    cards: Sequence[Card]
    masked: Masks
    digest: str

    @property
    def evidence(self) -> str:
        """A digest of the question as it is shown."""
        return context.as_shown(self.digest)


def shown_question(
    item: Interaction,
    *,
    people: People,
    now: datetime,
    group: str,
    run: Run | None,
    digest: str,
    closed: bool,
) -> ShownQuestion:
    """``item`` is as the viewer may see it. ``closed``: it can no longer be answered."""
    cards = context.cards(item.context, shown_elsewhere=_shown_elsewhere(item))
    return ShownQuestion(
        kind=kind(item.type),
        asked=_asked(item, people, group, now),
        deadline=None if closed else deadline(item, now),
        run=run,
        live=live_head(run)["live"] if run is not None else None,
        body=markdown.render(markdown.body(item.message, item.title)),
        cards=cards,
        masked=masks_in(item.context, item.responses, beside=cards),
        digest=digest,
    )


def _asked(item: Interaction, people: People, group: str, now: datetime) -> str:
    when = ago(item.created_at, now)
    if item.asked_by:
        you, other = _("You asked %(ago)s"), _("%(name)s asked %(ago)s")
        return people.sentence(item.asked_by, you, other, ago=when)
    asked = _("Asked %(name)s %(ago)s")
    return asked % {"name": assignee_name(item, people, group), "ago": when}


def _shown_elsewhere(item: Interaction) -> frozenset[str]:
    """The keys of the context that the page shows in another way."""
    keys = {
        "due_at": item.soft,
        "confirm": guard.must_confirm(item),
        REASON_TO_REJECT: item.needs_reason_to_reject,
    }
    return frozenset(key for key, shown in keys.items() if shown)
