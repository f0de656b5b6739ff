import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from inbox import access
from inbox.access import Action, Viewer
from inbox.access.search import people_of
from inbox.answering.batches import kinds_of
from inbox.answering.draft import drafted
from inbox.lib.words import words_of
from inbox.models import Credential, Interaction, Recipient, Run, Upstream
from inbox.people.names import names_of
from inbox.web.questions.queries import runs_of
from inbox.web.questions.snippets import VISIBLE, Piece, snippet
from inbox.web.ui.answers import (
    Member,
    Words,
    check_words,
    given_answers,
    members,
    progress,
    words_of_value,
)
from inbox.web.ui.batches import chosen_value
from inbox.web.ui.claims import claimed_too_long, since_label
from inbox.web.ui.deadlines import ShownDeadline, shown_deadline
from inbox.web.ui.held import HeldAnswer
from inbox.web.ui.labels import Kind, item_status, kind, listed, origin
from inbox.web.ui.own_data import OwnData
from inbox.web.ui.people import Face, People
from inbox.web.ui.scopes import OTHERS, Filters, item_href
from inbox.web.ui.when import deadline, moment

FACES = 5
IN_A_ROW = {Action.CLAIM: "c", Action.RELEASE: "e"}
"""Actions that a row offers as buttons, and their keys."""


class RowRun(NamedTuple):
    id: str
    status: str
    state: str


@dataclass(frozen=True)
class Row:
    """The HTML is cached by these values. ``single``: ``group`` is the name of one person. ``of``
    is 0 if one answer is enough. ``to_review``: it waits for the viewer's review. ``acts`` are the
    keys of its buttons. ``found`` is an excerpt with the words searched for. ``value`` selects the
    row for a batch, and ``alike`` is the same for questions that can be approved or rejected
    together.
    """

    id: str
    href: str
    title: str
    kind: Kind
    meta: str
    due: ShownDeadline | None
    group: str
    single: bool
    have: int
    of: int
    claimed_by: Face | None
    claimed_by_viewer: bool
    claimed_since: str
    claimed_too_long: bool
    faces: tuple[Member, ...]
    more: int
    acts: str
    current: bool
    ended: Words | None
    ended_at: str
    ended_words: str
    stays: bool
    open: bool
    unread: bool
    changed: bool
    to_review: bool
    held: HeldAnswer | None
    draft: bool
    snoozed: str
    found: tuple[Piece, ...]
    run: RowRun | None
    value: str
    alike: str
    failed: bool
    selected: bool

    @property
    def claimed_label(self) -> str:
        if self.claimed_by is None:
            return ""
        facts = {"name": self.claimed_by.full, "since": self.claimed_since}
        words = (
            _("Claimed by %(name)s %(since)s")
            if self.claimed_by_another
            else _("Claimed by you %(since)s")
        )
        return (words % facts).strip()

    @property
    def claimed_by_another(self) -> bool:
        return self.claimed_by is not None and not self.claimed_by_viewer

    @property
    def html(self) -> SafeString:
        return _html(self, get_language(), in_place=False)

    @property
    def html_in_place(self) -> SafeString:
        return _html(self, get_language(), in_place=True)


@lru_cache(maxsize=2048)
def _html(row: Row, _language: str | None, *, in_place: bool) -> SafeString:
    """Cached: all that it depends on is in its arguments, so nothing has to be invalidated."""
    html = render_to_string("inbox/_row.html", {"row": row, "in_place": in_place})
    return SafeString(_LINES.sub(" ", _LINES_BETWEEN_TAGS.sub("><", html)).strip())  # nosec # of a template


_LINES_BETWEEN_TAGS, _LINES = re.compile(r">\s*\n\s*<"), re.compile(r"\s*\n\s*")


