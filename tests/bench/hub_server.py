"""The product's own stream: Django with all its middleware, the hand-off and the hub.

`python -m tests.bench.hub_server [quiet]` prints its port and Rina's sessions, so many that no two
streams share one. No sync runs; unless it is to be quiet, the run that she watches is said to have
changed every 50 ms.
"""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import django
import uvicorn

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewer_site.settings")
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.contrib.sessions.models import Session  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from inbox.live import topics  # noqa: E402
from inbox.live.bus import get_bus  # noqa: E402
from inbox.live.handoff import Handoff  # noqa: E402
from inbox.live.hub import get_hub  # noqa: E402
from inbox.models import Interaction, Recipient, Run, Upstream  # noqa: E402
from inbox.people.demo import make_demo  # noqa: E402
from reviewer_site.asgi import pages  # noqa: E402
from reviewer_site.lifespan import Lifespan  # noqa: E402
from reviewer_site.static import StaticFiles, collect_if_changed  # noqa: E402
from tests.bench.frames import EVERY, html  # noqa: E402

SESSIONS = 2000


def furnish() -> list[str]:
    """A run that asked Rina; the keys of her sessions."""
    call_command("migrate", verbosity=0, interactive=False)
    collect_if_changed()
    make_demo(tokens={})
    upstream, now = Upstream.present(), timezone.now()
    asked = {"upstream": upstream, "created_at": now, "updated_at": now}
    Run.objects.create(
        mobius_id="run_1",
        workflow="release",
        status="suspended",
        state="suspended",
        status_since=now,
        **asked,
    )
    item = Interaction.objects.create(
        mobius_id="int_1",
        run_id="run_1",
        type="approval",
        status="pending",
        state="pending",
        target_type="user",
        target_id="user_rina",
        **asked,
    )
    Recipient.objects.create(
        upstream=upstream,
        interaction=item,
        user_id="user_rina",
        run_id="run_1",
        open=True,
        created_at=item.created_at,
    )
    client = Client()
    client.force_login(
        get_user_model().objects.get(username="rina"),
        backend="inbox.people.backend.ReviewerBackend",
    )
    one = Session.objects.get()
    more = [
        Session(
            session_key=f"{number:032d}",
            session_data=one.session_data,
            expire_date=one.expire_date,
        )
        for number in range(SESSIONS)
    ]
    return [session.session_key for session in Session.objects.bulk_create(more)]


async def publish() -> None:
    while "quiet" not in sys.argv:
        await asyncio.sleep(EVERY)
        get_bus().publish([topics.run("run_1")])


@asynccontextmanager
async def background() -> AsyncIterator[None]:
    get_hub().start(lambda topic: html())
    publishing = asyncio.create_task(publish())
    yield
    publishing.cancel()
    await get_hub().stop()


def main() -> None:
    sessions = furnish()
    application = Lifespan(
        StaticFiles(Handoff(pages, get_hub())), background=background, at_signal=get_hub().close
    )
    held = socket.create_server(("127.0.0.1", 0), backlog=2048)
    told = {"port": held.getsockname()[1], "sessions": sessions}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    uvicorn.Server(uvicorn.Config(application, log_level="error", timeout_graceful_shutdown=1)).run(
        [held]
    )


if __name__ == "__main__":
    main()
