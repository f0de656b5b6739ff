"""The generation of the guide *Collect human input*.

Readers are tolerant: unknown fields are kept in ``raw`` and skipped, missing ones get a default.
Only an object without an ``id`` raises ``UnreadableError``.
"""

from inbox.mobius.adapters.guide.adapter import GuideAdapter
