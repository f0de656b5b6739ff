from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from inbox.access import TEAM_LEAD
from inbox.live.handoff import Accepted
from inbox.live.rights import Right, lost_rights, lost_sign_ins
from inbox.models import Interaction, Recipient, Reviewer, Run, Upstream
from tests.support.people import make_people

OWN = {
    "inbox:user_rina",
    "questions:user_rina",
    "notices:user_rina",
    "held:user_rina",
    "freshness",
}
BACKEND = "inbox.people.backend.ReviewerBackend"


@pytest.fixture
def upstream(db: None) -> Upstream:
    make_people()
    return Upstream.current()


@pytest.fixture
def item(upstream: Upstream) -> Interaction:
    now = timezone.now()
    Run.objects.create(
        upstream=upstream,
        mobius_id="run_1",
        workflow="release",
        status="suspended",
        state="suspended",
        status_since=now,
        created_at=now,
        updated_at=now,
    )
    item = Interaction.objects.create(
        upstream=upstream,
        mobius_id="int_1",
        run_id="run_1",
        type="approval",
        status="pending",
        state="pending",
        target_type="user",
        target_id="user_rina",
        created_at=now,
        updated_at=now,
    )
    Recipient.objects.create(
        upstream=upstream,
        interaction=item,
        user_id="user_rina",
        run_id="run_1",
        open=True,
        created_at=item.created_at,
    )
    return item


def enter(name: str) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.get(username=name), backend=BACKEND)
    return client


def follow(client: Client, path: str) -> Accepted:
    response: Any = client.get(path)
    assert isinstance(response, Accepted), response
    return response


def right_of(client: Client, path: str) -> Any:
    return follow(client, path).subscription.right


def is_lost(right: Right) -> bool:
    return lost_rights({right}) == {right}


def test_the_inbox_brings_the_viewers_own_list(upstream: Upstream) -> None:
    followed = follow(enter("rina"), "/live/inbox/").subscription.topics
    assert set(followed) == OWN


def test_an_item_brings_its_run_too(item: Interaction) -> None:
    followed = follow(enter("rina"), "/live/inbox/?item=int_1").subscription.topics
    assert set(followed) == OWN | {"item:int_1", "run:run_1"}


def test_a_run_brings_what_it_asked_the_viewer(item: Interaction) -> None:
    followed = follow(enter("rina"), "/live/runs/run_1/").subscription.topics
    assert set(followed) == OWN | {"item:int_1", "run:run_1"}


def test_a_lead_follows_what_others_were_asked(item: Interaction) -> None:
    followed = follow(enter("tess"), "/live/inbox/?item=int_1").subscription.topics
    assert {"item:int_1", "run:run_1"} <= set(followed)


@pytest.mark.parametrize("path", ["/live/inbox/?item=int_1", "/live/runs/run_1/"])
def test_streams_of_questions_to_others_are_not_found(item: Interaction, path: str) -> None:
    assert enter("sam").get(path).status_code == 404
    assert enter("admin").get(path).status_code == 404


def test_the_cursors_of_the_page_and_of_the_last_frame_are_both_heard(upstream: Upstream) -> None:
    response: Any = enter("rina").get("/live/inbox/?since=a-1", headers={"Last-Event-ID": "a-2"})
    assert response.subscription.cursors == ("a-1", "a-2")


def test_access_remains_while_nothing_has_changed(item: Interaction) -> None:
    assert not is_lost(right_of(enter("rina"), "/live/inbox/?item=int_1"))


def test_signing_out_ends_the_stream(item: Interaction) -> None:
    client = enter("rina")
    right = right_of(client, "/live/inbox/")
    client.logout()
    assert is_lost(right)


def test_a_session_that_ran_out_loses_it(item: Interaction) -> None:
    right = right_of(enter("rina"), "/live/inbox/")
    Session.objects.update(expire_date=datetime(2020, 1, 1, tzinfo=UTC))
    assert is_lost(right)


def test_an_account_that_is_closed_loses_it(item: Interaction) -> None:
    right = right_of(enter("rina"), "/live/inbox/")
    get_user_model().objects.filter(username="rina").update(is_active=False)
    assert is_lost(right)


def test_a_sign_in_that_is_over_is_found_at_once(upstream: Upstream) -> None:
    def signed_in(client: Client) -> Any:
        return right_of(client, "/live/inbox/")

    client = enter("rina")
    off, deleted, stays = map(signed_in, map(enter, ("rina", "sam", "tess")))
    out, other_password = signed_in(client), signed_in(enter("lee"))
    everyone = {off, deleted, stays, out, other_password}
    assert lost_sign_ins(everyone) == set()
    client.post("/accounts/logout/")
    assert lost_sign_ins(everyone) == {out}
    lee = get_user_model().objects.get(username="lee")
    lee.set_password("another")
    lee.save()
    get_user_model().objects.filter(username="rina").update(is_active=False)
    get_user_model().objects.get(username="sam").delete()
    assert lost_sign_ins(everyone) == everyone - {stays}


def test_a_changed_password_ends_the_other_sessions_streams(item: Interaction) -> None:
    right = right_of(enter("rina"), "/live/inbox/")
    user = get_user_model().objects.get(username="rina")
    user.set_password("another")
    user.save()
    assert is_lost(right)


def test_changing_the_mobius_id_ends_the_stream(item: Interaction) -> None:
    right = right_of(enter("rina"), "/live/inbox/?item=int_1")
    Reviewer.objects.filter(user__username="rina").update(mobius_id="user_other")
    assert is_lost(right)


def test_a_former_lead_loses_it(item: Interaction) -> None:
    right = right_of(enter("tess"), "/live/inbox/?item=int_1")
    Group.objects.get(name=TEAM_LEAD).user_set.clear()
    assert is_lost(right)


def test_the_session_is_not_shown(item: Interaction) -> None:
    client = enter("rina")
    subscription = follow(client, "/live/inbox/").subscription
    assert client.session.session_key not in repr(subscription)
