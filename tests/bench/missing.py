"""`python -m tests.bench.missing [people]`: opening questions that are not in the mirror, new ones
and those of others, which should take as long as ones that don't exist.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.answers import standalone
from tests.served.visitor import Visitor
from tests.support.crowd import enter
from tests.support.databases import environment
from tests.support.product import Product

EACH = 4
"""Pairs that one person opens: within the limit of reads a minute."""


def opened(visitor: Visitor, id: str) -> tuple[int, float]:
    began = time.perf_counter()
    status = visitor.get(f"/interactions/{id}/").status_code
    return status, (time.perf_counter() - began) * 1e3


def row_of(name: str, times: list[float]) -> str:
    spread = f"{min(times):7.1f} to {max(times):7.1f}"
    return f"{name:<26} {len(times):3} times, median {statistics.median(times):7.1f} ms, {spread}"


def main(people: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        product = Product(Path(folder), environment(Path(folder), "bench_missing"))
        product.start()
        try:
            names = {f"p{n}": f"user_p{n}" for n in range(people)}
            entries = enter(product, {"rina": "user_rina", **names})
            api = product.api()
            rina = Visitor(product.web, "rina", entries["rina"])
            rina.get("/inbox/")
            found = [opened(rina, standalone(api, f"New {n}?")) for n in range(EACH * 2)]
            print(row_of("just created", [took for _, took in found]), end="")
            print(f", {sum(status == 200 for status, _ in found)} opened")
            times: dict[str, list[float]] = {"someone else's": [], "does not exist": []}
            for name in names:
                visitor = Visitor(product.web, name, entries[name])
                visitor.get("/inbox/")
                for n in range(EACH):
                    theirs = standalone(api, f"Whose {name} {n}?")
                    while rina.get(f"/interactions/{theirs}/").status_code == 404:
                        """Not in the mirror yet."""
                    for kind, id in zip(times, (theirs, f"int_{name}_{n}"), strict=True):
                        status, took = opened(visitor, id)
                        assert status == 404, status
                        times[kind].append(took)
            for kind, each in times.items():
                print(row_of(kind, each))
        finally:
            product.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8)
