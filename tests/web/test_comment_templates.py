"""What helps to answer: comment templates, and similar decisions."""

import html
import re
from typing import Any

import pytest
from django.test import Client

from inbox.mobius.types import InteractionStatus
from inbox.models import CommentTemplate, Group, Interaction, Membership, Upstream
from tests.support.snapshots import LEE, RINA, SAM, answered, ask, group_ask, run
from tests.web.cast import part, tell

pytestmark = pytest.mark.django_db

FREE: dict[str, Any] = {"policy": {"kind": "any"}, "run_id": "run_pay"}
OUTSIDE = ("user_kim", "user_ada")


def closed(id_: str, by: str, comment: str, value: bool = True, **fields: Any) -> None:
    """A question of the change board that someone has answered."""
    item = answered(group_ask(id_, **(FREE | fields)), by, 1, value)
    said = item.responses[0].model_copy(update={"comment": comment})
    tell(item.model_copy(update={"responses": (said,), "comment": comment}))


def templates(client: Client, id_: str = "int_1") -> list[str]:
    answer = client.get(f"/interactions/{id_}/templates", headers=part("comment-templates"))
    assert answer.status_code == 200
    return [html.unescape(text) for text in re.findall(r'data-insert="(.*?)"', _text(answer))]


def similar(client: Client, id_: str = "int_1") -> str:
    return _text(client.get(f"/interactions/{id_}/similar"))


def _text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


@pytest.fixture
def board(people: None) -> Group:
    """Rina, Sam and Lee are in the group, and its question is open."""
    group = Group.objects.create(
        upstream=Upstream.current(), mobius_id="grp_board", handle="change-board", name="Board"
    )
    for user_id in (RINA, SAM, LEE):
        Membership.objects.create(group=group, user_id=user_id)
    tell(*(run(f"run_{name}", workflow=name) for name in ("pay", "ship")))
    tell(group_ask("int_1", **FREE))
    return group


def test_a_comment_that_i_used_twice_becomes_a_template(board: Group, rina: Client) -> None:
    closed("int_2", RINA, "Looks right.")
    assert templates(rina) == []
    closed("int_3", RINA, "Looks right.", run_id="run_ship", value=False)
    assert templates(rina) == ["Looks right."]


def test_my_own_comments_on_open_questions_do_not_count(board: Group, rina: Client) -> None:
    for number in (2, 3):
        closed(f"int_{number}", RINA, "Fine by me.")
        Interaction.objects.filter(mobius_id=f"int_{number}").update(status="pending")
    assert templates(rina) == []


def test_two_members_with_the_same_words_answer_and_workflow_make_one(
    board: Group, rina: Client
) -> None:
    closed("int_2", SAM, "Within budget.")
    closed("int_3", SAM, "Within budget.")
    closed("int_4", LEE, "Within budget.", value=False)
    closed("int_5", LEE, "Within budget.", run_id="run_ship")
    closed("int_6", LEE, "Within Budget.")
    assert templates(rina) == []
    closed("int_7", LEE, "Within budget.")
    assert templates(rina) == ["Within budget."]


def test_only_closed_questions_that_the_viewer_may_open_are_learnt_from(
    board: Group, rina: Client, tess: Client
) -> None:
    for number, by in enumerate((SAM, LEE), 2):
        closed(f"int_{number}", by, "Not for Rina.", members=(SAM, LEE))
        tell(
            answered(group_ask(f"int_o{number}", run_id="run_pay"), by, 1).model_copy(
                update={"status": InteractionStatus.PENDING}
            )
        )
    assert templates(rina) == []
    assert "Not for Rina." not in similar(rina)
    assert "Not for Rina." in similar(tess)


def test_members_of_two_different_groups_make_none(board: Group, rina: Client) -> None:
    second = Group.objects.create(
        upstream=Upstream.current(), mobius_id="grp_second", handle="second", name="Second"
    )
    Membership.objects.filter(group=board, user_id=LEE).delete()
    for user_id in (RINA, LEE):
        Membership.objects.create(group=second, user_id=user_id)
    for number, by in enumerate((SAM, LEE), 2):
        closed(f"int_{number}", by, "Across groups.")
    assert templates(rina) == []
    Membership.objects.create(group=board, user_id=LEE)
    assert templates(rina) == ["Across groups."]


def test_a_person_outside_the_group_teaches_nothing(board: Group, rina: Client) -> None:
    for number, by in enumerate(OUTSIDE, 2):
        closed(f"int_{number}", by, "From elsewhere.", members=(RINA, *OUTSIDE))
    assert templates(rina) == []


