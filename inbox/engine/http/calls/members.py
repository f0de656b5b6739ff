"""Whose token is this?"""

from inbox.engine.actions import members
from inbox.engine.http.answers import Answer
from inbox.engine.http.routing import Call


def me(call: Call) -> Answer:
    """``GET /members/me``."""
    return Answer(200, members.me(caller=call.caller))
