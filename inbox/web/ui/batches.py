"""The viewer's batches in a few words, for the list and the bar with *Undo*."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.access import Viewer
from inbox.models import Batch, BatchItem, Upstream
from inbox.services import batches
from inbox.web.ui.lists import numbers_together
from inbox.web.ui.script_words import SENDING
from inbox.web.ui.when import span

NEWEST = 2
"""How many results are listed although nothing has failed."""


@dataclass(frozen=True)
class BatchSummary:
    """A confirmed batch above the list. ``over``: each question has a result, ``failed`` is how
    many could not be sent.
    """

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
    """The viewer's batches above the list. ``shown`` are those that are under way, those with which
    something has failed, and the newest results; ``left_out`` is how many are not shown, ``over``
    are the numbers of all that are over.
    """

    shown: tuple[BatchSummary, ...]
    left_out: int
    over: tuple[int, ...]

    @property
    def left_out_words(self) -> str:
        """``2 earlier results without failures``; empty for none."""
        words = ngettext(
            "%(count)d earlier result without failures",
            "%(count)d earlier results without failures",
            self.left_out,
        )
        return words % {"count": self.left_out} if self.left_out else ""

    @property
    def dismiss_all(self) -> str:
        return numbers_together(self.over)


def chosen_value(interaction_id: str, updated_at: datetime | None = None) -> str:
    """The value of the field that selects a question: ``<updated_at> <id>``, with the version that
    the page shows, if it does.
    """
    return f"{updated_at.isoformat() if updated_at else ''} {interaction_id}"


def shown_batches(viewer: Viewer, upstream: Upstream) -> list[Batch]:
    """The viewer's batches that are not dismissed, latest first. ``sent``, ``failed`` and ``total``
    of each are numbers of its questions. One query, two if there are any: most people have none,
    and the second query takes much longer to build.
    """
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
    """The questions with which these of ``shown_batches`` have failed, by ID, and whether their
    batch is over. One query, none if none has failed.
    """
    failed = {row.pk: row.finished_at is not None for row in shown if getattr(row, "failed", 0)}
    if not failed:
        return {}
    rows = BatchItem.objects.filter(batch__in=failed, state=BatchItem.State.FAILED)
    return {id_: failed[pk] for id_, pk in rows.values_list("interaction_id", "batch_id")}


def summary(row: Batch) -> BatchSummary:
    """The summary of one of ``shown_batches``."""
    sent, failed, total = (getattr(row, name) for name in ("sent", "failed", "total"))
    over = row.finished_at is not None
    return BatchSummary(
        pk=row.pk,
        href=row.get_absolute_url(),
        words=verb_words(row.verb, sent).done if over else verb_words(row.verb, total).doing,
        done=sent + failed,
        total=total,
        failed=failed,
        over=over,
    )


def batch_lines(rows: Sequence[Batch]) -> BatchLines:
    """``shown_batches`` as lines above the list: of those without failures, only the newest."""
    lines = [summary(row) for row in rows]
    over = [line for line in lines if line.over]
    newest = {line.pk for line in over[:NEWEST]}
    shown = [line for line in lines if not line.over or line.failed or line.pk in newest]
    return BatchLines(tuple(shown), len(lines) - len(shown), tuple(line.pk for line in over))


class VerbWords(NamedTuple):
    """A batch in words. ``result`` is that of each of its questions. ``held`` is for the script
    that counts down its ``{duration}``; only answers are held.
    """

    question: str
    button: str
    doing: str
    done: str
    result: str
    held: str = ""


def verb_words(verb: str, count: int) -> VerbWords:
    """The words for what is done with ``count`` questions."""
    match verb:
        case Batch.Verb.APPROVE:
            words = VerbWords(
                question=ngettext(
                    "Approve %(count)d question?", "Approve %(count)d questions?", count
                ),
                button=ngettext("Approve %(count)d question", "Approve %(count)d questions", count),
                doing=ngettext(
                    "Approving %(count)d question", "Approving %(count)d questions", count
                ),
                done=ngettext("%(count)d question approved", "%(count)d questions approved", count),
                held=ngettext(
                    "Approving %(count)d question in {duration}",
                    "Approving %(count)d questions in {duration}",
                    count,
                ),
                result=_("Approved"),
            )
        case Batch.Verb.REJECT:
            words = VerbWords(
                question=ngettext(
                    "Reject %(count)d question?", "Reject %(count)d questions?", count
                ),
                button=ngettext("Reject %(count)d question", "Reject %(count)d questions", count),
                doing=ngettext(
                    "Rejecting %(count)d question", "Rejecting %(count)d questions", count
                ),
                done=ngettext("%(count)d question rejected", "%(count)d questions rejected", count),
                held=ngettext(
                    "Rejecting %(count)d question in {duration}",
                    "Rejecting %(count)d questions in {duration}",
                    count,
                ),
                result=_("Rejected"),
            )
        case Batch.Verb.CLAIM:
            words = VerbWords(
                question=ngettext("Claim %(count)d question?", "Claim %(count)d questions?", count),
                button=ngettext("Claim %(count)d question", "Claim %(count)d questions", count),
                doing=ngettext(
                    "Claiming %(count)d question", "Claiming %(count)d questions", count
                ),
                done=ngettext("%(count)d question claimed", "%(count)d questions claimed", count),
                result=_("Claimed"),
            )
        case _:
            words = VerbWords(
                question=ngettext(
                    "Release %(count)d question?", "Release %(count)d questions?", count
                ),
                button=ngettext("Release %(count)d question", "Release %(count)d questions", count),
                doing=ngettext(
                    "Releasing %(count)d question", "Releasing %(count)d questions", count
                ),
                done=ngettext("%(count)d question released", "%(count)d questions released", count),
                result=_("Released"),
            )
    return VerbWords(*(word % {"count": count} for word in words))


def failed_words(count: int) -> str:
    """``2 failed``"""
    return ngettext("%(count)d failed", "%(count)d failed", count) % {"count": count}


def held_words(pattern: str, left: int) -> str:
    """The pattern with the time that is left, in milliseconds."""
    return pattern.format(duration=span(-(-left // 1000))) if left else _(SENDING)


def milliseconds_left(send_at: datetime | None, now: datetime) -> int:
    """How long a held answer or batch can still be undone."""
    left = (send_at - now).total_seconds() if send_at is not None else 0
    return max(0, round(left * 1000))
