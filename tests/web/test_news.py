import re
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inbox.models import Notice, Recipient, Reviewer, Upstream
from tests.support.snapshots import ask
from tests.web.cast import HTMX, soon, tell

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("synced")]

COUNTS = "/inbox/counts/"


def fetch(who: Client, after: str = "") -> str:
    return who.get(COUNTS, {"after": after}, headers=HTMX).content.decode()


def until(page: str) -> str:
    found = re.search(r'<ul data-until="([^"]+)">', page)
    assert found
    return found[1].replace("&#x2B;", "+")


def told(who: Client, after: str) -> list[tuple[str, str, str, str]]:
    found = re.findall(
        r'<a href="([^"]+)"\s+data-news="([^"]+)"\s+data-body="([^"]*)"[^>]*>([^<]+)</a>',
        fetch(who, after).replace("&#x27;", "'"),
    )
    return [(kind, title, body, href) for href, kind, body, title in found]


def later(after: str, **length: float) -> str:
    number, _, at = after.partition("_")
    moved = datetime.fromisoformat(at) - timedelta(**length)
    return f"{number}_{moved.isoformat()}"


def test_the_first_answer_has_a_position_and_nothing_to_tell(rina: Client) -> None:
    tell(ask("int_a", expires_at=soon(minutes=30)))
    for after in ("", "nonsense", "1_2026-01-01T00:00:00", f"{'9' * 30}_2026-01-01T00:00:00+00:00"):
        assert told(rina, after) == []
        assert until(fetch(rina, after))
    assert "data-until" not in rina.get(COUNTS).content.decode()


def test_new_questions_are_told_once_and_together(rina: Client, sam: Client) -> None:
    tell(ask("int_a"))
    start = until(fetch(rina))
    tell(ask("int_b", message="Ship 2.4?"))
    assert told(rina, start) == [("new", "New question", "Ship 2.4?", "/interactions/int_b/")]
    assert told(sam, start) == []
    tell(*(ask(f"int_{n}", message=f"Ship {n}?") for n in range(4)))
    ((kind, title, body, href),) = told(rina, start)
    assert (kind, title, href) == ("new", "5 new questions", "/inbox/?sort=newest")
    assert len(body.split("\n")) == 3
    assert told(rina, until(fetch(rina, start))) == []


def test_those_due_soonest_are_named(rina: Client) -> None:
    start = until(fetch(rina))
    undated = [ask(f"int_{n}", message=f"Ship {n}?") for n in range(3)]
    tell(*undated, ask("int_due", message="Pay today?", expires_at=soon(hours=2)))
    ((_, _, body, _),) = told(rina, start)
    assert body.split("\n") == ["Pay today?", "Ship 0?", "Ship 1?"]


def test_questions_that_have_been_seen_are_not_announced(rina: Client) -> None:
    start = until(fetch(rina))
    tell(ask("int_a"))
    rina.post(reverse("seen", args=["int_a"]), headers=HTMX)
    assert told(rina, start) == []


def test_a_question_is_told_when_it_has_an_hour_left(rina: Client) -> None:
    tell(ask("int_a", expires_at=soon(minutes=59)), ask("int_b", expires_at=soon(minutes=50)))
    now = until(fetch(rina))
    (due,) = told(rina, later(now, minutes=5))
    assert due == ("due", "Due within the hour", "Ship it?", "/interactions/int_a/")
    assert told(rina, now) == []


def test_a_new_question_with_less_than_an_hour_is_told_once(rina: Client) -> None:
    start = until(fetch(rina))
    tell(ask("int_a", expires_at=soon(minutes=20)))
    assert [kind for kind, *_ in told(rina, start)] == ["new"]
    Reviewer.objects.update(notify_new=False)
    assert [kind for kind, *_ in told(rina, start)] == ["due"]


def test_an_answer_that_was_not_sent_is_told_with_its_reason(rina: Client, sam: Client) -> None:
    tell(ask("int_a"))
    start = until(fetch(rina))
    Notice.objects.create(
        reviewer=Reviewer.objects.get(user__username="rina"),
        upstream=Upstream.current(),
        kind=Notice.Kind.NOT_SENT,
        interaction_id="int_a",
        reason="closed",
        at=timezone.now(),
    )
    (kind, title, body, href), *_ = told(rina, start)
    assert (kind, title, href) == ("not-sent", "Your answer wasn't sent", "/interactions/int_a/")
    assert body == "Ship it?\nThe question closed before your answer could be sent."
    Recipient.objects.all().delete()
    ((_, _, body, href),) = told(rina, start)
    assert (body, href) == (
        "The question closed before your answer could be sent.",
        "/notifications/",
    )


def test_the_kinds_are_chosen_on_notifications(rina: Client) -> None:
    start = until(fetch(rina))
    tell(ask("int_a"))
    assert "data-notify" in rina.get("/account/").content.decode()
    path = reverse("notification-in-page")
    saved = rina.post(path, {"notify_due": "on"}, follow=True).content.decode()
    assert "Your notification settings were saved." in saved
    assert told(rina, start) == []
    rina.post(path, {})
    assert "data-notify" not in rina.get("/account/").content.decode()
