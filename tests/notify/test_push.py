"""Web push through a push service on loopback, to a browser that decrypts what it gets."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from py_vapid import Vapid02

from inbox.answering import deactivation
from inbox.mobius.types import Question
from inbox.models import Delivery, NotificationTimes, PushBrowser, Reviewer, Upstream
from inbox.models.interaction import REASON_TO_REJECT
from inbox.models.notification import Channel, Kind, When
from inbox.notify import plan
from inbox.people import push_browsers
from tests.support import scripted_server as scripted
from tests.support.push import Browser
from tests.support.scripted_server import ScriptedServer
from tests.support.sending import plan_all, send_to_people
from tests.support.snapshots import ask
from tests.support.tags import text_of
from tests.web import cast
from tests.web.cast import HTMX, soon, tell

CREATED, GONE, BROKEN = scripted.Reply(201), scripted.Reply(410), scripted.Reply(500)


@pytest.fixture(autouse=True)
def rina(db: None, settings: Any) -> Reviewer:
    settings.PUSH_CONTACT = "mailto:admin@example.com"
    cast.people()
    upstream = Upstream.current()
    upstream.seeded_at = soon(days=-1)
    upstream.save()
    NotificationTimes.objects.all().delete()
    return Reviewer.objects.get(user__username="rina")


@pytest.fixture
def service(settings: Any) -> Iterator[ScriptedServer]:
    settings.NOTIFY_PRIVATE_HOSTS = ("127.0.0.1",)
    with ScriptedServer() as server:
        yield server


def allow(reviewer: Reviewer, service: ScriptedServer, browser: Browser) -> PushBrowser:
    return PushBrowser.objects.create(
        reviewer=reviewer,
        endpoint=f"{service.base_url}/{browser.name}",
        key=push_browsers.public_key(),
        created_at=soon(),
        used_at=soon(),
        **browser.keys,
    )


def after(**length: float) -> None:
    plan_all(soon())
    send_to_people(soon(**(length or {"seconds": 1})))


def pushed() -> list[tuple[str, str]]:
    rows = Delivery.objects.filter(channel=Channel.PUSH).order_by("pk")
    return [(row.state, row.error or row.reason) for row in rows]


def test_a_question_is_pushed_at_once_encrypted_signed_and_declarative(
    rina: Reviewer, service: ScriptedServer
) -> None:
    phone = Browser()
    allow(rina, service, phone)
    service.on("POST", "/phone", CREATED)
    tell(ask(created_at=soon(), expires_at=soon(hours=5), message="Refund 4111 1111 1111 1111?"))
    after()
    [request] = service.requests
    assert b"Refund" not in request.body
    said = phone.read(request)
    notification = said["notification"]
    assert said["web_push"] == 8030
    assert notification["title"] == "Refund •••?"
    assert notification["navigate"].endswith("/interactions/int_1/")
    assert notification["body"].startswith("You are asked\n")
    assert "expires" in notification["body"]
    assert notification["body"].endswith("You get this because you are asked by name.")
    assert request.headers["topic"] == notification["tag"]
    assert pushed() == [("sent", "")]

    authorization = request.headers["authorization"]
    assert Vapid02.verify(authorization)
    assert f"k={push_browsers.public_key()}" in authorization
    token = authorization.removeprefix("vapid t=").partition(",")[0]
    claims = json.loads(push_browsers.decoded(token.split(".")[1]))
    assert (claims["aud"], claims["sub"]) == (service.base_url, "mailto:admin@example.com")
    assert soon().timestamp() < claims["exp"] <= soon(hours=24).timestamp()


def test_without_titles_a_push_has_none(
    rina: Reviewer, service: ScriptedServer, settings: Any
) -> None:
    settings.NOTIFY_TITLES = False
    phone = Browser()
    allow(rina, service, phone)
    service.on("POST", "/phone", CREATED)
    tell(ask(created_at=soon(), message="Dismiss Jo?"))
    after()
    assert "Dismiss" not in json.dumps(phone.read(service.requests[0]))


def test_it_goes_to_all_browsers_and_one_that_is_gone_is_removed(
    rina: Reviewer, service: ScriptedServer
) -> None:
    allow(rina, service, Browser("phone"))
    allow(rina, service, Browser("laptop"))
    service.on("POST", "/phone", CREATED)
    service.on("POST", "/laptop", GONE)
    tell(ask(created_at=soon()))
    after()
    assert pushed() == [("sent", "")]
    assert [row.endpoint[-6:] for row in PushBrowser.objects.all()] == ["/phone"]


@pytest.mark.parametrize(
    ("reply", "result", "browsers"),
    [
        (GONE, ("failed", "410 Gone"), 0),
        (scripted.Reply(404), ("failed", "404 Not Found"), 0),
        (scripted.Reply(403), ("failed", "403 Forbidden"), 1),
        (BROKEN, ("waiting", "500 Internal Server Error"), 1),
        (scripted.Reply(429), ("waiting", "429 Too Many Requests"), 1),
    ],
)
def test_what_no_browser_takes_fails_or_is_tried_again(
    reply: Any,
    result: tuple[str, str],
    browsers: int,
    rina: Reviewer,
    service: ScriptedServer,
) -> None:
    allow(rina, service, Browser())
    service.on("POST", "/phone", reply)
    tell(ask(created_at=soon()))
    after()
    assert (pushed(), PushBrowser.objects.count()) == ([result], browsers)


def test_a_repeat_can_be_told_as_one(rina: Reviewer, service: ScriptedServer) -> None:
    phone = Browser()
    allow(rina, service, phone)
    service.on("POST", "/phone", BROKEN, CREATED)
    tell(ask(created_at=soon()))
    after()
    after(minutes=2)
    first, second = service.requests
    assert phone.read(first) == phone.read(second)
    assert first.headers["topic"] == second.headers["topic"]
    assert pushed() == [("sent", "")]


def test_a_later_message_about_a_question_replaces_the_earlier(
    rina: Reviewer, service: ScriptedServer
) -> None:
    phone = Browser()
    allow(rina, service, phone)
    service.on("POST", "/phone", CREATED, always=True)
    tell(ask(created_at=soon()))
    after()
    cast.sign_in("tess").post("/interactions/int_1/nudge", {"user_id": rina.mobius_id})
    after(minutes=1)
    asked, nudged = (phone.read(request)["notification"] for request in service.requests)
    assert asked["tag"] == nudged["tag"]
    assert asked["data"] != nudged["data"]
    assert "Tess nudged you" in nudged["body"]


def test_several_that_are_due_become_one_push(rina: Reviewer, service: ScriptedServer) -> None:
    phone = Browser()
    allow(rina, service, phone)
    service.on("POST", "/phone", CREATED)
    tell(*(ask(f"int_{number}", created_at=soon()) for number in range(12)))
    after()
    [request] = service.requests
    notification = phone.read(request)["notification"]
    assert notification["title"] == "12 questions wait for you"
    assert notification["navigate"].endswith("/inbox/")


def test_after_five_within_ten_minutes_the_next_become_one(
    rina: Reviewer, service: ScriptedServer
) -> None:
    phone = Browser()
    allow(rina, service, phone)
    service.on("POST", "/phone", CREATED, always=True)
    for number in range(7):
        tell(ask(f"int_{number}", created_at=soon()))
        after(seconds=number)
    assert len(service.requests) == 5
    after(minutes=11)
    last = phone.read(service.requests[-1])["notification"]
    assert (len(service.requests), last["title"]) == (6, "2 questions wait for you")


APPROVE = ("Approve", "/interactions/int_1/?confirm=true")
MUTE = ("Mute", "/account/notifications/?reason=asked#mute-title")
REJECT = ("Reject", "/interactions/int_1/?confirm=false")


@pytest.mark.parametrize(
    ("asked", "offered"),
    [
        ({}, [APPROVE, REJECT]),
        ({"context": {REASON_TO_REJECT: True}}, [APPROVE]),
        ({"questions": (Question(mode="input"),)}, []),
    ],
)
def test_the_buttons_of_a_push_lead_to_the_confirm_step(
    asked: dict[str, Any],
    offered: list[tuple[str, str]],
    rina: Reviewer,
    service: ScriptedServer,
) -> None:
    phone = Browser()
    allow(rina, service, phone)
    service.on("POST", "/phone", CREATED)
    tell(ask(created_at=soon(), **asked))
    after()
    [request] = service.requests
    actions = phone.read(request)["notification"]["actions"]
    site = "http://127.0.0.1:8000"
    shown = [(one["title"], one["navigate"].removeprefix(site)) for one in actions]
    assert shown == [*offered, MUTE]


def test_a_push_service_that_asks_to_wait_is_asked_again_after_that(
    rina: Reviewer, service: ScriptedServer
) -> None:
    allow(rina, service, Browser())
    busy = scripted.Reply(429, headers={"Retry-After": "1800"})
    service.on("POST", "/phone", busy, CREATED)
    tell(ask(created_at=soon()))
    after()
    after(minutes=29)
    assert len(service.requests) == 1
    after(minutes=31)
    assert pushed() == [("sent", "")]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (CREATED, "A test was sent to your browsers."),
        (GONE, "The push service didn't accept the message: 410 Gone"),
    ],
)
def test_a_test_says_whether_it_was_sent(
    reply: Any, words: str, rina: Reviewer, service: ScriptedServer
) -> None:
    phone = Browser()
    allow(rina, service, phone)
    service.on("POST", "/phone", reply)
    answer = signed_in().post("/account/notifications/test", follow=True)
    assert words in text_of(answer.content.decode())
    [request] = service.requests
    assert phone.read(request)["notification"]["title"] == "A test from Reviewer inbox"


def test_old_news_and_quiet_hours_interrupt_nobody(rina: Reviewer, service: ScriptedServer) -> None:
    allow(rina, service, Browser())
    tell(ask("int_1", created_at=soon(minutes=-61)))
    minute = soon().hour * 60 + soon().minute
    NotificationTimes.objects.create(
        reviewer=rina, quiet_from=minute, quiet_until=(minute + 120) % 1440
    )
    tell(ask("int_2", created_at=soon()))
    after()
    assert service.requests == []
    assert pushed() == [("waiting", "")]


def test_nothing_is_pushed_without_a_browser_or_with_other_keys(
    rina: Reviewer, service: ScriptedServer
) -> None:
    browser = allow(rina, service, Browser())
    browser.key = "of another installation"
    browser.save()
    tell(ask(created_at=soon()))
    after()
    assert (pushed(), service.requests) == ([], [])
    push_browsers.tidy(soon())
    assert not PushBrowser.objects.exists()


def test_a_browser_that_nobody_uses_is_removed(rina: Reviewer, service: ScriptedServer) -> None:
    allow(rina, service, Browser())
    push_browsers.tidy(soon(days=59))
    assert PushBrowser.objects.exists()
    push_browsers.tidy(soon(days=61))
    assert not PushBrowser.objects.exists()


def test_an_address_in_the_own_network_is_not_asked(
    rina: Reviewer, service: ScriptedServer, settings: Any
) -> None:
    settings.NOTIFY_PRIVATE_HOSTS = ()
    allow(rina, service, Browser())
    tell(ask(created_at=soon()))
    after()
    assert service.requests == []
    assert pushed() == [("waiting", "")]


FORM = {"endpoint": "https://push.example.com/phone", **Browser().keys}


def signed_in(username: str = "rina", client: Client | None = None) -> Client:
    client = client or Client(headers={"User-Agent": "Firefox/140.0 (X11; Linux x86_64)"})
    client.post("/accounts/login/", {"username": username, "password": "demo"})
    return client


def test_a_browser_is_listed_until_it_is_removed() -> None:
    client = signed_in()
    client.post("/account/notifications/push", FORM)
    page = client.get("/account/notifications/").content.decode()
    assert "Firefox on Linux" in page
    assert "This browser" in page
    assert "Allow push in this browser" not in page
    row = PushBrowser.objects.get()
    assert (
        cast.sign_in("sam").post(f"/account/notifications/push/{row.pk}/remove").status_code == 404
    )
    client.post(f"/account/notifications/push/{row.pk}/remove")
    assert not PushBrowser.objects.exists()
    assert "Allow push in this browser" in client.get("/account/notifications/").content.decode()


def test_an_open_page_tells_nothing_in_a_browser_that_push_reaches() -> None:
    client, counts = signed_in(), {"after": f"0_{soon(hours=-1).isoformat()}"}
    tell(ask(created_at=soon()))
    assert "data-news" in client.get("/inbox/counts/", counts, headers=HTMX).content.decode()
    client.post("/account/notifications/push", FORM)
    assert "data-news" not in client.get("/inbox/counts/", counts, headers=HTMX).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [{"endpoint": "http://push.example.com/"}, {"p256dh": "BA"}, {"auth": "short"}, {"auth": "é"}],
)
def test_what_is_no_subscription_is_refused(wrong: dict[str, str]) -> None:
    answer = signed_in().post("/account/notifications/push", {**FORM, **wrong}, follow=True)
    assert "push service can&#x27;t be used" in answer.content.decode()
    assert not PushBrowser.objects.exists()


def test_where_push_is_not_offered_the_page_says_why(settings: Any) -> None:
    settings.PUSH_CONTACT = ""
    client = signed_in()
    page = text_of(client.get("/account/notifications/").content.decode())
    assert "Push isn't offered" in page
    assert "asked-push" not in page
    assert client.post("/account/notifications/push", FORM).status_code == 404


def test_signing_out_removes_the_browser_and_no_other(
    rina: Reviewer, service: ScriptedServer
) -> None:
    allow(rina, service, Browser())
    client = signed_in()
    client.post("/account/notifications/push", FORM)
    client.post("/accounts/logout/")
    assert [row.endpoint for row in PushBrowser.objects.all()] == [f"{service.base_url}/phone"]
    signed_in().post("/account/sessions/logout/")
    assert not PushBrowser.objects.exists()


def test_deactivation_removes_all_browsers(rina: Reviewer, service: ScriptedServer) -> None:
    allow(rina, service, Browser())
    async_to_sync(deactivation.deactivate)(reviewer=rina)
    assert not PushBrowser.objects.exists()


def test_a_new_password_removes_the_other_browsers(rina: Reviewer, service: ScriptedServer) -> None:
    allow(rina, service, Browser())
    client = signed_in()
    client.post("/account/notifications/push", FORM)
    new = "a much longer password"
    typed = {"old_password": "demo", "new_password1": new, "new_password2": new}
    client.post("/account/password", typed)
    assert [row.endpoint for row in PushBrowser.objects.all()] == [FORM["endpoint"]]


def test_a_sign_in_as_someone_else_removes_the_browser_of_the_earlier_person() -> None:
    client = signed_in()
    client.post("/account/notifications/push", FORM)
    PushBrowser.objects.update(used_at=soon(days=-20))
    client.cookies.pop("sessionid")
    signed_in("rina", client)
    assert PushBrowser.objects.get().used_at > soon(minutes=-1)
    client.cookies.pop("sessionid")
    signed_in("sam", client)
    assert not PushBrowser.objects.exists()


def test_the_plan_can_switch_it_off(rina: Reviewer, service: ScriptedServer) -> None:
    allow(rina, service, Browser())
    plan.choose(rina, Kind.ASKED, Channel.PUSH, When.OFF)
    tell(ask(created_at=soon()))
    after()
    assert pushed() == []
