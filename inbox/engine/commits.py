"""Django signals that are sent after a commit, in the thread that wrote.

Their receivers must not block.
"""

from django.dispatch import Signal

events_committed = Signal()
"""Sent with ``project_id`` and ``seq``, the number of its newest event."""

work_due = Signal()
"""Sent with ``at``, a time at which the runner has something to do."""
