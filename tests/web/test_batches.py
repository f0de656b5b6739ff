"""Several questions at once: selecting, the preview, undoing, and the results."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from inbox.answering import batches, guard
from inbox.live import topics
from inbox.live.bus import get_bus
from inbox.mobius.types import Question
from inbox.models import Batch, BatchItem, Guard, Interaction, Recipient, Reviewer
from inbox.web.ui.batches import chosen_value
from tests.support.snapshots import RINA, SAM, answered, ask, group_ask, reply, run, step
from tests.web.cast import part, sign_in, soon, tell

pytestmark = pytest.mark.django_db


def told(*messages: str, **fields: Any) -> list[Interaction]:
    ids = [f"int_{place}" for place, _ in enumerate(messages)]
    tell(*(ask(id_, message=text, **fields) for id_, text in zip(ids, messages, strict=True)))
    return [Interaction.objects.get(mobius_id=id_) for id_ in ids]


def select(client: Client, items: list[Interaction], verb: str = "approve", **more: Any) -> str:
    """Return where the button leads."""
    values = [chosen_value(item.mobius_id, item.updated_at) for item in items]
    answer = client.post("/batches/new", {"item": values, "verb": verb, **more})
    assert answer.status_code == 303
    return str(answer["Location"])


def text(answer: HttpResponse | Any) -> str:
    return html.unescape(answer.content.decode())


def ticked(inbox: str, mark: str = "") -> list[str]:
    """The questions whose rows have a checkbox, with ``mark`` the checked ones."""
    return re.findall(rf'class="tick row-tick"[^>]* value="\S+ (\w+)"[^>]*{mark}>', inbox)


def buttons(page: str) -> list[str]:
    part = page[page.index('id="batch"') :]
    found = re.findall(r"<button[^>]*>(.*?)</button>", part[: part.index('class="toasts"')], re.S)
    return [" ".join(re.sub(r"<kbd.*?</kbd>|<[^>]+>", " ", each).split()) for each in found]


def finish(batch: Batch, *outcomes: str) -> None:
    for item, outcome in zip(batch.items.all(), outcomes, strict=True):
        done = outcome == "answered"
        item.state = BatchItem.State.DONE if done else BatchItem.State.FAILED
        item.outcome = outcome
        item.save()
    Batch.objects.filter(pk=batch.pk).update(started_at=timezone.now(), finished_at=timezone.now())


def test_the_preview_lists_the_questions_and_its_button_has_their_number(rina: Client) -> None:
    items = told("Pay Acme?", 'Pay Bolt & "Sons"?')
    path = select(rina, items)
    page = text(rina.get(path))
    assert "Pay Acme?" in page
    assert 'Pay Bolt & "Sons"?' in page
    assert buttons(page) == ["Approve 2 questions"]
    assert Batch.objects.get().previewed
    assert page.count("Unread") == 2
    Recipient.objects.filter(interaction=items[0]).update(seen=items[0].updated_at)
    assert text(rina.get(path)).count("Unread") == 1
    Recipient.objects.filter(interaction=items[1]).update(seen=items[1].created_at)
    Interaction.objects.filter(pk=items[1].pk).update(updated_at=timezone.now())
    page = text(rina.get(path))
    assert ("Unread" in page, page.count(">Changed<")) == (False, 1)


def test_the_next_batch_of_the_same_questions_has_the_comment_of_the_last(rina: Client) -> None:
    items = told("Pay Acme?", "Pay Bolt?")
    rina.post(f"{select(rina, items)}comment", {"comment": "Too expensive"})
    for chosen, verb, comment in (
        (items, "approve", "Too expensive"),
        (items[:1], "approve", ""),
        (items, "reject", ""),
    ):
        page = text(rina.get(select(rina, chosen, verb)))
        assert (">Too expensive</textarea>" in page) is bool(comment), (chosen, verb)


def test_a_page_with_scripts_is_led_to_the_preview_and_to_the_results(rina: Client) -> None:
    (item,) = told("Pay Acme?", context={"require_reason_on_reject": True})
    chosen = {"item": chosen_value(item.mobius_id, item.updated_at), "verb": "reject"}
    answer = rina.post("/batches/new", chosen, headers=part("list-select"))
    path = Batch.objects.get().get_absolute_url()
    assert (answer.status_code, answer["HX-Redirect"]) == (200, path)
    refused = rina.post(f"{path}send", headers=part("batch"))
    assert (refused.status_code, "HX-Redirect" in refused) == (422, False)
    assert "Enter a reason to reject these." in text(refused)
    assert "<html" not in text(refused)
    sent = rina.post(f"{path}send", {"comment": "No"}, headers=part("batch"))
    assert (sent.status_code, sent["HX-Redirect"]) == (200, path)
    nothing = rina.post("/batches/new", {"verb": "approve"}, headers=part("list-select"))
    assert nothing["HX-Redirect"] == "/inbox/"


def test_a_batch_is_its_owners_alone_and_has_only_their_questions(rina: Client) -> None:
    tell(ask("int_sam", target=ask().target.model_copy(update={"id": SAM})))
    sams = Interaction.objects.get(mobius_id="int_sam")
    path = select(rina, [*told("Pay Acme?"), sams])
    assert [item.interaction_id for item in BatchItem.objects.all()] == ["int_0"]
    sam = sign_in("sam")
    assert sam.get(path).status_code == 404
    for action in ("send", "undo", "dismiss"):
        assert sam.post(f"{path}{action}").status_code == 404
    assert Batch.objects.get().previewed


def test_signing_in_again_returns_to_the_preview(rina: Client) -> None:
    path = select(rina, told("Pay Acme?"))
    rina.logout()
    answer = rina.post(f"{path}send")
    assert answer["Location"] == f"/accounts/login/?next={path}"
    assert Batch.objects.get().previewed


@pytest.mark.parametrize("stale", [False, True])
def test_the_comment_is_there_again_after_signing_in_or_with_a_new_token(
    rina: Client, stale: bool
) -> None:
    path = select(rina, told("Pay Acme?"))
    sent = {"comment": "As agreed"}
    if stale:
        careful = Client(enforce_csrf_checks=True)
        careful.cookies = rina.cookies
        refused = careful.post(f"{path}send", sent)
        assert (refused.status_code, f'action="{path}comment"' in text(refused)) == (403, True)
        assert rina.post(f"{path}comment", sent)["Location"] == path
    else:
        rina.logout()
        refused = rina.post(f"{path}send", sent)
        assert refused.status_code == 401
        kept = {"kept-batch": Batch.objects.get().pk, "kept-comment": "As agreed"}
        wrong = rina.post("/accounts/login/", kept | {"username": "rina", "password": "no"})
        assert "As agreed</textarea>" in text(wrong)
        who = {"username": "rina", "password": "demo"}
        assert rina.post("/accounts/login/", kept | who)["Location"] == path
    assert "As agreed</textarea>" in text(refused)
    assert "As agreed</textarea>" in text(rina.get(path))
    assert Batch.objects.get().previewed


@pytest.mark.parametrize("number", ["0", "00", "9" * 19])
def test_a_number_that_no_batch_has_is_not_found_or_ignored(people: None, number: str) -> None:
    sent = {"comment": "As agreed"}
    for client in (Client(), sign_in("rina")):
        for action in ("send", "comment"):
            assert client.post(f"/batches/{number}/{action}", sent).status_code == 404
    kept = {"kept-batch": number, "kept-comment": "As agreed"}
    who = {"username": "rina", "password": "demo"}
    assert Client().post("/accounts/login/", kept | who)["Location"] == "/inbox/"


def test_a_comment_is_not_kept_with_a_batch_of_someone_else(rina: Client) -> None:
    path = select(rina, told("Pay Acme?"))
    kept = {"kept-batch": Batch.objects.get().pk, "kept-comment": "As agreed"}
    sign_in("sam")
    answer = Client().post("/accounts/login/", kept | {"username": "sam", "password": "demo"})
    assert "You can't answer these questions" in text(answer)
    assert sign_in("sam").post(f"{path}comment", {"comment": "Mine"}).status_code == 404
    assert Batch.objects.get().comment == ""


def test_all_that_match_are_the_200_due_soonest_by_the_lists_filters(rina: Client) -> None:
    tell(*(ask(f"int_{n}", expires_at=soon(hours=300 - n)) for n in range(203)))
    tell(ask("int_review", type="review", expires_at=soon(hours=1)))
    query = "type=approval&sort=oldest"
    answer = rina.post("/batches/new", {"all": "yes", "verb": "approve", "list": query})
    batch = Batch.objects.get()
    assert (answer["Location"], batch.more) == (batch.get_absolute_url(), True)
    ids = [item.interaction_id for item in batch.items.all()]
    assert ids == [f"int_{n}" for n in range(202, 2, -1)]
    page = text(rina.get(answer["Location"]))
    assert "Only the 200 due soonest are included." in page
    assert buttons(page) == ["Approve 200 questions"]
    assert f'href="/inbox/?{query}"' in page
    # What arrives later is not in it.
    tell(ask("int_late", expires_at=soon(minutes=5)))
    assert "int_late" not in {item.interaction_id for item in batch.items.all()}


def test_questions_that_differ_are_offered_in_parts(rina: Client) -> None:
    items = told("Pay Acme?", "Pay Bolt?")
    Interaction.objects.filter(pk=items[1].pk).update(workflow="deploy")
    path = select(rina, items)
    page = text(rina.get(path))
    assert "These questions can't be answered together" in page
    assert buttons(page) == ["Approve 1 question", "Approve 1 question"]
    assert "They differ in their workflow: none and deploy." in page
    tell(ask("int_0", 5, message="Pay Acme twice?"))
    part_of_it = re.findall(r'type="hidden" name="item" value="(.*?)"', page)[0]
    changed = rina.post("/batches/new", {"item": part_of_it, "verb": "approve"})
    assert "It has changed since it was listed." in text(rina.get(changed["Location"]))
    Batch.objects.exclude(pk=path.split("/")[-2]).delete()
    rina.post(f"{path}send")
    assert Batch.objects.get().previewed


def test_questions_that_differ_in_what_the_workflow_suggests_are_named_by_it(rina: Client) -> None:
    items = told("Pay Acme?", "Pay Bolt?")
    for item, default in zip(items, (True, False), strict=True):
        questions = [{**item.questions[0], "default": default}]
        Interaction.objects.filter(pk=item.pk).update(questions=questions)
    page = text(rina.get(select(rina, items)))
    assert "They differ in their answer form." in page
    assert "Approval · Suggested by the workflow: Approve" in page
    assert "Approval · Suggested by the workflow: Reject" in page


def test_questions_of_different_steps_are_named_by_them(rina: Client) -> None:
    items = told("Pay Acme?", "Pay Bolt?")
    for item, name in zip(items, ("check", "approve"), strict=True):
        run_id, began = f"run_{item.mobius_id}", item.created_at - timedelta(seconds=1)
        tell(
            run(run_id, workflow="invoices"),
            step(f"step_{name}", run_id=run_id, name=name, started_at=began),
        )
        asked = {"run_id": run_id, "workflow": "invoices", "signal_name": f"interaction:{name}"}
        Interaction.objects.filter(pk=item.pk).update(**asked)
    page = text(rina.get(select(rina, items)))
    assert "They differ in their step: Check and Approve." in page
    assert "invoices · Check · Approval" in page
    assert "their workflow" not in page
    inbox = text(rina.get("/inbox/"))
    assert len(set(re.findall(r'data-alike="(.*?)"', inbox))) == 2


def test_a_reason_that_is_needed_is_asked_for_and_a_long_comment_is_kept(rina: Client) -> None:
    items = told("Pay Acme?", context={"require_reason_on_reject": True})
    path = select(rina, items, "reject")
    preview = rina.get(path)
    assert "required to reject" in text(preview)
    assert "btn--reject" in preview.content.decode()
    answer = rina.post(f"{path}send", {"comment": " "})
    assert answer.status_code == 422
    assert "Enter a reason to reject these." in text(answer)
    long = "x" * (64 * 1024 + 1)
    answer = rina.post(f"{path}send", {"comment": long})
    assert answer.status_code == 422
    assert long in text(answer)
    assert rina.post(f"{path}send", {"comment": "Too expensive"}).status_code == 303
    assert Batch.objects.get().comment == "Too expensive"


def test_a_preview_without_any_question_says_so_instead_of_asking(rina: Client) -> None:
    page = text(rina.get(select(rina, told("Pay Acme?", context={"confirm": "always"}))))
    assert re.search(r"<h1[^>]*>None of these questions can be included</h1>", page)
    assert "Approve 0" not in page


def test_nothing_selected_leads_back_to_the_list(rina: Client) -> None:
    query = "type=approval"
    for fields in ({}, {"item": "nonsense"}, {"item": "2026-03-02 int_1"}):
        answer = rina.post("/batches/new", {"verb": "approve", "list": query, **fields})
        assert (answer.status_code, answer["Location"]) == (303, f"/inbox/?{query}")
    assert rina.post("/batches/new", {"verb": "delete"}).status_code == 404
    assert not Batch.objects.exists()


def test_with_undo_every_page_offers_it_and_it_leads_back_to_the_preview(rina: Client) -> None:
    reviewer = Reviewer.objects.get(user__username="rina")
    guard.choose(reviewer=reviewer, guard=Guard.UNDO, seconds=30)
    path = select(rina, told("Pay Acme?", "Pay Bolt?"))
    rina.post(f"{path}send", {"comment": "Go"})
    for page in ("/inbox/", "/runs/", path):
        shown = text(rina.get(page))
        assert re.search(r"Approving 2 questions in \d+ s", shown), page
        assert f'action="{path}undo"' in shown, page
    assert 'data-key="z"' not in text(sign_in("sam").get("/inbox/"))
    assert rina.post(f"{path}undo")["Location"] == path
    page = text(rina.get(path))
    assert "Undone. Nothing was sent." in page
    assert buttons(page) == ["Approve 2 questions"]
    assert ">Go</textarea>" in page
    rina.post(f"{path}send")
    Batch.objects.update(started_at=timezone.now())
    rina.post(f"{path}undo")
    assert "It's too late to undo this." in text(rina.get(path))


def test_a_preview_leaves_out_what_has_been_answered_since(rina: Client) -> None:
    guard.choose(reviewer=Reviewer.objects.get(user__username="rina"), guard=Guard.UNDO, seconds=30)
    listed = told("Pay Acme?", "Pay Bolt?", "Pay Core?")
    other = select(rina, listed, verb="reject")
    path = select(rina, listed[:2])
    rina.post(f"{path}send")
    assert rina.post(f"{other}send", {"comment": "Not yet"})["Location"] == other
    page = text(rina.get(other))
    assert buttons(page) == ["Reject 1 question"]
    assert page.count("Your answer is already on its way.") == 2
    assert ">Not yet</textarea>" in page
    assert Batch.objects.filter(confirmed_at__isnull=False).count() == 1


def test_a_preview_that_is_read_again_says_what_has_closed(rina: Client) -> None:
    items = told("Pay Acme?", "Pay Bolt?")
    path = select(rina, items)
    assert "It's already closed." not in text(rina.get(path))
    Interaction.objects.filter(pk=items[0].pk).update(status="completed")
    assert text(rina.get(path)).count("It's already closed.") == 1


def test_results_stay_until_dismissed_and_what_failed_stays_selected(rina: Client) -> None:
    path = select(rina, told("Pay Acme?", "Pay Bolt?", "Pay Core?"))
    rina.post(f"{path}send")
    finish(Batch.objects.get(), "answered", "claimed_by_another", "answered")
    for _ in range(2):
        inbox = text(rina.get("/inbox/"))
        assert "2 questions approved" in inbox
        assert "1 failed" in inbox
        ticks = ticked(inbox, " checked")
        assert ticks == ["int_1"]
    # Beside an open question, keys are meant for that one.
    beside = text(rina.get("/interactions/int_1/"))
    assert ticked(beside, " checked") == []
    page = text(rina.get(path))
    assert "Someone else claimed the question first." in page
    links = re.findall(r'batch-row--failed">.*?href="(.*?)"', page, re.DOTALL)
    assert links == ["/interactions/int_1/"]
    assert buttons(page) == ["Retry selected questions", "Dismiss"]
    # It may have been claimed and released since the page was read.
    tell(ask("int_1", message="Pay Bolt?", updated_at=timezone.now()))
    again = rina.post(
        "/batches/new",
        {"item": re.findall(r'name="item"\s+value="(.*?)"', page), "verb": "approve"},
    )
    assert buttons(text(rina.get(again["Location"]))) == ["Approve 1 question"]
    others = rina.post(f"{path}dismiss", headers=part("batches"))
    assert (others.status_code, "1 failed" in text(others)) == (200, False)
    assert 'id="batches"' in text(others)
    assert rina.post(f"{path}dismiss")["Location"] == "/inbox/"
    inbox = text(rina.get("/inbox/"))
    assert "1 failed" not in inbox
    assert ticked(inbox, " checked") == []
    assert "int_1" in ticked(inbox)


def test_a_result_without_failures_is_on_one_page_only(rina: Client) -> None:
    first, second = told("Pay Acme?", "Pay Bolt?")
    results(rina, [first], "answered")
    for _ in range(2):  # The page that shows it goes on showing it.
        assert "1 question approved" in text(rina.get("/inbox/", headers=part("inbox-list")))
    assert "1 question approved" not in text(rina.get("/inbox/"))
    # Its own page counts too.
    batch = results(rina, [second], "answered")
    assert "1 question approved" in text(rina.get(batch.get_absolute_url()))
    assert "1 question approved" not in text(rina.get("/inbox/"))


def test_what_is_left_out_stays_open_while_the_results_come_in(rina: Client) -> None:
    items = told("Pay Acme?", "Pay Bolt?")
    Interaction.objects.filter(pk=items[0].pk).update(status="completed")
    path = select(rina, items)
    assert 'id="left-out-1"' not in text(rina.get(path))
    rina.post(f"{path}send")
    page = " ".join(text(rina.get(path)).split())
    assert re.search(r'<details class="card batch-left-out" id="left-out-1" hx-morph-skip', page)


def results(client: Client, items: list[Interaction], *outcomes: str) -> Batch:
    path = select(client, items)
    client.post(f"{path}send")
    batch = Batch.objects.latest("pk")
    finish(batch, *outcomes)
    return batch


def dismissed_together(page: str) -> str:
    """The numbers that *Dismiss all* sends; empty if it isn't offered."""
    found = re.search(r'name="results"\s+value="([\d.]+)"', page)
    return found[1] if found else ""


