import re
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.utils import timezone

from inbox.live import topics
from inbox.live.bus import get_bus
from inbox.models import Interaction, Notice, Recipient, Reviewer, Upstream
from inbox.upstream import upkeep
from tests.support.snapshots import answered, ask
from tests.support.tags import one_line
from tests.web.cast import HTMX, soon, tell

PAGE = "/notifications/"


def notice(id: str = "int_1", to: str = "rina", **fields: Any) -> Notice:
    said: dict[str, Any] = {
        "kind": Notice.Kind.NUDGE,
        "sender": "user_tess",
        "sender_name": "Tess",
        "at": timezone.now(),
    }
    return Notice.objects.create(
        reviewer=Reviewer.objects.get(user__username=to),
        upstream=Upstream.current(),
        interaction_id=id,
        **(said | fields),
    )


def unread_count(page: bytes) -> str:
    found = re.search(r'id="count-notices"[^>]*>(\d*)', one_line(page))
    assert found
    return found[1]


@pytest.fixture
def told(people: None) -> Notice:
    tell(ask("int_1", message="Refund Brightwater?", created_at=soon(hours=-3)))
    return notice()


def test_every_page_shows_the_unread_count(rina: Client, sam: Client, told: Notice) -> None:
    notice("int_2")
    notice("int_3", read_at=timezone.now())
    for path in ("/inbox/", "/runs/", "/groups/", "/account/", PAGE):
        assert unread_count(rina.get(path).content) == "2", path
    assert unread_count(sam.get("/inbox/").content) == ""


@pytest.mark.parametrize("path", ["/inbox/", "/runs/", "/insights/"])
def test_a_leads_pages_count_notices_and_what_waits(tess: Client, path: str) -> None:
    tell(ask("int_1"), ask("int_2"))
    notice("int_1", to="tess")
    page = tess.get(path).content
    assert unread_count(page) == "1"
    assert re.search(r'id="count-blocked">2', one_line(page))


def test_the_unread_count_reloads_when_notifications_change(rina: Client, told: Notice) -> None:
    page = one_line(rina.get("/inbox/").content)
    assert re.search(
        r'id="count-notices" hx-get="/notifications/counts/" hx-trigger="notices from:body', page
    )
    swap = one_line(rina.get("/notifications/counts/", headers=HTMX).content)
    assert swap.startswith('<span class="count" id="count-notices"')
    assert 'id="count-notices-tab" hx-swap-oob="true">1<' in swap
    assert "count-blocked" not in swap


def test_for_a_lead_the_unread_count_also_updates_the_blocked_count(
    tess: Client, told: Notice
) -> None:
    swap = one_line(tess.get("/notifications/counts/", headers=HTMX).content)
    assert 'id="count-blocked" hx-swap-oob="true">1<' in swap


def test_the_page_says_who_nudged_about_what(rina: Client, told: Notice) -> None:
    Notice.objects.update(times=2)
    page = one_line(rina.get(PAGE).content)
    assert '<span class="vh">Unread. </span>Tess nudged you 2 times<' in page
    assert 'Mark as read<span class="vh"> “Tess nudged you 2 times”</span>' in page
    assert '<a class="link" href="/interactions/int_1/">Refund Brightwater?</a>' in page


def test_a_question_is_one_row_with_its_newest_notification(rina: Client, told: Notice) -> None:
    notice(kind=Notice.Kind.ASKED, at=soon(hours=-3), sender="", sender_name="")
    notice("int_2", at=soon(hours=-1), sender_name="Lee")
    page = one_line(rina.get(PAGE).content)
    assert page.index("Tess nudged you") < page.index("Lee nudged you")
    assert (page.count("Refund Brightwater?"), "You are asked" in page) == (1, False)
    assert unread_count(page.encode()) == "2"

    rina.post(f"/notifications/{told.pk}/read")
    page = one_line(rina.get(PAGE).content)
    assert unread_count(page.encode()) == "1"
    unread = one_line(rina.get(PAGE + "?show=unread").content)
    assert ("Lee nudged you" in unread, "Refund Brightwater?" in unread) == (True, False)


def test_a_row_is_unread_while_an_earlier_notification_is(rina: Client, told: Notice) -> None:
    Notice.objects.update(read_at=timezone.now())
    asked = notice(kind=Notice.Kind.ASKED, at=soon(hours=-3), sender="", sender_name="")
    page = one_line(rina.get(PAGE).content)
    assert '<span class="vh">Unread. </span>Tess nudged you<' in page
    assert "You are asked" in one_line(rina.get(PAGE + "?show=unread").content)
    rina.post(f"/notifications/{told.pk}/read")
    asked.refresh_from_db()
    assert asked.read_at is not None


