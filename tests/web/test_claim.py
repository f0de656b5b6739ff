"""Claim and release, from the page of a question, from the list, with a script and without."""

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from inbox.models import Attempt, Credential, Draft, Interaction
from tests.support.desk import Desk
from tests.support.scripted_server import Reply
from tests.web.cast import part, sign_in, soon, stranger


def path(item: Interaction, verb: str = "claim") -> str:
    return f"/interactions/{item.mobius_id}/{verb}"


def one_line(answer: Any) -> str:
    return " ".join(html.unescape(answer.content.decode()).split())


def page_of(client: Client, item: Interaction) -> str:
    answer = client.get(f"/interactions/{item.mobius_id}/")
    assert answer.status_code == 200
    return one_line(answer)


def elsewhere(desk: Desk, user_id: str, item: Interaction, verb: str = "claim") -> None:
    answer = desk.project.as_(user_id).post(f"interactions/{item.mobius_id}/{verb}")
    assert answer.is_success, answer.text


@pytest.fixture
def item(desk: Desk) -> Interaction:
    return desk.ask_group()


def claimed_by(item: Interaction) -> str | None:
    item.refresh_from_db()
    return item.claimed_by


def test_a_free_question_can_be_answered_without_claiming_and_says_so(item: Interaction) -> None:
    page = page_of(sign_in("rina"), item)
    assert "No one has claimed this yet" in page
    assert "You can answer without claiming it." in page
    assert f'formaction="{path(item)}"' in page
    assert f'action="/interactions/{item.mobius_id}/respond"' in page
    assert f'formaction="{path(item, "release")}"' not in page


def test_a_claim_leads_back_to_the_question(item: Interaction) -> None:
    rina = sign_in("rina")
    answer = rina.post(path(item), {"list": "type=approval"})
    assert answer.status_code == 303
    assert answer["Location"] == f"/interactions/{item.mobius_id}/?type=approval"
    page = one_line(rina.get(answer["Location"]))
    assert "Claimed by you since" in page
    assert f'formaction="{path(item, "release")}"' in page
    assert f'formaction="{path(item)}"' not in page
    assert claimed_by(item) == "user_rina"


def test_a_script_gets_the_question_as_it_is_now(item: Interaction) -> None:
    answer = sign_in("rina").post(path(item), headers=part("detail"))
    assert answer.status_code == 200
    page = one_line(answer)
    assert page.startswith('<article id="detail"')
    assert "Claimed by you since" in page


def test_others_can_view_it_but_are_offered_nothing(item: Interaction) -> None:
    sign_in("rina").post(path(item))
    page = page_of(sign_in("lee"), item)
    assert "Rina claimed this <time" in page
    assert "You can answer if Rina releases it." in page
    for verb in ("claim", "release", "respond"):
        assert path(item, verb) not in page


def test_a_lead_who_was_not_asked_sees_the_claimant_and_can_do_nothing(item: Interaction) -> None:
    sign_in("rina").post(path(item))
    page = page_of(sign_in("tess"), item)
    assert "Rina claimed this <time" in page
    for verb in ("claim", "release", "respond"):
        assert path(item, verb) not in page
    assert sign_in("tess").post(path(item)).status_code == 404


def test_a_claim_is_released(item: Interaction) -> None:
    rina = sign_in("rina")
    rina.post(path(item))
    assert rina.post(path(item, "release")).status_code == 303
    assert claimed_by(item) is None
    assert "No one has claimed this yet" in page_of(sign_in("lee"), item)


def test_losing_the_race_is_a_409_that_says_who_claimed_it_and_keeps_the_text(
    desk: Desk, item: Interaction
) -> None:
    elsewhere(desk, "user_lee", item)
    desk.ask(message="And this?")
    rina = sign_in("rina")
    answer = rina.post(path(item), {"comment": "I was about to say"}, headers=part("detail"))
    assert answer.status_code == 409
    page = one_line(answer)
    assert "<h2>Lee claimed this " in page
    assert "I was about to say" in page
    assert 'data-key="n">Next open question' in page
    assert Draft.objects.get().comment == "I was about to say"
    assert page.count("Lee claimed this ") == 1


