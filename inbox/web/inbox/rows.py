"""The rows of the inbox."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from inbox import access
from inbox.access import Action, Viewer
from inbox.access.search import people_of
from inbox.models import Credential, Interaction, Recipient, Run, Upstream
from inbox.services.batches import kind_of, step_names
from inbox.services.draft import drafted
from inbox.web.inbox.queries import runs_of
from inbox.web.inbox.snippets import VISIBLE, Piece, snippet
from inbox.web.ui.answers import (
    Member,
    Words,
    given_answers,
    members,
    progress,
    question_of,
    value_words,
)
from inbox.web.ui.batches import chosen_value
from inbox.web.ui.claims import claimed_too_long, since_label
from inbox.web.ui.held import HeldAnswer
from inbox.web.ui.labels import Kind, item_status, kind, origin
from inbox.web.ui.people import Face, People
from inbox.web.ui.scopes import OTHERS, Filters, item_href, question_path
from inbox.web.ui.when import Deadline, deadline, moment
from inbox.words import words_of

FACES = 5
IN_A_ROW = frozenset({Action.CLAIM, Action.RELEASE})
"""Actions that a row offers as buttons."""


@dataclass(frozen=True)
class Row:
    """What ``inbox/_row.html`` shows.

    ``group`` is empty for a question to the viewer alone, and ``of`` is 0 if one answer is enough.
    ``faces`` are the members who answer together, if the viewer may see them. ``ended`` and
    ``ended_at`` say how and when a closed question ended. ``action`` is ``claim``, ``release`` or
    empty. ``held`` is the viewer's held answer, ``draft`` whether they have a draft, ``unread``
    whether they have not seen it, ``changed`` whether others have changed it since; ``open``:
    it waits for the viewer. ``snoozed`` says when it comes back, and ``snooze_href`` leads to the
    form that snoozes it. ``found`` is an excerpt with the words searched for, if the row doesn't
    show them otherwise. ``run`` is that of a closed question. ``value`` selects it for a batch,
    empty if nothing can be done with it; ``can`` are the actions, ``alike`` is the same for
    questions that can be approved or rejected together if they also have the same ``step``, empty
    if that is unknown. ``failed``: a batch has failed with it; ``selected``: the row's checkbox is
    ticked, because that batch is over. It isn't while a question is open: keys would act on the
    selection instead.
    """

    id: str
    href: str
    title: str
    kind: Kind
    meta: str
    deadline: Deadline | None
    group: str
    have: int
    of: int
    claimed_by: Face | None
    claimed_by_viewer: bool
    claimed_since: str
    claimed_too_long: bool
    faces: tuple[Member, ...]
    action: str
    current: bool
    ended: Words | None
    ended_at: datetime | None
    open: bool
    unread: bool
    changed: bool
    held: HeldAnswer | None = None
    draft: bool = False
    snoozed: str = ""
    snooze_href: str = ""
    found: tuple[Piece, ...] = ()
    run: Run | None = None
    value: str = ""
    can: str = ""
    alike: str = ""
    step: str = ""
    failed: bool = False
    selected: bool = False

    @property
    def claimed_label(self) -> str:
        """The label of the face of the person who has claimed it."""
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
    def more(self) -> int:
        """How many members are not shown in the row."""
        return max(0, len(self.faces) - FACES)

    @property
    def shown_faces(self) -> tuple[Member, ...]:
        """The faces in the row, those who have answered first."""
        return tuple(sorted(self.faces, key=lambda face: face.given is None))[:FACES]

    @cached_property
    def action_words(self) -> str:
        match self.action:
            case Action.CLAIM:
                return _("Claim")
            case Action.RELEASE:
                return _("Release")
            case _:
                return ""

    @property
    def has_buttons(self) -> bool:
        """Not while an answer is held: they would cover until when it can be undone."""
        return self.held is None and (bool(self.action) or self.open)

    @property
    def action_key(self) -> str:
        return {"claim": "c", "release": "e"}.get(self.action, "")

    @cached_property
    def action_href(self) -> str:
        return question_path(self.action, self.id)

    @property
    def select_words(self) -> str:
        """The label of the field that selects it."""
        return _("Select “%(title)s”") % {"title": self.title}

    @cached_property
    def snooze_words(self) -> str:
        """The label of the link that snoozes it."""
        return pgettext("verb", "Snooze")

    @property
    def unread_href(self) -> str:
        """Where the row is marked as unread."""
        return question_path("unread", self.id)

    @property
    def unread_words(self) -> str:
        """The label of the button for that."""
        return _("Mark “%(title)s” as unread") % {"title": self.title}

    @property
    def check_href(self) -> str:
        """Where the script checks the question after a request failed."""
        return question_path("check", self.id)

    @property
    def claimed_by_another(self) -> bool:
        """Whether someone else has claimed it; the row is dimmed then."""
        return self.claimed_by is not None and not self.claimed_by_viewer


@dataclass(frozen=True)
class _Page:
    """What the rows of a page show besides their recipients.

    By the ID of the question: ``held``, the viewer's held answers; ``drafts``; ``steps``, the
    names of the steps that asked; ``failed``, as ``failed_items`` reads it. ``returns`` is as
    ``snooze.returns_of`` reads it, ``words`` are those searched for. ``kinds`` are by type, and
    ``snooze_query`` is the query of the addresses where questions are snoozed.
    """

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
    steps: Mapping[str, str]
    failed: Mapping[str, bool]
    words: Collection[str]
    kinds: Mapping[str, Kind]
    snooze_query: str

    def row(self, recipient: Recipient, can: Collection[Action]) -> Row:
        """The row of a recipient, who may do what ``can`` says."""
        item, people, now = recipient.interaction, self.people, self.now
        id_ = item.mobius_id
        held, returns_at = self.held.get(id_), self.returns.get(item.pk)
        # In *Waiting for others*, the viewer has answered and the question is still open.
        alive = recipient.open or (recipient.waits_for_others and self.filters.shown.key == OTHERS)
        selectable = self.filters.selectable and held is None
        have, of = progress(item) or (0, 0)
        claimed = bool(item.claimed_by) and item.takes_one_answer
        meta = origin(item, people)
        group = self.groups.get(item.group_id or "") or item.target_id
        assignee = group if recipient.via_group else ""
        shown = (item.display_title[:VISIBLE], meta, assignee)
        return Row(
            id=id_,
            href=item_href(id_, self.filters),
            title=item.display_title,
            kind=self.kinds[item.type],
            meta=meta,
            deadline=deadline(item, now) if alive else None,
            group=assignee,
            have=have,
            of=of,
            claimed_by=people.face(item.claimed_by) if claimed and recipient.open else None,
            claimed_by_viewer=people.is_viewer(item.claimed_by),
            claimed_since=since_label(item, now) if claimed else "",
            claimed_too_long=claimed and recipient.open and claimed_too_long(item, now),
            faces=members(item, people) if alive else (),
            action=_action(can),
            current=id_ == self.current,
            ended=None if alive else _ended(recipient, item, people),
            ended_at=None if alive else recipient.closed_at,
            open=recipient.open,
            unread=recipient.unread,
            changed=recipient.changed,
            held=held if recipient.open else None,
            draft=id_ in self.drafts,
            snoozed=moment(returns_at, now) if returns_at and returns_at > now and alive else "",
            snooze_href=question_path("snooze", id_) + self.snooze_query if recipient.open else "",
            found=snippet(self.viewer, item, self.words, people=people, shown=shown)
            if self.words
            else (),
            run=self.runs.get(item.run_id or ""),
            value=chosen_value(id_, item.updated_at) if selectable and can else "",
            can=" ".join(sorted(can)) if selectable else "",
            alike=kind_of(item) if selectable and Action.ANSWER in can else "",
            step=self.steps.get(id_, ""),
            failed=id_ in self.failed and alive and held is None,
            selected=self.failed.get(id_, False) and not self.current,
        )


def _action(can: Collection[Action]) -> str:
    return next((action for action in (Action.CLAIM, Action.RELEASE) if action in can), "")


def _ended(recipient: Recipient, item: Interaction, people: People) -> Words:
    if recipient.answered_at is not None:
        return value_words(question_of(item), recipient.value)
    given = given_answers(item, people)
    if item.status == "completed" and len(given) == 1:
        return replace(given[0].words, text=given[0].did)
    status = item_status(item.state, deleted=item.deleted)
    return Words(status.label, icon=status.icon)


def inbox_rows(
    page: Sequence[Recipient],
    *,
    viewer: Viewer,
    upstream: Upstream,
    people: People,
    groups: Mapping[str, str],
    filters: Filters,
    now: datetime,
    current: str,
    held: Collection[HeldAnswer],
    returns: Mapping[int, datetime],
    failed: Mapping[str, bool],
) -> list[Row]:
    """The rows of a page. ``failed`` as ``failed_items`` reads them."""
    if not page:
        return []
    can = [_can(viewer, recipient, now) for recipient in page]
    if any(actions & IN_A_ROW for actions in can) and not _has_token(viewer, upstream):
        can = [actions - IN_A_ROW for actions in can]
    held_by_id = {answer.id: answer for answer in held}
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
        held=held_by_id,
        drafts=drafted(viewer, upstream, ids) - held_by_id.keys(),
        returns=returns,
        runs=runs_of(viewer, upstream, filters, page),
        steps=step_names(upstream, answerable) if filters.selectable else {},
        failed=failed,
        words=words_of(filters.cleaned_data["q"]),
        kinds={type_: kind(type_) for type_ in {row.interaction.type for row in page}},
        snooze_query=filters.querystring(back="inbox"),
    )
    return [about.row(recipient, actions) for recipient, actions in zip(page, can, strict=True)]


def people_in(page: Iterable[Recipient], filters: Filters) -> set[str]:
    """The people in the rows, and for a search those whose names it can match."""
    ids: set[str | None] = set()
    for recipient in page:
        item = recipient.interaction
        if filters.cleaned_data["q"]:
            ids |= set(people_of(item))
        ids |= {item.asked_by, item.claimed_by}
        if item.shared:
            ids |= set(item.members or ())
        if not recipient.open and recipient.answered_at is None:
            ids |= set(item.answered_by)
    return {id_ for id_ in ids if id_}


def groups_in(page: Iterable[Recipient]) -> set[str]:
    """The IDs of the groups in the rows."""
    return {row.interaction.group_id for row in page if row.interaction.group_id}


def _has_token(viewer: Viewer, upstream: Upstream) -> bool:
    """Whether the viewer has a token to claim with, as far as one query can tell."""
    kept = Credential.objects.filter(reviewer__user_id=viewer.user_id, upstream=upstream)
    return kept.exists()


def _can(viewer: Viewer, recipient: Recipient, now: datetime) -> frozenset[Action]:
    """What the viewer can do with the question."""
    item = recipient.interaction
    over = item.expires_at is not None and item.expires_at <= now
    return frozenset() if over else access.actions(viewer, item)
