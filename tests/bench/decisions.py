"""`python -m tests.bench.decisions [entries] [entries] …`: entries a second, and the web process's
memory during exports, with a long decision log.
"""

import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from reviewer_site.environment import ROOT
from tests.support.browserless import Person
from tests.support.databases import environment
from tests.support.product import Product

SIZES = [5_000, 50_000, 500_000]
BATCH = 1_000
MESSAGE = "# Release 2.14\n\n" + "All checks are **green**; the risk is in the table below. " * 8


def fill(first: int, last: int) -> None:
    """Enter answers as number ``first`` up to ``last``. Django is set up by then."""
    from django.db import transaction  # noqa: PLC0415

    from inbox.audit import decision_log  # noqa: PLC0415
    from inbox.audit.origin import Origin  # noqa: PLC0415
    from inbox.models import Interaction, Upstream  # noqa: PLC0415

    upstream, begun = Upstream.current(), datetime.now(UTC) - timedelta(days=365)
    for start in range(first, last, BATCH):
        entries = []
        for number in range(start, min(start + BATCH, last)):
            item = Interaction(
                mobius_id=f"int_{number}", run_id=f"run_{number}", workflow="checkout"
            )
            entries.append(
                decision_log.Entry(
                    verb="respond",
                    upstream=upstream,
                    actor=("user_rina", "user_sam", "user_lee")[number % 3],
                    account=("rina", "sam", "lee")[number % 3],
                    origin=Origin("192.0.2.7"),
                    at=begun + timedelta(seconds=60 * number),
                    credential_kind="member",
                    item=item,
                    value=number % 5 > 0,
                    comment="=looks good to me" if number % 7 == 0 else "",
                    shown={"message": MESSAGE, "context": {"version": f"2.{number}"}},
                )
            )
        with transaction.atomic():
            decision_log.append(*entries)


def memory(pid: int, what: str) -> float:
    """MiB of the process now (``VmRSS``), or at its highest (``VmHWM``)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(what)


def download(product: Product, tess: Person, path: str) -> str:
    """Read an export to its end; what it was, in words."""
    Path(f"/proc/{product.pid}/clear_refs").write_text("5")
    before, began, size, lines = memory(product.pid, "VmRSS"), time.perf_counter(), 0, 0
    with httpx.stream("GET", f"{product.web}{path}", cookies=tess.cookies(), timeout=60) as answer:
        answer.raise_for_status()
        for chunk in answer.iter_bytes():
            size += len(chunk)
            lines += chunk.count(b"\n")
    took = time.perf_counter() - began
    grown = memory(product.pid, "VmHWM") - before
    return (
        f"  {path}: {lines:,} lines, {size / 2**20:.0f} MiB in {took:.1f} s, "
        f"{lines / took:,.0f} lines a second; memory {before:.0f} MiB, at most {grown:+.1f}"
    )


def verify(product: Product) -> str:
    began = time.perf_counter()
    said = subprocess.run(
        [sys.executable, "manage.py", "verify_decisions"],
        cwd=ROOT,
        env=product.environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    return f"  verify_decisions: {said}, in {time.perf_counter() - began:.1f} s"


def main(sizes: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        product = Product(Path(folder), environment(Path(folder), "bench_decisions"))
        product.start()
        product.stop()
        os.environ.update(product.environment)

        import django  # noqa: PLC0415 - the databases and keys are made by now

        django.setup()
        done = 0
        for entries in sizes:
            began = time.perf_counter()
            fill(done, entries)
            rate = (entries - done) / (time.perf_counter() - began)
            print(f"{entries:,} entries; {rate:,.0f} a second were entered")
            done = entries
            product.start()
            try:
                tess = Person(product.web, "tess")
                tess.sign_in()
                tess.get("/decisions/")
                for path in ("/decisions/export.csv", "/decisions/export.jsonl"):
                    print(download(product, tess, path), flush=True)
                tess.close()
            finally:
                product.stop()
            print(verify(product), flush=True)


if __name__ == "__main__":
    main([int(one) for one in sys.argv[1:]] or SIZES)