@dataclass(frozen=True)
class _Page:
    """By the ID of the question; ``kinds`` by type."""

    viewer: Viewer
    people: People
    groups: Mapping[str, str]
    filters: Filters
    now: datetime
    current: str
    held: Mapping[str, HeldAnswer]
    drafts: Collection[str]
    returns: Mapping[int, datetime]
    runs: Mapping[str, Run]
    alike: Mapping[str, str]
    failed: Mapping[str, bool]
    words: Collection[str]
    kinds: Mapping[str, Kind]

    def row(self, recipient: Recipient, can: Collection[Action]) -> Row:
        item, people, now = recipient.interaction, self.people, self.now
        id_ = item.mobius_id
        held, returns_at = self.held.get(id_), self.returns.get(item.pk)
        # In *Waiting for others*, the viewer has answered and the question is still open.
        alive = recipient.open or (recipient.waits_for_others and self.filters.shown.key == OTHERS)
        # Of everyone's questions, the row is that of any person who is asked.
        others = self.filters.everyone
        alive, is_open = (item.is_open, False) if others else (alive, recipient.open)
        alike = self.alike.get(id_, "") if held is None else ""
        have, of = progress(item) or (0, 0)
        claimed = bool(item.claimed_by) and item.takes_one_answer
        meta = origin(item, people)
        group = self.groups.get(item.group_id or "") or item.target_id
        assignee, single = group if recipient.via_group else "", False
        if others or recipient.checks:
            asked: Sequence[str] = item.people_asked if recipient.checks else item.missing
            asked = asked or [item.target_id]
            single = len(asked) == 1
            assignee = listed(people.objects(asked))
        if others and not item.pending:
            assignee, single = item_status(item.state).label, False
        shown = (item.display_title[:VISIBLE], meta, assignee)
        due = deadline(item, now) if alive else None
        faces = members(item, people) if alive else ()
        run, closed_at = self.runs.get(item.run_id or ""), None if alive else recipient.closed_at
        return Row(
            id=id_,
            href=item_href(id_, self.filters),
            title=item.display_title,
            kind=self.kinds[item.type],
            meta=meta,
            due=shown_deadline(due.at, soft=due.soft) if due else None,
            group=assignee,
            single=single,
            have=have,
            of=of,
            claimed_by=people.face(item.claimed_by) if claimed and is_open else None,
            claimed_by_viewer=people.is_viewer(item.claimed_by),
            claimed_since=since_label(item, now) if claimed else "",
            claimed_too_long=claimed and is_open and claimed_too_long(item, now),
            faces=tuple(sorted(faces, key=lambda face: face.given is None))[:FACES],
            more=max(0, len(faces) - FACES),
            acts="" if others or (held and is_open) else _acts(recipient, can),
            current=id_ == self.current,
            ended=None if alive else _ended(recipient, item, people),
            ended_at=localtime(closed_at).isoformat() if closed_at else "",
            ended_words=moment(closed_at, now) if closed_at else "",
            stays=not alive and not self.filters.done,
            open=is_open,
            unread=recipient.unread and not others,
            changed=recipient.changed and not others,
            to_review=recipient.checks and recipient.open and not others,
            held=held if is_open else None,
            draft=id_ in self.drafts,
            snoozed=moment(returns_at, now) if returns_at and returns_at > now and alive else "",
            found=snippet(self.viewer, item, self.words, people=people, shown=shown)
            if self.words
            else (),
            run=RowRun(run.mobius_id, run.status, run.state) if run else None,
            value=chosen_value(id_, item.updated_at) if alike else "",
            alike=alike,
            failed=id_ in self.failed and alive and held is None,
            selected=self.failed.get(id_, False) and not self.current,
        )


def _acts(recipient: Recipient, can: Collection[Action]) -> str:
    """Snooze, mark as unread, claim or release."""
    keys = [key for action, key in IN_A_ROW.items() if action in can]
    if recipient.open:
        keys = ["h", *([] if recipient.unread else ["u"]), *keys]
    return " ".join(keys)


def _ended(recipient: Recipient, item: Interaction, people: People) -> Words:
    if recipient.checks and recipient.answered_at is not None:
        return check_words(recipient.value)
    if recipient.answered_at is not None:
        words = words_of_value(item, recipient.value)
        return replace(words, text=words.line) if len(item.questions) > 1 else words
    given = given_answers(item, people)
    if item.status == "completed" and len(given) == 1:
        return replace(given[0].words, text=given[0].did)
    status = item_status(item.state, deleted=item.deleted)
    return Words(status.label, icon=status.icon)


def inbox_rows(
    own: OwnData,
    page: Sequence[Recipient],
    filters: Filters,
    now: datetime,
    *,
    groups: Mapping[str, str],
    current: str = "",
    people: People | None = None,
) -> list[Row]:
    if not page:
        return []
    viewer, upstream = own.viewer, own.upstream
    people = people or People(names_of(upstream, people_in(page, filters)), viewer.mobius_id)
    can = [_can(viewer, recipient, now) for recipient in page]
    if any(actions & IN_A_ROW.keys() for actions in can) and not _has_token(viewer, upstream):
        can = [actions - IN_A_ROW.keys() for actions in can]
    ids = [recipient.interaction.mobius_id for recipient in page]
    answerable = [
        row.interaction for row, actions in zip(page, can, strict=True) if Action.ANSWER in actions
    ]
    about = _Page(
        viewer=viewer,
        people=people,
        groups=groups,
        filters=filters,
        now=now,
        current=current,
        held=own.on_their_way,
        drafts=drafted(viewer, upstream, ids) - own.on_their_way.keys(),
        returns=own.returns,
        runs=runs_of(viewer, upstream, filters, page),
        alike=kinds_of(upstream, answerable) if filters.selectable else {},
        failed=own.failed,
        words=words_of(filters.cleaned_data["q"]),
        kinds={type_: kind(type_) for type_ in {row.interaction.type for row in page}},
    )
    return [about.row(recipient, actions) for recipient, actions in zip(page, can, strict=True)]


def people_in(page: Iterable[Recipient], filters: Filters) -> set[str]:
    """For a search also people whose names it can match."""
    ids: set[str | None] = set()
    for recipient in page:
        item = recipient.interaction
        if filters.cleaned_data["q"]:
            ids |= set(people_of(item))
        ids |= {item.asked_by, item.claimed_by}
        if item.shared or filters.everyone or recipient.checks:
            ids |= {item.target_id, *(item.members or ())}
        if not recipient.open and recipient.answered_at is None:
            ids |= set(item.answered_by)
    return {id_ for id_ in ids if id_}


def groups_in(page: Iterable[Recipient]) -> set[str]:
    return {row.interaction.group_id for row in page if row.interaction.group_id}


def _has_token(viewer: Viewer, upstream: Upstream) -> bool:
    kept = Credential.objects.filter(reviewer__user_id=viewer.user_id, upstream=upstream)
    return kept.exists()


def _can(viewer: Viewer, recipient: Recipient, now: datetime) -> frozenset[Action]:
    item = recipient.interaction
    over = item.expires_at is not None and item.expires_at <= now
    return frozenset() if over else access.actions(viewer, item)
