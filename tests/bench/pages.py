"""`python -m tests.bench.pages [items] [items] …`: how fast the long lists open, by number of
questions. Sizes and addresses take turns, so that whatever else the machine does slows all of them.
The last ratio is to the list without filters.
"""

import json
import statistics
import sys
from collections.abc import Sequence

from tests.bench.fanout import Process

SIZES = [200, 20_000]
ROUNDS = 40

INBOX = (
    "/inbox/",
    "/inbox/?q=invoice",
    "/inbox/?q=number+17",
    "/inbox/?q=zebra",
    "/inbox/?q=nothing+has+this",
    "/inbox/?type=review",
    "/inbox/?target=groups",
    "/inbox/?target=mine&type=input",
    "/inbox/?sort=newest",
    "/inbox/?sort=oldest",
    "/inbox/?sort=workflow",
    "/inbox/?sort=requester&group_by=due",
    "/inbox/?due=week&claimed=no",
    "/inbox/?workflow=workflow-7",
    "/inbox/?workflow=rare",
    "/inbox/?requester=user_nobody",
    "/inbox/?run=run_1",
    "/inbox/?target=grp_nobody",
    "/inbox/?claimed=others",
    "/inbox/?drafts=yes",
    "/inbox/filters/",
)
OWN_RUNS = ("/runs/", "/runs/?status=suspended", "/runs/?status=failed")
MONITOR = (
    "/runs/",
    "/runs/?status=suspended&sort=longest",
    "/runs/?status=failed",
    "/runs/?workflow=workflow-7",
    "/runs/?workflow=rare&sort=longest",
    "/runs/?workflow=rare",
    "/runs/?person=user_rina",
    "/runs/?person=user_nobody",
    "/runs/?group=change-board",
    "/runs/?age=1d",
    "/runs/?q=workflow-7",
    "/runs/?q=nothing+has+this",
    "/runs/filters/",
)
DONE = (
    "/inbox/?scope=done",
    "/inbox/?scope=done&failed=yes",
    "/inbox/?scope=done&failed=yes&sort=oldest",
    "/inbox/?scope=done&answer=approved&closed=7",
    "/views/counts/",
)
LISTS = (("rina", INBOX), ("rina", OWN_RUNS), ("tess", MONITOR), ("rina", DONE))


class Timed:
    def __init__(self) -> None:
        self._rounds: list[dict[str, float]] = []

    def add(self, process: Process, username: str, path: str) -> None:
        self._rounds.append(process.ask(json.dumps([username, path])))

    def median(self, name: str) -> float:
        """In milliseconds."""
        return statistics.median(one[name] for one in self._rounds) * 1e3

    def number(self, name: str) -> int:
        return int(self._rounds[-1][name])

    def line(self, first: "Timed", whole: "Timed") -> str:
        """``first``: with the first size; ``whole``: the list without filters."""
        page = self.median("page")
        parts = [f"{self.number('rows'):2} rows"]
        for title, kind in (("", ""), ("CPU ", "_own")):
            both, memory = self.median(f"page{kind}"), self.median(f"memory{kind}")
            ratio = both / memory
            parts.append(f"{title}{both:6.1f} ms, from memory {memory:5.1f} ms: {ratio:5.2f}")
        parts.append(f"{self.number('queries'):2} queries")
        if self.number("rows") == first.number("rows"):
            parts.append(f"growth {page / first.median('page'):4.2f}")
        parts.append(f"of the whole list {page / whole.median('page'):4.2f}")
        return "; ".join(parts)


def compare(processes: Sequence[Process], username: str, path: str) -> list[Timed]:
    found = [Timed() for _ in processes]
    for process in processes:
        process.ask(json.dumps([username, path]))
    for _ in range(ROUNDS):
        for process, timed in zip(processes, found, strict=True):
            timed.add(process, username, path)
    return found


def main(sizes: Sequence[int]) -> None:
    processes = []
    for size in sizes:
        process = Process("tests.bench.page_times", str(size))
        processes.append(process)
        told = process.told
        print(f"{told['database']}: {size:,} questions, told in {told['seconds']:.0f} s")
    for username, paths in LISTS:
        if paths is DONE:
            for process in processes:
                process.ask("close")
        whole: list[Timed] = []
        for path in paths:
            found = compare(processes, username, path)
            whole = whole or found
            for size, timed, all_rows in zip(sizes, found, whole, strict=True):
                line = timed.line(found[0], all_rows)
                print(f"{username} {path:42} {size:6,}: {line}", flush=True)
    for process in processes:
        process.end()


if __name__ == "__main__":
    main([int(one) for one in sys.argv[1:]] or SIZES)