def test_several_results_are_dismissed_together_except_those_that_came_since(
    rina: Client, django_capture_on_commit_callbacks: Any
) -> None:
    items = told("Pay Acme?", "Pay Bolt?", "Pay Core?", "Pay Dune?")
    first = results(rina, items[:1], "claimed_by_another")
    inbox = text(rina.get("/inbox/"))
    assert ("1 failed" in inbox, dismissed_together(inbox)) == (True, "")
    second = results(rina, items[1:2], "claimed_by_another")
    inbox = text(rina.get("/inbox/"))
    together = dismissed_together(inbox)
    assert together == f"{second.pk}.{first.pk}"
    assert 'action="/batches/dismiss"' in inbox
    third = results(rina, items[2:3], "answered")
    path = select(rina, items[3:])
    rina.post(f"{path}send")
    numbers = f"{together}.{Batch.objects.latest('pk').pk}"
    heard: list[Any] = []
    leave = get_bus().subscribe(heard.append)
    answer = rina.post("/batches/dismiss", {"results": numbers}, headers=part("batches"))
    leave()
    assert [changed.get(topics.inbox(RINA)) for changed in heard] == [{"int_0", "int_1"}]
    left = text(answer)
    assert re.findall(r'id="batch-(\d+)"', left) == [path.split("/")[2], str(third.pk)]
    assert dismissed_together(left) == ""


