"""A morning at Quillmoor, which makes and sells things to write with: the demo's content as data.

Nothing here is sent anywhere: ``waiting`` and ``traffic`` give the bodies to post.
"""

from inbox.engine.demo.bodies import Answer, Post
from inbox.engine.demo.cast import GROUPS, PEOPLE
from inbox.engine.demo.traffic import traffic
from inbox.engine.demo.waiting import waiting

__all__ = ["GROUPS", "PEOPLE", "Answer", "Post", "traffic", "waiting"]
