"""The generation of the guide *Collect human input*.

Readers tolerate: what is unknown is kept in ``raw`` and skipped, what is missing gets a value that
says so. Only an object without an ``id`` cannot be read; ``UnreadableError`` says that.
"""

from inbox.mobius.adapters.guide.adapter import GuideAdapter

__all__ = ["GuideAdapter"]
