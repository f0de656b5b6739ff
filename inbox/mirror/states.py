"""What a run's and a question's status mean, where the wire has no word for it.

A cancelled run is ``failed`` on the wire, and a question that was cancelled or bypassed by a signal
is ``expired``. Both states depend on the rows alone, so they end the same in whatever order the
readings come. Only upstream's own times are compared with each other, never with our clock.
"""

from datetime import timedelta

from inbox.models import Interaction, Run

RUN_CANCELLED = "run_cancelled"
ROUNDING = timedelta(seconds=1)
"""Upstream may write an expiry and the time of a change with different precision."""


def run_state(status: str, error_type: str) -> str:
    """``cancelled`` for a run that somebody cancelled, else its status."""
    return Run.CANCELLED if status == "failed" and error_type == RUN_CANCELLED else status


def question_state(row: Interaction, run: Run | None) -> str:
    """``cancelled`` or ``bypassed`` for a question that was closed early, else its status.

    Without a deadline, only the end of its run shows that a question did not expire in time.
    """
    if row.status != "expired":
        return row.status
    closed = row.completed_at or row.updated_at
    ended_with_run = run is not None and run.ended_at is not None and run.ended_at <= closed
    if row.expires_at is None:
        return Interaction.CANCELLED if ended_with_run else row.status
    if closed > row.expires_at - ROUNDING:
        return row.status
    # A question without a run was withdrawn: no signal can have bypassed it.
    return Interaction.CANCELLED if run is None or ended_with_run else Interaction.BYPASSED
