"""Send with undo: holding an answer, undoing it, and what the pages say meanwhile."""

import html
import re
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone

from inbox.answering.held import send as send_held
from inbox.live import topics
from inbox.live.bus import get_bus
from inbox.models import Attempt, Decision, Draft, Interaction, Notice, Reviewer, Upstream
from inbox.web.ui.labels import run_status
from tests.support.desk import Desk
from tests.support.scripted_server import Reply
from tests.support.snapshots import LEE, RINA, answered, ask, group_ask
from tests.support.tags import text_of
from tests.web.cast import part, sign_in, stranger, tell

pytestmark = pytest.mark.django_db


@pytest.fixture
def rina(desk: Desk) -> Client:
    desk.settings.ANSWER_GUARD = "undo"
    return sign_in("rina")


def send(client: Client, item: Interaction, value: Any = "true", **more: Any) -> Any:
    headers = more.pop("headers", None)
    data = {"value": value, "comment": "Because 🙂", "operation_id": "op1", **more}
    return client.post(f"/interactions/{item.mobius_id}/respond", data, headers=headers)


def take_back(client: Client, item: Interaction, **how: Any) -> Any:
    return client.post(f"/interactions/{item.mobius_id}/undo", **how)


def page_of(client: Client, item: Interaction, **how: Any) -> str:
    return html.unescape(client.get(f"/interactions/{item.mobius_id}/", **how).content.decode())


def states() -> list[str]:
    return list(Attempt.objects.order_by("pk").values_list("state", flat=True))


def its_time_has_come() -> None:
    held = Attempt.objects.filter(state=Attempt.State.HELD)
    for attempt in held.select_related("reviewer__user", "upstream"):
        async_to_sync(send_held)(attempt)


