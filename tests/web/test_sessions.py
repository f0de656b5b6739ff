from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from inbox.live.rights import lost_rights
from inbox.people.sessions import ACTIVE_AT, SIGNED_IN_AT
from tests.web.cast import HTMX

AWAY = {**HTMX, "HX-Source": "div#list"}


def back(client: Client, name: str, **length: float) -> float:
    session = client.session
    session[name] -= timedelta(**length).total_seconds()
    session.save()
    return float(session[name])


def right_of(client: Client) -> Any:
    stream: Any = client.get("/live/inbox/")
    return stream.subscription.right


def test_sign_in_is_required_again_after_the_set_hours(rina: Client, settings: Any) -> None:
    settings.SESSION_HOURS = timedelta(hours=8)
    back(rina, SIGNED_IN_AT, hours=7.9)
    assert rina.get("/inbox/").status_code == 200
    right = right_of(rina)
    assert not lost_rights({right})
    back(rina, SIGNED_IN_AT, hours=0.1)
    assert lost_rights({right}) == {right}
    assert rina.get("/inbox/")["Location"] == "/accounts/login/?next=/inbox/"
    assert "_auth_user_id" not in rina.session


def test_a_person_who_is_idle_is_signed_out(rina: Client, settings: Any) -> None:
    settings.SESSION_IDLE_MINUTES = timedelta(minutes=30)
    back(rina, ACTIVE_AT, minutes=29)
    assert rina.get("/inbox/").status_code == 200
    back(rina, ACTIVE_AT, minutes=29)
    right = right_of(rina)
    assert not lost_rights({right})
    back(rina, ACTIVE_AT, minutes=1)
    assert lost_rights({right}) == {right}
    assert rina.get("/inbox/").status_code == 302


def test_a_person_is_idle_again_after_the_clock_was_set_back(rina: Client, settings: Any) -> None:
    settings.SESSION_IDLE_MINUTES = timedelta(minutes=30)
    ahead = back(rina, ACTIVE_AT, days=-1)
    assert rina.get("/inbox/").status_code == 200
    assert rina.session[ACTIVE_AT] < ahead
    back(rina, ACTIVE_AT, minutes=31)
    assert rina.get("/inbox/").status_code == 302


def test_without_the_setting_no_one_is_signed_out(rina: Client) -> None:
    back(rina, ACTIVE_AT, days=2)
    assert rina.get("/inbox/").status_code == 200


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/inbox/", {}),
        ("/inbox/", {**HTMX, "HX-Source": "a"}),
        ("/inbox/", {**HTMX, "HX-Source": "form#filters"}),
    ],
)
def test_a_page_or_a_part_that_one_asks_for_counts(
    rina: Client, settings: Any, path: str, headers: dict[str, str]
) -> None:
    settings.SESSION_IDLE_MINUTES = timedelta(minutes=30)
    before = back(rina, ACTIVE_AT, minutes=5)
    assert rina.get(path, headers=headers).status_code == 200
    assert rina.session[ACTIVE_AT] > before


@pytest.mark.parametrize(
    "path",
    [
        "/inbox/",
        "/freshness/",
        "/notifications/counts/",
        "/inbox/changes/?changed=int_1",
        "/live/inbox/",
    ],
)
def test_a_background_fetch_does_not_count(rina: Client, settings: Any, path: str) -> None:
    settings.SESSION_IDLE_MINUTES = timedelta(minutes=30)
    before = back(rina, ACTIVE_AT, minutes=5)
    assert rina.get(path, headers=AWAY).status_code in (200, 204)
    assert rina.session[ACTIVE_AT] == before


def test_typing_counts_and_presence_does_not(rina: Client, settings: Any) -> None:
    settings.SESSION_IDLE_MINUTES = timedelta(minutes=30)
    before = back(rina, ACTIVE_AT, minutes=5)
    rina.post("/interactions/int_1/presence", headers=HTMX)
    assert rina.session[ACTIVE_AT] == before
    rina.post("/interactions/int_1/draft", headers=HTMX)
    assert rina.session[ACTIVE_AT] > before


def test_an_answer_that_comes_too_late_keeps_its_text(rina: Client, settings: Any) -> None:
    settings.SESSION_HOURS = timedelta(hours=8)
    back(rina, SIGNED_IN_AT, hours=9)
    answer = rina.post("/interactions/int_1/respond", {"value": "true", "comment": "Second class"})
    assert answer.status_code == 401
    assert "Second class" in answer.content.decode()


def test_a_session_from_before_the_setting_continues(rina: Client, settings: Any) -> None:
    settings.SESSION_IDLE_MINUTES = timedelta(minutes=30)
    session = rina.session
    del session[SIGNED_IN_AT], session[ACTIVE_AT]
    session.save()
    assert rina.get("/inbox/").status_code == 200
    assert ACTIVE_AT in rina.session
