"""The demo project on the embedded engine."""

import asyncio
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from inbox.engine import stories
from inbox.engine.actions.provision import provision as provision_engine
from inbox.mobius import MobiusClient
from inbox.people import demo

REVIEWER_ID = "user_rina"


def provision() -> None:
    """Create or update the project in the engine, with its people, tokens and groups."""
    provision_engine(
        handle=settings.MOBIUS_PROJECT,
        people=stories.PEOPLE,
        groups=stories.GROUPS,
        keep_groups=True,
        service_key=settings.SECRETS.service_key(),
        member_tokens=_tokens(),
    )


def make_people() -> None:
    """Create the same people's accounts here, with their member tokens."""
    demo.make_demo(tokens=_tokens())


def _tokens() -> dict[str, str]:
    return {user_id: settings.SECRETS.member_token(user_id) for user_id in stories.PEOPLE}


def exports(engine: str) -> list[str]:
    """Shell lines that export the address and keys of the engine at this URL."""
    return [
        f"export MOBIUS_BASE_URL={engine}",
        f"export MOBIUS_API_KEY={settings.SECRETS.service_key()}",
        f"export PROJECT={settings.MOBIUS_PROJECT}",
        f"export REVIEWER_ID={REVIEWER_ID}",
    ]


def top_up() -> None:
    """Ask the demo's questions, unless some are pending."""
    asyncio.run(_top_up(timezone.now()))


async def _top_up(now: datetime) -> None:
    async with service_client() as client:
        pending = await client.interactions(status="pending", limit=1)
        if not pending.items:
            for post in stories.morning(now):
                await send(client, post)


async def send(client: MobiusClient, post: stories.Post) -> None:
    """Start a run with its questions, or ask a question and give its answer, if it has one."""
    if post.path == "/runs":
        run = await client.start_run(**post.body)
        for question in post.questions:
            await client.create_interaction({**question, "run_id": run.id})
        return
    item = await client.create_interaction(post.body)
    if post.answer is not None:
        await client.respond(item.id, value=post.answer.value, comment=post.answer.comment)


def service_client() -> MobiusClient:
    """A client with the settings' service key, for processes other than the web process."""
    return MobiusClient(
        base_url=settings.MOBIUS_BASE_URL,
        project=settings.MOBIUS_PROJECT,
        token=settings.MOBIUS_API_KEY,
    )
