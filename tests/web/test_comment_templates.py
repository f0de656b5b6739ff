import html
import re
from typing import Any

import pytest
from django.test import Client

from inbox.models import CommentTemplate, Group, Membership, Upstream
from tests.support.snapshots import LEE, RINA, SAM, answered, ask, group_ask, run
from tests.web.cast import part, tell

pytestmark = pytest.mark.django_db

FREE: dict[str, Any] = {"policy": {"kind": "any"}, "run_id": "run_pay"}


def closed(id_: str, by: str, comment: str, value: bool = True, **fields: Any) -> None:
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
    group = Group.objects.create(
        upstream=Upstream.current(), mobius_id="grp_board", handle="change-board", name="Board"
    )
    for user_id in (RINA, SAM, LEE):
        Membership.objects.create(group=group, user_id=user_id)
    tell(*(run(f"run_{name}", workflow=name) for name in ("pay", "ship")))
    tell(group_ask("int_1", **FREE))
    return group


def offer(*texts: str) -> None:
    for text in texts:
        CommentTemplate.objects.create(upstream=Upstream.current(), text=text, author="Tess")


def test_an_earlier_comment_is_not_offered(board: Group, rina: Client) -> None:
    for number in (2, 3):
        closed(f"int_{number}", RINA, "Looks right.")
    assert templates(rina) == []


def test_a_text_that_several_templates_have_is_offered_once(board: Group, rina: Client) -> None:
    offer("Fine.", "Fine.", "Good.")
    assert templates(rina) == ["Fine.", "Good."]


def test_a_lead_adds_some_for_a_workflow_or_a_group(
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


def test_a_lead_edits_one(board: Group, rina: Client, tess: Client) -> None:
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
    offer("Fine & <good>.")
    page = _text(rina.get("/interactions/int_1/templates"))
    href = re.search(r'href="(/interactions/int_1/\?comment=.*?)"', page)
    assert href is not None
    question = _text(rina.get(html.unescape(href[1])))
    assert "Fine &amp; &lt;good&gt;.</textarea>" in question


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


def test_similar_decisions_are_those_that_the_viewer_may_open(
    board: Group, rina: Client, tess: Client
) -> None:
    closed("int_2", SAM, "Not for Rina.", members=(SAM, LEE))
    assert "Not for Rina." not in similar(rina)
    assert "Not for Rina." in similar(tess)


def test_the_secrets_of_an_answer_stay_masked(board: Group, rina: Client) -> None:
    item = answered(group_ask("int_2", **FREE), SAM, 1, {"api_key": "hush-hush"})
    tell(item)
    assert "hush-hush" not in similar(rina)


def test_suggestions_for_a_question_to_others_are_a_404(board: Group, mallory: Client) -> None:
    for path in ("templates", "similar"):
        assert mallory.get(f"/interactions/int_1/{path}").status_code == 404
