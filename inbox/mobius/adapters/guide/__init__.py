"""The wire of generation "guide", read into our types and written from them.

Readers tolerate: what is unknown is kept in ``raw`` and skipped, what is missing gets a value that
says so. Only an object without an ``id`` cannot be read; ``UnreadableError`` says that.
"""

from inbox.mobius.adapters.guide.base import UnreadableError
from inbox.mobius.adapters.guide.event import read_cursor, read_event
from inbox.mobius.adapters.guide.group import read_group, read_member, read_person, write_routing
from inbox.mobius.adapters.guide.interaction import read_interaction, without_answers
from inbox.mobius.adapters.guide.run import read_run, read_step

__all__ = [
    "UnreadableError",
    "read_cursor",
    "read_event",
    "read_group",
    "read_interaction",
    "read_member",
    "read_person",
    "read_run",
    "read_step",
    "without_answers",
    "write_routing",
]
