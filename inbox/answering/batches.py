"""Answering several questions together.

``prepare`` stores a preview: the questions, and the version of each that the person saw. The page
lists them, the person confirms once, and ``batch_runner`` sends them one by one. A second press
sends nothing, since the preview is a row.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from inbox import access
from inbox.access import Refusal, Viewer, viewer_of
from inbox.answering import guard
from inbox.answering.batch_runner import batch_runner, publish
from inbox.audit.origin import Origin
from inbox.lib import exact
from inbox.models import (
    Attempt,
    Batch,
    BatchItem,
    Draft,
    Guard,
    Interaction,
    Reviewer,
    Step,
    Upstream,
)

MOST = 200
"""Questions in a batch."""
STAYS_OPEN = timedelta(minutes=1)
"""A question that expires sooner is not answered in a batch."""
KEEP_FOR = timedelta(days=1)
"""How long previews and dismissed results are kept."""
DECISION_MODE = "confirm"
"""The mode of the questions that can be approved or rejected."""


class LeftOut(StrEnum):
    """Reasons beside ``Refusal`` for leaving a question out of a batch.

    ``CHANGED``: since it was listed. ``CONFIRMED_ALONE``: its workflow wants it confirmed by
    itself. ``DRAFTED``: the person has typed a comment that the batch would not send.
    """

    CHANGED = "changed"
    CONFIRMED_ALONE = "asks_alone"
    OTHER_FORM = "other_form"
    EXPIRES_SOON = "expires_soon"
    ON_ITS_WAY = "on_its_way"
    DRAFTED = "drafted"


class Confirmation(StrEnum):
    """``FEWER``: some questions were answered since; the preview is shown again without them."""

    CONFIRMED = "confirmed"
    REPEATED = "repeated"
    FEWER = "fewer"
    EMPTY = "empty"
    MIXED = "mixed"
    NO_REASON = "no_reason"


@dataclass(frozen=True)
class Chosen:
    interaction_id: str
    updated_at: datetime | None = None


def kind_of(item: Interaction, step: str | None) -> str:
    """A key shared by questions that can be approved or rejected together; empty for others.

    ``step`` is empty for a question that no step asked, None if the step is unknown.
    """
    form = form_of(item)
    if not form:
        return ""
    text = exact.dumps([item.workflow, step, item.type, form])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def form_of(item: Interaction) -> str:
    question = item.questions[0] if len(item.questions or ()) == 1 else None
    if not isinstance(question, dict) or question.get("mode") != DECISION_MODE:
        return ""
    return exact.dumps([question.get(name) for name in ("options", "default")], sort_keys=True)


def unsent(user_id: int, upstream: Upstream) -> QuerySet[BatchItem]:
    unfinished = Batch.objects.filter(
        reviewer__user_id=user_id,
        upstream=upstream,
        confirmed_at__isnull=False,
        finished_at=None,
    )
    states = (BatchItem.State.WAITING, BatchItem.State.SENDING)
    return BatchItem.objects.filter(batch__in=unfinished, state__in=states).order_by()


def batches_of(reviewer: Reviewer, upstream: Upstream) -> QuerySet[Batch]:
    return Batch.objects.filter(reviewer=reviewer, upstream=upstream)


def shown(user_id: int, upstream: Upstream) -> QuerySet[Batch]:
    rows = Batch.objects.filter(
        reviewer__user_id=user_id,
        upstream=upstream,
        confirmed_at__isnull=False,
        dismissed_at__isnull=True,
    )
    return rows.order_by("-created_at", "-pk")


@transaction.atomic
def prepare(
    *,
    reviewer: Reviewer,
    upstream: Upstream,
    verb: Batch.Verb,
    chosen: Sequence[Chosen],
    query: str = "",
) -> Batch:
    """Store a preview of the first ``MOST`` questions.

    Those that can't be included are stored with the reason, except those that the person was not
    asked.
    """
    now, viewer = timezone.now(), viewer_of(reviewer.user)
    taken = {question.interaction_id: question for question in chosen[:MOST]}
    items = _asked(viewer, upstream, taken)
    last = batches_of(reviewer, upstream).filter(verb=verb).order_by("-pk").first()
    batch = Batch.objects.create(
        reviewer=reviewer,
        upstream=upstream,
        verb=verb,
        comment=last.comment if last is not None and _is_left(last, items) else "",
        query=query,
        more=len(chosen) > MOST,
        created_at=now,
    )
    reasons = {id_: _left_out(batch, viewer, item, taken[id_], now) for id_, item in items.items()}
    begun = dict.fromkeys(_drafted(reviewer, upstream, items), LeftOut.DRAFTED)
    begun |= dict.fromkeys(_on_their_way(reviewer, upstream, items), LeftOut.ON_ITS_WAY)
    reasons = {id_: reason or begun.get(id_, "") for id_, reason in reasons.items()}
    kinds = kinds_of(upstream, [item for id_, item in items.items() if not reasons[id_]])
    BatchItem.objects.bulk_create(
        BatchItem(
            batch=batch,
            place=place,
            interaction_id=id_,
            updated_at=taken[id_].updated_at or item.updated_at,
            kind=kinds.get(id_, ""),
            state=BatchItem.State.LEFT_OUT if reasons[id_] else BatchItem.State.WAITING,
            outcome=reasons[id_],
        )
        for place, (id_, item) in enumerate(items.items())
    )
    return batch


@transaction.atomic
def confirm(*, batch: Batch, comment: str, origin: Origin) -> Confirmation:
    row = Batch.objects.select_for_update().select_related("reviewer").get(pk=batch.pk)
    if not row.previewed:
        return Confirmation.REPEATED
    waiting = list(row.items.filter(state=BatchItem.State.WAITING))
    if not waiting:
        return Confirmation.EMPTY
    taken = _on_their_way(row.reviewer, row.upstream, [item.interaction_id for item in waiting])
    if taken:
        row.items.filter(interaction_id__in=taken).update(
            state=BatchItem.State.LEFT_OUT, outcome=LeftOut.ON_ITS_WAY
        )
        keep_comment(row, comment)
        return Confirmation.FEWER
    if len({item.kind for item in waiting}) > 1:
        return Confirmation.MIXED
    if row.verb == Batch.Verb.REJECT and not comment.strip() and needs_reason(row):
        return Confirmation.NO_REASON
    now = timezone.now()
    row.comment, row.address = comment, origin.address
    row.confirmed_at, row.send_at = now, now + wait_of(row)
    row.save(update_fields=["comment", "address", "confirmed_at", "send_at"])
    transaction.on_commit(lambda: _confirmed(row))
    return Confirmation.CONFIRMED


def keep_comment(batch: Batch, comment: str) -> None:
    Batch.objects.filter(pk=batch.pk, confirmed_at__isnull=True).update(comment=comment)


def wait_of(batch: Batch) -> timedelta:
    choice = guard.choice_of(batch.reviewer)
    return timedelta(seconds=choice.seconds if choice.guard == Guard.UNDO else 0)


def needs_reason(batch: Batch) -> bool:
    ids = batch.items.filter(state=BatchItem.State.WAITING).values_list("interaction_id", flat=True)
    rows = Interaction.objects.filter(upstream=batch.upstream_id, mobius_id__in=list(ids))
    return any(item.needs_reason_to_reject for item in rows.only("context"))


def undo(batch: Batch) -> bool:
    """False if it was not confirmed, or is already being sent."""
    held = Batch.objects.filter(pk=batch.pk, started_at=None, confirmed_at__isnull=False)
    if not held.update(confirmed_at=None, send_at=None):
        return False
    publish(batch, rows=True)
    return True


def dismiss(rows: QuerySet[Batch]) -> None:
    finished = rows.filter(finished_at__isnull=False, dismissed_at__isnull=True)
    over = list(finished.select_related("reviewer"))
    if not over:
        return
    Batch.objects.filter(pk__in=[batch.pk for batch in over]).update(dismissed_at=timezone.now())
    failed = BatchItem.objects.filter(batch__in=over, state=BatchItem.State.FAILED)
    publish(over[0], ids=failed.order_by().values_list("interaction_id", flat=True))


def note_shown(rows: Iterable[Batch]) -> None:
    """A page shows these batches: results without failures are on no later page."""
    new = [row.pk for row in rows if row.finished_at is not None and row.shown_at is None]
    if new:
        Batch.objects.filter(pk__in=new).update(shown_at=timezone.now())


def dismiss_shown(rows: Iterable[Batch]) -> set[int]:
    shown = [row.pk for row in rows if row.shown_at is not None]
    if not shown:
        return set()
    over = Batch.objects.filter(pk__in=shown).exclude(items__state=BatchItem.State.FAILED)
    dismissed = set(over.values_list("pk", flat=True))
    Batch.objects.filter(pk__in=dismissed).update(dismissed_at=timezone.now())
    return dismissed


def tidy() -> None:
    old = timezone.now() - KEEP_FOR
    previews = Q(confirmed_at__isnull=True, created_at__lt=old)
    Batch.objects.filter(previews | Q(dismissed_at__lt=old)).delete()


def _confirmed(batch: Batch) -> None:
    batch_runner.add(batch)
    publish(batch, rows=True)


def _is_left(batch: Batch, ids: Collection[str]) -> bool:
    """The person has left a preview of the same questions."""
    previewed = batch.items.values_list("interaction_id", flat=True)
    return batch.previewed and set(previewed) == set(ids)


def _asked(
    viewer: Viewer, upstream: Upstream, chosen: Mapping[str, Chosen]
) -> dict[str, Interaction]:
    rows = access.interactions(viewer, upstream).filter(mobius_id__in=list(chosen))
    found = {item.mobius_id: item for item in rows if access.is_asked(viewer, item)}
    return {id_: found[id_] for id_ in chosen if id_ in found}


def _left_out(
    batch: Batch, viewer: Viewer, item: Interaction, seen: Chosen, now: datetime
) -> LeftOut | Refusal | str:
    """Empty if the question can be included."""
    refusal = access.why_not_answer(viewer, item)
    if refusal is not None:
        return refusal
    if seen.updated_at is not None and seen.updated_at != item.updated_at:
        return LeftOut.CHANGED
    if not form_of(item):
        return LeftOut.OTHER_FORM
    if guard.must_confirm(item):
        return LeftOut.CONFIRMED_ALONE
    stays_open = max(STAYS_OPEN, wait_of(batch) + guard.MARGIN)
    soon = item.expires_at is not None and item.expires_at <= now + stays_open
    return LeftOut.EXPIRES_SOON if soon else ""


def kinds_of(upstream: Upstream, items: Sequence[Interaction]) -> dict[str, str]:
    """Unknown steps, of runs that have not been read, form a kind of their own."""
    steps = step_names(upstream, items)
    return {
        item.mobius_id: kind_of(item, steps.get(item.mobius_id, None if item.asked_by_step else ""))
        for item in items
    }


def step_names(upstream: Upstream, items: Iterable[Interaction]) -> dict[str, str]:
    items = list(items)
    run_ids = {item.run_id for item in items if item.run_id and item.asked_by_step}
    if not run_ids:
        return {}
    steps: dict[str, list[Step]] = {}
    rows = Step.objects.filter(run__upstream=upstream, run__mobius_id__in=run_ids)
    for step in rows.select_related("run").only(
        "name", "started_at", "completed_at", "run__mobius_id"
    ):
        steps.setdefault(step.run.mobius_id, []).append(step)
    asked = {
        item.mobius_id: Step.that_asked(item, steps.get(item.run_id or "", ())) for item in items
    }
    return {id_: step.name for id_, step in asked.items() if step is not None}


def _drafted(reviewer: Reviewer, upstream: Upstream, ids: Iterable[str]) -> set[str]:
    """The draft of an answer that failed in a batch doesn't count: it has that batch's comment."""
    failed = BatchItem.objects.filter(
        batch__reviewer=reviewer,
        batch__upstream=upstream,
        batch__finished_at__isnull=False,
        batch__dismissed_at=None,
        state=BatchItem.State.FAILED,
    )
    drafts = Draft.objects.filter(
        reviewer=reviewer, upstream=upstream, interaction_id__in=list(ids)
    ).exclude(interaction_id__in=failed.order_by().values("interaction_id"))
    return set(drafts.exclude(comment="").values_list("interaction_id", flat=True))


def _on_their_way(reviewer: Reviewer, upstream: Upstream, ids: Iterable[str]) -> set[str]:
    wanted = list(ids)
    taken = Attempt.held_or_sending() | Attempt.objects.filter(state=Attempt.State.ACCEPTED)
    attempts = taken.filter(reviewer=reviewer, upstream=upstream, interaction_id__in=wanted)
    in_batches = unsent(reviewer.user_id, upstream).filter(interaction_id__in=wanted)
    return {
        *attempts.values_list("interaction_id", flat=True),
        *in_batches.values_list("interaction_id", flat=True),
    }
