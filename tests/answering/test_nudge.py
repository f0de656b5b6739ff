import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.db import connections
from django.utils import timezone

from inbox.access import NotTheirs
from inbox.answering.nudge import nudge
from inbox.answering.outcome import Kind, Outcome
from inbox.live import topics
from inbox.live.bus import get_bus
from inbox.models import Decision, Interaction, Notice, Reviewer, Upstream
from inbox.notify import notices
from tests.support.snapshots import ask, group_ask
from tests.web import cast
from tests.web.cast import soon, tell

NOW = timezone.now()


def press(by: str = "tess", whom: str = "user_rina", minutes: float = 0) -> Outcome[Interaction]:
    lead = Reviewer.objects.select_related("user").get(user__username=by)
    now = NOW + timedelta(minutes=minutes)
    return nudge(reviewer=lead, interaction_id="int_1", user_id=whom, now=now)


@pytest.fixture
def item(db: None) -> None:
    cast.people()
    tell(ask("int_1", created_at=soon(hours=-3)))


def test_an_hour_later_it_is_unread_again(item: None) -> None:
    assert press().done
    rina = Reviewer.objects.get(user__username="rina")
    assert notices.read_item(
        reviewer=rina, upstream=Upstream.current(), interaction_id="int_1", now=NOW
    )
    assert not press(minutes=59).done
    assert Notice.objects.get().read_at is not None
    assert press(minutes=60).done
    notice = Notice.objects.get()
    assert (notice.times, notice.read_at, notice.at) == (2, None, NOW + timedelta(hours=1))
    assert not press(minutes=61).done
    assert [entry.value["times"] for entry in Decision.objects.order_by("number")] == [1, 2]


def test_too_soon_says_when_the_last_one_was(item: None) -> None:
    press()
    refused = press(minutes=10)
    assert (refused.kind, refused.at) == (Kind.TOO_SOON, NOW)


def test_the_hour_is_each_persons_own(db: None) -> None:
    cast.people()
    tell(group_ask("int_1", created_at=soon(hours=-3)))
    assert press().done
    assert press(whom="user_sam").done
    assert Notice.objects.count() == 2


def test_only_the_nudged_person_is_notified(item: None) -> None:
    heard: list[frozenset[str]] = []
    done = get_bus().subscribe(heard.append)
    press()
    press(minutes=1)
    done()
    [rung] = heard
    assert {topic for topic in rung if topic.endswith(":user_rina")} == {
        topics.notices("user_rina")
    }
    assert not any(topic.startswith("inbox:") for topic in rung)
    assert topics.runs() in rung


def test_a_question_past_its_expiry_is_closed_before_upstream_says_so(db: None) -> None:
    cast.people()
    tell(ask("int_1", created_at=soon(hours=-3), expires_at=NOW + timedelta(minutes=1)))
    assert press().done
    assert press(minutes=90).kind is Kind.CLOSED


def test_only_a_lead_can_nudge(item: None) -> None:
    with pytest.raises(NotTheirs):
        press(by="rina")
    assert not Notice.objects.exists()


def test_leads_who_press_at_once_send_one_notice(transactional_db: None) -> None:
    cast.people()
    tell(ask("int_1", created_at=soon(hours=-3)))
    leads = ["tess", "sam", "lee"]
    for name in leads[1:]:
        User.objects.get(username=name).groups.add(Group.objects.get(name="team lead"))
    for minutes in (0, 60):
        assert sorted(at_once(leads, minutes)) == [Kind.NUDGED, Kind.TOO_SOON, Kind.TOO_SOON]
        assert Notice.objects.get().times == 1 + minutes // 60
        assert Decision.objects.filter(verb="nudge").count() == 1 + minutes // 60


def at_once(leads: list[str], minutes: float) -> list[Kind]:
    """All press together; how it ended for each."""
    together, said = threading.Barrier(len(leads)), []

    def one(name: str) -> None:
        try:
            together.wait()
            said.append(press(by=name, minutes=minutes).kind)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=[name]) for name in leads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said
