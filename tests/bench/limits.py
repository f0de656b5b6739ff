"""`python -m tests.bench.limits [rounds]`: the web process's memory while Mobius sends a line and
lists without an end.
"""

import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tests.support.databases import environment
from tests.support.product import Product
from tests.support.scripted_server import Dribble, Exchange, Reply, ScriptedServer, head

STREAM = r"/runs/events$"
NOTHING = Reply(200, {"items": [], "has_more": False})


@dataclass(frozen=True)
class Endless:
    kind: str
    beginning: bytes
    piece: bytes
    reads_body: bool = True

    async def run(self, exchange: Exchange) -> None:
        await exchange.write(head(200, {"content-type": self.kind}))
        await exchange.write(self.beginning)
        while True:
            await exchange.write(self.piece)


LINE = Endless("text/event-stream", b"id: 1\n\ndata: ", b"x" * 65536)
LIST = Endless("application/json", b'{"items": [', b'{"id": "int_1", "message": "again"},' * 2000)


class Memory:
    """Watches one process; ``peak`` since it was last reset, in MB."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._ended = threading.Event()
        self.peak = 0.0
        threading.Thread(target=self._watch, daemon=True).start()

    def now(self) -> float:
        for line in self._status.read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def _watch(self) -> None:
        while not self._ended.wait(0.02):
            try:
                self.peak = max(self.peak, self.now())
            except (FileNotFoundError, ProcessLookupError):
                return

    def close(self) -> None:
        self._ended.set()


def as_usual(server: ScriptedServer) -> None:
    server.forget()
    server.on("GET", STREAM, Dribble(["id: 1\n\n"]), always=True)
    server.on("GET", "", NOTHING, always=True)


def one(server: ScriptedServer, memory: Memory, what: str) -> None:
    memory.peak = before = memory.now()
    server.forget()
    lists = len(server.seen("GET", r"/interactions$"))
    if what == "event":
        server.on("GET", STREAM, LINE)
    else:
        # One walk: 200, 100, 50 … 1, for the pending ones and for two kinds of closed ones.
        server.on("GET", r"/interactions$", *[LIST] * 24)
    server.on("GET", STREAM, Dribble(["id: 1\n\n"]), always=True)
    server.on("GET", "", NOTHING, always=True)
    server.break_all()
    server.wait_for("GET", r"/interactions$", lists + (3 if what == "event" else 24), timeout=300)
    time.sleep(10)
    after = memory.now()
    print(f"endless {what:5}  before {before:6.1f} MB  peak {memory.peak:6.1f}  after {after:6.1f}")


def main(rounds: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="limits-"))
    with ScriptedServer() as server:
        as_usual(server)
        given = {
            **environment(folder, "limits"),
            "MOBIUS_BASE_URL": server.base_url,
            "MOBIUS_API_KEY": "mbx_bench",
            "MOBIUS_PROJECT": "busy",
        }
        product = Product(folder, given)
        product.start()
        memory = Memory(product.pid)
        try:
            server.wait_for("GET", r"/interactions$", 3, timeout=60)
            time.sleep(3)
            for _ in range(rounds):
                one(server, memory, "event")
                one(server, memory, "list")
        finally:
            memory.close()
            product.kill()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
