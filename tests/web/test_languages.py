import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.html import strip_tags

from inbox.live import topics
from inbox.mobius.types import RunStatus
from inbox.models import Reviewer
from inbox.people import time_zones
from inbox.web.live import fragments
from inbox.web.ui.script_words import WORDS
from tests.support.snapshots import ask, run, step
from tests.web.cast import sign_in, tell

GERMAN = {"Accept-Language": "fr, de-AT;q=0.8, en;q=0.5"}
LANGUAGE = "/account/language"
LOGIN = "/accounts/login/"


def language_of(answer: Any) -> str:
    page = answer.content.decode()
    return str(page.split('<html lang="')[1].split('"')[0])


def reviewer(username: str = "rina") -> Reviewer:
    return Reviewer.objects.get(user__username=username)


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ({}, "en"),
        ({"Accept-Language": "fr"}, "en"),
        (GERMAN, "de"),
        ({"Accept-Language": ";"}, "en"),
    ],
)
def test_the_browser_decides_and_nothing_is_stored(
    rina: Client, asked: dict[str, str], language: str
) -> None:
    answer = rina.get("/account/", headers=asked)
    assert (language_of(answer), answer["Content-Language"]) == (language, language)
    assert "Accept-Language" in answer["Vary"]
    assert not {"language", "django_language"} & set(answer.cookies)
    assert reviewer().language == ""


@pytest.mark.parametrize("path", [LOGIN, "/no-such-page/", "/accounts/link/?token=x"])
def test_so_it_does_for_pages_without_a_person(db: None, path: str) -> None:
    assert language_of(Client().get(path, headers=GERMAN)) == "de"


def test_the_choice_of_a_person_counts_more(rina: Client) -> None:
    assert rina.post(LANGUAGE, {"language": "en", "time_zone": ""}).status_code == 303
    assert language_of(rina.get("/inbox/", headers=GERMAN)) == "en"
    rina.post(LANGUAGE, {"language": "de", "time_zone": ""})
    assert language_of(rina.get("/inbox/")) == "de"
    assert language_of(rina.get("/no-such-page/")) == "de"
    assert "ist nicht erreichbar" in rina.get("/service-worker.js").content.decode()
    rina.post(LANGUAGE, {"language": "", "time_zone": ""})
    assert language_of(rina.get("/inbox/")) == "en"


def test_a_context_that_the_page_has_is_kept_until_the_language_or_time_zone_changes(
    rina: Client,
) -> None:
    tell(ask("int_a", context={"note": "Please look."}))

    def kept(language: str, time_zone: str) -> str:
        rina.post(LANGUAGE, {"language": language, "time_zone": time_zone})
        page = rina.get("/interactions/int_a/").content.decode()
        (id_,) = re.findall(r'id="(evidence-[^"]+)" hx-morph-skip', page)
        return str(id_)

    of_each = [kept(*chosen) for chosen in (("en", ""), ("de", ""), ("en", "Asia/Tokyo"))]
    assert len(set(of_each)) == len(of_each)
    assert kept("en", "") == of_each[0]


def test_a_language_ends_with_its_request(rina: Client, tess: Client) -> None:
    rina.post(LANGUAGE, {"language": "de", "time_zone": "Asia/Tokyo"})
    rina.get("/inbox/")
    page = tess.get("/inbox/")
    assert language_of(page) == "en"
    assert 'data-time-zone="UTC"' in page.content.decode()


@pytest.mark.parametrize("wrong", [{"language": "xx"}, {"time_zone": "Mars/Olympus"}])
def test_only_what_is_offered_can_be_chosen(rina: Client, wrong: dict[str, str]) -> None:
    answer = rina.post(LANGUAGE, {"language": "de", "time_zone": "Europe/Berlin"} | wrong)
    assert answer.status_code == 422
    assert (reviewer().language, reviewer().time_zone) == ("", "")


def test_the_account_page_offers_every_time_zone_and_the_chosen_one(rina: Client) -> None:
    def selected() -> list[tuple[str, str]]:
        page = rina.get("/account/").content.decode()
        zones = page.split('name="time_zone">')[1].split("</select>")[0]
        assert zones.count("<option") == len(time_zones.names()) + 1
        return re.findall(r'value="([^"]*)" selected>([^<]*)<', zones)

    assert selected() == []
    rina.post(LANGUAGE, {"language": "", "time_zone": "America/New_York"})
    assert selected() == [("America/New_York", "America/New York")]


def zone_of(client: Client) -> str:
    page = client.get("/inbox/").content.decode()
    return page.split('data-time-zone="')[1].split('"')[0]


@pytest.mark.parametrize(
    ("sent", "zone"), [("Asia/Tokyo", "Asia/Tokyo"), ("Mars/Olympus", "UTC"), ("", "UTC")]
)
def test_the_sign_in_form_carries_the_time_zone(people: None, sent: str, zone: str) -> None:
    client = Client()
    assert 'name="time_zone"' in client.get(LOGIN).content.decode()
    client.post(LOGIN, {"username": "rina", "password": "demo", "time_zone": sent})
    assert zone_of(client) == zone


def test_the_chosen_time_zone_counts_more(people: None) -> None:
    client = Client()
    client.post(LOGIN, {"username": "rina", "password": "demo", "time_zone": "Asia/Tokyo"})
    client.post(LANGUAGE, {"language": "", "time_zone": "Europe/Berlin"})
    assert zone_of(client) == "Europe/Berlin"
    client.post(LANGUAGE, {"language": "", "time_zone": ""})
    assert zone_of(client) == "Asia/Tokyo"


def test_times_are_in_it(rina: Client) -> None:
    noon = (datetime.now(UTC) + timedelta(days=3)).replace(hour=12, minute=0)
    tell(ask("int_1", context={"due_at": noon.isoformat()}))
    assert f"{noon:%a} 12:00" in rina.get("/inbox/").content.decode()
    rina.post(LANGUAGE, {"language": "", "time_zone": "Asia/Kathmandu"})
    assert f"{noon:%a} 17:45" in rina.get("/inbox/").content.decode()


@pytest.mark.parametrize(
    ("path", "says"), [("/decisions/", "Time zone: UTC"), ("/insights/", "Time zone: UTC")]
)
def test_text_shared_by_all_viewers_is_in_the_installations_language(
    tess: Client, path: str, says: str
) -> None:
    tess.post(LANGUAGE, {"language": "", "time_zone": "Asia/Tokyo"})
    assert says in tess.get(path).content.decode()


def test_a_new_account_follows_the_browser(db: None) -> None:
    User.objects.create_user("nora", password="demo")
    assert language_of(sign_in("nora").get("/account/", headers=GERMAN)) == "de"


def test_shared_stream_frames_have_no_words(rina: Client, away: None) -> None:
    tell(run("run_1", status=RunStatus.SUSPENDED, plan=[{"name": "build", "kind": "run"}]))
    tell(step(name="build"))
    for topic, texts in ((topics.run("run_1"), ["Build"]), (topics.freshness(), [])):
        fragment = fragments.render(topic) or ""
        assert strip_tags(fragment).split() == texts
        named = set(re.findall(r'data-phrase="(\w+)"', fragment))
        assert named
        assert named <= WORDS.keys()
