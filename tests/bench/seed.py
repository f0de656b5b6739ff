"""`python -m tests.bench.seed [items] [rounds] [latency]`: how fast the mirror is filled, beside
reading the list alone. Each request takes ``latency`` milliseconds longer, as where the engine is
on another machine.
"""

import asyncio
import gc
import json
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic, process_time

import django
import httpx

from tests.support.databases import environment
from tests.support.engine_process import EngineProcess

AT_ONCE = 16


async def fill(url: str, token: str, items: int) -> None:
    gate = asyncio.Semaphore(AT_ONCE)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as http:

        async def ask(number: int) -> None:
            group = {"type": "group", "id": ("approvers", "change-board")[number % 2]}
            body = {
                "type": "approval",
                "target": {"type": "user", "id": "user_rina"} if number % 3 else group,
                "message": f"Release {number}: ship it?\n\n" + "All checks are **green**.\n" * 3,
                "context": {
                    "version": f"2.{number}",
                    "risk": [
                        {"area": "database", "level": "low"},
                        {"area": "api", "level": "high"},
                    ],
                    "amount": number * 3.5,
                },
                "spec": {"mode": "confirm"},
            }
            async with gate:
                (await http.post("interactions", json=body)).raise_for_status()

        await asyncio.gather(*(ask(number) for number in range(items)))


async def timed(work: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """Seconds by the clock, and of this process's own time."""
    clock, own = monotonic(), process_time()
    await work()
    return monotonic() - clock, process_time() - own


async def measure(
    base_url: str, project: str, token: str, rounds: int, latency: float
) -> dict[str, float]:
    """``latency`` is in seconds."""
    from asgiref.sync import sync_to_async  # noqa: PLC0415 - Django is set up by now

    from inbox.mirror.sync import Sync  # noqa: PLC0415
    from inbox.mobius.client import MobiusClient  # noqa: PLC0415
    from inbox.mobius.timing import Timeouts  # noqa: PLC0415
    from inbox.mobius.transport import pooled  # noqa: PLC0415
    from inbox.models import Interaction, Upstream  # noqa: PLC0415
    from reviewer_site.lifespan import FULL_COLLECTION  # noqa: PLC0415

    def empty() -> None:
        Interaction.objects.all().delete()
        Upstream.objects.update(seeded_at=None, cursor=None)

    async def wait(_request: httpx.Request) -> None:
        await asyncio.sleep(latency)

    async with pooled(base_url, Timeouts()) as http:
        http.event_hooks = {"request": [wait]} if latency else {}
        client = MobiusClient(base_url=base_url, project=project, token=token, http=http)

        async def read() -> None:
            cursor, pages = None, 0
            while cursor is not None or not pages:
                page = await client.interactions(cursor=cursor)
                cursor, pages = page.next_cursor, pages + 1

        # As the product does once it has started.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*gc.get_threshold()[:2], FULL_COLLECTION)
        lists, seeds, agains = [], [], []
        for _ in range(rounds):
            await sync_to_async(empty)()
            lists.append(await timed(read))
            seeds.append(await timed(Sync(client).full_sync))
            agains.append(await timed(Sync(client).full_sync))
        items = await Interaction.objects.acount()
    alone, seed, again = (min(each)[0] for each in (lists, seeds, agains))
    return {
        "items": items,
        "list_per_second": round(items / alone),
        "seed_per_second": round(items / seed),
        "ratio": round(alone / seed, 2),
        "again_ratio": round(alone / again, 2),
        "list_own_us": own_us(lists, items),
        "seed_own_us": own_us(seeds, items),
        "again_own_us": own_us(agains, items),
    }


def own_us(rounds: list[tuple[float, float]], items: int) -> int:
    return round(min(own for _, own in rounds) / items * 1e6)


def main() -> None:
    items = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    latency = float(sys.argv[3]) / 1e3 if len(sys.argv) > 3 else 0.0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DJANGO_SETTINGS_MODULE"] = "reviewer_site.settings"
        os.environ.update(environment(Path(folder) / "web", "seed_web"))
        django.setup()

        from django.conf import settings  # noqa: PLC0415 - Django is set up by now
        from django.core.management import call_command  # noqa: PLC0415

        from reviewer_site.lifespan import SWITCH_INTERVAL  # noqa: PLC0415
        from tests.fixtures_engine import fresh_project  # noqa: PLC0415

        sys.setswitchinterval(SWITCH_INTERVAL)
        call_command("migrate", verbosity=0)
        engine = EngineProcess(environment(Path(folder) / "engine", "seed"))
        engine.start()
        project = fresh_project(engine)
        settings.MOBIUS_PROJECT = project.handle
        try:
            asyncio.run(fill(project.url, project.service_key, items))
            found = asyncio.run(
                measure(project.base_url, project.handle, project.service_key, rounds, latency)
            )
        finally:
            project.close()
            engine.stop()
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
