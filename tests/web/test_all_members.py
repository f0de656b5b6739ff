"""Questions that every member answers: progress, who is missing, and what stays hidden."""

import html
import json
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from inbox.access import viewer_of
from inbox.answering.outcome import Kind, Outcome
from inbox.mobius.adapters import ADAPTERS
from inbox.mobius.adapters.guide import GuideAdapter
from inbox.mobius.types import Answer, Generation, InteractionStatus, RunStatus, Target
from inbox.models import Attempt, Decision, Group, Interaction, Membership, Reviewer, Upstream
from inbox.web.ui.outcome_messages import answer_message
from tests.support.snapshots import APPROVED, LEE, RINA, SAM, at, event, group_ask, reply, run
from tests.web.cast import sign_in, tell

SECRET = reply(SAM, False, comment="Too early for this", at=at(1))
MINE = reply(RINA, True, comment="Fine", at=at(2))


def told(*responses: Answer, **fields: Any) -> Any:
    partial = [
        {"user_id": one.user_id, "value": one.answers[0].value, "comment": one.comment}
        for one in responses
    ]
    raw = {"id": "int_1", "status": "pending", "response": None, "partial_responses": partial}
    return group_ask(minutes=len(responses), run_id="run_1", responses=responses, raw=raw, **fields)


