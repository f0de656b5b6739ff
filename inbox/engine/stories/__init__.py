"""The demo: a morning at Quillmoor, further questions, and a history."""

from inbox.engine.stories.loader import GROUPS, PEOPLE, Answer, Post, morning, traffic