def said(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def test_the_answer_waits_and_the_next_question_opens(desk: Desk, rina: Client) -> None:
    desk.settings.UNDO_SECONDS = 30
    items = [desk.ask(message=f"Ship {name}?") for name in ("one", "two", "three")]
    for item, following in pairwise(items):
        answer = send(rina, item, operation_id=item.mobius_id)
        assert answer.status_code == 303
        assert answer["Location"] == f"/interactions/{following.mobius_id}/"
        assert said(answer) == []
    # The first two are still open, and are not offered again.
    last = send(rina, items[2], operation_id="op3")
    assert last["Location"] == "/inbox/"
    assert states() == ["held", "held", "held"]
    assert desk.posts() == []
    assert not Decision.objects.exists()
    inbox = html.unescape(rina.get("/inbox/").content.decode())
    assert f'action="/interactions/{items[2].mobius_id}/undo"' in inbox
    assert "2 earlier answers are waiting" in inbox
    left = re.search(r"Approving in (\d+) s", inbox)
    assert left is not None
    assert 0 < int(left[1]) <= 30


@pytest.mark.parametrize("headers", [None, part("detail")], ids=["page", "part"])
def test_the_next_open_question_is_not_one_whose_answer_waits(
    desk: Desk, rina: Client, headers: dict[str, str] | None
) -> None:
    waits, following = desk.ask(message="Waits?"), desk.ask(message="Follows?")
    tell(answered(ask("int_closed"), LEE, 1))
    closed = Interaction.objects.get(mobius_id="int_closed")
    link = r'href="([^"]+)"\s+data-key="n">Next open question'
    assert re.findall(link, page_of(rina, closed, headers=headers)) == [waits.get_absolute_url()]
    send(rina, waits)
    page = page_of(rina, closed, headers=headers)
    assert re.findall(link, page) == [following.get_absolute_url()]


def test_its_row_says_so_and_has_no_buttons_over_it(desk: Desk, rina: Client) -> None:
    item, other = desk.ask(), desk.ask()
    send(rina, item)
    page = rina.get("/inbox/").content.decode()
    rows = {each.mobius_id: page.split(f'id="entry-{each.mobius_id}"')[1] for each in (item, other)}
    held, open_ = (row.split("</li>")[0] for row in rows.values())
    assert "Approving in" in held
    assert "data-acts" not in held
    assert 'data-acts="h"' in open_


def test_its_row_stays_in_the_list_when_it_is_sent(desk: Desk, rina: Client) -> None:
    item, _ = desk.ask(), desk.ask()
    send(rina, item)
    its_time_has_come()
    changed = {"changed": item.mobius_id, "shown": item.mobius_id}
    got = rina.get("/inbox/changes/", changed).content.decode()
    assert re.search(rf'id="entry-{item.mobius_id}" hx-swap-oob="outerMorph"\s+data-over', got)
    assert "Approved" in got


def test_a_swap_brings_the_next_question_and_the_undo(desk: Desk, rina: Client) -> None:
    item, following = desk.ask(), desk.ask()
    answer = send(rina, item, "false", headers=part("detail"))
    page = answer.content.decode()
    assert answer["HX-Push-Url"] == f"/interactions/{following.mobius_id}/"
    assert f'action="/interactions/{item.mobius_id}/undo"' in page
    assert "Rejecting in" in page
    assert 'hx-swap-oob="outerMorph"' in page


def test_my_question_says_so_and_everyone_elses_is_open(desk: Desk, rina: Client) -> None:
    item, sam = desk.ask_group(), sign_in("sam")
    send(rina, item)
    mine, theirs = page_of(rina, item), page_of(sam, item)
    assert 'id="held-answer"' in mine
    assert f'action="/interactions/{item.mobius_id}/respond"' not in mine
    assert "Because 🙂" not in mine
    assert f'action="/interactions/{item.mobius_id}/respond"' in theirs
    for page in (theirs, sam.get("/inbox/").content.decode()):
        assert "Approving" not in page
        assert f"{item.mobius_id}/undo" not in page
    assert "You've answered" not in mine
    assert "has resumed" not in mine


def test_text_typed_elsewhere_while_an_answer_waits_is_kept_beside_its_text(
    desk: Desk, rina: Client
) -> None:
    item = desk.ask()
    phone = {"operation_id": "phone", "draft": ""}
    send(rina, item)
    assert "Earlier text" not in page_of(rina, item, data=phone, headers=part("detail"))
    rina.post(f"/interactions/{item.mobius_id}/draft", {**phone, "comment": "Half a"})
    take_back(rina, item)
    page = page_of(rina, item, data=phone, headers=part("detail"))
    assert "Half a</textarea>" in page
    assert "Earlier text: Approve" in page
    assert "Because 🙂" in page


def test_the_text_of_an_answer_that_waits_cannot_be_discarded(desk: Desk, rina: Client) -> None:
    item = desk.ask()
    send(rina, item)
    draft = Draft.objects.get()
    discard = {"discard": "", "draft": draft.base}
    rina.post(f"/interactions/{item.mobius_id}/draft", discard)
    rina.post(f"/drafts/{draft.pk}/discard", {"version": draft.version})
    assert Draft.objects.get().comment == "Because 🙂"
    take_back(rina, item)
    rina.post(f"/interactions/{item.mobius_id}/draft", discard)
    assert not Draft.objects.exists()


def test_the_run_has_not_resumed(desk: Desk, rina: Client) -> None:
    run = desk.project.start(desk.project.question())
    item = desk.read(desk.project.pending(run["id"])["id"])
    desk.tell_run(run["id"])
    send(rina, item)
    page = rina.get(f"/runs/{run['id']}/").content.decode()
    assert run_status("suspended").label in page
    assert "resumed" not in page
    its_time_has_come()
    desk.project.wait_for(run["id"], "completed")


def test_undo_brings_the_question_back_with_its_text(desk: Desk, rina: Client) -> None:
    item = desk.ask()
    desk.ask()
    send(rina, item)
    answer = take_back(rina, item)
    assert (answer.status_code, answer["Location"]) == (303, f"/interactions/{item.mobius_id}/")
    assert said(answer) == [f"Undone. Your answer to “{item.display_title}” wasn't sent."]
    page = page_of(rina, item)
    assert "Because 🙂" in page
    assert f'action="/interactions/{item.mobius_id}/respond"' in page
    assert "Approving" not in page
    its_time_has_come()
    assert desk.posts() == []
    assert states() == ["undone"]


def test_undo_as_a_swap_opens_the_question_beside_the_list(desk: Desk, rina: Client) -> None:
    item, other = desk.ask(), desk.ask()
    send(rina, item, headers=part("detail"))
    answer = take_back(rina, item, headers=part("detail"))
    page = html.unescape(answer.content.decode())
    assert answer["HX-Push-Url"] == f"/interactions/{item.mobius_id}/"
    assert f'data-interaction-id="{item.mobius_id}"' in page
    assert "Because 🙂" in page
    assert "Undone." in page
    assert f'id="held-{item.mobius_id}"' not in page
    assert other.mobius_id not in states()


def test_undo_in_focus_mode_leads_back_to_it(desk: Desk, rina: Client) -> None:
    items = [desk.ask(message=f"Ship {name}?") for name in ("one", "two")]
    first = str(rina.get("/inbox/focus/")["Location"])
    query = first.partition("?")[2].rpartition("&item=")[0]
    for headers, name in ((None, "Location"), (part("detail"), "HX-Push-Url")):
        answer = send(rina, items[0], list=query, headers=headers, operation_id=name)
        page = answer.content.decode() if headers else rina.get(answer["Location"]).content.decode()
        assert "Ship two?" in page
        # The bar of the page is not part of the swap, but its button posts the form of the list.
        assert f'form="list-act" formaction="/interactions/{items[0].mobius_id}/undo"' in " ".join(
            page.split()
        )
        answer = take_back(rina, items[0], data={"list": query}, headers=headers)
        assert answer[name] == first
        assert "Because 🙂" in rina.get(first).content.decode()
    assert states() == ["undone", "undone"]


def test_too_late_is_a_409_that_says_so(desk: Desk, rina: Client) -> None:
    item = desk.ask()
    send(rina, item)
    its_time_has_come()
    for headers in (None, part("detail")):
        answer = take_back(rina, item, headers=headers)
        assert answer.status_code == 409
        assert "It's too late to undo this" in html.unescape(answer.content.decode())
    assert len(desk.posts()) == 1


def test_nothing_to_undo_is_a_409_and_a_strangers_404(desk: Desk, rina: Client) -> None:
    item = desk.ask()
    assert take_back(rina, item).status_code == 409
    send(rina, item)
    for client in (sign_in("sam"), sign_in("tess"), stranger()):
        assert take_back(client, item).status_code == 404
    assert states() == ["held"]
    assert rina.get(f"/interactions/{item.mobius_id}/undo").status_code == 405


def undo_typed(client: Client, *items: Interaction, **how: Any) -> Any:
    return client.post("/interactions/undo", {"id": [item.mobius_id for item in items]}, **how)


def three_sent(desk: Desk, rina: Client) -> list[Interaction]:
    items = [desk.ask(message=f"Ship {name}?") for name in ("one", "two", "three")]
    for item in items:
        send(rina, item, operation_id=item.mobius_id)
    return items


@pytest.mark.parametrize("headers", [None, part("detail")], ids=["page", "part"])
def test_answers_that_were_typing_are_undone_together(
    desk: Desk, rina: Client, headers: dict[str, str] | None
) -> None:
    items = three_sent(desk, rina)
    answer = undo_typed(rina, *items, headers=headers)
    assert answer["HX-Push-Url" if headers else "Location"] == items[0].get_absolute_url()
    looked = "That looked like typing, so your last 3 answers weren't sent."
    assert said(answer) == [looked]
    if headers:
        page = html.unescape(answer.content.decode())
        assert f'data-interaction-id="{items[0].mobius_id}"' in page
        assert looked in page
    assert states() == ["undone"] * 3


def test_answers_that_had_gone_before_the_typing_was_noticed_are_named(
    desk: Desk, rina: Client
) -> None:
    items = three_sent(desk, rina)
    first = Attempt.objects.select_related("reviewer__user", "upstream").earliest("pk")
    async_to_sync(send_held)(first)
    answer = undo_typed(rina, *items)
    assert answer["Location"] == items[1].get_absolute_url()
    assert said(answer) == [
        "That looked like typing, so your last 2 answers weren't sent. "
        "One had already been sent: “Ship one?”."
    ]
    gone = undo_typed(rina, items[0])
    assert gone.status_code == 409
    assert "That looked like typing. One had already been sent: “Ship one?”." in html.unescape(
        gone.content.decode()
    )


def test_only_ones_own_answers_are_undone_as_typing(desk: Desk, rina: Client) -> None:
    item, other = desk.ask_group(), desk.ask_group()
    send(rina, item)
    for client in (sign_in("tess"), stranger()):
        assert undo_typed(client, item).status_code == 404
    assert undo_typed(sign_in("sam"), item).status_code == 409
    assert states() == ["held"]
    missing = Interaction(mobius_id="int_\0")
    assert said(undo_typed(rina, missing, item, other)) == [
        "That looked like typing, so your last answer wasn't sent."
    ]
    assert rina.post("/interactions/undo").status_code == 404


def choose(client: Client, guard: str, seconds: int = 10) -> Any:
    return client.post("/account/guard", {"guard": guard, "seconds": seconds})


def test_each_person_chooses_whether_answers_are_held(desk: Desk) -> None:
    rina, sam = sign_in("rina"), sign_in("sam")
    answer = choose(rina, "undo", 30)
    assert said(answer) == ["You can undo your answers for 30 s."]
    item = desk.ask_group("change-board")
    assert 'data-guard="undo"' in page_of(rina, item)
    assert 'data-guard="confirm"' in page_of(sam, item)
    send(rina, item)
    send(sam, item)
    held, sent = Attempt.objects.order_by("pk")
    assert (held.state, sent.state) == ("held", "answered")
    assert held.send_at - held.created_at == timedelta(seconds=30)
    assert said(choose(rina, "confirm")) == ["You'll be asked to confirm before an answer is sent."]
    assert 'data-guard="confirm"' in page_of(rina, desk.ask())
    period = "The undo period for “Send with undo” is now 5 s."
    assert said(choose(rina, "confirm", 5)) == [period]


@pytest.mark.parametrize(
    "fields",
    [{"guard": "never", "seconds": 5}, {"guard": "undo", "seconds": 7}, {"guard": "undo"}, {}],
)
def test_nothing_else_can_be_chosen(desk: Desk, fields: dict[str, Any]) -> None:
    rina = sign_in("rina")
    assert rina.post("/account/guard", fields).status_code == 422
    assert Reviewer.objects.get(user__username="rina").answer_guard == ""


def test_the_installation_switches_undo_off_for_everyone(desk: Desk, rina: Client) -> None:
    choose(rina, "undo", 30)
    desk.settings.UNDO_SECONDS = 0
    item = desk.ask()
    assert 'data-guard="confirm"' in page_of(rina, item)
    assert "Send with undo" not in rina.get("/account/").content.decode()
    assert choose(rina, "undo").status_code == 422
    send(rina, item, guard="undo", confirmed="1")
    assert states() == ["answered"]


def test_a_question_that_always_asks_is_sent_at_once(desk: Desk, rina: Client) -> None:
    item = desk.ask(context={"confirm": "always", "amount": 12})
    page = page_of(rina, item)
    assert 'data-guard="confirm"' in page
    assert "always" not in page
    send(rina, item)
    assert states() == ["answered"]


@pytest.mark.parametrize(
    ("seconds", "mode"), [(19, "confirm"), (19, "input"), (40, "confirm"), (40, "input")]
)
def test_an_answer_to_a_question_that_expires_soon_is_confirmed_and_sent_at_once(
    desk: Desk, rina: Client, seconds: int, mode: str
) -> None:
    item = desk.ask(spec={"mode": mode}, type="input" if mode == "input" else "approval")
    row = Interaction.objects.filter(pk=item.pk)
    row.update(expires_at=timezone.now() + timedelta(seconds=seconds))
    page = page_of(rina, item)
    soon = seconds < 20
    assert f'data-guard="{"confirm" if soon else "undo"}"' in page
    assert ("data-turns=" in page) is not soon
    send(rina, item)
    assert states() == ["answered" if soon else "held"]


@pytest.mark.parametrize(
    ("chosen", "form", "expected"),
    [
        ("undo", {}, ["held"]),
        ("undo", {"guard": "undo"}, ["held"]),
        ("undo", {"guard": "undo", "confirmed": "1"}, ["held"]),
        ("undo", {"guard": "confirm"}, ["held"]),
        ("undo", {"guard": "confirm", "confirmed": "1"}, ["answered"]),
        ("confirm", {}, ["answered"]),
        ("confirm", {"guard": "undo"}, []),
        ("confirm", {"guard": "undo", "confirmed": "1"}, ["answered"]),
        ("confirm", {"guard": "other"}, []),
    ],
)
def test_what_the_person_has_chosen_by_now_counts(
    desk: Desk, rina: Client, chosen: str, form: dict[str, str], expected: list[str]
) -> None:
    choose(rina, chosen)
    send(rina, desk.ask(), **form)
    assert states() == expected


@pytest.mark.parametrize("page", ["similar", "templates", "snooze"])
def test_it_can_be_undone_on_every_page_of_another_question(
    desk: Desk, rina: Client, page: str
) -> None:
    send(rina, desk.ask())
    shown = rina.get(f"/interactions/{desk.ask().mobius_id}/{page}").content.decode()
    assert '<form id="undo"' in shown
    assert 'form="undo"' in shown


def test_a_wrong_value_is_refused_now(desk: Desk, rina: Client) -> None:
    item = desk.ask(type="input", spec={"mode": "input", "multiline": True})
    assert send(rina, item, "   ").status_code == 422
    assert states() == []
    assert Draft.objects.get().comment == "Because 🙂"


def test_a_second_form_says_that_it_is_answered(desk: Desk, rina: Client) -> None:
    item = desk.ask()
    send(rina, item)
    answer = send(rina, item, "false", operation_id="op2")
    page = html.unescape(answer.content.decode())
    assert answer.status_code == 409
    assert "You've already answered this" in page
    assert states() == ["held"]


def test_checking_after_a_lost_response_finds_it_waiting(desk: Desk, rina: Client) -> None:
    item = desk.ask()
    send(rina, item)
    form = {"sent": "respond", "value": "true", "operation_id": "op1"}
    answer = rina.post(f"/interactions/{item.mobius_id}/check", form)
    assert (answer.status_code, answer["Location"]) == (303, "/inbox/")
    assert states() == ["held"]


def returned(desk: Desk, rina: Client) -> Interaction:
    item = desk.ask(message="Refund Brightwater?")
    send(rina, item)
    desk.server.refuse()
    its_time_has_come()
    desk.server.listen()
    return item


def test_an_answer_that_could_not_be_sent_is_told_above_the_list(desk: Desk, rina: Client) -> None:
    item = returned(desk, rina)
    inbox = html.unescape(rina.get("/inbox/").content.decode())
    assert f'id="returned-{item.mobius_id}"' in inbox
    assert "Your answer wasn't sent" in inbox
    assert "Mobius couldn't be reached." in inbox
    listed = rina.get("/notifications/").content.decode()
    assert "Mobius couldn't be reached." in html.unescape(listed)
    assert "Refund Brightwater?" in listed
    page = page_of(rina, item)
    assert 'id="returned"' in page
    assert "Because 🙂" in page
    assert "Approving" not in page


@pytest.mark.parametrize("comment", ["Because 🙂", ""])
def test_text_is_said_to_be_saved_only_if_there_was_some(
    desk: Desk, rina: Client, comment: str
) -> None:
    item = desk.ask()
    send(rina, item, comment=comment)
    desk.server.refuse()
    its_time_has_come()
    desk.server.listen()
    inbox = html.unescape(rina.get("/inbox/").content.decode())
    assert "Your answer wasn't sent" in inbox
    assert ("Your text is saved with the question." in inbox) == bool(comment)
    page = page_of(rina, item)
    assert "Nothing is resent automatically." in page
    assert ("Your text is in the form." in page) == bool(comment)


def test_the_person_who_answered_first_is_named(rina: Client) -> None:
    tell(answered(group_ask("int_a", policy={"kind": "any"}), LEE, 1))
    tell(answered(ask("int_b"), RINA, 1))
    first = "Lee answered it first."
    closed = "The question closed before your answer could be sent."
    for id_, says in (("int_a", first), ("int_b", closed)):
        Notice.objects.create(
            reviewer=Reviewer.objects.get(user__username="rina"),
            upstream=Upstream.current(),
            kind=Notice.Kind.NOT_SENT,
            interaction_id=id_,
            reason="closed",
            at=timezone.now(),
        )
        inbox = html.unescape(rina.get("/inbox/").content.decode())
        # Without the toasts, which a page shows where the list isn't seen.
        inbox = re.sub(r"<template.*?</template>", "", inbox, flags=re.DOTALL)
        assert [words for words in (first, closed) if words in inbox] == [says]
    notifications = html.unescape(rina.get("/notifications/").content.decode())
    assert (notifications.count(first), notifications.count(closed)) == (1, 1)


def test_the_message_of_mobius_is_shown(desk: Desk, rina: Client) -> None:
    item = desk.ask(message="Refund Brightwater?")
    send(rina, item)
    refusal = {"error": {"code": "invalid_value", "message": "Refunds are frozen until 6 pm."}}
    desk.server.on("POST", r"/respond$", Reply(422, refusal))
    its_time_has_come()
    said = "Mobius didn't accept it: Refunds are frozen until 6 pm."
    for page in ("/inbox/", "/notifications/", item.get_absolute_url()):
        assert said in html.unescape(rina.get(page).content.decode()), page
    # It may quote the question, so it is not told to those who no longer see that.
    Interaction.objects.filter(pk=item.pk).update(target_id="user_sam")
    item.recipients.all().delete()
    for page in ("/inbox/", "/notifications/"):
        assert "frozen" not in rina.get(page).content.decode(), page


def test_it_is_dismissed_by_opening_the_question(desk: Desk, rina: Client) -> None:
    item = returned(desk, rina)
    assert rina.post(f"/interactions/{item.mobius_id}/read").status_code == 204
    inbox = rina.get("/inbox/").content.decode()
    assert f'id="returned-{item.mobius_id}"' not in inbox
    assert 'id="returned"' in page_of(rina, item)
    send(rina, item, operation_id="op2", guard="confirm", confirmed="1")
    assert not Notice.objects.exists()


def test_several_are_dismissed_together_except_those_that_came_since(rina: Client) -> None:
    def bring_back(number: int) -> Notice:
        tell(ask(f"int_{number}", title=f"Refund {number}?"))
        return Notice.objects.create(
            reviewer=Reviewer.objects.get(user__username="rina"),
            upstream=Upstream.current(),
            kind=Notice.Kind.NOT_SENT,
            interaction_id=f"int_{number}",
            reason="closed",
            at=timezone.now(),
        )

    def inbox() -> str:
        return html.unescape(rina.get("/inbox/").content.decode())

    def offered(page: str) -> str:
        found = re.search(r'name="answers"\s+value="([\d.]+)"', page)
        return found[1] if found else ""

    first = bring_back(1)
    assert offered(inbox()) == ""
    stranger_s = Notice.objects.create(
        reviewer=Reviewer.objects.get(user__username="sam"),
        upstream=Upstream.current(),
        kind=Notice.Kind.NOT_SENT,
        interaction_id="int_1",
        reason="closed",
        at=timezone.now(),
    )
    others = [bring_back(number) for number in range(2, 6)]
    page = inbox()
    assert re.findall(r'id="returned-(int_\d)"', page) == ["int_5"]
    assert "4 earlier answers" in page
    answers = offered(page)
    assert answers.split(".") == [str(notice.pk) for notice in reversed([first, *others])]
    late = bring_back(6)
    form = {"answers": f"{answers}.{stranger_s.pk}", "list": "q=refund"}
    left = rina.post("/notifications/dismiss", form, headers=part("returned-answers"))
    assert re.findall(r'id="returned-(int_\d)"', left.content.decode()) == ["int_6"]
    unread = Notice.objects.filter(read_at__isnull=True)
    assert set(unread) == {late, stranger_s}
    plain = rina.post("/notifications/dismiss", {"answers": str(late.pk), "list": "q=refund"})
    assert (plain.status_code, plain["Location"]) == (303, "/inbox/?q=refund")
    assert 'id="returned-int_6"' not in inbox()


def test_a_waiting_answer_is_shown_to_someone_who_is_asked_first_again(
    desk: Desk, rina: Client
) -> None:
    item = desk.ask(message="Refund Brightwater?")
    send(rina, item)
    choose(rina, "confirm")
    for path in ("/inbox/", "/runs/", "/account/"):
        page = rina.get(path).content.decode()
        assert f'id="held-{item.mobius_id}"' in page, path
        assert "resync from:body" in page, path
    take_back(rina, item)
    assert f'id="held-{item.mobius_id}"' not in rina.get("/runs/").content.decode()


def test_open_pages_renew_their_part(desk: Desk, rina: Client) -> None:
    item = desk.ask()
    told: list[str] = []
    unsubscribe = get_bus().subscribe(told.extend)
    try:
        send(rina, item)
    finally:
        unsubscribe()
    mine = {topics.inbox("user_rina"), topics.held("user_rina"), topics.notices("user_rina")}
    assert set(told) == mine
    for url, beside in (("http://testserver/inbox/", True), ("http://testserver/runs/", False)):
        page = rina.get("/held/", headers=part("held-answers", url)).content.decode()
        assert f'id="held-{item.mobius_id}"' in page
        assert ("hx-post=" in page) is beside
        assert ('id="returned-answers"' in page) is beside
    assert "Undo" not in sign_in("sam").get("/held/").content.decode()


def test_the_sheet_of_keys_knows_the_guard(desk: Desk, rina: Client) -> None:
    sheet = rina.get("/inbox/").content.decode()
    assert "Undo the last answer" in sheet
    assert "Send, and confirm any answer" not in sheet
    choose(rina, "confirm")
    sheet = rina.get("/inbox/").content.decode()
    assert "Undo the last answer" not in sheet
    assert "Undo a snooze" in sheet
    assert "Send, and confirm any answer" in sheet


SIGN_OUT = ["/accounts/logout/", "/account/sessions/logout/"]


@pytest.mark.parametrize("path", SIGN_OUT)
def test_signing_out_while_it_waits_asks_what_becomes_of_it(
    desk: Desk, rina: Client, path: str
) -> None:
    item = desk.ask()
    send(rina, item)
    asked = rina.post(path)
    assert asked.status_code == 422
    assert "Undo and sign out Sign out and send" in text_of(asked.content.decode())
    assert (states(), rina.get("/inbox/").status_code) == (["held"], 200)
    about = {"held": item.mobius_id}
    assert rina.post(path, about).status_code == 303
    assert (states(), rina.get("/inbox/").status_code) == (["held"], 302)
    its_time_has_come()
    assert states() == ["answered"]


@pytest.mark.parametrize("path", SIGN_OUT)
def test_it_can_be_undone_by_signing_out(desk: Desk, rina: Client, path: str) -> None:
    item = desk.ask()
    send(rina, item)
    assert rina.post(path, {"undo": "1", "held": item.mobius_id}).status_code == 303
    assert (states(), rina.get("/inbox/").status_code) == (["undone"], 302)


def test_signing_out_says_so_if_it_was_sent_before_it_could_be_undone(
    desk: Desk, rina: Client
) -> None:
    item = desk.ask()
    send(rina, item)
    its_time_has_come()
    late = rina.post(SIGN_OUT[0], {"undo": "1", "held": item.mobius_id})
    assert late.status_code == 409
    assert "Your answer had already been sent." in html.unescape(late.content.decode())
    assert rina.post(SIGN_OUT[0]).status_code == 303


def test_signing_out_asks_again_about_an_answer_given_since(desk: Desk, rina: Client) -> None:
    first, second = desk.ask(), desk.ask()
    send(rina, first)
    send(rina, second, operation_id="op2")
    assert rina.post(SIGN_OUT[0], {"undo": "1", "held": first.mobius_id}).status_code == 422
    assert states() == ["undone", "held"]


def test_the_receipt_has_both_times(desk: Desk, rina: Client) -> None:
    item = desk.ask()
    send(rina, item)
    Attempt.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    its_time_has_come()
    receipt = rina.get(f"/interactions/{item.mobius_id}/receipt").content.decode()
    assert "Decided" in receipt
    at_once = desk.ask()
    send(rina, at_once, guard="confirm", confirmed="1", operation_id="op2")
    receipt = rina.get(f"/interactions/{at_once.mobius_id}/receipt").content.decode()
    assert "Decided" not in receipt


def test_the_times_of_a_receipt_are_the_installations(desk: Desk, rina: Client) -> None:
    rina.post("/account/language", {"language": "", "time_zone": "Asia/Tokyo"})
    item = desk.ask()
    send(rina, item, guard="confirm", confirmed="1")
    receipt = rina.get(f"/interactions/{item.mobius_id}/receipt").content.decode()
    main = receipt.split("<main")[1]
    assert re.search(r"\d\d:\d\d:\d\d UTC", main)
    assert "Tokyo" not in main