def test_a_lead_adds_fixed_ones_for_a_workflow_or_a_group(
    board: Group, rina: Client, tess: Client
) -> None:
    other = Group.objects.create(
        upstream=Upstream.current(), mobius_id="grp_x", handle="x", name="Other"
    )
    for text, workflow, group in (
        ("For all.", "", ""),
        ("For pay.", "pay", ""),
        ("For ship.", "ship", ""),
        ("For the board.", "", str(board.pk)),
        ("For others.", "", str(other.pk)),
    ):
        form = {"text": text, "workflow": workflow, "group": group}
        assert tess.post("/templates/", form).status_code == 303
    assert set(templates(rina)) == {"For all.", "For pay.", "For the board."}
    assert tess.post("/templates/", {"text": " "}).status_code == 422
    number = CommentTemplate.objects.get(text="For all.").pk
    assert tess.post(f"/templates/{number}/delete").status_code == 303
    assert tess.post(f"/templates/{number}/delete").status_code == 404
    assert "For all." not in templates(rina)


def test_a_lead_edits_a_fixed_one(board: Group, rina: Client, tess: Client) -> None:
    row = CommentTemplate.objects.create(
        upstream=Upstream.current(), text="Fine & good.", workflow="pay", author="Ada"
    )
    path = f"/templates/{row.pk}/"
    assert f'href="{path}"' in _text(tess.get("/templates/"))
    page = _text(tess.get(path))
    assert "Fine &amp; good.</textarea>" in page
    assert 'value="pay"' in page
    changed = {"text": "Better.", "workflow": "", "group": str(board.pk)}
    assert tess.post(path, changed).status_code == 303
    row.refresh_from_db()
    assert (row.text, row.workflow, row.group, row.author) == ("Better.", "", board, "Tess")
    assert templates(rina) == ["Better."]
    assert CommentTemplate.objects.count() == 1


def test_what_can_not_be_added_can_not_be_saved_either(board: Group, tess: Client) -> None:
    row = CommentTemplate.objects.create(upstream=Upstream.current(), text="Fine.", author="Tess")
    for text in (" ", "x" * 2001, "safe\u202eevil"):
        assert tess.post(f"/templates/{row.pk}/", {"text": text}).status_code == 422
    row.refresh_from_db()
    assert row.text == "Fine."


def test_a_deleted_template_can_not_be_edited(board: Group, tess: Client) -> None:
    row = CommentTemplate.objects.create(upstream=Upstream.current(), text="Fine.", author="Tess")
    tess.post(f"/templates/{row.pk}/delete")
    assert tess.get(f"/templates/{row.pk}/").status_code == 404
    assert tess.post(f"/templates/{row.pk}/", {"text": "Back."}).status_code == 404


def test_a_template_keeps_its_group_after_that_is_gone(board: Group, tess: Client) -> None:
    row = CommentTemplate.objects.create(
        upstream=Upstream.current(), text="Fine.", group=board, author="Tess"
    )
    Group.objects.filter(pk=board.pk).update(deleted=True)
    path = f"/templates/{row.pk}/"
    assert f'<option value="{board.pk}" selected>' in _text(tess.get(path))
    assert tess.post(path, {"text": "Better.", "group": str(board.pk)}).status_code == 303
    row.refresh_from_db()
    assert (row.text, row.group) == ("Better.", board)


def test_the_form_suggests_the_workflows_there_are(board: Group, tess: Client) -> None:
    page = _text(tess.get("/templates/"))
    assert re.findall(r'<option value="(\w+)"></option>', page) == ["pay", "ship"]


def test_without_scripts_a_template_is_suggested_by_a_link(board: Group, rina: Client) -> None:
    for number in (2, 3):
        closed(f"int_{number}", RINA, "Fine & <good>.")
    page = _text(rina.get("/interactions/int_1/templates"))
    href = re.search(r'href="(/interactions/int_1/\?comment=.*?)"', page)
    assert href is not None
    question = _text(rina.get(html.unescape(href[1])))
    assert "Fine &amp; &lt;good&gt;.</textarea>" in question


def test_a_text_that_reads_otherwise_than_it_is_is_not_offered(board: Group, rina: Client) -> None:
    for number in (2, 3):
        closed(f"int_{number}", RINA, "safe\u202eevil")
    assert templates(rina) == []


def test_similar_decisions_say_who_answered_what(board: Group, rina: Client) -> None:
    closed("int_2", SAM, "Within budget.", message="Pay Sam?")
    closed("int_3", LEE, "Too much.", value=False, message="Pay Lee?")
    closed("int_4", LEE, "Another.", run_id="run_ship", message="Ship it?")
    tell(ask("int_5", message="Open?", run_id="run_pay"))
    page = similar(rina)
    for said in ("Pay Sam?", "Sam approved", "Within budget.", "Pay Lee?", "Lee rejected"):
        assert said in page, said
    assert "Another." not in page
    assert "Open?" not in page
    assert 'href="/interactions/int_2/"' in page
    assert 'href="/interactions/int_1/" aria-label="Back to the question"' in page


def test_the_secrets_of_an_answer_stay_masked(board: Group, rina: Client) -> None:
    item = answered(group_ask("int_2", **FREE), SAM, 1, {"api_key": "hush-hush"})
    tell(item)
    assert "hush-hush" not in similar(rina)


def test_suggestions_for_a_question_to_others_are_a_404(board: Group, mallory: Client) -> None:
    for path in ("templates", "similar"):
        assert mallory.get(f"/interactions/int_1/{path}").status_code == 404
