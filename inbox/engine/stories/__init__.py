"""The demo's content: a morning at Quillmoor, further questions without end, and a history.

The stories are the ``.toml`` files. ``loader`` turns them into requests to post, ``past`` into a
history.
"""

from inbox.engine.stories.loader import GROUPS, PEOPLE, Answer, Post, morning, traffic
