"""The page of a batch: its preview, its progress and its results."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from inbox import access
from inbox.access import Viewer
from inbox.models import Batch, BatchItem, Interaction, Recipient, Upstream
from inbox.people.names import names_of
from inbox.services import batches
from inbox.services.draft import drafted
from inbox.web.batches.messages import done_words, left_out_words, result_words
from inbox.web.ui.answers import question_of
from inbox.web.ui.batches import chosen_value, failed_words, verb_words
from inbox.web.ui.labels import Kind, kind, label, listed, origin
from inbox.web.ui.people import People
from inbox.web.ui.scopes import Filters
from inbox.web.ui.when import Deadline, deadline


@dataclass(frozen=True)
class BatchRow:
    """A question of the batch. Without ``href`` the viewer may no longer see it.

    ``value`` selects it again, in a preview as it is shown and later whatever its version; empty if
    it has closed. ``words`` is its result, or why it is left out or can't be sent. In a preview,
    ``draft``: the viewer has typed an answer, which isn't sent; ``unseen``: they have not seen it,
    or have marked it as unread; ``changed``: others have changed it since they did.
    """

    id: str
    title: str
    href: str
    kind: Kind | None
    meta: str
    deadline: Deadline | None
    state: str
    words: str
    value: str = ""
    draft: bool = False
    unseen: bool = False
    changed: bool = False


@dataclass(frozen=True)
class KindGroup:
    """Questions that can be answered together, where others of the batch can't."""

    title: str
    button: str
    rows: tuple[BatchRow, ...]


@dataclass(frozen=True)
class BatchPage:
    """What ``batches/_batch.html`` shows.

    ``rows`` are the questions that are to be sent, are sent, or were; ``failed`` those that could
    not be, once all have a result. ``kind_groups`` are the parts of a preview that can't be
    confirmed as a whole, and ``differences`` says how they differ. ``held``: it can still be
    undone.
    """

    batch: Batch
    title: str
    button: str
    back: str
    rows: tuple[BatchRow, ...]
    failed: tuple[BatchRow, ...]
    left_out: tuple[BatchRow, ...]
    kind_groups: tuple[KindGroup, ...]
    differences: tuple[str, ...]
    done: int
    held: bool
    needs_reason: bool

    @property
    def most_selected(self) -> int:
        """How many questions a batch can have."""
        return batches.MOST

    @property
    def total(self) -> int:
        return len(self.rows) + len(self.failed)

    @property
    def left_out_words(self) -> str:
        count = len(self.left_out)
        return ngettext(
            "%(count)d question isn't included", "%(count)d questions aren't included", count
        ) % {"count": count}

    @property
    def again(self) -> bool:
        """Whether one of those that failed can be tried again."""
        return any(row.value for row in self.failed)

    @property
    def failed_words(self) -> str:
        return failed_words(len(self.failed))

    @property
    def progress_words(self) -> str:
        return _("%(done)d of %(total)d") % {"done": self.done, "total": self.total}


def batch_page(viewer: Viewer, upstream: Upstream, batch: Batch, now: datetime) -> BatchPage:
    """Read the batch and its questions. The number of queries is fixed; one more if they can't be
    answered together.
    """
    items = list(batch.items.all())
    state = BatchItem.State
    kept = [item for item in items if item.state != state.LEFT_OUT]
    mixed = batch.previewed and len({item.kind for item in kept}) > 1
    ids = [item.interaction_id for item in items]
    rows = access.interactions(viewer, upstream).filter(mobius_id__in=ids)
    questions = {row.mobius_id: row for row in rows.defer("raw", "context", "message")}
    steps = batches.step_names(upstream, questions.values()) if mixed else {}
    previews = batch.previewed and batch.answers
    drafts = drafted(viewer, upstream, list(questions)) if previews else set()
    recipients = _recipients(viewer, upstream, questions) if previews else {}
    asked_by = {question.asked_by for question in questions.values() if question.asked_by}
    people = People(names_of(asked_by), viewer.mobius_id)
    lines = {
        item.pk: _row(
            batch,
            item,
            questions.get(item.interaction_id),
            people=people,
            drafted=drafts,
            recipient=recipients.get(item.interaction_id),
            now=now,
        )
        for item in items
    }
    over = batch.finished_at is not None
    failed = [item for item in kept if over and item.state == state.FAILED]
    others = [lines[item.pk] for item in kept if item not in failed]
    done = sum(item.state in (state.DONE, state.FAILED) for item in kept)
    return BatchPage(
        batch=batch,
        title=_("Selected questions") if mixed else _title(batch, len(kept), len(others)),
        button=verb_words(batch.verb, len(kept)).button,
        back=Filters.read(QueryDict(batch.query)).href(),
        rows=tuple(others),
        failed=tuple(lines[item.pk] for item in failed),
        left_out=tuple(lines[item.pk] for item in items if item.state == state.LEFT_OUT),
        kind_groups=_kind_groups(batch, kept, lines, questions, steps) if mixed else (),
        differences=_differences(kept, questions, steps) if mixed else (),
        done=done,
        held=batch.held(now),
        needs_reason=batch.previewed
        and batch.verb == Batch.Verb.REJECT
        and batches.needs_reason(batch),
    )


