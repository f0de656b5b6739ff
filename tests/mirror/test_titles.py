import pytest

from inbox.mirror.titles import LONGEST, title_of


@pytest.mark.parametrize(
    ("message", "title"),
    [
        ("Ship it?", "Ship it?"),
        ("\n\n  Ship it?  \nIt is Friday.", "Ship it?"),
        ("# Release 2.4 #\n\nAll green.", "Release 2.4"),
        ("> **Release** _2.4_ of `api`", "Release 2.4 of api"),
        ("- [ ] Pay [invoice 17](https://example.org/17) now", "Pay invoice 17 now"),
        ("1. First", "First"),
        ("---\n```\nShip it?", "Ship it?"),
        ("| --- | :-: |\nrows", "rows"),
        ("![diagram](a.png) of the change", "diagram of the change"),
        ("<b>Ship</b> it &amp; go <https://example.org>", "Ship it & go https://example.org"),
        ("snake_case_name stays, 2 * 3 * 4 too", "snake_case_name stays, 2 * 3 * 4 too"),
        (r"\*not emphasis\*", "*not emphasis*"),
        ("***\n***both***", "both"),
        ("", ""),
        ("   \n---\n", ""),
    ],
)
def test_the_first_line_with_text_is_the_title(message: str, title: str) -> None:
    assert title_of(message) == title


@pytest.mark.parametrize("character", ["\N{RIGHT-TO-LEFT OVERRIDE}", "&#x202e;"])
def test_a_character_that_would_reverse_the_title_is_shown(character: str) -> None:
    assert title_of(f"Pay {character}00.001?") == "Pay ⟨U+202E⟩00.001?"


def test_a_long_line_is_cut() -> None:
    title = title_of("word " * 100)
    assert len(title) <= LONGEST
    assert title.endswith("word…")
