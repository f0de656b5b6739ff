"""Group channels, sent to a scripted receiver on loopback."""

import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from standardwebhooks import Webhook

from inbox.mobius.types import InteractionStatus, Policy, PolicyKind
from inbox.models import ChannelMessage, Group, GroupChannel, Upstream
from inbox.notify import group_channels, outgoing
from inbox.people import rotation
from tests.support import scripted_server as scripted
from tests.support.scripted_server import ScriptedServer
from tests.support.sending import plan_all, send_to_channels
from tests.support.snapshots import SAM, ask, group_ask, reply
from tests.web import cast
from tests.web.cast import soon, tell

ANY = Policy(kind=PolicyKind.ANY)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
Pass = Callable[..., None]


@pytest.fixture(autouse=True)
def upstream(db: None) -> Upstream:
    cast.people()
    upstream = Upstream.current()
    upstream.seeded_at = soon(days=-1)
    upstream.save()
    return upstream


@pytest.fixture
def receiver(settings: Any) -> Iterator[ScriptedServer]:
    settings.NOTIFY_PRIVATE_HOSTS = ("127.0.0.1",)
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def channel(receiver: ScriptedServer, upstream: Upstream) -> Callable[..., GroupChannel]:
    def make(kind: str = "slack", scope: str = "all", of: str = "", **fields: Any) -> GroupChannel:
        url = f"{receiver.base_url}/{kind}"
        group_channels.put(upstream, scope, of, kind, url, **{"titles": True, **fields})
        return GroupChannel.objects.get(kind=kind, scope=scope, of=of)

    return make


@pytest.fixture
def after() -> Pass:
    """Plan what happened, then send what is due after a while."""

    def move(length: timedelta = timedelta(seconds=31)) -> None:
        plan_all(soon())
        send_to_channels(soon() + length)

    return move


def states() -> list[tuple[str, str, str]]:
    rows = ChannelMessage.objects.order_by("pk")
    return [(row.state, row.reason, row.error) for row in rows]


def ok(receiver: ScriptedServer) -> None:
    receiver.on("POST", "/", scripted.Reply(200), always=True)


def test_a_webhook_is_signed_as_standard_webhooks(
    receiver: ScriptedServer, channel: Callable[..., GroupChannel], after: Pass
) -> None:
    ok(receiver)
    made = channel("webhook", secret=SECRET)
    tell(ask(created_at=soon(), message="Refund 4111 1111 1111 1111?"))
    after(timedelta(seconds=29))
    assert receiver.requests == []
    after()
    after()
    [request] = receiver.requests
    said = Webhook(SECRET).verify(request.body.decode(), request.headers)
    [question] = said["data"]["questions"]
    assert (question["id"], question["title"]) == ("int_1", "Refund •••?")
    assert question["url"].endswith("/interactions/int_1/")
    assert states() == [("sent", "", "")]

    new = group_channels.rotate(made)
    tell(ask("int_2", created_at=soon()))
    after()
    for secret in (SECRET, new):
        Webhook(secret).verify(receiver.requests[1].body.decode(), receiver.requests[1].headers)
    group_channels.settle(made)
    tell(ask("int_3", created_at=soon()))
    after()
    assert receiver.requests[2].headers["webhook-signature"].count("v1,") == 1


def test_what_is_entered_is_stored_encrypted(
    channel: Callable[..., GroupChannel], receiver: ScriptedServer
) -> None:
    made = channel("webhook", secret=SECRET)
    for sealed in (made.url, made.secret):
        assert receiver.base_url.encode() not in bytes(sealed)
        assert SECRET.encode() not in bytes(sealed)
    rotation.rotate()
    assert bytes(GroupChannel.objects.get().secret) != bytes(made.secret)
    assert rotation.lost() == []


def texts(kind: str, body: bytes) -> str:
    said = json.loads(body)
    if kind == "teams":
        [attachment] = said["attachments"]
        assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        return json.dumps(attachment["content"], ensure_ascii=False)
    return str(said["text"])


