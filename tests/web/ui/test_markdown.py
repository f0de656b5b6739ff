import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.web.ui.markdown import FORMATTED, NESTED, body, render, render_plain, split
from tests.support.tags import Tags


def formatted(text: str) -> str:
    told = render(text)
    assert not told.plain
    assert not told.rest
    return told.html


def test_it_knows_tables_lists_code_and_bare_addresses() -> None:
    html = formatted(
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n- `x`\n- ~~old~~\n\nsee https://example.com/a_b"
    )
    for piece in ('<table tabindex="0">', "<td>1</td>", "<li><code>x</code></li>", "<s>old</s>"):
        assert piece in html
    link = '<a href="https://example.com/a_b" dir="auto" rel="noopener noreferrer nofollow">'
    assert link in html


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("# a\n## b\n## c\n# d", "2332"),
        ("# a\n###### b\n## c", "233"),
        ("### a\n# b\n## c", "223"),
        ("# a\n## b\n### c\n#### d\n##### e\n###### f", "234566"),
    ],
)
def test_headings_start_below_that_of_the_page_and_skip_no_level(text: str, levels: str) -> None:
    assert "".join(re.findall("<h(.)>", formatted(text))) == levels


def test_an_empty_corner_of_a_table_is_no_heading() -> None:
    html = formatted("| | failed |\n|---|---|\n| baskets | 412 |")
    assert "<tr>\n<td></td>\n<th>failed</th>\n</tr>" in html


def test_the_keyboard_reaches_what_may_have_to_be_scrolled() -> None:
    for text in ("    code", "```\ncode\n```"):
        assert formatted(text).startswith('<pre tabindex="0">')


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
def test_no_active_content_survives(hostile: str) -> None:
    for html in (render(hostile).html, render_plain(hostile).html):
        found = Tags(html)
        assert not found.hostile
        assert not found.names & {"svg", "form", "input", "b"}


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_any_text_renders_without_active_content(text: str) -> None:
    for html in (render(text).html, render_plain(text).html):
        assert not Tags(html).hostile


def test_a_picture_becomes_a_link_and_is_not_fetched() -> None:
    assert formatted("![chart](https://example.com/c.png)") == (
        '<p><a href="https://example.com/c.png" dir="auto" rel="noopener noreferrer nofollow">'
        'chart</a> <small dir="ltr">(example.com)</small></p>\n'
    )
    assert ">badge</a>" in formatted("[![badge](https://b.example/x.svg)](https://ok.example)")


@pytest.mark.parametrize(
    ("message", "host"),
    [
        ("[Open the invoice](https://evil.example/pay)", "evil.example"),
        ("[bank.example](https://evil.example/)", "evil.example"),
        ("[https://bank.example/](https://evil.example:8443/x)", "evil.example:8443"),
        ("[Pay **now**](//evil.example/x)", "evil.example"),
        ("[Pay](https:evil.example)", "evil.example"),
        ("<https://bank.example@evil.example/>", "evil.example"),
        ("[x](https://bank.example%2F@evil.example/)", "evil.example"),
        ("https://b\N{CYRILLIC SMALL LETTER A}nk.example/", "xn--bnk-6cd.example"),
        ("[Ask us](mailto:help@evil.example?subject=x)", "help@evil.example"),
        ("[![badge](https://b.example/x.svg)](https://evil.example)", "evil.example"),
    ],
)
def test_a_link_shows_its_host_where_its_words_do_not(message: str, host: str) -> None:
    assert formatted(message).endswith(f'</a> <small dir="ltr">({host})</small></p>\n')


@pytest.mark.parametrize(
    "message",
    [
        "see https://example.com/a_b",
        "[https://example.com/a](https://example.com/b)",
        "[Example.com](https://example.com/)",
        "[www.example.com/x](https://www.example.com/x)",
        "<help@example.com>",
        "[your inbox](/inbox/)",
    ],
)
def test_a_link_whose_words_are_its_host_is_left_alone(message: str) -> None:
    assert "<small" not in formatted(message)


