"""The product's own stream. `python -m tests.bench.hub_server [quiet]` prints its port and one
session for each stream. Unless quiet, their run changes every 50 ms.
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

from django.contrib.auth import (  # noqa: E402
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
)
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from inbox.lib.static_files import StaticFiles, collect_if_changed  # noqa: E402
from inbox.live import topics  # noqa: E402
from inbox.live.bus import get_bus  # noqa: E402
from inbox.live.handoff import Handoff  # noqa: E402
from inbox.live.hub import get_hub  # noqa: E402
from inbox.models import Interaction, Recipient, Reviewer, Run, Upstream  # noqa: E402
from reviewer_site.asgi import pages, slots  # noqa: E402
from reviewer_site.lifespan import Lifespan  # noqa: E402
from tests.bench.frames import EVERY, html  # noqa: E402

STREAMS = 2000


def furnish() -> list[str]:
    """A run that asked so many people; the key of a session of each."""
    call_command("migrate", verbosity=0, interactive=False)
    collect_if_changed()
    upstream, now = Upstream.current(), timezone.now()
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
        target_type="group",
        target_id="grp_all",
        **asked,
    )
    keys = []
    for number in range(STREAMS):
        user = User.objects.create(username=f"reviewer{number}")
        Reviewer.objects.filter(user=user).update(mobius_id=f"user_{number}")
        Recipient.objects.create(
            upstream=upstream,
            interaction=item,
            user_id=f"user_{number}",
            run_id="run_1",
            open=True,
            created_at=item.created_at,
        )
        session = SessionStore()
        session.update(
            {
                SESSION_KEY: str(user.pk),
                BACKEND_SESSION_KEY: "inbox.people.backend.ReviewerBackend",
                HASH_SESSION_KEY: user.get_session_auth_hash(),
            }
        )
        session.create()
        keys.append(session.session_key)
    return keys


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
        StaticFiles(Handoff(pages, get_hub(), slots)),
        background=background,
        at_signal=get_hub().close,
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
