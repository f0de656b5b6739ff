"""Administrators switch a channel off and on. Emails go to a real mail server, the others to a
scripted receiver on loopback.
"""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.core.management import call_command

from inbox.lib import metrics
from inbox.models import (
    ChannelMessage,
    Decision,
    Delivery,
    NotificationChoice,
    NotificationEvent,
    NotificationTimes,
    PushBrowser,
    Reviewer,
    Upstream,
)
from inbox.models.notification import Channel, Kind, When
from inbox.notify import group_channels, plan, switches
from inbox.people import push_browsers
from inbox.upstream.measuring import measure_rows
from tests.notify.test_push import Browser
from tests.support import scripted_server as scripted
from tests.support.mailbox import Mailbox
from tests.support.scripted_server import ScriptedServer
from tests.support.sending import plan_all, send_to_channels, send_to_people
from tests.support.snapshots import ask
from tests.support.tags import text_of
from tests.web import cast
from tests.web.cast import soon, tell

# The mail server that the tests start is on loopback.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@pytest.fixture(autouse=True)
def rina(db: None, settings: Any) -> Reviewer:
    cast.people()
    settings.PUSH_CONTACT = "mailto:admin@example.com"
    settings.NOTIFY_EMAIL_AFTER = settings.NOTIFY_CHAT_AFTER = timedelta(0)
    Upstream.objects.update(seeded_at=soon(days=-1))
    NotificationTimes.objects.all().delete()
    NotificationChoice.objects.all().delete()
    rina = Reviewer.objects.get(user__username="rina")
    plan.choose(rina, Kind.ASKED, Channel.EMAIL, When.NOW)
    return rina


@pytest.fixture
def receiver(settings: Any) -> Iterator[ScriptedServer]:
    settings.NOTIFY_PRIVATE_HOSTS = ("127.0.0.1",)
    with ScriptedServer() as server:
        server.on("POST", "/phone", scripted.Reply(201), always=True)
        yield server


@pytest.fixture
def everywhere(rina: Reviewer, receiver: ScriptedServer, mailbox: Mailbox) -> None:
    """Rina is told by email and push, and a Slack channel is."""
    PushBrowser.objects.create(
        reviewer=rina,
        endpoint=f"{receiver.base_url}/phone",
        key=push_browsers.public_key(),
        created_at=soon(),
        used_at=soon(),
        **Browser().keys,
    )
    group_channels.put(
        Upstream.current(), "all", "", "slack", f"{receiver.base_url}/slack", titles=True
    )


def press(channel: str, on: str) -> None:
    pressed = {"channel": channel, "on": on}
    assert cast.sign_in("admin").post("/connection/channel", pressed).status_code == 303


def send() -> None:
    plan_all(soon())
    now = soon(seconds=1)
    send_to_people(now)
    send_to_channels(now)


def states() -> dict[str, list[tuple[str, str, str]]]:
    """Question, state and reason, by channel."""
    columns = ("event__subject", "state", "reason")
    found: dict[str, list[tuple[str, str, str]]] = {}
    for channel, *row in Delivery.objects.order_by("pk").values_list("channel", *columns):
        found.setdefault(channel, []).append(tuple(row))
    found["slack"] = list(ChannelMessage.objects.order_by("pk").values_list(*columns))
    return found


def ago(id: str, **length: float) -> None:
    """Move what happened into the past."""
    past = timedelta(**length)
    for event in NotificationEvent.objects.filter(subject=id):
        event.at -= past
        event.save()
    for row in (
        *Delivery.objects.filter(event__subject=id),
        *ChannelMessage.objects.filter(event__subject=id),
    ):
        row.created_at -= past
        row.due_at -= past
        if isinstance(row, Delivery):
            row.give_up_at -= past
        row.save()


@pytest.mark.usefixtures("everywhere")
def test_what_waited_at_a_channel_that_was_off_interrupts_no_one_if_it_is_old(
    mailbox: Mailbox, receiver: ScriptedServer
) -> None:
    for channel in ("email", "push", "slack"):
        press(channel, "no")
    tell(*(ask(id_, created_at=soon(minutes=-1)) for id_ in ("int_new", "int_old", "int_older")))
    send()
    ago("int_old", hours=2)
    ago("int_older", hours=5)
    send()
    assert (mailbox.mails, receiver.requests) == ([], [])
    assert {row[1] for rows in states().values() for row in rows} == {"waiting"}
    measure_rows()
    unsent = "inbox_unsent_notification_seconds"
    assert metrics.REGISTRY.get_sample_value(unsent, {"channel": "email"}) == 0

    receiver.on("POST", "/slack", scripted.Reply(200))
    for channel in ("email", "push", "slack"):
        press(channel, "yes")
    send()
    dropped = ("int_older", "dropped", "too_old")
    assert states() == {
        "email": [("int_new", "sent", ""), ("int_old", "digest", ""), dropped],
        "push": [("int_new", "sent", ""), ("int_old", "dropped", "too_old"), dropped],
        "slack": [("int_new", "sent", ""), ("int_old", "dropped", "too_old"), dropped],
    }
    assert len(mailbox.mails) == 1
    assert sorted(request.path for request in receiver.requests) == ["/phone", "/slack"]
    assert NotificationTimes.objects.get(reviewer__user__username="rina").next_digest_at


