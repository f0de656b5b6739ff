from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from inbox.live.bus import MemoryBus, get_bus
from inbox.live.presence import FORGET_AFTER, Presence, PresentUser, get_presence
from tests.support.snapshots import LEE, answered, ask, group_ask
from tests.web.cast import people, sign_in, stranger, tell

URL = "/interactions/int_met/presence"


class Hour:
    """A clock that moves only when told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def heard() -> list[str]:
    return []


@pytest.fixture
def hour() -> Hour:
    return Hour()


@pytest.fixture
def presence(heard: list[str], hour: Hour) -> Presence:
    bus = MemoryBus()
    bus.subscribe(heard.extend)
    return Presence(bus, hour)


def test_a_new_viewer_is_announced_once(presence: Presence, heard: list[str]) -> None:
    presence.mark_viewing("int_1", 1)
    presence.mark_viewing("int_1", 1)
    assert presence.users("int_1") == {PresentUser(1, writing=False)}
    assert heard == ["presence:int_1"]
    assert presence.users("int_2") == frozenset()


def test_writing_is_announced_and_expires(presence: Presence, heard: list[str], hour: Hour) -> None:
    presence.mark_viewing("int_1", 1)
    presence.mark_writing("int_1", 1)
    assert presence.users("int_1") == {PresentUser(1, writing=True)}
    hour.now += FORGET_AFTER - 1
    presence.mark_viewing("int_1", 1)
    assert len(heard) == 2
    hour.now += 1
    presence.sweep()
    assert presence.users("int_1") == {PresentUser(1, writing=False)}
    assert len(heard) == 3


def test_a_silent_viewer_is_removed_and_that_is_announced(
    presence: Presence, heard: list[str], hour: Hour
) -> None:
    presence.mark_viewing("int_1", 1)
    hour.now += FORGET_AFTER - 0.1
    presence.sweep()
    assert presence.users("int_1")
    hour.now += 0.1
    assert presence.users("int_1") == frozenset()
    presence.sweep()
    presence.sweep()
    assert heard == ["presence:int_1", "presence:int_1"]


def test_a_person_who_leaves_is_no_longer_shown(presence: Presence, heard: list[str]) -> None:
    presence.mark_viewing("int_1", 1)
    presence.mark_left("int_1", 1)
    presence.mark_left("int_1", 1)
    assert presence.users("int_1") == frozenset()
    assert len(heard) == 2


def test_nothing_is_kept_about_closed_questions(presence: Presence, hour: Hour) -> None:
    for number in range(50):
        presence.mark_viewing(f"int_{number}", 1)
    hour.now += FORGET_AFTER
    presence.sweep()
    assert (presence._last_seen, presence._shown) == ({}, {})


@pytest.fixture
def met(db: None) -> Iterator[None]:
    people()
    tell(group_ask("int_met"))
    yield
    for user in User.objects.all():
        get_presence().mark_left("int_met", user.pk)


def words(client: Client) -> str:
    answer = client.get(URL)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split('role="status">')[1].split("</span>")[0].split())


def test_the_others_are_named_and_the_reader_is_not(met: None) -> None:
    rina, sam = sign_in("rina"), sign_in("sam")
    assert rina.post(URL).status_code == 204
    assert words(rina) == ""
    assert words(sam) == "Rina is viewing this"
    sign_in("lee").post(URL)
    assert words(sam) == "Lee and Rina are viewing this"
    page = sam.get("/interactions/int_met/").content.decode()
    assert "Lee and Rina are viewing this" in page


def test_saving_a_draft_announces_that_someone_is_writing(met: None) -> None:
    rina, sam = sign_in("rina"), sign_in("sam")
    rina.post(URL)
    rina.post("/interactions/int_met/draft", {"value": "", "comment": "I think"})
    sign_in("lee").post(URL)
    assert words(sam) == "Rina is writing, Lee is viewing this"
    rina.post("/interactions/int_met/draft", {"discard": ""})
    rina.post(URL, {"leave": ""})
    assert words(sam) == "Lee is viewing this"


def test_it_is_published_on_the_questions_topic(met: None) -> None:
    heard: list[str] = []
    leave = get_bus().subscribe(heard.extend)
    sign_in("rina").post(URL)
    leave()
    assert heard == ["presence:int_met"]


def test_a_lead_is_there_too(met: None) -> None:
    sign_in("tess").post(URL)
    assert words(sign_in("sam")) == "Tess is viewing this"


def test_strangers_neither_see_nor_are_seen(met: None) -> None:
    mallory = stranger()
    assert mallory.get(URL).status_code == 404
    assert mallory.post(URL).status_code == 404
    assert Client().post(URL).status_code == 302
    assert words(sign_in("sam")) == ""


def test_a_person_who_has_lost_access_is_no_longer_named(met: None) -> None:
    sign_in("tess").post(URL)
    tess = User.objects.get(username="tess")
    tess.groups.remove(Group.objects.get(name="team lead"))
    assert words(sign_in("sam")) == ""


def test_only_an_open_question_of_a_group_is_met_at(met: None) -> None:
    tell(ask("int_mine"))
    rina = sign_in("rina")
    assert rina.post("/interactions/int_mine/presence").status_code == 404
    assert "data-presence" not in rina.get("/interactions/int_mine/").content.decode()
    tell(answered(group_ask("int_met", 1), LEE, 2))
    assert rina.post(URL).status_code == 204
    assert words(sign_in("sam")) == ""
    assert "data-presence" not in rina.get("/interactions/int_met/").content.decode()


def test_it_can_be_switched_off(met: None, settings: Any) -> None:
    settings.PRESENCE = False
    rina = sign_in("rina")
    assert rina.post(URL).status_code == 404
    rina.post("/interactions/int_met/draft", {"value": "", "comment": "I think"})
    assert get_presence().users("int_met") == frozenset()
    assert "data-presence" not in rina.get("/interactions/int_met/").content.decode()
    assert "presence:int_met" not in followed("rina", "int_met")


def followed(name: str, item: str) -> tuple[str, ...]:
    stream: Any = sign_in(name).get("/live/inbox/", {"item": item})
    return stream.subscription.topics if stream.status_code == 200 else ()


def test_the_stream_follows_it_for_who_may_see_the_question(met: None) -> None:
    tell(ask("int_mine"))
    assert "presence:int_met" in followed("rina", "int_met")
    assert "presence:int_mine" not in followed("rina", "int_mine")
    assert followed("admin", "int_met") == ()


def test_it_takes_no_other_method(met: None) -> None:
    assert sign_in("rina").put(URL).status_code == 405
