"""`python -m tests.bench.page_times ITEMS`: times pages for `tests.bench.pages`. Each line
``["rina", "/inbox/"]`` is answered by one of JSON. ``close`` gives Rina as many closed questions
and ten saved views.
"""

import json
import re
import sys
import time
from collections.abc import Callable
from functools import cache
from typing import Any

from tests.bench.filled_mirror import FOLDER, close, fill, install, signed_in  # isort: skip - it sets Django up

from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import (
    CaptureQueriesContext,
    setup_test_environment,
    teardown_test_environment,
)

from inbox.lib.call_stack import OneChunkExecutor
from inbox.models import Reviewer, SavedView

VIEWS = (
    "q=invoice",
    "q=number+17",
    "q=nothing+has+this",
    "type=review",
    "target=groups",
    "target=mine&type=input",
    "sort=newest",
    "sort=oldest",
    "sort=workflow",
    "sort=requester&group_by=due",
)

client_of = cache(signed_in)


@cache
def read(username: str, path: str) -> tuple[str, dict[str, Any], Any, int, int]:
    client = client_of(username)
    setup_test_environment()
    seen: Any = client.get(path)
    teardown_test_environment()
    assert seen.status_code == 200, (path, seen.status_code)
    rows = len(re.findall(r'class="row-with|<tr role="row" id="run-', seen.content.decode()))
    context: dict[str, Any] = {}
    # A page that renders one template has one context, others a list of them.
    layers = seen.context if isinstance(seen.context, list) else [seen.context]
    for layer in reversed(layers):
        context |= layer.flatten()
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    return seen.templates[0].name, context, seen.wsgi_request, rows, len(queries)


def measure(username: str, path: str) -> dict[str, float]:
    template, context, request, rows, queries = read(username, path)
    memory, memory_own = timed(lambda: render_to_string(template, context, request))
    page, page_own = timed(lambda: client_of(username).get(path))
    return {
        "rows": rows,
        "page": page,
        "page_own": page_own,
        "memory": memory,
        "memory_own": memory_own,
        "queries": queries,
    }


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of this process's own time."""
    clock, own = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - own


def save_views() -> None:
    owner = Reviewer.objects.get(user__username="rina").user
    for number, query in enumerate(VIEWS):
        SavedView.objects.create(owner=owner, page="inbox", name=f"View {number}", query=query)


def told(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


def main(items: int) -> None:
    install()
    began = time.perf_counter()
    fill(items)
    told({"database": connection.vendor, "seconds": time.perf_counter() - began})
    for line in sys.stdin:
        if line.strip() == "close":
            close(items)
            save_views()
            told({})
        else:
            told(measure(*json.loads(line)))


if __name__ == "__main__":
    with FOLDER, OneChunkExecutor(1, "page") as thread:
        thread.submit(main, int(sys.argv[1])).result()
