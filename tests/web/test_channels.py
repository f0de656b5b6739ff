"""Team leads set group channels; the receiver is a scripted server on loopback."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from standardwebhooks import Webhook

from inbox.models import ChannelMessage, GroupChannel, Upstream
from tests.support import scripted_server as scripted
from tests.support.scripted_server import ScriptedServer
from tests.support.sending import plan_all
from tests.support.snapshots import ask
from tests.support.tags import text_of
from tests.web import cast
from tests.web.cast import soon, tell


@pytest.fixture
def tess(db: None) -> Client:
    cast.people()
    return cast.sign_in("tess")


@pytest.fixture
def receiver(settings: Any) -> Iterator[ScriptedServer]:
    settings.NOTIFY_PRIVATE_HOSTS = ("127.0.0.1",)
    with ScriptedServer() as server:
        yield server


def add(client: Client, url: str, **fields: str) -> Any:
    return client.post("/channels/", {"kind": "slack", "url": url, **fields})


def words(answer: Any) -> str:
    return text_of(answer.content.decode())


def test_a_channel_is_added_tried_and_removed(tess: Client, receiver: ScriptedServer) -> None:
    receiver.on("POST", "/", scripted.Reply(200))
    receiver.on("POST", "/", scripted.Reply(500))
    url = f"{receiver.base_url}/hook-4711"
    assert add(tess, url, workflow="release", titles="on").status_code == 303
    page = words(tess.get("/channels/"))
    assert "Slack 127.0.0.1" in page
    assert "release With titles tess" in page
    assert "hook-4711" not in page
    [channel] = GroupChannel.objects.all()
    tried = tess.post(f"/channels/{channel.pk}/test", follow=True)
    assert "The test was sent." in words(tried)
    tried = tess.post(f"/channels/{channel.pk}/test", follow=True)
    assert "The server answered with status 500." in words(tried)
    assert tess.post(f"/channels/{channel.pk}/remove").status_code == 303
    assert not GroupChannel.objects.exists()


def test_a_webhooks_secret_is_shown_once_and_replaced(
    tess: Client, receiver: ScriptedServer
) -> None:
    receiver.on("POST", "/", scripted.Reply(200), always=True)
    shown = add(tess, f"{receiver.base_url}/", kind="webhook").content.decode()
    [first] = re.findall(r"whsec_[\w+/=-]+", shown)
    assert "whsec_" not in tess.get("/channels/").content.decode()
    [channel] = GroupChannel.objects.all()
    shown = tess.post(f"/channels/{channel.pk}/rotate").content.decode()
    [second] = re.findall(r"whsec_[\w+/=-]+", shown)
    assert first != second
    tess.post(f"/channels/{channel.pk}/test")
    [request] = receiver.requests
    for secret in (first, second):
        Webhook(secret).verify(request.body.decode(), request.headers)
    tess.post(f"/channels/{channel.pk}/settle")
    channel.refresh_from_db()
    assert bytes(channel.old_secret) == b""


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"url": ""}, "Enter the webhook's address."),
        ({"url": "ftp://example.com/"}, "web address"),
        ({"url": "http://127.0.0.1:9/"}, "https://"),
        ({"url": "https://127.0.0.1:9/"}, "The address is in a private network."),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(
    tess: Client, fields: dict[str, str], reason: str
) -> None:
    refused = add(tess, **fields)
    assert refused.status_code == 422
    assert reason in words(refused)
    assert not GroupChannel.objects.exists()


def test_deliveries_show_what_went_to_a_channel(tess: Client, receiver: ScriptedServer) -> None:
    upstream = Upstream.current()
    upstream.seeded_at = soon(days=-1)
    upstream.save()
    add(tess, f"{receiver.base_url}/")
    tell(ask(created_at=soon()))
    plan_all(soon())
    ChannelMessage.objects.update(state="failed", error="500", twice=True)
    page = words(tess.get("/interactions/int_1/deliveries/"))
    assert "127.0.0.1" in page
    assert "The server answered with status 500." in page
    assert "May have been sent twice" in page