def next_of(page: str) -> str:
    (link,) = re.findall(r'<a [^>]*href="([^"]*)" data-key="n"', page)
    return link


def test_the_next_open_question_is_not_claimed_by_someone_else(
    desk: Desk, item: Interaction
) -> None:
    claimed, free = (desk.ask_group(message=text) for text in ("Sam has it", "Nobody has it"))
    elsewhere(desk, "user_sam", claimed)
    desk.read(claimed.mobius_id)
    rina = sign_in("rina")
    for one, follows in ((item, free), (free, item)):
        elsewhere(desk, "user_lee", one)
        page = one_line(rina.post(path(one), headers=part("detail")))
        assert next_of(page) == f"/interactions/{follows.mobius_id}/"
        elsewhere(desk, "user_lee", one, "release")
        desk.read(one.mobius_id)
    answered = rina.post(path(item, "respond"), {"value": "true"})
    assert answered["Location"] == f"/interactions/{free.mobius_id}/"


def test_without_a_script_a_lost_race_is_a_whole_page(desk: Desk, item: Interaction) -> None:
    elsewhere(desk, "user_lee", item)
    answer = sign_in("rina").post(path(item))
    assert answer.status_code == 409
    assert "<h2>Lee claimed this " in one_line(answer)
    assert "</html>" in answer.content.decode()


def test_typed_text_is_in_the_form_after_a_claim(desk: Desk) -> None:
    item = desk.ask_group(type="input", spec={"mode": "input"})
    sent = {"value": "Half a sentence", "comment": "Why"}
    page = one_line(sign_in("rina").post(path(item), sent, headers=part("detail")))
    assert 'value="Half a sentence"' in page
    assert ">Why</textarea>" in page


def test_what_the_workflow_has_filled_in_is_no_draft_after_a_claim(desk: Desk) -> None:
    item = desk.ask_group(type="input", spec={"mode": "input", "default_text": "Text of mine"})
    sent = {"value": "Text of mine", "comment": ""}
    page = one_line(sign_in("rina").post(path(item), sent, headers=part("detail")))
    assert 'value="Text of mine"' in page
    assert "Filled in by the workflow" in page
    assert not Draft.objects.exists()


def test_the_list_comes_back_after_a_press_in_it(desk: Desk, item: Interaction) -> None:
    rina = sign_in("rina")
    shown = one_line(rina.get("/inbox/"))
    assert 'data-acts="h c"' in shown
    sent = {"back": "inbox", "list": "type=approval"}
    answer = rina.post(path(item), sent, headers=part("inbox-list"))
    assert answer.status_code == 200
    listed = one_line(answer)
    assert '<section id="inbox-list"' in listed
    assert 'data-acts="h e"' in listed
    assert "Claimed by you since" in listed
    assert 'id="count-claimed" hx-swap-oob="true">1' in listed
    plain = rina.post(path(item, "release"), sent)
    assert (plain.status_code, plain["Location"]) == (303, "/inbox/?type=approval")


def test_a_late_click_in_the_list_is_explained_above_it(desk: Desk, item: Interaction) -> None:
    elsewhere(desk, "user_lee", item)
    answer = sign_in("rina").post(path(item), {"back": "inbox"}, headers=part("inbox-list"))
    assert answer.status_code == 409
    listed = one_line(answer)
    assert 'id="list-outcome"' in listed
    assert "<h2>Lee claimed this " in listed
    assert 'data-acts="h"' in listed
    assert re.search(r'"Claimed by Lee since \d\d:\d\d"', listed)


def test_only_the_person_who_claimed_it_can_release_it(desk: Desk, item: Interaction) -> None:
    elsewhere(desk, "user_lee", item)
    answer = sign_in("rina").post(path(item, "release"))
    assert answer.status_code == 409
    assert "Lee claimed this" in one_line(answer)


