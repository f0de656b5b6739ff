"""The search of the inbox: what a row shows of it, how many are found, and what stays hidden."""

import html
import re
from typing import Any

import pytest
from django.test import Client

from inbox.mobius.types import Policy, PolicyKind, Question
from inbox.models import Group, Upstream
from tests.support.snapshots import LEE, RINA, SAM, answered, ask, at, group_ask, reply, run
from tests.web.cast import part, sign_in, tell

pytestmark = pytest.mark.usefixtures("synced")


def search(client: Client, text: str, **more: str) -> str:
    found = client.get("/inbox/", {"q": text, **more}, headers=part("inbox-list"))
    return found.content.decode()


def snippets(page: str) -> list[str]:
    found = re.findall(r'row-found"><span class="meta cut">(.*?)</span></span>', page, re.DOTALL)
    marked = (re.sub(r"</?mark>", lambda tag: "]" if "/" in tag[0] else "[", one) for one in found)
    return [html.unescape(one) for one in marked]


def count(page: str) -> str:
    match = re.search(r'<span class="meta" id="list-found" role="status">(.*?)</span>', page)
    assert match is not None
    return match[1]


LONG = "Release?\n\n" + "All checks are green. " * 10 + "It was **tested** by <b>Überprüfer</b>."


@pytest.mark.parametrize(
    ("question", "text", "snippet"),
    [
        (ask(message="Pay the invoice?"), "invo pay", []),
        (ask(message=LONG), "uberprufer", ["…It was tested by <b>[Überprüfer]</b>."]),
        (ask(message=LONG), "release tested", ["…are green. It was [tested] by <b>Ü"]),
        (
            ask(context={"vendorName": "<script>Acme</script>"}),
            "acme",
            ["Vendor name: <script>[Acme]</script>"],
        ),
        (
            ask(context={"a": {"iban": "x"}, "b": ["Acme one", "Acme two"]}),
            "two acme",
            ["B: [Acme] [two]"],
        ),
        (ask("int_48213"), "48213", ["int_[48213]"]),
        (ask(run_id="run_9F3K"), "9f3k", []),
        (ask(context={"apiToken": "hunter2", "note": "kept"}), "kept", ["Note: [kept]"]),
        (ask(message="Go?", context={"契約": "契約を承認"}), "承", ["契約: 契約を[承]認"]),
    ],
)
def test_a_row_shows_where_the_words_are(
    rina: Client, question: Any, text: str, snippet: list[str]
) -> None:
    tell(question)
    page = search(rina, text)
    assert [
        one[: len(expected)] for one, expected in zip(snippets(page), snippet, strict=True)
    ] == snippet
    assert count(page) == "1 found"


def test_people_and_groups_are_found_by_name_and_shown(rina: Client) -> None:
    upstream = Upstream.current()
    Group.objects.create(
        upstream=upstream, mobius_id="grp_board", handle="change-board", name="Änderungsrat"
    )
    free = Policy(kind=PolicyKind.ANY)
    tell(
        run(started_by=SAM, workflow="release"),
        ask("int_1", run_id="run_1"),
        group_ask("int_2", policy=free, claimed_by=LEE, run_id="run_2"),
    )
    # The row names the requester and the group. Whoever has claimed it is a picture only.
    for text, shown in (("sam", []), ("anderungs", []), ("lee", ["[Lee]"])):
        page = search(rina, text)
        assert (count(page), snippets(page)) == ("1 found", shown)


def test_the_number_found_is_said(rina: Client) -> None:
    tell(*(ask(f"int_{n}", message="Many?") for n in range(50)))
    assert count(search(rina, "nothing-like-it")) == "None found"
    assert count(search(rina, "many")) == "50 found"
    tell(ask("int_50", message="Many?"))
    assert count(search(rina, "many")) == "More than 50 found"
    assert count(search(rina, "")) == ""


def test_a_search_combines_with_the_filters(rina: Client) -> None:
    tell(
        ask("int_1", message="Pay?"),
        ask("int_2", message="Pay?", type="review"),
        group_ask("int_3", message="Pay?"),
        answered(ask("int_4", message="Pay?"), RINA, 1),
    )
    for more, found in (
        ({}, "3 found"),
        ({"type": "review"}, "1 found"),
        ({"target": "groups"}, "1 found"),
        ({"scope": "done"}, "1 found"),
        ({"scope": "claimed"}, "None found"),
    ):
        assert count(search(rina, "pay", **more)) == found


@pytest.fixture
def guarded(people: None, settings: Any) -> None:
    settings.GROUP_ANSWERS_HIDDEN_UNTIL_MINE = True
    theirs = reply(SAM, "yellow", comment="Zanzibar first", at=at(1))
    text = (Question(mode="text"),)
    tell(group_ask("int_1", minutes=1, questions=text, responses=(theirs,)), ask("int_2"))


@pytest.mark.parametrize("path", ["/inbox/", "/inbox/?scope=waiting-others", "/inbox/?scope=done"])
@pytest.mark.parametrize("text", ["zanzibar", "yellow", "ship zanzibar", "z"])
def test_a_hidden_answer_cannot_be_found_out(guarded: None, path: str, text: str) -> None:
    page = sign_in("lee").get(path, {"q": text}).content.decode()
    nothing = sign_in("lee").get(path, {"q": "x" * len(text)}).content.decode()
    assert count(page) == count(nothing) == "None found"
    assert "int_1" not in page
    assert "Zanzibar" not in page


def test_a_snippet_quotes_no_hidden_answer(guarded: None) -> None:
    page = search(sign_in("lee"), "ship")
    assert "int_1" in page
    assert "Zanzibar" not in page
    # Sam has answered, and reads his own.
    found = sign_in("sam").get("/inbox/", {"q": "zanzibar", "scope": "waiting-others"})
    assert snippets(found.content.decode()) == ["You: [Zanzibar] first"]


@pytest.mark.parametrize(
    "text",
    ['"', "a*", "NEAR(a b)", ":&|!", "x" * 5000, "?!", "🚀", "契約", "' OR 1=1 --", "{a}:"],
)
def test_nothing_that_is_typed_breaks_the_page(rina: Client, text: str) -> None:
    tell(ask())
    for path in ("/inbox/", "/inbox/changes/", "/inbox/focus/"):
        page = rina.get(path, {"q": text, "changed": "int_1", "shown": "int_1"}, follow=True)
        assert page.status_code == 200