def test_text_that_reverses_what_follows_stops_at_a_link() -> None:
    reverse = "\N{RIGHT-TO-LEFT EMBEDDING}"
    assert formatted(f"{reverse}[moc.knab](https://moc.knab) [x](https://moc.knab)") == (
        f'<p>{reverse}<a href="https://moc.knab" dir="auto" rel="noopener noreferrer nofollow">'
        'moc.knab</a> <a href="https://moc.knab" dir="auto" rel="noopener noreferrer nofollow">'
        'x</a> <small dir="ltr">(moc.knab)</small></p>\n'
    )


@pytest.mark.parametrize("formatter", [formatted, lambda text: render_plain(text).html])
def test_a_character_that_would_reverse_what_follows_is_shown(
    formatter: Callable[[str], str],
) -> None:
    shown = formatter("Pay \N{RIGHT-TO-LEFT OVERRIDE}(00.001) and \N{LEFT-TO-RIGHT OVERRIDE}abc")
    assert shown == "<p>Pay ⟨U+202E⟩(00.001) and ⟨U+202D⟩abc</p>\n"


def test_an_entity_that_would_reverse_what_follows_is_shown() -> None:
    assert formatted("Pay &#x202e;00.001") == "<p>Pay ⟨U+202E⟩00.001</p>\n"


def test_no_one_else_can_write_a_links_host() -> None:
    assert "<small" not in formatted("[x] <small>(bank.example)</small>")


def test_plain_text_keeps_its_marks_and_lines() -> None:
    assert render_plain("a *b*\n# c\n\nd").html == "<p>a *b*<br>\n# c</p>\n<p>d</p>\n"


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


TABLE = "| a |\n|---|\n| last |\n"


@pytest.mark.parametrize("levels", [1, 9, 12, NESTED // 2 - 1, NESTED // 2 + 1, 100])
def test_nothing_behind_deep_lists_is_lost(levels: int) -> None:
    text = "".join("  " * level + f"- item{level}\n" for level in range(levels)) + "\n" + TABLE
    shown = render(text)
    assert bool(shown.plain) == (levels > NESTED // 2)
    for word in (*(f"item{level}" for level in range(levels)), "last"):
        assert word in shown.html + shown.plain


@pytest.mark.parametrize("levels", [20, NESTED - 1, NESTED, 200])
def test_nothing_behind_deep_quotes_is_lost(levels: int) -> None:
    shown = render(">" * levels + " quoted\n\n" + TABLE)
    assert bool(shown.plain) == (levels >= NESTED)
    for word in ("quoted", "last"):
        assert word in shown.html + shown.plain


@pytest.mark.parametrize(
    "text",
    [
        "| a |\n|---|\n| 1 | beyond |",
        "> | a |\n> |---|\n> | 1 | beyond |",
        "[x]: https://beyond.example",
        "```python beyond\n1\n```",
        "![" * 3000 + "beyond" + "](b)" * 3000,
        "7. beyond",
    ],
)
def test_markdown_that_other_readers_hide_is_shown(text: str) -> None:
    shown = render(text)
    assert "beyond" in shown.html + shown.plain
    assert text.startswith("7.") == ('<ol start="7">' in shown.html)


def test_the_beginning_is_formatted_and_the_rest_is_as_it_was_written() -> None:
    line = "**x** https://example.com/a\n"
    shown = render(line * 40_000)
    assert shown.html.count("<strong>") == FORMATTED // len(line)
    assert shown.rest == line * (40_000 - FORMATTED // len(line))


@given(st.text(min_size=1, max_size=60), st.integers(1, 5000))
def test_a_text_is_split_without_a_loss(text: str, times: int) -> None:
    first, rest = split(text * times)
    assert first + rest == text * times
    assert len(first.encode("utf-8", "surrogatepass")) <= FORMATTED


def test_an_address_that_is_too_long_to_look_for_stays_text() -> None:
    shown = render("www.a.com/(" * 2900 + " https://example.com/")
    assert shown.html.count("www.a.com/(") == 2900
    assert "<a " not in shown.html
