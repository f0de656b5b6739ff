import html
import json
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from inbox.mobius.types import (
    InteractionStatus,
    Option,
    Policy,
    PolicyKind,
    Question,
    RunStatus,
    StepStatus,
    Target,
)
from inbox.models import Attempt, Draft, Event, Reviewer, Upstream
from inbox.upstream.group_mapping import map_group
from inbox.web.questions.endings import CLAIMED
from tests.support.snapshots import APPROVED, NOON, answered, ask, at, group_ask, reply, run, step
from tests.support.tags import Tags, text_of
from tests.web.cast import part, sign_in, soon, tell

VENDORS = Question(
    mode="select",
    options=(
        Option(value="a", label="Clearline", description="Best recall"),
        Option(value="b", label="Northgate <b>"),
    ),
    default="b",
)


def page_of(client: Client, id: str = "int_1", **how: Any) -> str:
    answer = client.get(f"/interactions/{id}/", **how)
    assert answer.status_code == 200, answer.status_code
    return " ".join(answer.content.decode().split())


def test_it_shows_message_context_form_effect_and_history(rina: Client) -> None:
    tell(
        run(
            "run_1", workflow="payments-release", started_by="user_sam", status=RunStatus.SUSPENDED
        ),
        ask(
            message="Release **4.12.0**?\n\nCanary at *5 %*, see https://example.com/canary",
            run_id="run_1",
            signal_name="interaction:int_1",
            context={"version": {"from": "4.11.3", "to": "4.12.0"}, "migration": "6 m"},
            expires_at=soon(hours=2),
        ),
    )
    page = page_of(rina)
    assert '<h1 class="t-question" id="question">Release 4.12.0?</h1>' in page
    assert "<em>5 %</em>" in page
    assert 'rel="noopener noreferrer nofollow"' in page
    assert '<span class="was">4.11.3</span>' in page
    assert "Your answer resumes the run.</strong>" in page
    assert 'href="/runs/run_1/"' in page
    assert 'data-run-status="suspended"' in page
    assert "Sam started the run" in page
    assert "Asked you" in page
    assert "Expires, and the run fails" in page
    assert 'data-interaction-id="int_1"' in page
    assert 'data-run-id="run_1"' in page


def test_confirm_is_two_buttons_that_send(rina: Client) -> None:
    tell(ask())
    page = page_of(rina)
    assert 'action="/interactions/int_1/respond"' in page
    assert re.search(r'name="value" value="true" [^>]*data-key="a"', page)
    assert re.search(r'name="value" value="false" [^>]*data-key="r"', page)
    assert 'name="comment"' in page
    assert 'data-draft-url="/interactions/int_1/draft"' in page


@pytest.mark.parametrize(
    ("default", "words"),
    [
        (True, "Suggested by the workflow: Approve"),
        (False, "Suggested by the workflow: Reject"),
        (None, ""),
    ],
)
def test_confirm_says_which_answer_is_suggested(
    rina: Client, default: bool | None, words: str
) -> None:
    tell(ask(questions=(Question(mode="confirm", default=default),)))
    page = page_of(rina)
    assert words in page
    assert page.count("Suggested by the workflow") == (1 if words else 0)
    assert 'value="true"' in page.split("btn--l btn--primary")[1].split(">")[0]


def test_select_is_radio_cards_with_descriptions_and_the_default_chosen(rina: Client) -> None:
    tell(ask(type="review", questions=(VENDORS,)))
    page = page_of(rina)
    assert '<input type="radio" name="value" value="b" checked>' in page
    assert "<small>Best recall</small>" in page
    assert "Northgate &lt;b&gt;" in page
    assert 'data-filters="answer-value-options"' not in page


def test_a_long_select_can_be_searched(rina: Client) -> None:
    options = tuple(Option(value=str(n), label=f"Town {n}") for n in range(13))
    tell(ask(questions=(Question(mode="select", options=options),)))
    page = page_of(rina)
    assert "Filled in by the workflow" not in page
    assert 'data-filters="answer-value-options"' in page
    assert page.count('type="radio" name="value"') == 13


def test_multi_select_is_checkboxes_with_a_count(rina: Client) -> None:
    question = Question(mode="multi_select", options=VENDORS.options, default=["a"])
    tell(ask(questions=(question,)))
    page = page_of(rina)
    assert '<input type="checkbox" name="value" value="a" checked>' in page
    assert "1 of 2 selected" in page
    assert "Filled in by the workflow" in page


