import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template.base import Lexer, TokenType

TEMPLATES = Path(__file__).parents[2] / "templates"
PAGES = sorted(TEMPLATES.rglob("*.html"))

# The product's name, and what keys are called.
SAME_IN_EVERY_LANGUAGE = {
    "Reviewer inbox",
    "· Reviewer inbox",
    "() · Reviewer inbox",
    "Enter",
    "Esc",
}
# Classes and an attribute, alone in a block and in a file, and an example in JSON.
NO_WORDS = {
    "triage",
    "triage triage--focus",
    'data-theme="" data-density="compact"',
    '{"approved": true}',
}
READ_OUT = {"alt", "aria-label", "data-label", "placeholder", "title"}
LETTERS = re.compile(r"[^\W\d_]{2}")

# Words that a tag is given: {% icon "alert" "Late" %}, {% include … with title="Late" %},
# {{ name|default:"No one" }}.
ARGUMENTS = re.compile(
    r"""icon "[\w-]+" "(?P<icon>[^"]*)"|"""
    r"""\b(?:action|label|placeholder|text|title)="(?P<named>[^"]*)"|"""
    r"""default:"(?P<default>[A-Z][^"]*|[^"]* [^"]*)\""""
)


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            sentence = (
                name.startswith("data-") and name != "data-key" and (value or "")[:1].isupper()
            )
            if name in READ_OUT or sentence:
                self.words.append(value or "")


def untranslated(source: str) -> list[str]:
    page, given = [], []
    skipped_until = ""
    for token in Lexer(source).tokenize():
        tag = token.contents.partition(" ")[0] if token.token_type is TokenType.BLOCK else ""
        if skipped_until:
            skipped_until = "" if tag == skipped_until else skipped_until
        elif tag in ("comment", "blocktranslate"):
            skipped_until = f"end{tag}"
        elif token.token_type is TokenType.TEXT:
            page.append(token.contents)
        elif token.token_type is not TokenType.COMMENT and tag != "translate":
            found = ARGUMENTS.finditer(token.contents)
            given += [word for match in found for word in match.groups() if word]
    reader = Page()
    reader.feed("".join(page))
    reader.close()
    words = (" ".join(word.split()) for word in (*reader.words, *given))
    return [
        word
        for word in words
        if LETTERS.search(word) and word not in SAME_IN_EVERY_LANGUAGE | NO_WORDS
    ]


def test_every_text_of_a_template_can_be_translated() -> None:
    found = {str(path): untranslated(path.read_text()) for path in PAGES}
    assert {path: texts for path, texts in found.items() if texts} == {}


def test_a_text_of_several_lines_is_trimmed() -> None:
    """The pages have no indentation, unlike the files that translations are collected from."""
    lines = re.compile(
        r"{% blocktranslate(?![^%]* trimmed)[^%]*%}(?:(?!{% endblocktranslate).)*\n", re.DOTALL
    )
    assert [str(path) for path in PAGES if lines.search(path.read_text())] == []


@pytest.mark.parametrize(
    "source",
    [
        "<p>Late</p>",
        '<a aria-label="Late {{ name }}">{% icon "x" %}</a>',
        '<b data-ask="Send it?"></b>',
        '{% icon "alert" "Late" %}',
        '{% include "x.html" with title="Late" only %}',
        '{{ name|default:"Nobody" }}',
    ],
)
def test_a_text_that_cannot_be_translated_is_found(source: str) -> None:
    assert len(untranslated(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        '<p class="meta">{% translate "Late" %} <kbd>Esc</kbd></p>',
        "{% blocktranslate %}<b>Late</b>: {{ name }}{% endblocktranslate %}",
        '{% include "x.html" with title=_("Late") kind="late" only %}',
        "{% comment %}Late{% endcomment %}{# Late #}",
    ],
)
def test_what_can_be_translated_passes(source: str) -> None:
    assert untranslated(source) == []
