from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from inbox import access
from inbox.access import Viewer
from inbox.answering import batches
from inbox.answering.draft import drafted
from inbox.models import Batch, BatchItem, Interaction, Recipient, Upstream
from inbox.people.names import names_of
from inbox.web.batches.messages import done_words, left_out_words
from inbox.web.ui.batches import batch_words, chosen_value, failed_words
from inbox.web.ui.labels import Kind, kind, label, listed, origin
from inbox.web.ui.outcome_messages import batch_reason
from inbox.web.ui.people import People
from inbox.web.ui.scopes import Filters
from inbox.web.ui.when import Deadline, deadline

State = BatchItem.State


@dataclass(frozen=True)
class BatchRow:
    """``question`` is None if the viewer may no longer see it. ``value`` selects it again: in a
    preview at the version shown, later at any; empty if it has closed.
    """

    item: BatchItem
    question: Interaction | None
    words: str
    kind: Kind | None = None
    meta: str = ""
    deadline: Deadline | None = None
    value: str = ""
    draft: bool = False
    recipient: Recipient | None = None


def batch_context(
    viewer: Viewer, upstream: Upstream, batch: Batch, now: datetime
) -> dict[str, Any]:
    """``parts`` are of a preview that can't be confirmed as a whole, ``differences`` say why."""
    rows = _rows(viewer, upstream, batch, now)
    kept = [row for row in rows if row.item.state != State.LEFT_OUT]
    left_out = [row for row in rows if row.item.state == State.LEFT_OUT]
    is_over = batch.finished_at is not None
    failed = [row for row in kept if is_over and row.item.state == State.FAILED]
    sent = [row for row in kept if row not in failed]
    done = sum(row.item.state in (State.DONE, State.FAILED) for row in kept)
    needs_reason = batch.previewed and batch.verb == Batch.Verb.REJECT
    return {
        "batch": batch,
        "title": _title(batch, len(kept), len(sent)),
        "button": batch_words(batch.verb, "button", len(kept)),
        "back": Filters.read(QueryDict(batch.query)).href(),
        "rows": sent,
        "failed": failed,
        "failed_words": failed_words(len(failed)),
        "can_retry": any(row.value for row in failed),
        "left_out": left_out,
        "left_out_words": ngettext(
            "%(count)d question isn't included",
            "%(count)d questions aren't included",
            len(left_out),
        )
        % {"count": len(left_out)},
        "done": done,
        "total": len(kept),
        "progress_words": _("%(done)d of %(total)d") % {"done": done, "total": len(kept)},
        "is_sending": not batch.previewed and not is_over and not batch.held(now),
        "needs_reason": needs_reason and batches.needs_reason(batch),
        "most": batches.MOST,
        **_mixed(upstream, batch, kept),
    }


def _title(batch: Batch, count: int, sent: int) -> str:
    if batch.previewed and not count:
        return _("None of these questions can be included")
    if batch.previewed:
        return batch_words(batch.verb, "question", count)
    if batch.finished_at is not None:
        return batch_words(batch.verb, "done", sent)
    return batch_words(batch.verb, "doing", count)


def _rows(viewer: Viewer, upstream: Upstream, batch: Batch, now: datetime) -> list[BatchRow]:
    items = list(batch.items.all())
    ids = [item.interaction_id for item in items]
    visible = access.interactions(viewer, upstream).filter(mobius_id__in=ids)
    questions = {
        row.mobius_id: row for row in visible.defer("raw", "context", "details", "message")
    }
    drafts = drafted(viewer, upstream, list(questions)) if batch.previewed else set()
    recipients = _recipients(viewer, upstream, questions) if batch.previewed else {}
    asked_by = {question.asked_by for question in questions.values() if question.asked_by}
    people = People(names_of(upstream, asked_by), viewer.mobius_id)
    rows = []
    for item in items:
        question = questions.get(item.interaction_id)
        words = _words(batch, item, question)
        if question is None:
            rows.append(BatchRow(item, None, words))
            continue
        version = question.updated_at if batch.previewed else None
        rows.append(
            BatchRow(
                item=item,
                question=question,
                words=words,
                kind=kind(question.type),
                meta=origin(question, people),
                deadline=deadline(question, now) if question.pending else None,
                value=chosen_value(question.mobius_id, version) if question.pending else "",
                draft=item.interaction_id in drafts,
                recipient=recipients.get(item.interaction_id),
            )
        )
    return rows


def _recipients(viewer: Viewer, upstream: Upstream, ids: Iterable[str]) -> dict[str, Recipient]:
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


def _words(batch: Batch, item: BatchItem, question: Interaction | None) -> str:
    match item.state:
        case State.LEFT_OUT:
            return left_out_words(item.outcome)
        case State.DONE:
            return done_words(batch, item.outcome)
        case State.FAILED:
            # What Mobius said may quote the question.
            return batch_reason(item.outcome, item.message if question else "")
    if batch.previewed and question is not None and not question.pending:
        return left_out_words(access.Refusal.CLOSED)
    return ""


def _mixed(upstream: Upstream, batch: Batch, rows: Iterable[BatchRow]) -> dict[str, Any]:
    by_kind: dict[str, list[BatchRow]] = {}
    for row in rows:
        by_kind.setdefault(row.item.kind, []).append(row)
    if not batch.previewed or len(by_kind) <= 1:
        return {}
    firsts = [alike[0].question for alike in by_kind.values()]
    steps = batches.step_names(upstream, [question for question in firsts if question])
    parts = [
        {
            "title": _kind_title(alike[0].question, steps),
            "button": batch_words(batch.verb, "button", len(alike)),
            "rows": alike,
        }
        for alike in by_kind.values()
    ]
    differences = _differences([question for question in firsts if question], steps)
    return {"title": _("Selected questions"), "parts": parts, "differences": differences}


def _kind_title(question: Interaction | None, steps: Mapping[str, str]) -> str:
    if question is None:
        return ""
    step = label(steps.get(question.mobius_id, ""))
    parts = (question.workflow, step, kind(question.type).label, _default(question))
    return " · ".join(part for part in parts if part)


def _default(question: Interaction) -> str:
    suggested = question.only_question.get("default")
    if suggested is True:
        return _("Suggested by the workflow: Approve")
    return _("Suggested by the workflow: Reject") if suggested is False else ""


def _differences(questions: Sequence[Interaction], steps: Mapping[str, str]) -> list[str]:
    named = (
        (
            _("They differ in their workflow: %(names)s."),
            [question.workflow or pgettext("workflow", "none") for question in questions],
        ),
        (
            _("They differ in their step: %(names)s."),
            [
                label(steps.get(question.mobius_id, "")) or pgettext("step", "unknown or none")
                for question in questions
            ],
        ),
        (
            _("They differ in their type: %(names)s."),
            [kind(question.type).label for question in questions],
        ),
    )
    sentences = [
        sentence % {"names": listed(list(dict.fromkeys(names)))}
        for sentence, names in named
        if len(set(names)) > 1
    ]
    if len({batches.form_of(question) for question in questions}) > 1:
        sentences.append(_("They differ in their answer form."))
    return sentences