@pytest.mark.parametrize(("multiline", "tag"), [(False, "<input"), (True, "<textarea")])
def test_input_is_one_line_or_several(rina: Client, multiline: bool, tag: str) -> None:
    question = Question(
        mode="input", default="First & last", placeholder="A name", multiline=multiline
    )
    tell(ask(type="input", questions=(question,)))
    page = page_of(rina)
    field = next(piece for piece in page.split(tag)[1:] if 'id="answer-value"' in piece)
    assert "First &amp; last" in field
    assert 'placeholder="A name"' in field


def test_an_unknown_mode_is_read_only_with_the_raw_json_a_click_away(rina: Client) -> None:
    tell(ask(message="Draw it", type="sketch", questions=(Question(mode="canvas"),)))
    page = page_of(rina)
    assert "Draw it" in page
    assert "canvas" in page
    assert 'action="/interactions/int_1/respond"' not in page
    assert 'href="/interactions/int_1/raw.json"' in page


@pytest.mark.parametrize(
    ("ids", "mode"), [(("place", "day"), "signature"), (("place", "place"), "input")]
)
def test_a_form_that_cannot_be_answered_here_is_read_only(
    rina: Client, settings: Any, ids: tuple[str, str], mode: str
) -> None:
    settings.MOBIUS_INTERACTION_URL = "https://mobius.example/{id}"
    place = Question(id=ids[0], prompt="Which place?", description="For us", mode="input")
    day = Question(id=ids[1], prompt="Which day?", mode=mode, options=VENDORS.options)
    tell(ask(type="input", questions=(place, day)))
    page = html.unescape(page_of(rina))
    assert "an answer that isn't supported here yet" in page
    assert 'action="/interactions/int_1/respond"' not in page
    for text in (
        "Which place?",
        "For us",
        "Which day?",
        "Clearline",
        "https://mobius.example/int_1",
    ):
        assert text in page


def test_an_unknown_status_is_shown_and_not_answered(rina: Client) -> None:
    tell(ask(status=InteractionStatus.OTHER, status_word="paused"))
    page = page_of(rina)
    assert "Paused" in page
    assert 'action="/interactions/int_1/respond"' not in page


def test_the_raw_json_is_what_upstream_sent(rina: Client, mallory: Client) -> None:
    tell(ask(raw={"id": "int_1", "status": "pending", "new_field": "<x>"}))
    answer = rina.get("/interactions/int_1/raw.json")
    assert answer["Content-Type"] == "application/json"
    assert json.loads(answer.content)["new_field"] == "<x>"
    assert mallory.get("/interactions/int_1/raw.json").status_code == 404


def test_only_my_own_draft_is_in_the_form(rina: Client, sam: Client) -> None:
    tell(group_ask(policy=Policy(kind=PolicyKind.ANY)))
    Draft.objects.create(
        reviewer=Reviewer.objects.get(mobius_id="user_rina"),
        upstream=Upstream.current(),
        interaction_id="int_1",
        values={},
        comment="Half a thought",
        updated_at=NOON,
    )
    assert "Half a thought" in page_of(rina)
    assert "Half a thought" not in page_of(sam)


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "[click](javascript:alert(1))",
        "![x](https://evil.example/pixel.png)",
        '<a href="https://e.example" onclick="x()">a</a>',
        "<iframe src=//e.example></iframe>",
    ],
)
def test_hostile_words_are_text_wherever_they_stand(rina: Client, hostile: str) -> None:
    options = (Option(value=hostile, label=hostile, description=hostile),)
    tell(
        ask(
            message=f"{hostile}\n\n{hostile}",
            context={
                "a": hostile,
                "b": {"c": [hostile, {"d": [hostile]}]},
                "url": "javascript:alert(1)",
                hostile: [{hostile: hostile}],
                "e": hostile * 40,
            },
            questions=(Question(mode="select", options=options, placeholder=hostile),),
        )
    )
    page = page_of(rina)
    assert not Tags(page[page.index("<article") : page.index("</article>")]).hostile


def test_a_closed_item_says_who_answered_what_and_when(rina: Client) -> None:
    tell(
        run("run_1", status=RunStatus.RUNNING),
        answered(group_ask(run_id="run_1", policy=Policy(kind=PolicyKind.ANY)), "user_lee", 2),
    )
    page = page_of(rina)
    assert "Lee answered this" in page
    assert ": Approved." in page
    assert "“fine”" in page
    assert "Lee approved" in page
    assert "The run resumed" in page
    assert 'action="/interactions/int_1/respond"' not in page