def test_without_a_script_dismissing_all_leads_back_to_the_list(rina: Client) -> None:
    items = told("Pay Acme?", "Pay Bolt?")
    for item in items:
        results(rina, [item], "answered")
    inbox = text(rina.get("/inbox/?type=approval"))
    form = {"results": dismissed_together(inbox), "list": "type=approval"}
    sams = sign_in("sam").post("/batches/dismiss", form)
    assert (sams.status_code, Batch.objects.filter(dismissed_at=None).count()) == (303, 2)
    for sent in ({}, {"results": "x.-1.99999999999999999999"}, form):
        answer = rina.post("/batches/dismiss", {"list": "type=approval", **sent})
        assert (answer.status_code, answer["Location"]) == (303, "/inbox/?type=approval")
    assert not Batch.objects.filter(dismissed_at=None).exists()


def test_an_unfinished_batch_is_not_dismissed(rina: Client) -> None:
    path = select(rina, told("Pay Acme?"))
    rina.post(f"{path}send")
    rina.post(f"{path}dismiss")
    page = text(rina.get("/held/", headers=part("held-answers")))
    assert "Approving 1 question" in page
    assert 'id="batches"' in page
    assert 'id="batches"' not in text(
        rina.get("/held/", headers=part("held-answers", "http://testserver/runs/"))
    )


