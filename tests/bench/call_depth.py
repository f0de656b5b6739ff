"""`python -m tests.bench.call_depth`: processor time of an inbox by how deeply its call is nested,
in an ordinary thread and in one of ``inbox.lib.call_stack``.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.bench.filled_mirror import FOLDER, fill, install, signed_in  # isort: skip - it sets Django up

from inbox.lib.call_stack import OneChunkExecutor

DEPTHS = range(0, 64, 4)
ROUNDS = 12


def nested(depth: int, function: Callable[[], float]) -> float:
    """The result of ``function``, called that many calls further down."""
    return nested(depth - 1, function) if depth else function()


def main() -> None:
    install()
    fill(200)
    client = signed_in("rina")

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