@pytest.mark.parametrize("kind", ["slack", "teams", "google_chat", "mattermost"])
def test_a_chat_reads_the_title_as_text_and_a_link_to_the_question(
    kind: str, receiver: ScriptedServer, channel: Callable[..., GroupChannel], after: Pass
) -> None:
    ok(receiver)
    channel(kind)
    tell(ask(created_at=soon(), message="<!channel> @all [Pay](https://evil.example)"))
    after()
    text = texts(kind, receiver.requests[0].body)
    assert "/interactions/int_1/" in text
    for markup in ("<!channel>", "<users", "](https://evil"):
        assert markup not in text
    assert kind == "slack" or "@all" not in text


def test_titles_are_only_sent_if_everyone_may_read_them(
    receiver: ScriptedServer, channel: Callable[..., GroupChannel], after: Pass
) -> None:
    ok(receiver)
    channel("slack", titles=False)
    channel("webhook", titles=False)
    tell(ask(created_at=soon(), message="Dismiss Jo?"))
    after()
    assert len(receiver.requests) == 2
    assert all(b"Dismiss" not in request.body for request in receiver.requests)


@pytest.mark.parametrize(
    ("scope", "of", "told"),
    [
        ("group", "grp_board", ["int_group"]),
        ("group", "grp_other", []),
        ("agent", "agent_bot", ["int_agent"]),
        ("all", "", ["int_agent", "int_group"]),
    ],
)
def test_a_channel_is_told_of_its_questions(
    scope: str,
    of: str,
    told: list[str],
    channel: Callable[..., GroupChannel],
    after: Pass,
) -> None:
    for id_, handle in (("grp_board", "change-board"), ("grp_other", "others")):
        current = Upstream.current()
        Group.objects.create(upstream=current, mobius_id=id_, handle=handle, name=handle)
    channel("slack", scope, of)
    tell(
        group_ask("int_group", created_at=soon(), policy=ANY, group_id=None),
        ask("int_agent", created_at=soon(), run_id=None, created_by="agent_bot"),
    )
    after(timedelta(0))
    subjects = ChannelMessage.objects.values_list("event__subject", flat=True)
    assert sorted(subjects) == told


@pytest.mark.parametrize(
    "change",
    [
        {"claimed_by": SAM, "claimed_at": soon()},
        {"status": InteractionStatus.COMPLETED, "responses": (reply(SAM, True),)},
        {"status": InteractionStatus.EXPIRED},
    ],
    ids=["claimed", "answered", "withdrawn"],
)
def test_what_is_no_longer_needed_is_not_sent(
    change: dict[str, Any],
    receiver: ScriptedServer,
    channel: Callable[..., GroupChannel],
    after: Pass,
) -> None:
    channel()
    tell(group_ask(created_at=soon(), policy=ANY))
    after(timedelta(0))
    tell(group_ask(minutes=1, created_at=soon(), policy=ANY, **change))
    after()
    assert receiver.requests == []
    assert states() == [("dropped", "settled", "")]


def test_old_news_is_not_sent(channel: Callable[..., GroupChannel], after: Pass) -> None:
    channel()
    tell(ask(created_at=soon(hours=-2)))
    after()
    assert states() == []


def test_more_than_five_messages_within_ten_minutes_become_one(
    receiver: ScriptedServer, channel: Callable[..., GroupChannel], after: Pass
) -> None:
    ok(receiver)
    channel()
    tell(*(ask(f"int_{number}", created_at=soon()) for number in range(4)))
    after()
    tell(*(ask(f"int_1{number}", created_at=soon()) for number in range(3)))
    after()
    tell(*(ask(f"int_2{number:02}", created_at=soon()) for number in range(12)))
    after()
    after(timedelta(minutes=10))
    assert len(receiver.requests) == 5
    after(timedelta(minutes=11))
    heads = [texts("slack", one.body).partition("\n")[0] for one in receiver.requests[4:]]
    assert heads == ["3 questions wait for you", "12 questions wait for you"]


