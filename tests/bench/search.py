"""`python -m tests.bench.search [items] [people]`: how fast questions are found, by Rina and the
lead, in the inbox and the command palette, in milliseconds.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.bench.filled_mirror import FOLDER, fill, install, signed_in  # isort: skip - it sets Django up

from django.contrib.auth import get_user_model
from django.db import connection

from inbox.access import viewer_of
from inbox.access.search import search_questions
from inbox.lib.call_stack import OneChunkExecutor
from inbox.models import Reviewer, Upstream

ROUNDS = 40
LIMIT = 10
SEARCHES = (
    "i",
    "in",
    "invoice",
    "number 17",
    "int_17",
    "#17",
    "workflow 7",
    "sam",
    "kim 1",
    "p",
    "please look invoice number",
    "nothing has this",
)


def timed(work: Callable[[], Any]) -> str:
    """The median and the 95th percentile of ``work``, and that of its processor time."""
    work()
    clock, own = [], []
    for _ in range(ROUNDS):
        began, used = time.perf_counter(), time.process_time()
        work()
        clock.append((time.perf_counter() - began) * 1e3)
        own.append((time.process_time() - used) * 1e3)
    figures = statistics.median(clock), _p95(clock), _p95(own)
    return " ".join(f"{figure:6.1f}" for figure in figures)


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def main(items: int, people: int) -> None:
    install()
    users = get_user_model().objects
    for number in range(people):
        user = users.create(username=f"kim{number}", first_name="Kim", last_name=f"Nö{number}")
        Reviewer.objects.filter(user=user).update(mobius_id=f"user_kim{number}")
    fill(items)
    upstream = Upstream.current()
    rina, tess = (Reviewer.objects.get(user__username=name).user for name in ("rina", "tess"))
    client, lead = signed_in("rina"), signed_in("tess")
    palette = {"HX-Request": "true", "HX-Target": "div#palette-found"}
    print(f"{connection.vendor}: {items:,} questions, {people:,} people; p50, p95, own p95 in ms")
    heads = ("Rina", "lead", "palette", "lead's", "inbox")
    print(f"{'':30} {'  '.join(f'{head:>20}' for head in heads)}")
    for text in SEARCHES:
        cells = [
            timed(lambda: search_questions(viewer_of(rina), upstream, text, limit=LIMIT)),  # noqa: B023
            timed(lambda: search_questions(viewer_of(tess), upstream, text, limit=LIMIT)),  # noqa: B023
            timed(lambda: client.get("/search/", {"q": text}, headers=palette)),  # noqa: B023
            timed(lambda: lead.get("/search/", {"q": text}, headers=palette)),  # noqa: B023
            timed(lambda: client.get("/inbox/", {"q": text})),  # noqa: B023
        ]
        found = len(search_questions(viewer_of(tess), upstream, text, limit=items))
        print(f"{text:30} {'  '.join(cells)}  {found:,} found", flush=True)


if __name__ == "__main__":
    with FOLDER, OneChunkExecutor(1, "page") as thread:
        counts = [int(one) for one in sys.argv[1:]]
        thread.submit(main, *(counts + [20_000, 500][len(counts) :])).result()
