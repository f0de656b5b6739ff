"""Emails through a real mail server: who gets which, and when."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from inbox.lib import metrics
from inbox.mobius.types import InteractionStatus, Policy, PolicyKind
from inbox.models import Delivery, Mute, NotificationChoice, NotificationTimes, Reviewer, Upstream
from inbox.models.notification import Channel, Kind, When
from inbox.notify import plan
from inbox.upstream.measuring import measure_rows
from tests.support.mailbox import Mailbox
from tests.support.sending import plan_all, send_to_people
from tests.support.snapshots import RINA, ask, group_ask, reply, run
from tests.support.tags import one_line
from tests.web import cast
from tests.web.cast import soon, tell

# The mail server that the tests start is on loopback.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

ANY = Policy(kind=PolicyKind.ANY)
LATER = timedelta(minutes=6)


@pytest.fixture(autouse=True)
def rina(db: None) -> Reviewer:
    cast.people()
    upstream = Upstream.current()
    upstream.seeded_at = soon(days=-1)
    upstream.save()
    NotificationTimes.objects.all().delete()
    NotificationChoice.objects.all().delete()
    rina = Reviewer.objects.get(user__username="rina")
    for kind in (Kind.ASKED, Kind.ASKED_GROUP, Kind.NUDGED):
        plan.choose(rina, kind, Channel.EMAIL, When.NOW)
    return rina


Pass = Callable[..., None]


@pytest.fixture
def after() -> Pass:
    """Plan what happened, then send what is due after a while."""

    def move(length: timedelta = timedelta(0)) -> None:
        now = soon() + length
        plan_all(soon())
        send_to_people(now)

    return move


def states() -> list[tuple[str, str]]:
    rows = Delivery.objects.order_by("pk")
    return [(row.state, row.reason) for row in rows]


def test_an_unseen_question_is_emailed_after_a_while(mailbox: Mailbox, after: Pass) -> None:
    tell(ask(created_at=soon(), expires_at=soon(hours=5), message="Refund 4111 1111 1111 1111?"))
    after()
    assert mailbox.mails == []
    after(LATER)
    after(LATER)
    [mail] = mailbox.mails
    assert (mail["To"], mail["Subject"]) == ("rina@example.com", "Refund •••?")
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_body(("plain",)).get_content()
    assert "You get this because you are asked by name." in text
    assert "/interactions/int_1/" in text
    assert "4111" not in mail.as_string()
    assert states() == [("sent", "")]


def test_the_wait_is_a_tenth_of_the_remaining_time_if_that_is_shorter(
    mailbox: Mailbox, after: Pass
) -> None:
    tell(ask(created_at=soon(), expires_at=soon(minutes=10)))
    after(timedelta(seconds=55))
    assert mailbox.mails == []
    after(timedelta(seconds=65))
    assert len(mailbox.mails) == 1


def test_without_titles_a_message_has_none(mailbox: Mailbox, after: Pass, settings: Any) -> None:
    settings.NOTIFY_TITLES = False
    tell(ask(created_at=soon(), message="Dismiss Jo?"))
    after(LATER)
    [mail] = mailbox.mails
    assert "Dismiss" not in mail.as_string()
    assert mail["Subject"] == "A question for you"


def _answered_by_sam() -> Any:
    done = InteractionStatus.COMPLETED
    responses = (reply("user_sam", True),)
    return group_ask(minutes=1, created_at=soon(), policy=ANY, status=done, responses=responses)


def _without_rina() -> Any:
    return group_ask(minutes=1, created_at=soon(), policy=ANY, members=("user_sam", "user_lee"))


def _mute() -> None:
    cast.sign_in("rina").post("/account/notifications/mute", {"kind": "asked_group", "for": "hour"})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda: cast.sign_in("rina").post("/interactions/int_1/seen"), "seen"),
        (lambda: tell(_answered_by_sam()), "settled"),
        (lambda: tell(_without_rina()), "no_access"),
        (_mute, "muted"),
    ],
    ids=["seen", "answered", "no longer asked", "muted"],
)
def test_what_is_no_longer_needed_is_not_sent(
    change: Callable[[], Any], reason: str, mailbox: Mailbox, after: Pass
) -> None:
    tell(group_ask(created_at=soon(), policy=ANY))
    after()
    change()
    after(LATER)
    assert mailbox.mails == []
    rina = Delivery.objects.get(reviewer__user__username="rina")
    assert (rina.state, rina.reason) == ("dropped", reason)


def test_a_muted_workflow_is_only_in_the_bell_except_for_nudges(
    mailbox: Mailbox, after: Pass
) -> None:
    client, mute = cast.sign_in("rina"), "/account/notifications/mute"
    created = {"created_at": soon()}
    tell(run("run_1", workflow="release"), run("run_2", workflow="refund"))
    tell(ask("int_1", run_id="run_1", **created), ask("int_2", run_id="run_2", **created))
    page = one_line(client.get("/account/notifications/").content)
    assert "<option>refund</option><option>release</option>" in page
    page = one_line(
        client.post(mute, {"workflow": "release", "for": "always"}, follow=True).content
    )
    assert re.search(r"release <span[^>]*>for good</span>", page)
    cast.sign_in("tess").post("/interactions/int_1/nudge", {"user_id": RINA})
    after(LATER)
    told = Delivery.objects.filter(state="sent").values_list("event__kind", "event__subject")
    assert set(told) == {("nudged", "int_1"), ("asked", "int_2")}
    client.post(mute, {"workflow": "release"})
    assert not Mute.objects.exists()


@pytest.mark.parametrize(
    "form",
    [
        {"kind": "lunch", "for": "day"},
        {"kind": "nudged", "for": "always"},
        {"kind": "asked", "workflow": "release", "for": "day"},
        {"for": "day"},
        {"workflow": "x" * 301, "for": "day"},
        {"workflow": "release", "for": "ever"},
    ],
)
def test_what_cannot_be_muted_is_refused(form: dict[str, str]) -> None:
    assert cast.sign_in("rina").post("/account/notifications/mute", form).status_code == 404
    assert not Mute.objects.exists()


def test_several_become_one_message(mailbox: Mailbox, after: Pass) -> None:
    tell(*(ask(f"int_{number}", created_at=soon()) for number in range(12)))
    after(LATER)
    [mail] = mailbox.mails
    assert mail["Subject"] == "12 questions wait for you"


def test_more_than_five_messages_within_ten_minutes_become_one(
    mailbox: Mailbox, after: Pass
) -> None:
    for number in range(8):
        tell(ask(f"int_{number}", created_at=soon()))
        after(LATER)
    assert len(mailbox.mails) == 5
    after(timedelta(minutes=17))
    assert [mail["Subject"] for mail in mailbox.mails[5:]] == ["3 questions wait for you"]


def test_a_digest_has_what_still_waits_and_none_is_sent_without(
    mailbox: Mailbox, after: Pass, rina: Reviewer
) -> None:
    plan.choose(rina, Kind.ASKED, Channel.EMAIL, When.DIGEST)
    tell(ask("int_1", created_at=soon()), ask("int_2", created_at=soon()))
    after(LATER)
    assert mailbox.mails == []
    times = NotificationTimes.objects.get(reviewer=rina)
    assert times.next_digest_at is not None
    tell(ask("int_2", minutes=1, created_at=soon(), status=InteractionStatus.EXPIRED))
    digest = times.next_digest_at - soon() + timedelta(seconds=1)
    after(digest)
    [mail] = mailbox.mails
    assert mail["Subject"] == "1 question waits for you"
    assert "int_1" in mail.get_body(("plain",)).get_content()
    after(digest + timedelta(days=8))
    assert len(mailbox.mails) == 1


def test_old_news_waits_for_the_digest(mailbox: Mailbox, after: Pass) -> None:
    tell(ask(created_at=soon(minutes=-61)))
    after(LATER)
    assert mailbox.mails == []
    assert states() == [("digest", "")]


def test_quiet_hours_hold_everything_until_their_end(
    mailbox: Mailbox, after: Pass, rina: Reviewer
) -> None:
    now = soon()
    minute = now.hour * 60 + now.minute
    quiet = NotificationTimes.objects.create(
        reviewer=rina, quiet_from=minute, quiet_until=(minute + 120) % 1440
    )
    tell(ask("int_1", created_at=soon()))
    after(LATER)
    tell(ask("int_2", created_at=soon(), expires_at=soon(minutes=100)))
    after(LATER)
    assert mailbox.mails == []
    quiet.deadlines_break_through = True
    quiet.save()
    tell(ask("int_3", created_at=soon(), expires_at=soon(minutes=100)))
    after(LATER)
    assert [mail["Subject"] for mail in mailbox.mails] == ["Ship it?"]
    after(timedelta(minutes=121))
    assert len(mailbox.mails) == 2


def test_a_refused_address_fails_and_says_what_the_server_said(
    mailbox: Mailbox, after: Pass
) -> None:
    mailbox.unknown.add("rina@example.com")
    tell(ask(created_at=soon()))
    after(LATER)
    [row] = Delivery.objects.all()
    assert (row.state, row.error) == ("failed", "550 No such mailbox here")
    page = cast.sign_in("tess").get("/interactions/int_1/deliveries/").content.decode()
    assert "550 No such mailbox here" in page


def test_a_server_that_is_away_is_tried_again_with_the_same_message_id(
    mailbox: Mailbox, after: Pass, settings: Any
) -> None:
    right, settings.EMAIL_PORT = settings.EMAIL_PORT, 9
    tell(ask(created_at=soon()))
    after(LATER)
    [row] = Delivery.objects.all()
    assert (row.state, row.tries) == ("waiting", 1)
    Delivery.objects.update(give_up_at=soon(hours=3, minutes=40))
    measure_rows()
    age = metrics.REGISTRY.get_sample_value(
        "inbox_unsent_notification_seconds", {"channel": "email"}
    )
    assert age is not None
    assert 1190 < age < 1300
    settings.EMAIL_PORT = right
    after(LATER + timedelta(minutes=2))
    [mail] = mailbox.mails
    assert mail["Message-ID"].startswith(f"<{row.message}@")


def test_a_nudge_is_emailed_and_names_who_nudged(mailbox: Mailbox, after: Pass) -> None:
    tell(ask(created_at=soon(days=-2)))
    after(LATER)
    cast.sign_in("tess").post("/interactions/int_1/nudge", {"user_id": RINA})
    after(LATER)
    [mail] = mailbox.mails
    assert "Tess nudged you" in mail.get_body(("plain",)).get_content()


def test_a_get_of_the_link_changes_nothing_and_its_post_needs_no_session(
    mailbox: Mailbox, after: Pass, rina: Reviewer
) -> None:
    tell(ask(created_at=soon()))
    after(LATER)
    link = mailbox.mails[0]["List-Unsubscribe"].strip().strip("<>")
    path = link.removeprefix("http://127.0.0.1:8000")
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.get(path).status_code == 200
    assert stranger.head(path).status_code == 200
    assert _by_email(rina) is When.NOW
    assert stranger.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert _by_email(rina) is When.OFF
    assert stranger.get(path[:-2] + "x/").status_code == 404


def _by_email(reviewer: Reviewer) -> When:
    return plan.Plans([reviewer], soon()).when(reviewer, Kind.ASKED, Channel.EMAIL)


def test_the_demo_keeps_its_emails(settings: Any, after: Pass) -> None:
    settings.KEEPS_MAIL = True
    tell(ask(created_at=soon()))
    after(LATER)
    admin = cast.sign_in("admin")
    page = admin.get("/connection/messages/").content.decode()
    assert "Ship it?" in page
    assert "rina@example.com" in page


def test_a_long_digest_lists_twenty_and_says_how_many_more(mailbox: Mailbox, after: Pass) -> None:
    tell(*(ask(f"int_{number}", created_at=soon()) for number in range(25)))
    after(LATER)
    [mail] = mailbox.mails
    text = mail.get_body(("plain",)).get_content()
    assert text.count("/interactions/int_") == 20
    assert "5 more questions" in text