def one_line(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return " ".join(html.unescape(answer.content.decode()).split())


def board(*user_ids: str) -> None:
    group = Group.objects.create(
        upstream=Upstream.current(),
        mobius_id="grp_board",
        handle="change-board",
        name="Change board",
        routing="all",
    )
    Membership.objects.bulk_create(Membership(group=group, user_id=one) for one in user_ids)


@pytest.fixture
def hidden(people: None, settings: Any) -> None:
    settings.GROUP_ANSWERS_HIDDEN_UNTIL_MINE = True
    tell(run("run_1"), told(SECRET), event(7, told(SECRET), run_id="run_1"))


def test_people_who_are_no_group_are_named(people: None) -> None:
    named = {"target": Target(type="group", id=""), "group_id": None, "members": (RINA, SAM)}
    tell(run("run_1", status=RunStatus.SUSPENDED), told(**named))
    page = one_line(sign_in("rina").get("/interactions/int_1/"))
    assert "Asked Sam and you" in page
    assert "who were in the group" not in page
    lead = sign_in("tess")
    assert "Rina and Sam" in one_line(lead.get("/runs/run_1/"))
    assert "Rina and Sam" in one_line(lead.get("/runs/"))


VIEWS = ("/interactions/int_1/", "/interactions/int_1/raw.json", "/runs/run_1/", "/inbox/")


def received(*names: str) -> None:
    for name in names:
        Attempt.objects.create(
            reviewer=Reviewer.objects.get(user__username=name),
            upstream=Upstream.current(),
            interaction_id="int_1",
            operation_id="op1",
            answers=APPROVED,
            credential_kind="member",
            state=Attempt.State.ACCEPTED,
            created_at=timezone.now(),
            accepted_at=timezone.now(),
        )


def test_an_answer_that_mobius_has_received_counts_before_it_is_shown(people: None) -> None:
    tell(run("run_1"), told())
    received("rina")
    rina = one_line(sign_in("rina").get("/interactions/int_1/"))
    assert "1 of 3 answered" in rina
    assert "Others still have to answer." in rina
    assert "Your turn" not in rina
    sam = one_line(sign_in("sam").get("/interactions/int_1/"))
    assert "Your turn" in sam
    assert "Yours will be answer 2 of 3." in sam


def test_the_page_of_the_run_counts_it_too(people: None) -> None:
    tell(run("run_1"), told())
    received("rina")
    rina = one_line(sign_in("rina").get("/runs/run_1/"))
    assert "1 of 3 answered" in rina
    assert "Answer received" in rina
    assert "Your turn" not in rina
    assert ">Answer</a>" not in rina
    sam = one_line(sign_in("sam").get("/runs/run_1/"))
    assert "Answer received" in sam
    assert "Your turn" in sam
    assert ">Answer</a>" in sam
    lead = one_line(sign_in("tess").get("/runs/run_1/"))
    assert "1 of 3 answered" in lead
    assert "Answer received" in lead


def test_after_the_last_answer_no_one_else_has_to_answer(people: None) -> None:
    tell(run("run_1"), told())
    received("rina", "sam", "lee")
    rina = one_line(sign_in("rina").get("/interactions/int_1/"))
    assert "3 of 3 answered" in rina
    assert "Mobius is still processing it." in rina
    assert "Others still have to answer." not in rina


def told_after_the_answer(kind: Kind) -> str:
    viewer = viewer_of(User.objects.get(username="rina"))
    return str(answer_message(Outcome(kind, Interaction.objects.get()), viewer))


def test_the_message_after_the_last_answer_names_no_one_else(people: None) -> None:
    tell(run("run_1"), told())
    received("rina", "sam")
    assert told_after_the_answer(Kind.RECEIVED) == "Answer received. Others still have to answer."
    received("lee")
    expected = "Answer received. Mobius is still processing it."
    assert told_after_the_answer(Kind.RECEIVED) == expected


def test_the_message_after_an_answer_counts_those_that_mobius_has_received(people: None) -> None:
    tell(run("run_1"), told(MINE))
    received("sam")
    expected = "Approved. 2 of 3 have answered, including you. Still waiting for Lee."
    assert told_after_the_answer(Kind.PENDING_OTHERS) == expected


def everything(client: Client) -> str:
    return " ".join(one_line(client.get(path)) for path in VIEWS)


def test_a_member_who_can_still_answer_sees_no_answers(hidden: None) -> None:
    seen = everything(sign_in("rina"))
    assert "Too early" not in seen
    assert "rejected" not in seen
    assert "answer--no" not in seen


def test_it_shows_that_sam_has_answered_and_when(hidden: None) -> None:
    rina = sign_in("rina")
    page = one_line(rina.get("/interactions/int_1/"))
    assert "1 of 3 answered" in page
    assert "You'll see the others' answers once you've answered." in page
    assert "Sam answered" in page
    assert "Sam answered" in one_line(rina.get("/runs/run_1/"))
    raw = json.loads(rina.get("/interactions/int_1/raw.json").content)
    assert raw["partial_responses"] == [{"user_id": SAM, "value": None, "comment": None}]


def test_the_adapter_of_its_upstream_reads_a_stored_question(
    hidden: None, rina: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Other(GuideAdapter):
        def without_answers(self, raw: dict[str, Any], *, but: str | None) -> dict[str, Any]:
            return {"id": raw["id"], "but": but}

    monkeypatch.setitem(ADAPTERS, Generation.B, Other())
    Upstream.objects.update(generation=Generation.B.value)
    raw = json.loads(rina.get("/interactions/int_1/raw.json").content)
    assert raw == {"id": "int_1", "but": RINA}


@pytest.mark.parametrize("name", ["sam", "tess"])
def test_members_who_have_answered_and_leads_who_were_not_asked_see_all_answers(
    hidden: None, name: str
) -> None:
    client = sign_in(name)
    for path in VIEWS[:3]:
        assert "Too early" in one_line(client.get(path)), path


def test_answers_of_others_are_shown_once_the_viewer_has_answered(hidden: None) -> None:
    tell(told(SECRET, MINE))
    rina = sign_in("rina")
    for path in VIEWS[:3]:
        assert "Too early" in one_line(rina.get(path)), path


def test_a_lead_who_is_asked_is_one_of_those_who_are_asked(people: None, settings: Any) -> None:
    settings.GROUP_ANSWERS_HIDDEN_UNTIL_MINE = True
    members = (SAM, "user_tess")
    tell(run("run_1"), told(SECRET, members=members))
    tell(event(7, told(SECRET, members=members), run_id="run_1"))
    assert "Too early" not in everything(sign_in("tess"))


def test_the_decision_log_keeps_it_back_from_a_lead_who_can_still_answer(
    people: None, settings: Any
) -> None:
    settings.GROUP_ANSWERS_HIDDEN_UNTIL_MINE = True
    members = (SAM, "user_tess")
    tell(run("run_1"), told(SECRET, members=members))
    log = ("/decisions/", "/decisions/?q=early", "/decisions/export.csv", "/decisions/export.jsonl")
    tess = sign_in("tess")
    entry = Decision.objects.get(actor=SAM)
    for path in log:
        assert "Too early" not in text_of(tess.get(path)), path
    assert tess.get(f"/decisions/{entry.number}/").status_code == 404
    tell(told(SECRET, MINE.model_copy(update={"user_id": "user_tess"}), members=members))
    for path in log:
        assert "Too early" in text_of(tess.get(path)), path
    assert "Too early" in one_line(tess.get(f"/decisions/{entry.number}/"))


def text_of(answer: Any) -> str:
    if not answer.streaming:
        return str(answer.content.decode())

    async def read() -> bytes:
        return b"".join([part async for part in answer.streaming_content])

    return async_to_sync(read)().decode()


def test_a_closed_question_hides_nothing(hidden: None) -> None:
    over = told(SECRET).model_copy(
        update={"status": InteractionStatus.EXPIRED, "completed_at": at(9), "updated_at": at(9)}
    )
    tell(over)
    assert "Too early" in one_line(sign_in("rina").get("/interactions/int_1/"))


def test_nothing_is_hidden_where_the_setting_is_off(people: None) -> None:
    tell(run("run_1"), told(SECRET))
    assert "Too early" in one_line(sign_in("rina").get("/interactions/int_1/"))


def test_hidden_answers_are_kept(hidden: None) -> None:
    everything(sign_in("rina"))
    assert "Too early" in one_line(sign_in("tess").get("/interactions/int_1/raw.json"))


def test_the_row_shows_how_far_it_is_and_who_is_missing(people: None) -> None:
    tell(run("run_1"), told(SECRET))
    row = (
        one_line(sign_in("rina").get("/inbox/"))
        .split('data-interaction-id="int_1"')[1]
        .split("</a>")[0]
    )
    assert "<b>1 of 3</b>" in row
    assert 'title="Sam has answered"' in row
    assert 'title="Lee hasn\'t answered"' in row


def test_it_says_which_answer_mine_is(people: None) -> None:
    tell(run("run_1"), told(SECRET))
    rina = sign_in("rina")
    assert "Yours will be answer 2 of 3." in one_line(rina.get("/interactions/int_1/"))
    tell(told(SECRET, reply(LEE, True, at=at(2))))
    assert "Yours is the last of 3 answers." in one_line(rina.get("/interactions/int_1/"))


def test_a_lead_sees_which_former_member_keeps_the_question_from_completing(people: None) -> None:
    board(RINA, SAM)
    tell(run("run_1"), told(SECRET))
    for path in VIEWS[:1] + VIEWS[2:3]:
        seen = one_line(sign_in("tess").get(path))
        assert "No longer in the group; the question can't be completed without them" in seen, path
        assert "Blocking" in seen
    page = one_line(sign_in("rina").get("/interactions/int_1/"))
    assert "No longer in the group" in page
    assert "Blocking" not in page
    assert "completed without them" not in page


def test_a_former_member_can_still_answer(people: None) -> None:
    board(SAM, LEE)
    tell(run("run_1"), told(SECRET))
    assert 'action="/interactions/int_1/respond"' in one_line(
        sign_in("rina").get("/interactions/int_1/")
    )


def test_a_member_without_an_account_is_marked(people: None) -> None:
    Reviewer.objects.filter(mobius_id=LEE).update(mobius_id=None)
    tell(run("run_1"), told(SECRET))
    page = one_line(sign_in("tess").get("/interactions/int_1/"))
    assert "user_lee" in page
    assert "No account here; the question can't be completed without them" in page


def test_a_member_whose_account_is_deactivated_is_marked(people: None) -> None:
    User.objects.filter(username="lee").update(is_active=False)
    tell(run("run_1"), told(SECRET))
    for path in ("/interactions/int_1/", "/runs/run_1/"):
        page = one_line(sign_in("tess").get(path))
        assert "The account is deactivated; the question can't be completed without them" in page, (
            path
        )
        assert "Can't be nudged" not in page


def test_a_former_member_who_can_still_answer_can_be_nudged_on_the_run(people: None) -> None:
    board(RINA, SAM)
    tell(run("run_1"), told(SECRET))
    page = one_line(sign_in("tess").get("/runs/run_1/"))
    assert "Blocking" in page
    assert 'action="/interactions/int_1/nudge"' in page.split("Blocking")[1].split("</li>")[0]


def test_a_group_that_was_never_read_says_nothing_about_who_left(people: None) -> None:
    tell(run("run_1"), told(SECRET))
    assert "No longer in the group" not in one_line(sign_in("tess").get("/interactions/int_1/"))
