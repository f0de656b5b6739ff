"""What the page of a question shows, ready for its templates."""

from dataclasses import dataclass, field

from django.urls import reverse

from inbox.access import Refusal
from inbox.forms import AnswerForm
from inbox.models import Interaction
from inbox.presenters.answers import Given, Member
from inbox.presenters.context import Card
from inbox.presenters.drafts import OtherDraft
from inbox.presenters.effect import Effect
from inbox.presenters.endings import Ending
from inbox.presenters.filters import Filters, inbox_href, item_href
from inbox.presenters.history import Entry
from inbox.presenters.hold import Hold
from inbox.presenters.markdown import Text
from inbox.presenters.messages.answer import UnderwayNotice
from inbox.presenters.open_in_mobius import interaction_in_mobius
from inbox.presenters.place import Place
from inbox.presenters.presence import Company
from inbox.presenters.runs import LiveRun
from inbox.presenters.when import Deadline
from inbox.presenters.words import Kind, Status, item_status
from inbox.reviewers.credentials import Token

SEARCHED_FROM = 12
"""More options than these are searched."""


@dataclass(frozen=True)
class Kept:
    """What the reader had typed for a question that can no longer be answered."""

    value: str
    comment: str

    @property
    def text(self) -> str:
        """Both, as one text to copy."""
        return "\n\n".join(part for part in (self.value, self.comment) if part)


@dataclass(frozen=True)
class ItemPage:
    """What ``interactions/_detail.html`` shows. ``form`` is None where the reader cannot answer;
    ``receipt``: an answer that the reader may see is in the decision log; ``mine`` is the reader's
    own answer as JSON, the values as a form has them and the comment; empty without one.
    ``by_key``: the service key answers for the reader. ``underway``: an answer that keeps the
    reader from answering now. ``unconfirmed`` says that the reader's answer was accepted and is not
    in.
    """

    item: Interaction
    filters: Filters
    place: Place
    kind: Kind
    body: Text
    cards: tuple[Card, ...]
    deadline: Deadline | None
    asked: str
    group: str
    run_href: str
    run_name: str
    live: LiveRun | None
    effect: Effect
    refusal: Refusal | None
    form: AnswerForm | None
    unknown_mode: bool
    closing: str
    after_mine: str
    hold: Hold | None
    token: Token
    by_key: bool
    company: Company | None
    hidden: bool
    answers: tuple[Given, ...]
    members: tuple[Member, ...]
    members_from: str
    have: int
    of: int
    history: tuple[Entry, ...]
    whom: str
    ending: Ending | None = None
    receipt: bool = False
    mine: str = ""
    underway: UnderwayNotice | None = None
    unconfirmed: str = ""
    kept: Kept | None = None
    other_drafts: tuple[OtherDraft, ...] = ()
    parts: list[str] = field(default_factory=list)

    @property
    def heading(self) -> str:
        """The question in one line."""
        return self.item.display_title

    @property
    def subject(self) -> str:
        """The heading as it is named within another sentence, such as *Approve “…”?*."""
        return self.heading.rstrip("?")

    @property
    def title(self) -> str:
        """The title of the page."""
        return self.heading

    @property
    def status(self) -> Status:
        """Waiting, answered, expired, cancelled, bypassed by a signal, gone."""
        return item_status(self.item.state, gone=self.item.gone)

    @property
    def here(self) -> str:
        """This page, with the list beside it as it is."""
        return item_href(self.item.mobius_id, self.filters)

    @property
    def self_href(self) -> str:
        """This page alone, to send to somebody."""
        return self.item.get_absolute_url()

    @property
    def list_href(self) -> str:
        """The list that this page is opened from."""
        return inbox_href(self.filters)

    @property
    def list_query(self) -> str:
        """What the form carries, so that the next question comes from the same list."""
        return self.filters.query().removeprefix("?")

    @property
    def raw_href(self) -> str:
        """The question as Mobius sent it."""
        return reverse("interaction-json", args=[self.item.mobius_id])

    @property
    def mobius_href(self) -> str:
        """Where Mobius shows the question; empty where that is not set."""
        return interaction_in_mobius(self.item.mobius_id)

    @property
    def form_template(self) -> str:
        """The fragment of the question's mode."""
        return f"interactions/_form_{self.form.mode if self.form is not None else 'unknown'}.html"

    @property
    def many_options(self) -> bool:
        """A list that is searched rather than read."""
        return self.form is not None and len(self.form.question.options) > SEARCHED_FROM

    @property
    def progress_label(self) -> str:
        """Said of the bar of answers."""
        turn = ", yours is next" if "you" in self.parts else ""
        return f"{self.have} of {self.of} answered{turn}"

    @property
    def no_token(self) -> bool:
        """The reader's answer would be taken, and there is nothing to send it with."""
        return self.token in (Token.NONE, Token.LOST) and not self.by_key

    @property
    def everybody_answers(self) -> bool:
        """One answer is not enough."""
        return not self.item.takes_one_answer

    @property
    def refused_token(self) -> bool:
        """Mobius did not take the reader's token the last time."""
        return self.token is Token.REFUSED

    @property
    def action(self) -> str:
        """``claim``, ``release``, or nothing that the reader could do."""
        own = self.token in (Token.GOOD, Token.REFUSED)
        return self.hold.action if self.hold is not None and own else ""

    @property
    def open(self) -> bool:
        """It can still be answered by somebody."""
        return self.item.pending and not self.closing
