"""`python -m tests.bench.texts [kB]`: how soon long and hostile texts open in a process that has
not seen them. The worst comes first, a question of one line last.
"""

import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import django

from tests.support.databases import environment

FOLDER = tempfile.TemporaryDirectory()
os.environ |= environment(Path(FOLDER.name), "bench_texts")
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from inbox.mirror import project  # noqa: E402
from inbox.models import Reviewer, Upstream  # noqa: E402
from inbox.people.demo import make_demo  # noqa: E402
from tests.support.snapshots import ask  # noqa: E402

KINDS = {
    "prose": "The quick brown fox jumps over the lazy dog. ",
    "lines": "a\n",
    "list": "- a\n",
    "numbered list": "1. a\n",
    "table": "| a | b |\n|---|---|\n" + "| x | y |\n" * 20,
    "addresses": "https://example.com/a ",
    "mail": "a@b.co ",
    "www.a.com/(": "www.a.com/(",
    "www.a.com/( to 2 kB": "www.a.com/(" * 180 + " ",
    "http://": "http://",
    "ftp://a": "ftp://a",
    "[": "[",
    "![": "![",
    "emphasis": "***a*** _b",
    "headings": "# a\n",
    "quotes": "> " * 40 + "a\n",
    "code": "`` ` ``` ",
    "one word": "x",
    "diff": "+a\n-b\n c\n",
}


def text_of(kind: str, size: int) -> str:
    """So many bytes of one kind."""
    unit = KINDS[kind]
    text = (unit * (size // len(unit) + 1))[:size]
    return f"--- a/x\n+++ b/x\n@@ -1,{size} +1,{size} @@\n{text}" if kind == "diff" else text


def shuffled(size: int) -> dict[str, str]:
    """The two sides of a change, of few different lines: the worst for whoever compares them."""
    random = Random(1)
    return {
        side: "".join(random.choice(("a\n", "b\n", "c\n")) for _ in range(size // 4))
        for side in ("before", "after")
    }


def main(size: int) -> None:
    call_command("migrate", verbosity=0)
    setup_test_environment()
    make_demo(tokens={})
    client = Client()
    client.force_login(
        Reviewer.objects.get(mobius_id="user_rina").user,
        backend="inbox.people.backend.ReviewerBackend",
    )
    asked = {"one line": {"message": "Ship it?"}}
    asked["before and after, context"] = {"context": {"x": shuffled(size)}}
    asked["many keys, context"] = {"context": {f"key{n}": n for n in range(size // 20)}}
    for kind in KINDS:
        asked[f"{kind}, message"] = {"message": "Ship it?\n\n" + text_of(kind, size)}
        asked[f"{kind}, context"] = {"context": {"log": text_of(kind, size)}}
    took = []
    client.get("/inbox/")
    for number, (name, fields) in enumerate(asked.items()):
        item = ask(f"int_{number}", **fields)
        project.apply(Upstream.current(), [item], read_at=datetime.now(UTC))
        began, busy = time.perf_counter(), time.process_time()
        page = client.get(f"/interactions/int_{number}/")
        times = (time.perf_counter() - began) * 1e3, (time.process_time() - busy) * 1e3
        assert page.status_code == 200, page.status_code
        took.append((*times, len(page.content), name))
    for wall, processor, length, name in sorted(took, reverse=True):
        print(f"{wall:8.0f} ms {processor:8.0f} ms {length / 1000:8.0f} kB  {name}")


if __name__ == "__main__":
    main(1000 * (int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