def test_without_access_a_row_shows_neither_title_nor_message(rina: Client) -> None:
    (item,) = told("Pay Acme?")
    path = select(rina, [item])
    rina.post(f"{path}send")
    finish(Batch.objects.get(), "not_accepted")
    BatchItem.objects.update(message="Acme is frozen.")
    assert "Acme is frozen." in text(rina.get(path))
    Recipient.objects.filter(interaction=item).delete()
    Interaction.objects.filter(pk=item.pk).update(target_id=SAM)
    page = text(rina.get(path))
    assert "Acme" not in page
    assert "This question is no longer available to you" in page


def test_rows_can_be_selected_where_they_can_be_approved_or_rejected(rina: Client) -> None:
    told("Pay Acme?", "Pay Bolt?")
    tell(ask("int_1", 1, claimed_by=SAM, message="Pay Bolt?"))
    Interaction.objects.filter(mobius_id="int_0").update(expires_at=soon(seconds=-1))
    tell(ask("int_2"))
    tell(ask("int_3", type="input", questions=(Question(mode="input"),)))
    inbox = text(rina.get("/inbox/"))
    assert ticked(inbox) == ["int_2"]
    assert 'id="list-select"' in inbox
    done = text(rina.get("/inbox/?scope=done"))
    assert 'id="list-select"' not in done


