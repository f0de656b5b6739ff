import html
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.test import Client
from django.urls import resolve, reverse

from inbox.models import Draft, Group, Interaction, Run, Upstream
from tests.support.snapshots import ask, run
from tests.web.cast import people, sign_in, tell

ODD = [
    "a/b",
    "/",
    "..",
    ".",
    "a?b#c&d=e",
    "50%",
    "%2F",
    "~2F",
    "a~b",
    "a b",
    "a+b;c,d",
    "back\\slash",
    "Größe ✓",
    "<b>\"'",
]


@pytest.fixture
def web(pages: str) -> Iterator[httpx.Client]:
    people()
    cookies = {name: morsel.value for name, morsel in sign_in("tess").cookies.items()}
    with httpx.Client(base_url=pages, cookies=cookies, timeout=60) as client:
        yield client


def links(page: httpx.Response) -> set[str]:
    return {html.unescape(href) for href in re.findall(r'href="([^"]*)"', page.text)}


def test_every_page_of_an_odd_id_opens(web: httpx.Client) -> None:
    upstream = Upstream.current()
    for id in ODD:
        tell(run(id), ask(id, run_id=id))
        item, of = Interaction.objects.get(mobius_id=id), Run.objects.get(mobius_id=id)
        group = Group.objects.create(upstream=upstream, mobius_id=id, handle="", name=id)
        question = web.get(item.get_absolute_url())
        assert (question.status_code, of.get_absolute_url() in links(question)) == (200, True), id
        page = web.get(of.get_absolute_url())
        assert (page.status_code, item.get_absolute_url() in links(page)) == (200, True), id
        assert web.get(group.get_absolute_url()).status_code == 200, id
        assert web.get(reverse("interaction-json", args=[id])).status_code == 200, id
        assert web.get(reverse("run-cancel", args=[id])).status_code == 200, id


@pytest.mark.parametrize("id", ODD)
def test_an_address_says_which_id_it_is_about(id: str) -> None:
    assert resolve(httpx.URL(reverse("live-run", args=[id])).path).kwargs == {"id": id}


def test_an_ordinary_id_is_in_its_address_unchanged() -> None:
    assert reverse("interaction", args=["int_01J-x.y"]) == "/interactions/int_01J-x.y/"
    assert resolve("/interactions/a~b/").kwargs == {"id": "a~b"}


@pytest.mark.parametrize("id", ODD)
def test_a_draft_is_kept_for_an_odd_id(people: None, rina: Client, id: str) -> None:
    tell(ask(id))
    sent: dict[str, Any] = {"value": "true", "comment": "typed"}
    assert rina.post(reverse("draft", args=[id]), sent).status_code == 204
    assert Draft.objects.get().comment == "typed"


@pytest.mark.parametrize("id", ODD)
def test_the_list_marks_an_open_question_with_an_odd_id(rina: Client, id: str) -> None:
    tell(ask(id))
    here = "http://testserver" + reverse("interaction", args=[id])
    asked = {"HX-Request": "true", "HX-Target": "div#inbox-list", "HX-Current-URL": here}
    assert 'aria-current="true"' in rina.get("/inbox/", headers=asked).content.decode()
