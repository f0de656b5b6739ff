"""`python -m tests.bench.events [rate] [seconds]`: how far the mirror is behind a busy project,
from an event's sending to its commit. A rate is in events a second.
"""

import asyncio
import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, process_time
from typing import Any

import django

from tests.support.databases import environment

EMPTY = b'{"items": [], "has_more": false}'
SETTLE = 3.0
"""Seconds that the mirror gets for its first full sync before the first event."""


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def story(number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    run_id, ask_id, made = f"run_{number:026d}", f"int_{number:026d}", now()
    grouped = number % 3 == 0

    def run(status: str, started: bool = True) -> tuple[str, dict[str, Any]]:
        waits = [ask_id] if status == "suspended" else []
        data = {"id": run_id, "workflow_name": "release", "status": status, "created_at": made}
        data |= {"updated_at": now() if started else made, "metadata": {"requested_by": "Tess"}}
        data |= {"started_at": made if started else None}
        return "run_updated", data | {"wait_summary": {"interaction_ids": waits}}

    def step(status: str) -> tuple[str, dict[str, Any]]:
        data = {"id": f"step_{number:026d}", "run_id": run_id, "step_name": "ask"}
        data |= {"status": status, "created_at": made, "updated_at": now()}
        return "run_step_updated", data

    def ask(status: str, type: str) -> tuple[str, dict[str, Any]]:
        data: dict[str, Any] = {"id": ask_id, "type": "approval", "status": status}
        data |= {"run_id": run_id, "spec": {"mode": "confirm"}}
        data |= {"message": "Ship it?\n\n" + "All checks are **green**. " * 4}
        data |= {"context": {"version": number, "risk": [{"area": "db", "level": "low"}]}}
        data |= {"target": {"type": "user", "id": "user_rina"}}
        if grouped:
            data |= {"target": {"type": "group", "id": "approvers"}, "target_group_id": "grp_1"}
            data |= {"target_member_snapshot": ["user_rina", "user_sam", "user_lee"]}
        if status == "completed":
            data |= {"responder": {"type": "user", "id": "user_rina"}, "completed_at": now()}
            data |= {"response": {"value": True, "comment": "fine", "at": now()}}
        return type, data | {"created_at": made, "updated_at": now()}

    yield run("queued", started=False)
    yield run("running")
    yield step("running")
    yield ask("pending", "interaction_created")
    yield run("suspended")
    yield ask("completed", "interaction_completed")
    yield run("queued")
    yield run("running")
    yield step("completed")
    yield run("completed")


def frames() -> Iterator[bytes]:
    seq = number = 0
    while True:
        number += 1
        for type, data in story(number):
            seq += 1
            run_id = data.get("run_id") or data["id"]
            told = {"type": type, "run_id": run_id, "seq": seq, "timestamp": now(), "data": data}
            yield f"id: {seq}\nevent: {type}\ndata: {json.dumps(told)}\n\n".encode()


def serve(port: Any, sent: Any, rate: int, seconds: int) -> None:
    """Send; ``sent[seq]`` is when, and ``sent[0]`` the newest seq."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).decode().split()[1]
        if "/events" not in path:
            head = f"content-type: application/json\r\ncontent-length: {len(EMPTY)}"
            writer.write(f"HTTP/1.1 200 OK\r\n{head}\r\nconnection: close\r\n\r\n".encode() + EMPTY)
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n")
        writer.write(b"connection: close\r\n\r\nid: 0\n\n")
        await writer.drain()
        await asyncio.sleep(SETTLE)
        # The sync also opens the stream to see whether there is one, and where it ends.
        if not reader.at_eof() and sent[0] == 0:
            await send(writer)

    async def send(writer: asyncio.StreamWriter) -> None:
        told, seq, began = frames(), 0, monotonic()
        while seq < rate * seconds:
            due = min(int((monotonic() - began) * rate), rate * seconds)
            for one in range(seq + 1, due + 1):
                writer.write(next(told))
                sent[one] = monotonic()
            seq = sent[0] = due
            await writer.drain()
            await asyncio.sleep(0.005)
        await asyncio.sleep(60)

    async def main() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port.value = server.sockets[0].getsockname()[1]
        await server.serve_forever()

    asyncio.run(main())


def megabytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


async def measure(base_url: str, sent: Any, last: int) -> dict[str, Any]:
    from inbox.mirror.sync import Sync  # noqa: PLC0415 - Django is set up by now
    from inbox.mobius.client import MobiusClient  # noqa: PLC0415
    from inbox.models import Upstream  # noqa: PLC0415

    lags: list[float] = []
    async with MobiusClient(base_url=base_url, project="busy", token="mbx_bench") as client:
        task = asyncio.create_task(Sync(client).run())
        await asyncio.sleep(SETTLE)
        began, memory, written = process_time(), megabytes(), 0
        while written < last:
            await asyncio.sleep(0.05)
            written = (await Upstream.objects.aget()).cursor or 0
            oldest = sent[min(written + 1, last)]
            lags.append(monotonic() - oldest if oldest and written < last else 0.0)
        own = process_time() - began
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    lags.sort()
    return {
        "events": last,
        "lag_p50_s": round(lags[len(lags) // 2], 3),
        "lag_p99_s": round(lags[int(len(lags) * 0.99)], 3),
        "lag_max_s": round(lags[-1], 3),
        "own_us_per_event": round(own / last * 1e6),
        "megabytes": [memory, megabytes()],
    }


def main() -> None:
    rate = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    port = multiprocessing.Value("i", 0, lock=False)
    sent = multiprocessing.Array("d", rate * seconds + 1, lock=False)
    for index in range(len(sent)):
        sent[index] = 0
    arguments = (port, sent, rate, seconds)
    sender = multiprocessing.Process(target=serve, args=arguments, daemon=True)
    sender.start()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(environment(Path(folder), "events"))
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
        django.setup()

        from django.core.management import call_command  # noqa: PLC0415 - as above

        from reviewer_site.lifespan import SWITCH_INTERVAL  # noqa: PLC0415

        sys.setswitchinterval(SWITCH_INTERVAL)
        call_command("migrate", verbosity=0)
        while not port.value:
            sender.join(0.05)
        found = asyncio.run(measure(f"http://127.0.0.1:{port.value}", sent, rate * seconds))
    sender.terminate()
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