def mutes(page: bytes) -> list[str]:
    return re.findall(r'name="for" value="(\w+)"', one_line(page))


def test_a_reason_is_muted_and_unmuted_from_its_row(rina: Client, told: Notice) -> None:
    assert mutes(rina.get(PAGE).content) == ["hour", "day"]
    Notice.objects.update(kind=Notice.Kind.ASKED)
    assert mutes(rina.get(PAGE).content) == ["hour", "day", "always"]
    form = {"kind": "asked", "list": "show=unread"}
    muted = rina.post("/account/notifications/mute", {**form, "for": "always"}, follow=True)
    assert muted.redirect_chain == [(f"{PAGE}?show=unread", 303)]
    page = one_line(muted.content)
    assert "Muted. The bell still has it." in page
    assert (mutes(muted.content), "You are asked" in page, "Unmute" in page) == ([], True, True)
    unmuted = rina.post("/account/notifications/mute", form, follow=True)
    assert mutes(unmuted.content) == ["hour", "day", "always"]


def test_a_question_that_one_may_not_see_is_not_mentioned(rina: Client, told: Notice) -> None:
    row = Interaction.objects.get()
    row.recipients.all().delete()
    page = one_line(rina.get(PAGE).content)
    assert "Tess nudged you" in page
    assert "You no longer have access to this question." in page
    assert "Brightwater" not in page
    assert "/interactions/int_1/" not in page


def test_a_notification_of_a_closed_question_says_so(rina: Client, told: Notice) -> None:
    tell(answered(ask("int_1", message="Refund?"), "user_rina", 1))
    assert "· Answered" in one_line(rina.get(PAGE).content)


def says_unread(page: bytes) -> bool:
    """What static/js/seen.js reads."""
    return bool(re.search(r"<form[^>]* data-unread[ >]", one_line(page)))


@pytest.mark.parametrize("path", ["/interactions/int_1/", "/inbox/?item=int_1"])
def test_a_question_that_was_seen_has_no_unread_notifications(
    rina: Client, told: Notice, path: str
) -> None:
    assert says_unread(rina.get(path).content)
    told.refresh_from_db()
    assert told.read_at is None
    heard: list[str] = []
    done = get_bus().subscribe(heard.extend)
    assert rina.post("/interactions/int_1/seen").status_code == 204
    done()
    told.refresh_from_db()
    assert told.read_at is not None
    assert topics.notices("user_rina") in heard
    page = rina.get(path).content
    assert not says_unread(page)
    assert unread_count(page) == ""


def test_a_closed_question_that_was_seen_has_none_either(rina: Client, told: Notice) -> None:
    tell(answered(ask("int_1", message="Refund?"), "user_rina", 1))
    page = one_line(rina.get("/interactions/int_1/").content)
    assert 'data-seen="/interactions/int_1/read"' in page
    assert rina.post("/interactions/int_1/read").status_code == 204
    assert not says_unread(rina.get("/interactions/int_1/").content)


def test_without_scripts_a_question_was_seen_once_it_was_opened(rina: Client, told: Notice) -> None:
    image = '<img src="/interactions/int_1/opened"'
    assert image in one_line(rina.get("/interactions/int_1/").content)
    assert image not in one_line(rina.get("/interactions/int_1/", headers=HTMX).content)
    told.refresh_from_db()
    assert (told.read_at, Recipient.objects.get().seen) == (None, None)
    assert rina.head("/interactions/int_1/opened").status_code == 405
    assert rina.get("/interactions/int_1/opened").status_code == 204
    told.refresh_from_db()
    assert told.read_at is not None
    assert Recipient.objects.get().seen is not None


def test_a_lead_who_opens_it_does_not_read_it_for_another(tess: Client, told: Notice) -> None:
    assert not says_unread(tess.get("/interactions/int_1/").content)
    tess.post("/interactions/int_1/read")
    told.refresh_from_db()
    assert told.read_at is None


def test_a_notification_is_marked_as_read(rina: Client, told: Notice) -> None:
    other = notice("int_2")
    page = one_line(rina.get(PAGE).content)
    assert f'action="/notifications/{told.pk}/read"' in page
    answer = rina.post(f"/notifications/{told.pk}/read")
    assert (answer.status_code, answer["Location"]) == (303, PAGE)
    assert "Marked as read." in one_line(rina.get(PAGE).content)
    told.refresh_from_db()
    other.refresh_from_db()
    assert told.read_at is not None
    assert other.read_at is None
    assert rina.post(f"/notifications/{told.pk}/read").status_code == 303