def test_my_own_answer_says_you(rina: Client) -> None:
    tell(answered(ask(), "user_rina", 2))
    page = page_of(rina)
    assert "You answered this" in page
    assert "You approved" in page


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (None, "You answered this outside this app"),
        (Attempt.State.HELD, "You answered this outside this app"),
        (Attempt.State.OPEN, "You answered this"),
        (Attempt.State.ACCEPTED, "You answered this"),
    ],
)
def test_my_answer_says_where_it_was_given_once_that_is_known(
    rina: Client, state: Attempt.State | None, says: str
) -> None:
    tell(ask())
    if state is not None:
        Attempt.objects.create(
            reviewer=Reviewer.objects.get(mobius_id="user_rina"),
            upstream=Upstream.current(),
            interaction_id="int_1",
            operation_id="op_1",
            answers=APPROVED,
            comment="fine",
            credential_kind="member",
            state=state,
            created_at=timezone.now(),
        )
    tell(answered(ask(), "user_rina", 2))
    title = re.search(r'id="outcome".*?<h2>(.*?)</h2>', page_of(rina))
    assert title is not None
    assert title[1] == f"{says} 2 Mar 12:02: Approved."


def test_typed_text_is_kept_when_someone_else_was_first(rina: Client) -> None:
    tell(answered(group_ask(policy=Policy(kind=PolicyKind.ANY)), "user_lee", 2))
    Draft.objects.create(
        reviewer=Reviewer.objects.get(mobius_id="user_rina"),
        upstream=Upstream.current(),
        interaction_id="int_1",
        comment="24 hours is short",
        updated_at=NOON,
    )
    page = page_of(rina)
    assert "24 hours is short" in page
    assert "Your answer wasn't sent." in page
    assert "Your draft is saved." in page


@pytest.mark.parametrize(
    ("values", "comment", "says"),
    [
        ({"value": ["true"]}, "fine", ""),
        ({}, "fine", ""),
        ({"value": ["true"]}, "", "What you entered here wasn't sent."),
        ({"value": ["false"]}, "fine", "What you entered here wasn't sent."),
    ],
)
def test_only_text_that_is_not_my_answer_is_called_unsent(
    rina: Client, values: dict[str, list[str]], comment: str, says: str
) -> None:
    """The sync may hear of an answer while its response is still on the way."""
    tell(answered(ask(), "user_rina", 2))
    Draft.objects.create(
        reviewer=Reviewer.objects.get(mobius_id="user_rina"),
        upstream=Upstream.current(),
        interaction_id="int_1",
        values=values,
        comment=comment,
        updated_at=NOON,
    )
    page = page_of(rina)
    unsent = "What you entered here wasn't sent." in page
    assert unsent == ("Your draft is saved." in page) == bool(says)
    assert says in page
    assert ("<h2> Your answer </h2>" in page) == bool(says)


def test_an_expired_item_says_so_and_offers_no_button(rina: Client) -> None:
    tell(
        ask(
            status=InteractionStatus.EXPIRED,
            completed_at=soon(minutes=-4),
            expires_at=soon(minutes=-4),
        )
    )
    page = page_of(rina)
    assert "This expired 4 min ago. It can no longer be answered." in page
    assert "Expired unanswered" in page
    assert 'action="/interactions/int_1/respond"' not in page


def test_an_item_that_expired_with_some_answers_says_how_many(rina: Client) -> None:
    said = (reply("user_rina", True, at=at(1)),)
    ended = {"completed_at": soon(minutes=-4), "expires_at": soon(minutes=-4)}
    tell(group_ask(status=InteractionStatus.EXPIRED, responses=said, **ended))
    page = page_of(rina)
    assert "Expired with 1 of 3 answers" in page
    assert "Expired unanswered" not in page


def test_a_comment_is_called_optional_where_it_is(rina: Client) -> None:
    options = (Option(value="a1", label="A1"),)
    tell(ask(questions=(Question(mode="select", options=options),)))
    assert "Comment <small>optional</small>" in page_of(rina)


def test_past_its_expiry_it_offers_no_button_before_upstream_says_so(rina: Client) -> None:
    tell(ask(expires_at=soon(minutes=-1)))
    page = page_of(rina)
    assert "It can no longer be answered" in page
    assert 'action="/interactions/int_1/respond"' not in page


