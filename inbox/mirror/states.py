"""States of runs and questions for which the API has no status.

The guide's API reports a cancelled run as ``failed``, and a question that was cancelled or bypassed
by a signal as ``expired``. Both states are derived from the rows alone, so they don't depend on the
order in which payloads arrive. Only upstream's own times are compared with each other, never with
our clock.
"""

from datetime import timedelta

from inbox.mobius import types
from inbox.models import Interaction, Run

RUN_CANCELLED = "run_cancelled"
LONGEST_STATUS = 40
ROUNDING = timedelta(seconds=1)
"""Upstream may give an expiry and the time of a change with different precision."""


def status_word(resource: types.Interaction | types.Run | types.Step) -> str:
    if resource.status.value != "other":
        return resource.status.value
    return resource.status_word[:LONGEST_STATUS] or "other"


def run_state(status: str, error_type: str) -> str:
    return Run.CANCELLED if status == "failed" and error_type == RUN_CANCELLED else status


def question_state(row: Interaction, run: Run | None, *, says_cancelled: bool) -> str:
    """``says_cancelled``: upstream has a status of its own for a cancelled question.

    Without a deadline, only the end of its run shows that a question did not expire in time."""
    if row.status != "expired" or says_cancelled:
        return row.status
    closed = row.completed_at or row.updated_at
    ended_with_run = run is not None and run.ended_at is not None and run.ended_at <= closed
    if row.expires_at is None:
        return Interaction.CANCELLED if ended_with_run else row.status
    if closed > row.expires_at - ROUNDING:
        return row.status
    # A question without a run was cancelled: no signal can have bypassed it.
    return Interaction.CANCELLED if run is None or ended_with_run else Interaction.BYPASSED
