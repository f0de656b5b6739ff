"""What is sent late, or not at all, and to whom it makes no difference."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from inbox.models import Delivery, NotificationTimes, Reviewer, Upstream
from inbox.models.notification import Channel, Kind, When
from inbox.notify import group_channels, outbox, plan, reminders, wakeup
from tests.support import scripted_server as scripted
from tests.support.mailbox import Mailbox
from tests.support.scripted_server import ScriptedServer
from tests.support.sending import plan_all, send_to_people
from tests.support.snapshots import ask
from tests.web import cast
from tests.web.cast import soon, tell

# The mail server that the tests start is on loopback.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@pytest.fixture(autouse=True)
def rina(db: None) -> Reviewer:
    cast.people()
    upstream = Upstream.current()
    upstream.seeded_at = soon(days=-1)
    upstream.save()
    NotificationTimes.objects.all().delete()
    rina = Reviewer.objects.get(user__username="rina")
    plan.choose(rina, Kind.ASKED, Channel.EMAIL, When.NOW)
    plan.choose(rina, Kind.REMINDER, Channel.EMAIL, When.NOW)
    return rina


@pytest.fixture
def receiver(settings: Any) -> Iterator[ScriptedServer]:
    settings.NOTIFY_PRIVATE_HOSTS = ("127.0.0.1",)
    settings.NOTIFY_CHAT_AFTER = timedelta(0)
    with ScriptedServer() as server:
        yield server


def states() -> list[tuple[str, str]]:
    return list(Delivery.objects.order_by("pk").values_list("state", "reason"))


def test_a_channel_that_does_not_answer_delays_no_other(receiver: ScriptedServer) -> None:
    silent, other = scripted.Hold(scripted.Reply(200)), scripted.Hold(scripted.Reply(200))
    for kind, reply in {"slack": silent, "teams": other}.items():
        receiver.on("POST", f"/{kind}", reply)
        url = f"{receiver.base_url}/{kind}"
        group_channels.put(Upstream.current(), "all", "", kind, url, titles=True)
    tell(ask("int_1", created_at=soon()))

    async def send_meanwhile() -> None:
        leader = asyncio.create_task(outbox.run())
        await asyncio.to_thread(silent.reached.wait)
        await asyncio.to_thread(other.reached.wait)
        receiver.on("POST", "/teams", later := scripted.Hold(scripted.Reply(200)))
        other.release()
        await sync_to_async(tell)(ask("int_2", created_at=soon()))
        wakeup.wake()
        await asyncio.to_thread(later.reached.wait)
        later.release()
        silent.release()
        leader.cancel()

    async_to_sync(send_meanwhile)()
    assert [request.path for request in receiver.requests].count("/slack") == 1


def test_all_that_is_due_for_a_person_is_one_message(mailbox: Mailbox) -> None:
    tell(*(ask(f"int_{number}", created_at=soon()) for number in range(120)))
    plan_all(soon())
    send_to_people(soon(minutes=6))
    [mail] = mailbox.mails
    assert mail["Subject"] == "120 questions wait for you"


def test_what_quiet_hours_held_is_not_sent_days_after_their_end(
    mailbox: Mailbox, rina: Reviewer
) -> None:
    now = soon()
    tell(ask(created_at=now, expires_at=soon(days=9)))
    plan_all(now)
    times = NotificationTimes(reviewer=rina)
    local = now.astimezone(plan.zone_of(rina))
    minute = local.hour * 60 + local.minute
    times.quiet_from, times.quiet_until = (minute - 5) % 1440, (minute + 60) % 1440
    times.save()
    send_to_people(soon(minutes=6))
    times.delete()
    send_to_people(soon(days=4))
    assert (states(), mailbox.mails) == ([("dropped", "too_old")], [])


def test_a_digest_that_is_overdue_waits_for_the_next(mailbox: Mailbox, rina: Reviewer) -> None:
    plan.choose(rina, Kind.ASKED, Channel.EMAIL, When.DIGEST)
    tell(ask(created_at=soon()))
    plan_all(soon())
    NotificationTimes.objects.update(next_digest_at=soon(hours=-5))
    send_to_people(soon())
    assert (states(), mailbox.mails) == ([("digest", "")], [])
    assert NotificationTimes.objects.get().next_digest_at > soon()


def test_old_news_goes_by_the_clock_of_mobius(mailbox: Mailbox) -> None:
    """This machine's is two hours ahead."""
    Upstream.objects.update(clock_offset=timedelta(hours=-2))
    tell(ask("int_new", created_at=soon(hours=-2)), ask("int_old", created_at=soon(hours=-4)))
    plan_all(soon())
    found = dict(Delivery.objects.values_list("event__subject", "state"))
    assert found == {"int_new": "waiting", "int_old": "digest"}


def test_a_reminder_due_before_the_first_full_sync_is_not_written() -> None:
    upstream = Upstream.current()
    upstream.seeded_at = soon(minutes=-10)
    upstream.save()
    tell(ask(created_at=soon(minutes=-70), expires_at=soon(minutes=30)))
    reminders.write(upstream, soon())
    plan_all(soon())
    assert not Delivery.objects.filter(event__kind=Kind.REMINDER).exists()
