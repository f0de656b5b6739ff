"""What a page costs, by how deeply its call is nested: `python -m tests.bench.call_depth`.

Printed for each depth: the least processor time of an inbox with 50 rows, in milliseconds, in an
ordinary thread and in one of the product's pages (``inbox.call_stack``).
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.bench.pages import BACKEND, FOLDER, fill  # isort: skip - it sets Django up

from django.conf import settings
from django.core.management import call_command
from django.test import Client

from inbox.call_stack import OneChunkExecutor
from inbox.models import Reviewer
from inbox.people.demo import CAST, make_demo

DEPTHS = range(0, 64, 4)
ROUNDS = 12


def nested(depth: int, function: Callable[[], float]) -> float:
    """The result of ``function``, called that many calls further down."""
    return nested(depth - 1, function) if depth else function()


def main() -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)
    make_demo(tokens={one.mobius_id: f"mbc_{one.mobius_id}_{'0' * 24}" for one in CAST})
    fill(200)
    client = Client()
    rina = Reviewer.objects.get(user__username="rina").user
    client.force_login(rina, backend=BACKEND)

    def page() -> float:
        took = []
        for _ in range(ROUNDS):
            began = time.thread_time()
            client.get("/inbox/")
            took.append(time.thread_time() - began)
        return min(took) * 1e3

    with ThreadPoolExecutor(1) as ordinary, OneChunkExecutor(1) as of_pages:
        for thread in (ordinary, of_pages):
            thread.submit(page).result()
        for depth in DEPTHS:
            figures = [
                thread.submit(nested, depth, page).result() for thread in (ordinary, of_pages)
            ]
            print(f"{depth:3}  {figures[0]:5.1f} ms  {figures[1]:5.1f} ms", flush=True)


if __name__ == "__main__":
    with FOLDER:
        main()
