import html
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from inbox.answering import draft as service
from inbox.mobius.types import InteractionStatus, Question
from inbox.models import Draft, Recipient
from tests.support.snapshots import LEE, ask, at, group_ask, reply
from tests.web.cast import tell

WRITING = Question(mode="input", multiline=True)


def keep(client: Client, id_: str = "int_1", value: str = "So far", comment: str = "") -> None:
    client.post(f"/interactions/{id_}/draft", {"value": value, "comment": comment})


def page(client: Client, path: str = "/drafts/") -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_drafts_are_listed_newest_first(rina: Client) -> None:
    for id_ in ("int_1", "int_2"):
        tell(ask(id_, message=f"What about {id_}?", questions=(WRITING,)))
        keep(rina, id_, f"Text for {id_}", "because")
    listed = page(rina)
    assert listed.index("What about int_2?") < listed.index("What about int_1?")
    assert "Text for int_1" in listed
    assert 'href="/interactions/int_1/"' in listed


def test_the_value_is_in_words(rina: Client) -> None:
    question = {"mode": "select", "options": [{"value": "b", "label": "Northgate"}]}
    tell(ask(questions=(question,)))
    keep(rina, value="b")
    assert '<span class="draft-text">Northgate</span>' in page(rina)


def test_approve_or_reject_alone_is_no_draft(rina: Client) -> None:
    tell(ask())
    keep(rina, value="true")
    assert "No drafts" in page(rina)
    assert ">Draft<" not in page(rina, "/inbox/")
    keep(rina, value="true", comment="Because")
    assert "Because" in page(rina)
    assert ">Draft<" in page(rina, "/inbox/")


def test_the_earlier_text_is_shown_with_the_draft_also_once_the_question_is_closed(
    rina: Client,
) -> None:
    tell(ask(questions=(WRITING,)))
    for text in ("From the phone", "From the desk"):
        keep(rina, value=text)
    tell(ask(questions=(WRITING,), minutes=1, status=InteractionStatus.EXPIRED))
    for path in ("/drafts/", "/interactions/int_1/"):
        shown = page(rina, path)
        assert "From the desk" in shown, path
        assert "Earlier text: From the phone" in shown, path


def test_an_emptied_draft_is_not_listed(rina: Client) -> None:
    tell(ask(questions=(WRITING,)))
    keep(rina)
    keep(rina, value="")
    Draft.objects.update(values={}, comment="")
    assert "No drafts" in page(rina)


def test_a_long_text_is_cut(rina: Client) -> None:
    tell(ask(questions=(WRITING,)))
    keep(rina, value="x" * 5000)
    assert "x" * 300 + "…" in page(rina)


def test_others_drafts_are_not_listed(rina: Client, sam: Client) -> None:
    tell(group_ask(questions=(WRITING,)))
    keep(rina, value="A secret so far")
    assert "A secret so far" not in page(sam)


def test_a_draft_on_a_closed_question_stays_for_30_days(rina: Client) -> None:
    tell(group_ask(questions=(WRITING,)))
    keep(rina)
    tell(
        group_ask(
            status=InteractionStatus.COMPLETED,
            questions=(WRITING,),
            responses=(reply(LEE, "Done", at=at(1)),),
            completed_at=at(1),
        )
    )
    service.tidy()
    closed_at = Draft.objects.get().closed_at
    assert closed_at is not None
    until = timezone.localtime(closed_at + timedelta(days=30))
    assert f"kept until {until.day} {until:%b}" in page(rina)
    Draft.objects.update(closed_at=timezone.now() - timedelta(days=29, hours=23))
    service.tidy()
    assert Draft.objects.exists()
    Draft.objects.update(closed_at=timezone.now() - timedelta(days=30, minutes=1))
    service.tidy()
    assert "No drafts" in page(rina)


def test_a_draft_on_a_question_without_access_shows_only_its_text(
    rina: Client,
) -> None:
    tell(ask(message="Launch the rocket?", workflow="rocket-launch", questions=(WRITING,)))
    keep(rina, value="My own words")
    Recipient.objects.all().delete()
    listed = page(rina)
    assert "This question is no longer available to you" in listed
    assert "My own words" in listed
    assert "Launch the rocket?" not in listed
    assert "rocket-launch" not in listed
    assert "int_1" not in listed
    assert discard(rina).status_code == 303
    assert not Draft.objects.exists()


def discard(client: Client, version: int = 1) -> object:
    draft = Draft.objects.get()
    return client.post(f"/drafts/{draft.pk}/discard", {"version": version})


def test_a_draft_can_be_discarded(rina: Client) -> None:
    tell(ask())
    keep(rina)
    response = discard(rina)
    assert (response.status_code, response["Location"]) == (303, "/drafts/")
    assert "Draft discarded." in page(rina)
    assert not Draft.objects.exists()


@pytest.mark.parametrize("version", [1, "", "x", "9" * 40])
def test_a_draft_that_has_changed_since_is_kept(rina: Client, version: int) -> None:
    tell(ask())
    keep(rina)
    Draft.objects.update(version=2)
    discard(rina, version)
    assert "so it was kept" in page(rina)
    assert Draft.objects.exists()


def test_someone_elses_draft_cannot_be_discarded(rina: Client, sam: Client) -> None:
    tell(ask())
    keep(rina)
    assert discard(sam).status_code == 404
    assert Draft.objects.exists()


def test_more_than_a_page_is_paged(rina: Client) -> None:
    for n in range(51):
        tell(ask(f"int_{n}", message=f"Number {n}?", questions=(WRITING,)))
        keep(rina, f"int_{n}", "Same")
    first = page(rina)
    assert "Number 0?" not in first
    older = first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    assert "Number 0?" in page(rina, older)


def test_after_discarding_a_draft_the_list_is_where_it_was(rina: Client) -> None:
    for n in range(52):
        tell(ask(f"int_{n}", message=f"Number {n}?", questions=(WRITING,)))
        keep(rina, f"int_{n}", "Same")
    older = re.search(r'href="(/drafts/[^"]+)" rel="next"', page(rina))
    assert older
    for left in (2, 1):
        listed = page(rina, older[1])
        form = re.findall(r'action="(/drafts/\d+/discard)"', listed)
        assert len(form) == left
        sent = dict(re.findall(r'name="(version|list)" value="([^"]*)"', listed))
        done = rina.post(form[0], {name: html.unescape(text) for name, text in sent.items()})
        assert done["Location"] == html.unescape(older[1])
    followed = rina.get(done["Location"], follow=True)
    assert followed.redirect_chain == [("/drafts/", 302)]
    assert "Number 51?" in followed.content.decode()
