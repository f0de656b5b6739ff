from datetime import UTC, datetime, timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.test import AsyncClient, Client

from inbox.mirror import project
from inbox.mirror.snapshots import Payload
from inbox.models import Reviewer, Upstream
from inbox.people.demo import CAST
from tests.served.offers import forms_of
from tests.support.people import make_people
from tests.support.tags import text_of

HTMX = {"HX-Request": "true"}


def sign_in(username: str, **options: Any) -> Client:
    client = Client(**options)
    client.force_login(
        Reviewer.objects.get(user__username=username).user,
        backend="inbox.people.backend.ReviewerBackend",
    )
    return client


def answer(username: str, id: str, **typed: Any) -> None:
    send(username, id, "respond", **typed)


def send(username: str, id: str, path: str, **typed: Any) -> None:
    """Open the question, send its form, confirm."""
    client, action = sign_in(username), f"/interactions/{id}/{path}"
    page = client.get(f"/interactions/{id}/").content.decode()
    form = next(one for one in forms_of(page) if one.action == action)
    sent = client.post(action, {"comment": "", **form.fields, **typed, "confirmed": "1"})
    assert sent.status_code in (200, 303), text_of(sent.content.decode())


def stranger(username: str = "mallory") -> Client:
    user = get_user_model().objects.create_user(username, password="demo")
    Reviewer.objects.filter(user=user).update(mobius_id=f"user_{username}")
    return sign_in(username)


def tell(*payloads: Payload, **how: Any) -> None:
    project.apply(Upstream.current(), payloads, read_at=datetime.now(UTC), **how)


def soon(**length: float) -> datetime:
    """Negative for the past."""
    return datetime.now(UTC) + timedelta(**length)


def part(target: str, page: str = "http://testserver/inbox/") -> dict[str, str]:
    return {**HTMX, "HX-Target": f"div#{target}", "HX-Current-URL": page}


async def download(path: str, username: str = "tess") -> tuple[Any, str]:
    client = AsyncClient()
    user = await sync_to_async(lambda: Reviewer.objects.get(user__username=username).user)()
    await client.aforce_login(user, backend="inbox.people.backend.ReviewerBackend")
    response = await client.get(path)
    if not response.streaming:
        return response, response.content.decode()
    parts = [part async for part in response.streaming_content]
    return response, b"".join(parts).decode()


def people() -> None:
    make_people(tokens={one.mobius_id: f"mbc_{one.mobius_id}_{'0' * 24}" for one in CAST})
