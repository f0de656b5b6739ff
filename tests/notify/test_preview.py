"""What a person's settings would have sent within the last week, on *Notifications*."""

from datetime import timedelta
from typing import Any

import pytest

from inbox.models import (
    Mute,
    NotificationChoice,
    NotificationTimes,
    PushBrowser,
    Reviewer,
    Upstream,
)
from inbox.models.notification import Channel, Kind, NotificationEvent, When
from inbox.notify import plan
from inbox.people import push_browsers
from tests.support.push import Browser
from tests.support.snapshots import RINA, ask
from tests.support.tags import text_of
from tests.web import cast
from tests.web.cast import soon, tell

DAILY = {"digest": "day", "quiet_from": 0, "quiet_until": 0}


@pytest.fixture(autouse=True)
def rina(db: None, settings: Any) -> Reviewer:
    settings.PUSH_CONTACT = "mailto:admin@example.com"
    cast.people()
    upstream = Upstream.current()
    upstream.seeded_at = soon(days=-30)
    upstream.save()
    reviewer = Reviewer.objects.get(mobius_id=RINA)
    NotificationChoice.objects.all().delete()
    NotificationTimes.objects.update_or_create(reviewer=reviewer, defaults=DAILY)
    return reviewer


def preview(username: str = "rina") -> str:
    page = cast.sign_in(username).get("/account/notifications/").content.decode()
    _before, begin, rest = page.partition('id="preview-title"')
    return text_of(rest.partition("</aside>")[0]) if begin else ""


def ask_days_ago(*days: int) -> None:
    for number in days:
        tell(ask(f"int_{number}", message=f"Ship {number}?", created_at=soon(days=-number)))


def reach(reviewer: Reviewer, *, email: str = "", push: bool = False) -> None:
    reviewer.user.email = email
    reviewer.user.save()
    if push:
        PushBrowser.objects.create(
            reviewer=reviewer,
            endpoint="https://push.example.com/phone",
            key=push_browsers.public_key(),
            created_at=soon(),
            used_at=soon(),
            **Browser().keys,
        )


def test_pushes_emails_and_digests_are_counted_and_the_newest_named(rina: Reviewer) -> None:
    reach(rina, email="rina@example.com", push=True)
    plan.choose(rina, Kind.NUDGED, Channel.EMAIL, When.NOW)
    ask_days_ago(3, 2, 9)
    NotificationEvent.objects.create(
        upstream=Upstream.current(),
        kind=Kind.NUDGED,
        subject="int_2",
        person=RINA,
        at=soon(days=-1),
    )
    shown = preview()
    assert "3 pushes, 1 email, 2 digests" in shown
    assert "Ship 2? Push · You are asked" in shown
    assert "Ship 2? Email · Someone nudges you" in shown
    assert "Digest: 1 question waits for you Email" in shown
    assert "Ship 9?" not in shown


def test_only_the_channels_that_reach_the_person_count(rina: Reviewer) -> None:
    ask_days_ago(2)
    reach(rina)
    assert preview() == ""
    reach(rina, push=True)
    assert "1 push " in preview()


def test_what_is_muted_or_ones_own_is_left_out(rina: Reviewer) -> None:
    reach(rina, push=True)
    ask_days_ago(2)
    NotificationEvent.objects.update(actor=RINA)
    assert "0 pushes" in preview()
    NotificationEvent.objects.update(actor="user_tess")
    Mute.objects.create(reviewer=rina, kind=Kind.ASKED, until=soon() + timedelta(hours=1))
    assert "0 pushes" in preview()


def test_leads_see_what_they_chose_about_questions_of_others(rina: Reviewer) -> None:
    tess = Reviewer.objects.get(user__username="tess")
    reach(tess, push=True)
    ask_days_ago(2)
    NotificationEvent.objects.create(
        upstream=Upstream.current(),
        kind=Kind.EXPIRING_UNANSWERED,
        subject="int_2",
        at=soon(days=-1),
    )
    assert "0 pushes" in preview("tess")
    plan.choose(tess, Kind.EXPIRING_UNANSWERED, Channel.PUSH, When.NOW)
    assert "1 push " in preview("tess")
