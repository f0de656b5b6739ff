"""`python -m tests.bench.readers PORT PATH STREAMS`: many streams in one process. It reads session
keys, a JSON list, opens the streams with one each, prints how long that took, and then obeys lines
on stdin: `measure SECONDS` prints what arrived meanwhile and how late it was; `again` closes all
streams, opens them at once and prints how long that took. A frame carries `t=<nanoseconds of the
monotonic clock>;`.
"""

import asyncio
import json
import sys
import time

import uvloop

OPENING = 64
MARK = b"t="
DIGITS = 20


class Stream(asyncio.Protocol):
    """One stream; it notes when its head and each of its frames arrived."""

    def __init__(self, request: bytes, crowd: "Crowd") -> None:
        self.opened = asyncio.get_running_loop().create_future()
        self._request = request
        self._crowd = crowd

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(self._request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        if not self.opened.done():
            if not data.startswith(b"HTTP/1.1 200"):
                self.opened.set_exception(ConnectionError(data[:200].decode()))
                return
            self.opened.set_result(None)
        at = data.find(MARK)
        while at >= 0:
            self._crowd.note(data[at + 2 : at + 2 + DIGITS])
            at = data.find(MARK, at + DIGITS)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("lost"))


class Crowd:
    def __init__(self, port: int, path: str, sessions: list[str]) -> None:
        asked = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        self._head = f"{asked}Accept: text/event-stream\r\n"
        self._sessions = sessions or [""]
        self._port = port
        self._streams: list[Stream] = []
        self._late: list[int] | None = None

    def note(self, stamp: bytes) -> None:
        if self._late is not None and len(stamp) == DIGITS:
            self._late.append(time.monotonic_ns() - int(stamp))

    async def open(self, streams: int, at_once: int) -> float:
        gate = asyncio.Semaphore(at_once)
        loop = asyncio.get_running_loop()

        async def one(number: int) -> None:
            session = self._sessions[number % len(self._sessions)]
            request = f"{self._head}Cookie: sessionid={session}\r\n\r\n".encode()
            async with gate:
                _, stream = await loop.create_connection(
                    lambda: Stream(request, self), "127.0.0.1", self._port
                )
                self._streams.append(stream)
                await stream.opened

        started = time.monotonic()
        await asyncio.gather(*(one(number) for number in range(streams)))
        return time.monotonic() - started

    async def measure(self, seconds: float) -> dict[str, float]:
        self._late = []
        await asyncio.sleep(seconds)
        late, self._late = sorted(self._late), None
        return {
            "events": len(late),
            "p50_ms": late[len(late) // 2] / 1e6,
            "p99_ms": late[len(late) * 99 // 100] / 1e6,
        }

    def close(self) -> None:
        for stream in self._streams:
            stream.transport.close()
        self._streams.clear()


async def main(port: int, path: str, streams: int) -> None:
    crowd = Crowd(port, path, json.loads(sys.stdin.readline()))
    say({"opened_s": await crowd.open(streams, OPENING)})
    while line := await asyncio.to_thread(sys.stdin.readline):
        word, _, argument = line.strip().partition(" ")
        if word == "measure":
            say(await crowd.measure(float(argument)))
        elif word == "again":
            crowd.close()
            say({"opened_s": await crowd.open(streams, streams)})
    crowd.close()


def say(told: dict[str, float]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