def test_a_digest_that_is_due_while_emails_are_off_waits_for_the_next(
    rina: Reviewer, mailbox: Mailbox
) -> None:
    plan.choose(rina, Kind.ASKED, Channel.EMAIL, When.DIGEST)
    tell(ask(created_at=soon()))
    send()
    press("email", "no")
    NotificationTimes.objects.update(next_digest_at=soon(minutes=-1))
    send()
    press("email", "yes")
    send()
    assert states()["email"] == [("int_1", "digest", "")]
    assert NotificationTimes.objects.get().next_digest_at > soon()
    NotificationTimes.objects.update(next_digest_at=soon(minutes=-1))
    send()
    assert len(mailbox.mails) == 1


@pytest.mark.usefixtures("everywhere")
def test_a_switch_stops_also_what_is_about_to_be_sent(receiver: ScriptedServer) -> None:
    """The first message is under way; the others would follow it."""
    first = scripted.Hold(scripted.Reply(200))
    receiver.on("POST", "/slack", first)
    tell(*(ask(f"int_{number}", created_at=soon()) for number in range(5)))
    plan_all(soon())

    [messages] = group_channels.due(soon(seconds=1), besides=()).values()

    async def send_all() -> None:
        for message in messages:
            await group_channels.send(message, soon(seconds=1))

    async def switch_off_meanwhile() -> None:
        sending = asyncio.create_task(send_all())
        await asyncio.to_thread(first.reached.wait)
        await sync_to_async(switches.switch)("slack", soon(), on=False, by="admin")
        first.release()
        await sending

    async_to_sync(switch_off_meanwhile)()
    assert sorted(state for _, state, _ in states()["slack"]) == ["sent", *["waiting"] * 4]
    assert set(ChannelMessage.objects.filter(state="waiting").values_list("tries")) == {(0,)}


def test_switches_and_health_are_shown_and_logged(mailbox: Mailbox, rina: Reviewer) -> None:
    mailbox.unknown.add("rina@example.com")
    tell(ask(created_at=soon()))
    send()
    admin = cast.sign_in("admin")
    page = text_of(admin.get("/connection/").content.decode())
    assert "Email 550 No such mailbox here On 0 sent, 1 failed Switch off Email" in page
    press("email", "no")
    press("email", "no")
    page = text_of(admin.get("/connection/").content.decode())
    assert "by admin 0 sent, 1 failed Switch on Email" in page
    assert admin.post("/connection/channel", {"channel": "bell"}).status_code == 404
    [entry] = Decision.objects.filter(verb=switches.VERB)
    assert (entry.account, entry.value["before"], entry.value["after"]) == ("admin", "on", "off")
    log = text_of(cast.sign_in("tess").get("/decisions/").content.decode())
    assert "Switched a notification channel" in log
    assert "On → Off" in log
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("doctor", stdout=out)
    assert "Email is switched off. Connection has the switch." in out.getvalue()

    own = cast.sign_in("rina")
    page = text_of(own.get("/account/notifications/").content.decode())
    assert "Email is switched off by an administrator at the moment." in page
    assert "Send a test" not in page
    refused = own.post("/account/notifications/test", follow=True).content.decode()
    assert "Email is switched off by an administrator" in text_of(refused)


def test_a_real_mobius_beside_an_inbox_on_this_machine_alone_offers_neither_email_nor_push(
    mailbox: Mailbox, settings: Any
) -> None:
    settings.LINKS_LEAD_HERE = False
    page = text_of(cast.sign_in("rina").get("/account/notifications/").content.decode())
    assert "Email and push aren't offered" in page
    assert "You are asked, Email" not in page
    page = text_of(cast.sign_in("admin").get("/connection/").content.decode())
    assert "PUBLIC_URL is an address of this machine, which no one else can open." in page
