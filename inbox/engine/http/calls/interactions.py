"""Interactions: list, read, create, answer, claim, release."""

from inbox.engine.actions import interactions
from inbox.engine.http.answers import Answer
from inbox.engine.http.calls.paging import filtered_page_of, no_body
from inbox.engine.http.routing import Call


def list_interactions(call: Call) -> Answer:
    """``GET /interactions``."""
    page = filtered_page_of(call)
    return Answer(200, interactions.list_interactions(caller=call.caller, **page))


def get(call: Call, interaction_id: str) -> Answer:
    """``GET /interactions/{id}``."""
    return Answer(200, interactions.get(caller=call.caller, interaction_id=interaction_id))


def create(call: Call) -> Answer:
    """``POST /interactions``."""
    return Answer(201, interactions.create(caller=call.caller, body=call.body))


def respond(call: Call, interaction_id: str) -> Answer:
    """``POST /interactions/{id}/respond``."""
    answered = interactions.respond(
        caller=call.caller, interaction_id=interaction_id, body=call.body
    )
    return Answer(200, answered)


def claim(call: Call, interaction_id: str) -> Answer:
    """``POST /interactions/{id}/claim``."""
    no_body(call)
    return Answer(200, interactions.claim(caller=call.caller, interaction_id=interaction_id))


def release(call: Call, interaction_id: str) -> Answer:
    """``POST /interactions/{id}/release``."""
    no_body(call)
    return Answer(200, interactions.release(caller=call.caller, interaction_id=interaction_id))