def _title(batch: Batch, count: int, done: int) -> str:
    if batch.previewed and not count:
        return _("None of these questions can be included")
    if batch.previewed:
        return verb_words(batch.verb, count).question
    if batch.finished_at is not None:
        return verb_words(batch.verb, done).done
    return verb_words(batch.verb, count).doing


def _recipients(viewer: Viewer, upstream: Upstream, ids: Iterable[str]) -> dict[str, Recipient]:
    """What the viewer has seen of the questions, by their IDs."""
    rows = Recipient.objects.filter(
        user_id=viewer.mobius_id or "",
        interaction__upstream=upstream,
        interaction__mobius_id__in=list(ids),
    )
    columns = (
        "open",
        "waits_for_others",
        "seen",
        "interaction__mobius_id",
        "interaction__updated_at",
    )
    found = rows.select_related("interaction").only(*columns)
    return {row.interaction.mobius_id: row for row in found}


def _row(
    batch: Batch,
    item: BatchItem,
    question: Interaction | None,
    *,
    people: People,
    drafted: Collection[str],
    recipient: Recipient | None,
    now: datetime,
) -> BatchRow:
    result = ""
    match item.state:
        case BatchItem.State.LEFT_OUT:
            result = left_out_words(item.outcome)
        case BatchItem.State.DONE:
            result = done_words(batch, item.outcome)
        case BatchItem.State.FAILED:
            # What Mobius said may quote the question.
            result = result_words(batch, item.outcome, item.message if question else "")
    if batch.previewed and not result and question is not None and not question.pending:
        result = left_out_words(access.Refusal.CLOSED)
    if question is None:
        return BatchRow(item.interaction_id, "", "", None, "", None, item.state, result)
    return BatchRow(
        id=item.interaction_id,
        title=question.display_title,
        href=question.get_absolute_url(),
        kind=kind(question.type),
        meta=origin(question, people),
        deadline=deadline(question, now) if question.pending else None,
        state=item.state,
        words=result,
        value=_value(batch, question) if question.pending else "",
        draft=item.interaction_id in drafted,
        unseen=recipient is not None and recipient.seen is None,
        changed=recipient is not None and recipient.changed,
    )


def _value(batch: Batch, question: Interaction) -> str:
    return chosen_value(question.mobius_id, question.updated_at if batch.previewed else None)


def _kind_groups(
    batch: Batch,
    items: Iterable[BatchItem],
    rows: Mapping[int, BatchRow],
    questions: Mapping[str, Interaction],
    steps: Mapping[str, str],
) -> tuple[KindGroup, ...]:
    """The parts of a batch that has several kinds of questions."""
    return tuple(
        KindGroup(
            _kind_title(alike, questions, steps),
            verb_words(batch.verb, len(alike)).button,
            tuple(rows[item.pk] for item in alike),
        )
        for alike in _by_kind(items)
    )


def _by_kind(items: Iterable[BatchItem]) -> list[list[BatchItem]]:
    by_kind: dict[str, list[BatchItem]] = {}
    for item in items:
        by_kind.setdefault(item.kind, []).append(item)
    return list(by_kind.values())


def _step(items: Iterable[BatchItem], steps: Mapping[str, str]) -> str:
    """The label of the step that asked questions of one kind; empty if it is unknown or none."""
    names = (steps[item.interaction_id] for item in items if item.interaction_id in steps)
    return label(next(names, ""))


def _kind_title(
    items: Sequence[BatchItem], questions: Mapping[str, Interaction], steps: Mapping[str, str]
) -> str:
    question = questions.get(items[0].interaction_id)
    if question is None:
        return ""
    parts = (question.workflow, _step(items, steps), kind(question.type).label, _default(question))
    return " · ".join(part for part in parts if part)


def _default(question: Interaction) -> str:
    suggested = question_of(question).get("default")
    if suggested is True:
        return _("Suggested by the workflow: Approve")
    return _("Suggested by the workflow: Reject") if suggested is False else ""


def _differences(
    items: Iterable[BatchItem], questions: Mapping[str, Interaction], steps: Mapping[str, str]
) -> tuple[str, ...]:
    """How the questions of a preview differ, in sentences."""
    found = [
        (questions[alike[0].interaction_id], _step(alike, steps))
        for alike in _by_kind(items)
        if alike[0].interaction_id in questions
    ]
    named = (
        (
            _("They differ in their workflow: %(names)s."),
            [question.workflow or pgettext("workflow", "none") for question, _name in found],
        ),
        (
            _("They differ in their step: %(names)s."),
            [name or pgettext("step", "unknown or none") for _question, name in found],
        ),
        (
            _("They differ in their type: %(names)s."),
            [kind(question.type).label for question, _name in found],
        ),
    )
    sentences = [
        sentence % {"names": listed(list(dict.fromkeys(names)))}
        for sentence, names in named
        if len(set(names)) > 1
    ]
    if len({batches.form_of(question) for question, _name in found}) > 1:
        sentences.append(_("They differ in their answer form."))
    return tuple(sentences)
