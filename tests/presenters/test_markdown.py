"""Markdown from workflows, made safe."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.presenters.markdown import body, render, render_plain
from tests.support.tags import Tags


def test_it_knows_tables_lists_code_and_bare_addresses() -> None:
    html = render(
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n- `x`\n- ~~old~~\n\nsee https://example.com/a_b"
    )
    for piece in ("<table>", "<td>1</td>", "<li><code>x</code></li>", "<s>old</s>"):
        assert piece in html
    assert '<a href="https://example.com/a_b" rel="noopener noreferrer nofollow">' in html


def test_headings_start_below_those_of_the_page() -> None:
    assert render("# One\n## Two\n###### Six") == "<h3>One</h3>\n<h4>Two</h4>\n<h6>Six</h6>\n"


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](  JaVaScRiPt:alert(1))",
        '<a href="x" style="position:fixed">a</a>',
        "<form action=//e.example><input>",
        "<svg/onload=alert(1)>",
        "| a |\n|:-:|\n| <b onclick=x> |",
    ],
)
def test_nothing_that_acts_survives(hostile: str) -> None:
    for html in (render(hostile), render_plain(hostile)):
        found = Tags(html)
        assert not found.hostile
        assert not found.names & {"svg", "form", "input", "b"}


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_whatever_comes_it_renders_and_nothing_in_it_acts(text: str) -> None:
    for html in (render(text), render_plain(text)):
        assert not Tags(html).hostile


def test_a_picture_becomes_a_link_and_is_not_fetched() -> None:
    assert render("![chart](https://example.com/c.png)") == (
        '<p><a href="https://example.com/c.png" rel="noopener noreferrer nofollow">chart</a></p>\n'
    )
    assert ">badge</a>" in render("[![badge](https://b.example/x.svg)](https://ok.example)")


def test_plain_text_keeps_its_marks_and_lines() -> None:
    assert render_plain("a *b*\n# c\n\nd") == "<p>a *b*<br>\n# c</p>\n<p>d</p>\n"


@pytest.mark.parametrize(
    ("message", "title", "left"),
    [
        ("Release it?", "Release it?", ""),
        ("Release it?\n\nAll is well.", "Release it?", "All is well."),
        ("See [the plan](https://e.example)", "See the plan", "See [the plan](https://e.example)"),
        ("x" * 400, "x" * 299 + "…", "x" * 400),
        ("", "", ""),
    ],
)
def test_the_title_is_not_said_twice_and_nothing_is_lost(
    message: str, title: str, left: str
) -> None:
    assert body(message, title) == left