def test_the_last_of_several_answers_says_so(rina: Client) -> None:
    said = tuple(reply(id, True, at=at(1)) for id in ("user_sam", "user_lee"))
    tell(group_ask(run_id="run_1", responses=said), run("run_1"))
    page = page_of(rina)
    assert "Yours is the last of 3 answers.</strong> It resumes the run." in page
    assert "2 of 3 answered" in page
    assert "Your turn" in page


def test_in_between_it_names_the_people_the_run_is_waiting_for(rina: Client) -> None:
    said = (reply("user_sam", True, at=at(1)),)
    tell(group_ask(run_id="run_1", responses=said), run("run_1"))
    assert "Yours will be answer 2 of 3.</strong> The run will then wait for Lee." in page_of(rina)


def test_after_my_answer_it_says_who_the_run_is_waiting_for(rina: Client) -> None:
    said = (reply("user_rina", False, comment="No", at=at(1)),)
    tell(group_ask(run_id="run_1", responses=said), run("run_1"))
    page = page_of(rina)
    assert 'id="answered"' in page
    assert "Still waiting for Sam and Lee." in page
    assert 'action="/interactions/int_1/respond"' not in page


def test_a_standalone_question_has_no_run_and_says_so(rina: Client) -> None:
    tell(ask(run_id=None))
    page = page_of(rina)
    assert "Your answer closes the question.</strong> No run is waiting for it." in page
    assert "/runs/run" not in page.split('id="detail"')[1]


def test_a_question_that_someone_else_has_claimed_is_view_only(rina: Client) -> None:
    tell(
        group_ask(
            policy=Policy(kind=PolicyKind.ANY), claimed_by="user_lee", claimed_at=soon(minutes=-12)
        )
    )
    page = page_of(rina)
    assert "Claimed by Lee since " in page
    assert 'action="/interactions/int_1/respond"' not in page


def test_its_history_names_someone_who_has_left_the_group(rina: Client) -> None:
    tell(group_ask(run_id="run_1", members=("user_rina", "user_sam")))
    Event.objects.create(
        upstream=Upstream.current(),
        run_id="run_1",
        seq=9,
        kind="interaction",
        type=CLAIMED,
        at=soon(minutes=-5),
        data={"interaction": "int_1", "claimed_by": "user_lee"},
    )
    assert "Lee claimed it" in text_of(page_of(rina))


def test_a_question_to_others_is_a_404(mallory: Client) -> None:
    tell(ask())
    assert mallory.get("/interactions/int_1/").status_code == 404
    assert mallory.get("/interactions/int_none/").status_code == 404
    swap = mallory.get("/interactions/int_1/", headers=part("detail"))
    assert swap.status_code == 404
    assert "<html" not in swap.content.decode()


def test_a_superuser_has_no_implicit_rights(people: None) -> None:
    tell(ask())
    assert sign_in("admin").get("/interactions/int_1/").status_code == 404


def test_a_team_lead_can_view_it_and_cannot_answer(tess: Client) -> None:
    tell(ask())
    page = page_of(tess)
    assert "Waiting for Rina" in page
    assert "View only" in page
    assert 'action="/interactions/int_1/respond"' not in page


def test_a_question_to_others_leads_a_team_lead_back_to_blocked(tess: Client) -> None:
    theirs = Target(type="user", id="user_tess")
    tell(ask("int_1"), ask("int_2", target=theirs), answered(ask("int_3"), "user_rina", 2))
    back = {}
    for id in ("int_1", "int_2", "int_3"):
        link = re.search(
            r'<a [^>]*data-key="Escape"[^>]*>', page_of(tess, id).split('id="detail"')[1]
        )
        assert link
        back[id] = "".join(re.findall(r'href="([^"]*)"', link[0]))
    assert back == {"int_1": "/runs/blocked/", "int_2": "/inbox/", "int_3": "/inbox/"}


def test_signed_out_it_asks_to_sign_in_and_comes_back(people: None) -> None:
    tell(ask())
    answer = Client().get("/interactions/int_1/")
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/login/?next=/interactions/int_1/"


def test_it_takes_no_post(rina: Client) -> None:
    tell(ask())
    assert rina.post("/interactions/int_1/").status_code == 405


def test_a_swap_gets_only_the_question_with_its_stream(rina: Client) -> None:
    tell(ask())
    page = page_of(rina, headers=part("detail"))
    assert "<html" not in page
    assert page.startswith('<article id="detail"')
    assert 'hx-sse:connect="/live/inbox/?item=int_1&amp;since=' in page
    assert "<title>" in page


