"""Fan-out beside its peers: `python -m tests.bench.fanout [STREAMS …] [--rounds N] [--seconds N]`.

Each server sends a frame of 400 bytes every 50 ms to all streams; one process reads them all. Of
the serving process: CPU per delivered event, memory per stream, threads; of the reader: how late
an event is. All on loopback, one server at a time, and each server again with each size. The
servers take turns, round by round, and what counts is the median of the rounds' ratios.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

SERVERS = {
    "hub": ("tests.bench.hub_server", "/live/runs/run_1/"),
    "bare": ("tests.bench.bare_server", "/"),
    "nchan": ("tests.bench.nchan_server", "/sub"),
}
COMPARED = (("cpu_us", "bare"), ("cpu_us", "nchan"), ("p99_ms", "nchan"), ("kb", "bare"))
"""Figures of the hub and the peers that they are compared with."""
PLAIN = "/freshness/"
TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Process:
    """A module in a process of its own that speaks lines of JSON."""

    def __init__(self, *arguments: str, given: Any = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if given is not None:
            self._write(json.dumps(given))
        self.told: dict[str, Any] = self.read()
        self.pid: int = self.told.get("pid", self._process.pid)

    def read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args} ended")
        told: dict[str, Any] = json.loads(line)
        return told

    def ask(self, line: str) -> dict[str, Any]:
        self._write(line)
        return self.read()

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self) -> int:
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE

    def threads(self) -> int:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Threads:"))

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        if "port" in self.told:
            self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def serving(name: str, *arguments: str) -> Iterator[tuple[Process, str]]:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DATA_DIR"] = folder
        module, path = SERVERS[name]
        server = Process(module, *arguments)
        try:
            with crowd(server, path, 50):
                time.sleep(0.5)
            yield server, path
        finally:
            server.end()


@contextlib.contextmanager
def crowd(server: Process, path: str, streams: int) -> Iterator[Process]:
    sessions = server.told.get("sessions", [])
    readers = Process(
        "tests.bench.readers", str(server.told["port"]), path, str(streams), given=sessions
    )
    try:
        yield readers
    finally:
        readers.end()


def fan_out(name: str, streams: int, seconds: float) -> dict[str, Any]:
    with serving(name) as (server, path):
        memory, threads = server.memory(), server.threads()
        with crowd(server, path, streams) as readers:
            readers.ask("measure 1")
            cpu = server.cpu()
            got = readers.ask(f"measure {seconds}")
            return {
                "server": name,
                "streams": streams,
                "cpu_us": round((server.cpu() - cpu) / got["events"] * 1e6, 1),
                "p50_ms": round(got["p50_ms"], 1),
                "p99_ms": round(got["p99_ms"], 1),
                "kb": round((server.memory() - memory) / streams / 1024, 1),
                "threads": f"{threads} → {server.threads()}",
                "delivered": round(got["events"] / (streams * seconds * 20), 3),
            }


def connect(rounds: int = 300) -> dict[str, Any]:
    with serving("hub", "quiet") as (server, path):
        http = client(server)
        stream, page = [], []
        for _ in range(rounds):
            started = time.monotonic()
            with http.stream("GET", path) as response:
                response.raise_for_status()
                next(response.iter_raw())
            stream.append(time.monotonic() - started)
            http.close()
            http = client(server)
            started = time.monotonic()
            http.get(PLAIN).raise_for_status()
            page.append(time.monotonic() - started)
        http.close()
        both = [statistics.median(one) * 1000 for one in (stream, page)]
        return {
            "connect_ms": round(both[0], 2),
            "plain_ms": round(both[1], 2),
            "ratio": round(both[0] / both[1], 2),
        }


def reconnect(streams: int) -> dict[str, Any]:
    """All streams break and come back at once; meanwhile someone reads a page."""
    with serving("hub", "quiet") as (server, path):
        usual = plain_page(server, until=threading.Event(), rounds=200)
        plain_s = plain_gets(server, streams)
        with crowd(server, path, streams) as readers:
            over = threading.Event()
            late: list[float] = []
            other = threading.Thread(target=lambda: late.extend(plain_page(server, until=over)))
            other.start()
            back_s = readers.ask("again")["opened_s"]
            over.set()
            other.join()
        return {
            "streams": streams,
            "back_s": round(back_s, 2),
            "plain_gets_s": round(plain_s, 2),
            "ratio": round(back_s / plain_s, 2),
            "page_p99_usual_ms": round(p99(usual) * 1000, 1),
            "page_p99_meanwhile_ms": round(p99(late) * 1000, 1),
            "page_ratio": round(p99(late) / p99(usual), 2),
        }


def client(server: Process) -> httpx.Client:
    return httpx.Client(
        base_url=f"http://127.0.0.1:{server.told['port']}",
        cookies={"sessionid": server.told["sessions"][0]},
        timeout=60,
    )


def plain_page(server: Process, *, until: threading.Event, rounds: int = 0) -> list[float]:
    took: list[float] = []
    with client(server) as http:
        while not until.is_set() and (not rounds or len(took) < rounds):
            started = time.monotonic()
            http.get(PLAIN).raise_for_status()
            took.append(time.monotonic() - started)
    return took


def plain_gets(server: Process, size: int, at_once: int = 8) -> float:
    share = size // at_once
    never = threading.Event()
    workers = [
        threading.Thread(
            target=plain_page, args=(server,), kwargs={"until": never, "rounds": share}
        )
        for _ in range(at_once)
    ]
    started = time.monotonic()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.monotonic() - started


def p99(took: list[float]) -> float:
    return sorted(took)[len(took) * 99 // 100]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("streams", nargs="*", type=int, default=[1000, 2000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10)
    given = parser.parse_args()
    for streams in given.streams:
        rounds = [
            {name: said(fan_out(name, streams, given.seconds)) for name in SERVERS}
            for _ in range(given.rounds)
        ]
        ratios = {
            f"{figure}, hub to {peer}": [one["hub"][figure] / one[peer][figure] for one in rounds]
            for figure, peer in COMPARED
        }
        said({"streams": streams} | {name: spread(values) for name, values in ratios.items()})
    said(connect())
    again = [said(reconnect(max(given.streams))) for _ in range(given.rounds)]
    said({name: spread([one[name] for one in again]) for name in ("ratio", "page_ratio")})


def spread(values: list[float]) -> dict[str, Any]:
    return {
        "median": round(statistics.median(values), 2),
        "all": [round(value, 2) for value in sorted(values)],
    }


def said(told: dict[str, Any]) -> dict[str, Any]:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    return told


if __name__ == "__main__":
    main()