def test_claiming_a_closed_question_says_how_it_ended(desk: Desk, item: Interaction) -> None:
    desk.elsewhere("user_lee", item.mobius_id, True)
    answer = sign_in("rina").post(path(item))
    assert answer.status_code == 409
    assert "Lee answered this just now: Approved" in one_line(answer)


@pytest.mark.parametrize("verb", ["claim", "release"])
def test_a_question_to_others_is_a_404(item: Interaction, verb: str) -> None:
    assert stranger().post(path(item, verb)).status_code == 404
    assert sign_in("rina").post(f"/interactions/int_none/{verb}").status_code == 404


@pytest.mark.parametrize("verb", ["claim", "release"])
def test_it_takes_a_post_and_nothing_else(item: Interaction, verb: str) -> None:
    answer = sign_in("rina").get(path(item, verb))
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "This address only accepts form submissions" in one_line(answer)


def test_signed_out_what_was_typed_is_kept(item: Interaction) -> None:
    answer = Client().post(path(item), {"value": "", "comment": "Long words"})
    assert answer.status_code == 401
    assert "Long words" in answer.content.decode()


def test_mobius_away_is_a_503_that_changes_nothing(desk: Desk, item: Interaction) -> None:
    desk.server.on("POST", r"/claim$", Reply(503))
    answer = sign_in("rina").post(path(item))
    assert answer.status_code == 503
    assert "The question is still unclaimed" in one_line(answer)


def test_a_question_claimed_too_long_is_marked_for_the_group_and_for_leads(
    desk: Desk, item: Interaction
) -> None:
    elsewhere(desk, "user_lee", item)
    desk.read(item.mobius_id)
    assert "data-turns=" in page_of(sign_in("rina"), item)
    Interaction.objects.update(claimed_at=soon(minutes=-72))
    page = page_of(sign_in("rina"), item)
    assert 'notice--warn" id="claimed-by-another"' in " ".join(page.split())
    assert "It was claimed 1 h 12 min ago. Only Lee can release it." in page
    assert 'aria-label="Claimed too long"' in one_line(sign_in("rina").get("/inbox/"))
    assert "Only Lee can release it." in page_of(sign_in("tess"), item)
    assert "your group can see that" in page_of(sign_in("lee"), item)


def test_when_a_claim_grows_stale_is_a_setting(desk: Desk, item: Interaction) -> None:
    elsewhere(desk, "user_lee", item)
    desk.read(item.mobius_id)
    Interaction.objects.update(claimed_at=soon(minutes=-72))
    desk.settings.CLAIM_STALE_AFTER = soon(minutes=90) - soon()
    page = " ".join(page_of(sign_in("rina"), item).split())
    assert 'class="notice" id="claimed-by-another"' in page


def test_a_run_shows_its_lead_who_has_claimed_the_question(desk: Desk) -> None:
    started = desk.project.start(desk.project.question(target={"type": "group", "id": "approvers"}))
    pending = desk.project.pending(started["id"])
    desk.tell_run(started["id"])
    item = desk.read(pending["id"])
    elsewhere(desk, "user_lee", item)
    desk.read(item.mobius_id)
    page = one_line(sign_in("tess").get(f"/runs/{started['id']}/"))
    assert "Claimed by Lee since" in page


def test_without_a_token_the_page_says_so_before_the_person_types(item: Interaction) -> None:
    Credential.objects.filter(reviewer__user__username="rina").delete()
    rina = sign_in("rina")
    page = page_of(rina, item)
    assert "You need a member token to answer this" in page
    assert 'id="no-token"' in page
    assert 'href="/account/"' in page.split('id="no-token"')[1].split("</div> </div>")[0]
    for verb in ("claim", "respond"):
        assert path(item, verb) not in page
    assert path(item) not in one_line(rina.get("/inbox/"))


SENT_BY_KEY = (
    "Your answer is sent with the service key. Mobius may not show your name, but the decision log "
    "here does."
)