def test_the_list_stands_beside_it_with_the_row_marked_and_the_neighbours_linked(
    rina: Client,
) -> None:
    tell(*(ask(f"int_{n}", message=f"No. {n}", expires_at=soon(hours=n)) for n in (1, 2, 3)))
    page = page_of(rina, "int_2")
    assert 'aria-current="true"' in page.split('data-interaction-id="int_2"')[1].split(">")[0]
    assert "2 of 3" in page
    detail = page.split('id="detail"')[1]
    assert 'href="/interactions/int_1/"' in detail
    assert 'href="/interactions/int_3/"' in detail


def test_an_upstream_that_is_away_leaves_it_readable(rina: Client, away: None) -> None:
    tell(ask(message="Pay?"))
    page = page_of(rina)
    assert "Pay?" in page
    assert "No updates since" in text_of(page)
    assert 'action="/interactions/int_1/respond"' in page


def test_the_shared_head_of_the_run_reveals_nothing_about_the_question(rina: Client) -> None:
    tell(
        run("run_1", status=RunStatus.SUSPENDED, inputs={"secret": "input"}),
        step(run_id="run_1", name="approve_release", status=StepStatus.RUNNING),
        ask(message="Private words?", run_id="run_1"),
    )
    page = page_of(rina)
    head = page.split('id="run-now"')[1].split("</ol>")[0]
    assert "Approve release" in head
    assert "Private words" not in head
    assert "hx-" not in head


def test_unknown_target_types_are_shown_as_they_are(tess: Client) -> None:
    tell(ask(target=Target(type="rota", id="night")))
    assert "Asked rota night" in page_of(tess)


def test_the_raw_json_is_offered_where_there_is_no_context_too(rina: Client) -> None:
    tell(ask(context={}))
    assert "/interactions/int_1/raw.json" in page_of(rina)


def test_text_that_cannot_be_formatted_says_so_and_long_text_is_folded(rina: Client) -> None:
    tell(
        ask("int_1", message="Nested?\n\n" + ">" * 200 + " deep\n\nlast words"),
        ask("int_2", message="Long?\n\n" + "word " * 20_000 + "last words"),
    )
    page = page_of(rina)
    assert "This text can't be formatted" in page
    assert "last words" in page
    long = page_of(rina, "int_2")
    assert "Show all" in long
    assert "Show less" in long
    assert "last words" in long[long.index("<details") :]


def test_a_question_and_its_run_lead_to_mobius_where_the_settings_say_how(
    rina: Client, settings: Any
) -> None:
    tell(run("run_1"), ask("int 1", run_id="run_1"))
    assert "Open in Mobius" not in rina.get("/interactions/int 1/").content.decode()
    settings.MOBIUS_INTERACTION_URL = "https://app.example.com/?q={id}"
    settings.MOBIUS_RUN_URL = "https://app.example.com/runs/{id}"
    page = rina.get("/interactions/int 1/").content.decode()
    assert 'href="https://app.example.com/?q=int%201"' in page
    page = rina.get("/runs/run_1/").content.decode()
    assert 'href="https://app.example.com/runs/run_1"' in page


def test_a_groups_question_says_where_its_members_come_from(rina: Client, tess: Client) -> None:
    tell(group_ask("int_1"), group_ask("int_2", members=None, unknown_fields=("policy",)))
    assert "in the group when the question was created" in page_of(rina)
    assert rina.get("/interactions/int_2/").status_code == 404
    assert "No members are known for this group" in page_of(tess, "int_2")
    map_group("grp_board", ["rina"])
    page = page_of(rina, "int_2")
    assert "the people an administrator assigned to this group" in page
    assert "say how many people have to answer" not in page_of(rina)


def test_it_says_so_where_it_is_unknown_how_many_must_answer(rina: Client, tess: Client) -> None:
    untold = group_ask(policy=Policy(), unknown_fields=("policy",))
    tell(untold)
    assert "say how many people have to answer" in page_of(rina)
    answer = reply("user_rina", True)
    tell(untold.model_copy(update={"responses": (answer,), "updated_at": at(1)}))
    assert "still open: others may have to answer" in page_of(rina)
    tell(ask("int_2", target=Target(type="", id=""), unknown_fields=("target",)))
    assert "say who this is for" in page_of(tess, "int_2")
    assert rina.get("/interactions/int_2/").status_code == 404