def test_previews_that_nobody_confirmed_and_old_results_are_deleted(rina: Client) -> None:
    path = select(rina, told("Pay Acme?"))
    batches.tidy()
    assert rina.get(path).status_code == 200
    Batch.objects.update(created_at=timezone.now() - timedelta(days=2))
    batches.tidy()
    assert rina.get(path).status_code == 404


def test_questions_of_a_batch_say_so_in_the_list_and_are_not_offered_again(rina: Client) -> None:
    items = told("Pay Acme?", "Pay Bolt?", "Pay Core?", "Pay Dune?")
    path = select(rina, items[1:3])
    assert "Approving in" not in text(rina.get("/inbox/"))
    guard.choose(reviewer=Reviewer.objects.get(user__username="rina"), guard=Guard.UNDO, seconds=30)
    rina.post(f"{path}send")
    inbox = text(rina.get("/inbox/"))
    assert len(re.findall(r'class="meta"\s+data-left="\d{4,5}"[^>]*>Approving in', inbox)) == 2
    assert ticked(inbox) == ["int_0", "int_3"]
    question = text(rina.get("/interactions/int_1/"))
    assert f'href="{path}">Show all questions' in question
    assert 'action="/interactions/int_1/respond"' not in question
    # Neither after an answer nor in focus mode.
    fields = {"value": "true", "operation_id": "op1"}
    assert rina.post("/interactions/int_0/respond", fields)["Location"] == "/interactions/int_3/"
    order = rina.get("/inbox/focus/")["Location"]
    assert "int_3" in order
    assert "1 of 1" in text(rina.get(order))
    Batch.objects.update(started_at=timezone.now())
    changed = "&".join(f"changed={item.mobius_id}&shown={item.mobius_id}" for item in items)
    assert text(rina.get(f"/inbox/changes/?{changed}", headers=part(""))).count(">Sending…<") == 2
    batch = Batch.objects.get()
    batch.items.filter(interaction_id="int_2").update(state="failed", outcome="claimed_by_another")
    got = text(rina.get(f"/inbox/changes/?{changed}", headers=part("")))
    assert (got.count(">Sending…<"), got.count(">Failed<")) == (1, 1)
    finish(batch, "answered", "claimed_by_another")
    inbox = text(rina.get("/inbox/"))
    assert ">Sending…<" not in inbox
    assert inbox.count(">Failed<") == 1
    assert ticked(inbox, " checked") == ["int_2"]
    assert rina.get("/inbox/focus/")["Location"] != order