def test_all_are_marked_as_read_that_the_page_has_shown(rina: Client, told: Notice) -> None:
    shown = re.search(r'name="until" value="([^"]+)"', rina.get(PAGE).content.decode())
    assert shown
    late = notice("int_2", at=timezone.now() + timedelta(seconds=5))
    assert rina.post("/notifications/read", {"until": shown[1]}).status_code == 303
    assert "All marked as read." in one_line(rina.get(PAGE).content)
    told.refresh_from_db()
    late.refresh_from_db()
    assert told.read_at is not None
    assert late.read_at is None
    assert rina.post("/notifications/read", {"until": "no time"}).status_code == 303


def test_the_list_can_show_only_unread_ones(rina: Client, told: Notice) -> None:
    notice("int_2", read_at=timezone.now(), sender_name="Sam")
    page = one_line(rina.get(PAGE + "?show=unread").content)
    assert "Tess nudged you" in page
    assert "Sam nudged you" not in page
    Notice.objects.update(read_at=timezone.now())
    assert "Nothing new" in one_line(rina.get(PAGE + "?show=unread").content)


def test_many_are_paged_the_newest_first(rina: Client) -> None:
    for n in range(60):
        notice(f"int_{n}", at=soon(minutes=-n), sender_name=f"Lead {n}.")
    page = one_line(rina.get(PAGE).content)
    assert ("Lead 49." in page, "Lead 50." in page) == (True, False)
    older = re.search(r'href="/notifications/(\?before=\d+)"', page)
    assert older
    page = one_line(rina.get(PAGE + older[1].replace("&amp;", "&")).content)
    assert ("Lead 49." in page, "Lead 50." in page, "Lead 59." in page) == (False, True, True)


def test_after_marking_one_as_read_the_list_is_where_it_was(rina: Client) -> None:
    for n in range(51):
        notice(f"int_{n}", at=soon(minutes=-n))
    page = one_line(rina.get(PAGE + "?show=unread").content)
    older = re.search(r'href="(/notifications/[^"]+)" rel="next"', page)
    assert older
    page = one_line(rina.get(older[1]).content)
    query = older[1].partition("?")[2]
    assert page.count(f'name="list" value="{query}"') == 3
    one = re.search(r'action="(/notifications/\d+/read)"', page)
    assert one
    assert rina.post(one[1], {"list": query})["Location"] == older[1]
    followed = rina.get(older[1], follow=True)
    assert followed.redirect_chain == [(f"{PAGE}?show=unread", 302)]
    assert rina.post("/notifications/read", {"list": query})["Location"] == older[1]


def test_without_any_it_says_what_appears_here(rina: Client) -> None:
    assert "No notifications" in one_line(rina.get(PAGE).content)


def test_another_persons_notice_is_not_found(sam: Client, mallory: Client, told: Notice) -> None:
    for client in (sam, mallory):
        assert client.post(f"/notifications/{told.pk}/read").status_code == 404
        assert "Tess nudged you" not in one_line(client.get(PAGE).content)
        client.post("/notifications/read")
    told.refresh_from_db()
    assert told.read_at is None


def test_notices_of_another_upstream_are_not_shown(
    rina: Client, told: Notice, settings: Any
) -> None:
    settings.MOBIUS_PROJECT = "another"
    assert "No notifications" in one_line(rina.get(PAGE).content)
    assert rina.post(f"/notifications/{told.pk}/read").status_code == 404


def test_the_old_address_leads_to_the_page(rina: Client) -> None:
    moved = rina.get("/notices/?show=unread")
    assert (moved.status_code, moved["Location"]) == (302, f"{PAGE}?show=unread")


def test_the_wrong_method_is_refused(rina: Client, told: Notice) -> None:
    assert rina.post(PAGE).status_code == 405
    assert rina.post("/notifications/counts/").status_code == 405
    assert rina.get("/notifications/read").status_code == 405
    assert rina.get(f"/notifications/{told.pk}/read").status_code == 405


@pytest.mark.usefixtures("told")
def test_signed_out_it_asks_to_sign_in() -> None:
    assert Client().get(PAGE)["Location"].startswith("/accounts/login/?next=")
    assert Client().get("/notifications/counts/", headers=HTMX).status_code == 401
    Client().post("/notifications/read")
    assert Notice.objects.filter(read_at=None).count() == 1


def test_a_notice_is_forgotten_after_ninety_days(people: None, settings: Any) -> None:
    notice("int_1", at=soon(days=-91))
    notice("int_2", at=soon(days=-89))
    async_to_sync(upkeep.once)()
    assert Notice.objects.get().interaction_id == "int_2"
    settings.HISTORY_DAYS = timedelta(days=30)
    async_to_sync(upkeep.once)()
    assert not Notice.objects.exists()
