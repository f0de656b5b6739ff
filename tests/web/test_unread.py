import re

import pytest
from django.test import Client
from django.urls import reverse

from inbox.live.page_activity import page_activity
from inbox.models import Interaction, Recipient
from tests.support.snapshots import RINA, ask, at, group_ask
from tests.web.cast import HTMX, part, tell

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("synced")]

ANY = {"policy": {"kind": "any"}}


def rows(page: str) -> dict[str, str]:
    page = " ".join(page.split())
    found = re.findall(r'<li class="row-with" id="entry-(\w+)".*?</li>', page)
    parts = re.split(r'<li class="row-with" id="entry-\w+"', page)[1:]
    return {
        id_: "unread" if "Unread. " in row else "changed" if "row-changed" in row else ""
        for id_, row in zip(found, parts, strict=True)
    }


def listed(who: Client, **query: str) -> dict[str, str]:
    return rows(who.get("/inbox/", query).content.decode())


def see(who: Client, id_: str, version: str = "") -> None:
    sent = {"version": version} if version else {}
    assert who.post(reverse("seen", args=[id_]), sent, headers=HTMX).status_code == 204


def version_on(who: Client, id_: str) -> str:
    page = who.get(f"/interactions/{id_}/").content.decode()
    found = re.search(r'data-version="([^"]+)"', page)
    assert found
    return found[1]


def test_a_question_is_unread_until_it_was_seen(rina: Client, sam: Client) -> None:
    tell(group_ask("int_a", **ANY), ask("int_b"))
    assert listed(rina) == {"int_a": "unread", "int_b": "unread"}
    see(rina, "int_a")
    assert listed(rina) == {"int_a": "", "int_b": "unread"}
    assert listed(rina, unread="yes") == {"int_b": "unread"}
    assert listed(sam) == {"int_a": "unread"}


def test_a_change_while_the_question_is_open_was_not_seen(rina: Client) -> None:
    tell(ask("int_a"))
    version = version_on(rina, "int_a")
    tell(ask("int_a", minutes=1, message="Ship it now?"))
    see(rina, "int_a", version)
    assert listed(rina) == {"int_a": "changed"}
    see(rina, "int_a", version_on(rina, "int_a"))
    see(rina, "int_a", version)
    assert listed(rina) == {"int_a": ""}


@pytest.mark.parametrize("version", ["", "nonsense", "9999-12-31T23:59:59+00:00"])
def test_a_version_that_never_was_stands_for_the_present_one(rina: Client, version: str) -> None:
    tell(ask("int_a"))
    see(rina, "int_a", version)
    assert Recipient.objects.get().seen == at(0)


def test_it_can_be_marked_as_unread_again(rina: Client) -> None:
    tell(ask("int_a"))
    see(rina, "int_a")
    page = rina.get("/inbox/").content.decode()
    assert 'data-acts="h u"' in page
    sent = {"list": "type=approval"}
    back = rina.post(reverse("unread", args=["int_a"]), sent, follow=True)
    assert back.redirect_chain == [("/inbox/?type=approval", 303)]
    assert "Marked as unread." in back.content.decode()
    assert rows(back.content.decode()) == {"int_a": "unread"}


def test_a_row_that_the_filter_listed_stays_when_it_was_seen(rina: Client) -> None:
    tell(ask("int_a"), ask("int_b"))
    see(rina, "int_a")
    query = {"unread": "yes", "changed": ["int_a", "int_b"], "shown": ["int_a"]}
    changed = rina.get(reverse("inbox-changes"), query).content.decode()
    assert 'hx-swap-oob="delete"' not in changed
    assert rows(changed.replace(' hx-swap-oob="outerMorph"', "")) == {"int_a": ""}
    assert 'data-ids="int_b"' in changed
    shown = ".".join(str(pk) for pk in Recipient.objects.values_list("pk", flat=True))
    again = rina.get("/inbox/", {"unread": "yes", "shown": shown}, headers=part("inbox-list"))
    assert rows(again.content.decode()) == {"int_a": "", "int_b": "unread"}


def test_a_closed_question_is_neither_unread_nor_noted(rina: Client) -> None:
    tell(ask("int_a"))
    Interaction.objects.update(status="expired")
    Recipient.objects.update(open=False, closed_at=at(1))
    assert listed(rina, scope="done") == {"int_a": ""}
    see(rina, "int_a")
    assert rina.post(reverse("unread", args=["int_a"]), headers=HTMX).status_code == 200
    assert Recipient.objects.get(user_id=RINA).seen is None
    assert 'data-marks-unread="int_a"' not in rina.get("/interactions/int_a/").content.decode()


def number_of(page: str) -> str:
    found = re.search(r'<span id="unread" hidden[^>]*>([^<]*)</span>', page)
    assert found
    return found[1]


def test_every_page_says_how_many_are_open_and_unread(rina: Client) -> None:
    tell(ask("int_a"), ask("int_b"), ask("int_c"))
    see(rina, "int_a")
    for path, title in (("/inbox/", "Inbox"), ("/interactions/int_a/", "Ship it?"), ("/runs/", "")):
        page = rina.get(path).content.decode()
        assert f"<title>(3) {title}" in page
        assert 'id="count-inbox">3<' in page
        assert number_of(page) == "2"
    see(rina, "int_b")
    for path in (reverse("inbox-changes"), "/notifications/counts/", "/inbox/counts/"):
        assert number_of(rina.get(path, headers=HTMX).content.decode()) == "1"
    see(rina, "int_c")
    page = rina.get("/inbox/").content.decode()
    assert "<title>(3) Inbox" in page
    assert number_of(page) == ""


def test_fetches_of_a_hidden_page_do_not_count_as_an_open_page(rina: Client) -> None:
    requested = []
    unlisten = page_activity.listen(lambda: requested.append(1))
    try:
        tell(ask("int_a"))
        page = rina.get("/inbox/counts/").content.decode()
        assert not requested
        assert 'id="count-inbox" hx-swap-oob="true">1<' in page
        rina.get("/inbox/")
        assert requested
    finally:
        unlisten()