@pytest.mark.parametrize("alone", [True, False])
def test_rows_that_a_batch_has_answered_stay_until_the_person_moves_on(
    rina: Client, alone: bool
) -> None:
    asked = ask if alone else group_ask
    tell(asked("int_0"), asked("int_1"))
    items = list(Interaction.objects.order_by("mobius_id"))
    rows = Recipient.objects.filter(user_id=RINA).order_by("interaction__mobius_id")
    shown = ".".join(str(row.pk) for row in rows)
    rina.post(f"{select(rina, items)}send")
    Batch.objects.get().items.filter(interaction_id="int_0").update(state="done")
    answer = reply(RINA, True, at=soon())
    tell(answered(ask("int_0"), RINA, 1) if alone else group_ask("int_0", 1, responses=(answer,)))
    got = text(rina.get("/inbox/changes/?changed=int_0&shown=int_0", headers=part("")))
    assert re.search(r'id="entry-int_0" hx-swap-oob="outerMorph"\s+data-over', got)
    assert "Approved" in got
    for more, there in (("", True), ("&moved_on=yes", False)):
        page = rina.get(f"/inbox/?shown={shown}{more}", headers=part("inbox-list"))
        assert ('id="entry-int_0"' in text(page)) is there
    assert 'id="entry-int_0"' not in text(rina.get("/inbox/"))


def test_the_list_follows_a_batch_on_every_page_of_its_owner(
    rina: Client, django_capture_on_commit_callbacks: Any
) -> None:
    path = select(rina, told("Pay Acme?", "Pay Bolt?"))
    heard: list[Any] = []
    leave = get_bus().subscribe(heard.append)
    with django_capture_on_commit_callbacks(execute=True):
        rina.post(f"{path}send")
    batches.undo(Batch.objects.get())
    leave()
    assert [changed.get(topics.inbox(RINA)) for changed in heard] == [{"int_0", "int_1"}] * 2
