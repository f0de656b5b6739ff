"""Snippets: where a question contains the words searched for, if its row doesn't show them."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from inbox import access
from inbox.access import Viewer
from inbox.access.search import answer_texts, people_of, question_texts
from inbox.lib.bidi import show_overrides
from inbox.lib.words import spans_of, words_of
from inbox.models import Interaction
from inbox.web.ui.labels import label
from inbox.web.ui.people import People

BEFORE = 24
"""Characters before the first marked word, about."""
LONGEST = 160
"""Characters of a snippet; the row shows as many as fit."""
VISIBLE = 30
"""Characters of a title that every row shows."""

_MARKDOWN = re.compile(r"^\s*(?:#{1,6}|>|[-*+])\s+|\*\*|__|`+", re.MULTILINE)


@dataclass(frozen=True)
class Piece:
    text: str
    marked: bool = False


def snippet(
    viewer: Viewer,
    item: Interaction,
    words: Collection[str],
    *,
    people: People,
    shown: Iterable[str],
) -> tuple[Piece, ...]:
    """Empty if all words are in ``shown``. Secrets are masked, hidden answers left out."""
    missing = _missing(words, " ".join(shown))
    if not missing:
        return ()
    best, most = "", 0
    for text in _texts(viewer, item, people):
        count = len(missing) - len(_missing(missing, text))
        if count > most:
            best, most = text, count
        if most == len(missing):
            break
    return tuple(_pieces(best, missing)) if most else ()


def _missing(words: Collection[str], text: str) -> list[str]:
    present = words_of(text)
    return [word for word in words if not any(one.startswith(word) for one in present)]


def _texts(viewer: Viewer, item: Interaction, people: People) -> Iterator[str]:
    for id_ in people_of(item):
        yield people.full(id_)
    for key, text in question_texts(item):
        yield _MARKDOWN.sub("", text) if text == item.message else _under(label(key), text)
    if not access.hides_answers(viewer, item):
        for person, text in answer_texts(item):
            yield _under(people.name(person) if person else "", text)


def _under(heading: str, text: str) -> str:
    return f"{heading}: {text}" if heading and text else heading or text


def _pieces(text: str, words: list[str]) -> Iterator[Piece]:
    line = unicodedata.normalize("NFC", " ".join(show_overrides(text).split()))
    marks: list[tuple[int, int]] = []
    beginnings = tuple(words)
    for start, end in spans_of(line):
        if marks and start > marks[0][0] + LONGEST:
            break
        if any(word.startswith(beginnings) for word in words_of(line[start:end])):
            marks.append((start, end))
    first = marks[0][0] if marks else 0
    begin = line.find(" ", first - BEFORE, first) + 1 if first > BEFORE else 0
    end = begin + LONGEST
    if begin:
        yield Piece("…")
    at = begin
    for start, stop in marks:
        if stop > end:
            break
        if start > at:
            yield Piece(line[at:start])
        yield Piece(line[start:stop], marked=True)
        at = stop
    if line[at:end]:
        yield Piece(line[at:end] + ("…" if len(line) > end else ""))
