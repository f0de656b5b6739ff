"""Runs: start, read, signal, cancel."""

from inbox.engine.actions import runs
from inbox.engine.http.answers import Answer
from inbox.engine.http.calls.paging import filtered_page_of, no_body, page_of
from inbox.engine.http.routing import Call


def start(call: Call) -> Answer:
    """``POST /runs``."""
    return Answer(202, runs.start(caller=call.caller, body=call.body))


def list_runs(call: Call) -> Answer:
    """``GET /runs``."""
    return Answer(200, runs.list_runs(caller=call.caller, **filtered_page_of(call)))


def get(call: Call, run_id: str) -> Answer:
    """``GET /runs/{id}``."""
    return Answer(200, runs.get(caller=call.caller, run_id=run_id))


def steps(call: Call, run_id: str) -> Answer:
    """``GET /runs/{id}/steps``."""
    return Answer(200, runs.steps(caller=call.caller, run_id=run_id, **page_of(call)))


def signal(call: Call, run_id: str) -> Answer:
    """``POST /runs/{id}/signals``."""
    return Answer(202, runs.signal(caller=call.caller, run_id=run_id, body=call.body))


def cancel(call: Call, run_id: str) -> Answer:
    """``POST /runs/{id}/cancellations``."""
    no_body(call)
    runs.cancel(caller=call.caller, run_id=run_id)
    return Answer(204)
