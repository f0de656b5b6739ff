from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, ngettext_lazy

from inbox.access import Viewer
from inbox.answering import batches
from inbox.models import Batch, BatchItem, Upstream
from inbox.web.ui.lists import numbers_together
from inbox.web.ui.script_words import SENDING
from inbox.web.ui.when import span


@dataclass(frozen=True)
class BatchSummary:
    """``over``: each question has a result."""

    pk: int
    href: str
    words: str
    done: int
    total: int
    failed: int
    over: bool

    @property
    def failed_words(self) -> str:
        """``2 failed``; empty for none."""
        return failed_words(self.failed) if self.failed else ""


@dataclass(frozen=True)
class BatchLines:
    shown: tuple[BatchSummary, ...]

    @property
    def dismiss_all(self) -> str:
        return numbers_together([line.pk for line in self.shown if line.over])


def chosen_value(interaction_id: str, updated_at: datetime | None = None) -> str:
    """``<updated_at> <id>``; the version is empty if the page shows none."""
    return f"{updated_at.isoformat() if updated_at else ''} {interaction_id}"


def shown_batches(viewer: Viewer, upstream: Upstream) -> list[Batch]:
    """Latest first, without dismissed ones. Adds the numbers ``sent``, ``failed`` and ``total``."""
    rows, state = batches.shown(viewer.user_id, upstream), BatchItem.State
    if not rows.exists():
        return []
    counted = rows.annotate(
        sent=Count("items", filter=Q(items__state=state.DONE)),
        failed=Count("items", filter=Q(items__state=state.FAILED)),
        total=Count("items", filter=~Q(items__state=state.LEFT_OUT)),
    )
    return list(counted)


def failed_items(shown: Sequence[Batch]) -> dict[str, bool]:
    """By question ID, whether the batch is over."""
    failed = {row.pk: row.finished_at is not None for row in shown if getattr(row, "failed", 0)}
    if not failed:
        return {}
    rows = BatchItem.objects.filter(batch__in=failed, state=BatchItem.State.FAILED)
    return {id_: failed[pk] for id_, pk in rows.values_list("interaction_id", "batch_id")}


def summary(row: Batch) -> BatchSummary:
    sent, failed, total = (getattr(row, name) for name in ("sent", "failed", "total"))
    over = row.finished_at is not None
    return BatchSummary(
        pk=row.pk,
        href=row.get_absolute_url(),
        words=batch_words(row.verb, "done", sent)
        if over
        else batch_words(row.verb, "doing", total),
        done=sent + failed,
        total=total,
        failed=failed,
        over=over,
    )


def batch_lines(rows: Sequence[Batch]) -> BatchLines:
    return BatchLines(tuple(map(summary, rows)))


_WORDS: dict[str, dict[str, Promise]] = {
    Batch.Verb.APPROVE: {
        "question": ngettext_lazy(
            "Approve %(count)d question?", "Approve %(count)d questions?", "count"
        ),
        "button": ngettext_lazy(
            "Approve %(count)d question", "Approve %(count)d questions", "count"
        ),
        "doing": ngettext_lazy(
            "Approving %(count)d question", "Approving %(count)d questions", "count"
        ),
        "held": ngettext_lazy(
            "Approving %(count)d question in {duration}",
            "Approving %(count)d questions in {duration}",
            "count",
        ),
        "done": ngettext_lazy(
            "%(count)d question approved", "%(count)d questions approved", "count"
        ),
    },
    Batch.Verb.REJECT: {
        "question": ngettext_lazy(
            "Reject %(count)d question?", "Reject %(count)d questions?", "count"
        ),
        "button": ngettext_lazy("Reject %(count)d question", "Reject %(count)d questions", "count"),
        "doing": ngettext_lazy(
            "Rejecting %(count)d question", "Rejecting %(count)d questions", "count"
        ),
        "held": ngettext_lazy(
            "Rejecting %(count)d question in {duration}",
            "Rejecting %(count)d questions in {duration}",
            "count",
        ),
        "done": ngettext_lazy(
            "%(count)d question rejected", "%(count)d questions rejected", "count"
        ),
    },
}
"""A batch in words: what its preview asks, its button, what is done while it is sent and while it
is held (for the script that counts down the ``{duration}``), and what was done.
"""


def batch_words(verb: str, name: str, count: int) -> str:
    return str(_WORDS[verb][name] % {"count": count})


def failed_words(count: int) -> str:
    return ngettext("%(count)d failed", "%(count)d failed", count) % {"count": count}


def held_words(pattern: str, left: int) -> str:
    """``left`` is in milliseconds."""
    return pattern.format(duration=span(-(-left // 1000))) if left else _(SENDING)


def milliseconds_left(send_at: datetime | None, now: datetime) -> int:
    left = (send_at - now).total_seconds() if send_at is not None else 0
    return max(0, round(left * 1000))