def test_what_a_receiver_cannot_take_now_is_tried_again(
    receiver: ScriptedServer, channel: Callable[..., GroupChannel], after: Pass
) -> None:
    channel("webhook")
    busy = scripted.Reply(429, headers={"retry-after": "600"})
    moved = scripted.Reply(302, headers={"location": "/elsewhere"})
    receiver.on("POST", "/webhook", scripted.Reply(500), busy, moved, scripted.Reply(204))
    tell(ask(created_at=soon()))
    after()
    assert states() == [("waiting", "", "500")]
    after(timedelta(minutes=2))
    after(timedelta(minutes=11))
    assert states() == [("waiting", "", "429")]
    after(timedelta(minutes=13))
    assert states() == [("waiting", "", "302")]
    after(timedelta(minutes=30))
    assert states() == [("sent", "", "")]
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    assert {request.path for request in receiver.requests} == {"/webhook"}


def test_a_message_fails_after_four_hours(
    receiver: ScriptedServer,
    channel: Callable[..., GroupChannel],
    after: Pass,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outgoing, "TIMEOUT", 0.2)
    channel()
    receiver.on("POST", "/", scripted.Never(), always=True)
    tell(ask(created_at=soon()))
    after()
    assert states() == [("waiting", "", "timed_out")]
    after(timedelta(hours=4, minutes=1))
    assert states() == [("failed", "", "timed_out")]


def test_a_receiver_that_is_gone_disables_the_channel(
    receiver: ScriptedServer, channel: Callable[..., GroupChannel], after: Pass
) -> None:
    made = channel()
    receiver.on("POST", "/", scripted.Reply(410), always=True)
    tell(ask(created_at=soon()))
    after()
    assert states() == [("failed", "", "410")]
    made.refresh_from_db()
    assert made.disabled_at
    tell(ask("int_2", created_at=soon()))
    after()
    assert len(receiver.requests) == 1


def test_an_address_that_has_become_private_fails_at_once(
    channel: Callable[..., GroupChannel], after: Pass, settings: Any, receiver: ScriptedServer
) -> None:
    channel()
    tell(ask(created_at=soon()))
    settings.NOTIFY_PRIVATE_HOSTS = ()
    after()
    assert receiver.requests == []
    assert states() == [("failed", "", "not_https")]


def test_a_chat_is_told_once_more_at_most_after_a_process_was_killed(
    receiver: ScriptedServer, channel: Callable[..., GroupChannel], after: Pass
) -> None:
    ok(receiver)
    for kind in ("slack", "webhook"):
        channel(kind)
    tell(ask(created_at=soon()))
    after(timedelta(0))
    for _ in range(2):
        # As a process leaves it that is killed during an attempt.
        group_channels.due(soon(minutes=1), besides=())
    assert set(ChannelMessage.objects.values_list("state", flat=True)) == {"sending"}
    after()
    slack, webhook = ChannelMessage.objects.order_by("pk")
    assert (slack.state, slack.twice) == ("failed", True)
    assert (webhook.state, webhook.twice) == ("sent", False)
    assert [request.path for request in receiver.requests] == ["/webhook"]


def command(*arguments: str) -> str:
    out = io.StringIO()
    call_command("set_channel", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_sets_a_channel(
    receiver: ScriptedServer, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    Group.objects.create(upstream=upstream, mobius_id="grp_board", handle="board", name="Board")
    url = f"{receiver.base_url}/hook"
    assert "whsec_" in command("--group", "board", "webhook", url, "--titles")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{SECRET}\n"))
    assert "whsec_" not in command("--group", "board", "webhook", url, "--secret-stdin")
    made = GroupChannel.objects.get()
    assert (made.scope, made.of, made.titles) == ("group", "grp_board", False)
    with pytest.raises(CommandError, match="private network"):
        command("--all", "slack", "https://10.0.0.1/")
    with pytest.raises(CommandError, match="no group"):
        command("--group", "nobody", "slack", url)