def test_the_page_says_so_before_the_service_key_answers(desk: Desk) -> None:
    mine, groups = desk.ask(), desk.ask_group()
    desk.settings.SERVICE_KEY_ANSWERS = "on"
    rina = sign_in("rina")
    assert SENT_BY_KEY not in page_of(rina, mine)
    Credential.objects.filter(reviewer__user__username="rina").delete()
    for item in (mine, groups):
        page = page_of(rina, item)
        assert path(item, "respond") in page
        assert SENT_BY_KEY in page
        assert path(item) not in page


def test_a_question_that_all_must_answer_asks_for_a_member_token(desk: Desk) -> None:
    Credential.objects.filter(reviewer__user__username="rina").delete()
    desk.settings.SERVICE_KEY_ANSWERS = "on"
    item = desk.ask_group(require_all=True)
    page = page_of(sign_in("rina"), item)
    assert "needs their own member token" in page
    assert path(item, "respond") not in page


def test_a_colleague_sees_who_is_answering(desk: Desk, item: Interaction) -> None:
    rina = desk.person("rina")
    sending = {"reviewer": rina, "upstream": item.upstream, "interaction_id": item.mobius_id}
    attempt = Attempt.objects.create(
        **sending, operation_id="op1", credential_kind="service", created_at=soon(minutes=0)
    )
    page = page_of(sign_in("sam"), item)
    assert "Rina is answering this" in page
    assert path(item, "respond") not in page
    attempt.state, attempt.accepted_at = Attempt.State.ACCEPTED, soon(minutes=0)
    attempt.save()
    assert "Mobius is still processing the answer." in page_of(sign_in("sam"), item)
    assert "Mobius is still processing it." in page_of(sign_in("rina"), item)
    attempt.state = Attempt.State.UNCONFIRMED
    attempt.save()
    page = page_of(sign_in("rina"), item)
    assert "Mobius accepted your answer at" in page
    assert path(item, "respond") in page


def test_a_refused_token_is_reported_and_can_be_tried_again(item: Interaction) -> None:
    Credential.objects.filter(reviewer__user__username="rina").update(refused_at=soon(minutes=-5))
    page = page_of(sign_in("rina"), item)
    assert "Mobius refused your token last time" in page
    assert path(item, "respond") in page


def test_a_question_for_everyone_offers_no_claim(desk: Desk) -> None:
    item = desk.ask_group("change-board")
    rina = sign_in("rina")
    assert path(item) not in page_of(rina, item)
    assert path(item) not in one_line(rina.get("/inbox/"))
    answer = rina.post(path(item))
    assert answer.status_code == 409
    assert "Everyone who was asked has to answer it." in one_line(answer)


def test_the_inbox_of_someone_without_a_mobius_id_has_no_buttons(
    item: Interaction,
) -> None:
    User.objects.create_user("newcomer")
    assert path(item) not in one_line(sign_in("newcomer").get("/inbox/"))


def test_a_snooze_keeps_the_claim_unless_it_releases_it(item: Interaction) -> None:
    rina = sign_in("rina")
    rina.post(path(item))
    assert 'name="release"' in one_line(rina.get(path(item, "snooze")))
    until = soon(minutes=5).isoformat()
    assert rina.post(path(item, "snooze"), {"preset": until}).status_code == 303
    assert claimed_by(item) == "user_rina"
    form = {"preset": until, "release": "yes"}
    assert rina.post(path(item, "snooze"), form).status_code == 303
    assert claimed_by(item) is None
    assert 'name="release"' not in one_line(rina.get(path(item, "snooze")))


def test_a_snooze_stays_where_the_release_fails_and_says_so(desk: Desk, item: Interaction) -> None:
    rina = sign_in("rina")
    rina.post(path(item))
    desk.server.on("POST", r"/release$", Reply(403))
    form = {"preset": soon(minutes=5).isoformat(), "release": "yes"}
    assert rina.post(path(item, "snooze"), form)["Location"] == "/inbox/"
    page = one_line(rina.get("/inbox/"))
    assert "Snoozed until" in page
    assert "toast--warning" in page
