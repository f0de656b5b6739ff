"""Readable diffs: per file, with line numbers, unchanged parts folded."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.translation import ngettext
from unidiff import PatchedFile, PatchSet, UnidiffParseError

from inbox.lib.bidi import show_overrides

MOST_LINES = 2000
KEEP = 3
"""Unchanged lines that are shown beside a change."""
FEWEST_FOLDED = 3
FINEST_LINES = 300
COMPARED = 200_000
"""The most characters of two texts that are compared."""

MOST_WORDS = 2000
"""Longer texts are compared line by line."""

_WORD = re.compile(r"\s+|\w+|[^\w\s]+")
_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@", re.MULTILINE)
_HEADER = re.compile(
    r"(---|\+\+\+|diff|index|similarity|dissimilarity|rename|copy|old mode|new mode|new file mode"
    r"|deleted file mode|Binary files|\\) "
)


@dataclass(frozen=True)
class Line:
    """``kind`` is ``add``, ``del`` or empty. ``old`` is the number that an unchanged line had
    before.
    """

    kind: str
    number: int
    text: str
    old: int = 0

    @property
    def sign(self) -> str:
        return {"add": "+", "del": "−"}.get(self.kind, " ")


@dataclass(frozen=True)
class Piece:
    """Shown lines or a fold; without lines, a gap that the diff leaves out."""

    lines: tuple[Line, ...] = ()
    folded: int = 0

    @property
    def changed(self) -> bool:
        return bool(self.lines and self.lines[0].kind)

    @property
    def label(self) -> str:
        lines = ngettext("%(count)d unchanged line", "%(count)d unchanged lines", self.folded)
        return lines % {"count": self.folded}


@dataclass(frozen=True)
class FileDiff:
    """``cut`` is how many lines were left out."""

    path: str
    added: int
    removed: int
    pieces: tuple[Piece, ...]
    cut: int = 0

    @property
    def folds(self) -> bool:
        return any(piece.folded and piece.lines for piece in self.pieces)


@dataclass(frozen=True)
class Patch:
    """``around`` is the text outside hunks and headers, such as a commit message."""

    files: tuple[FileDiff, ...]
    around: str


def parse(text: str) -> Patch | None:
    """None if the text is no valid unified diff."""
    hunk = _HUNK.search(text)
    if hunk is None:
        return None
    if not re.search(r"^\+\+\+ ", text[: hunk.start()], re.MULTILINE):
        # Code hosts send the hunks of a file without its header.
        text = f"{text[: hunk.start()]}--- \n+++ \n{text[hunk.start() :]}"
    try:
        patch = PatchSet.from_string(text)
    except UnidiffParseError:
        return None
    inside = {line.diff_line_no for file in patch for hunk in file for line in hunk}
    around = "\n".join(
        line
        for number, line in enumerate(text.split("\n"), 1)
        if number not in inside and not _HUNK.match(line) and not _HEADER.match(line)
    )
    return Patch(tuple(_read(file) for file in patch if file), around.strip())


def _read(file: PatchedFile) -> FileDiff:
    lines: list[Line] = []
    gaps: dict[int, int] = {}
    end = 1
    for hunk in file:
        if hunk.target_start > end:
            gaps[len(lines)] = hunk.target_start - end
        for line in hunk:
            number, old = line.target_line_no or 0, line.source_line_no or 0
            if line.is_added:
                lines.append(_line("add", number, line.value))
            elif line.is_removed:
                lines.append(_line("del", old, line.value))
            elif line.is_context:
                lines.append(_line("", number, line.value, old))
        end = hunk.target_start + hunk.target_length
    return _file_diff(file.path, lines, gaps)


def compare(before: str, after: str, *, path: str = "") -> tuple[FileDiff, ...]:
    old, new = before.splitlines(), after.splitlines()
    lines: list[Line] = []
    # The search for the best match is cubic if lines repeat; the other one is not.
    many = max(len(old), len(new)) > FINEST_LINES
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(a=old, b=new, autojunk=many).get_opcodes():
        if tag == "equal":
            for offset, text in enumerate(new[j1:j2]):
                lines.append(_line("", j1 + offset + 1, text, i1 + offset + 1))
            continue
        lines += [_line("del", number, text) for number, text in enumerate(old[i1:i2], i1 + 1)]
        lines += [_line("add", number, text) for number, text in enumerate(new[j1:j2], j1 + 1)]
    return (_file_diff(path, lines, {}),) if any(line.kind for line in lines) else ()


@dataclass(frozen=True)
class Span:
    """A piece of a text. ``kind`` is as for a line."""

    kind: str
    text: str


Spans = tuple[Span, ...]


def words(before: Sequence[str], after: Sequence[str]) -> tuple[Spans, Spans]:
    """Two texts, with what was deleted marked in the first and what was added in the second."""
    old, new = ["".join(map(show_overrides, texts)) for texts in (before, after)]
    parts = [_WORD.findall(text) for text in (old, new)]
    if max(map(len, parts)) > MOST_WORDS:
        parts = [text.splitlines(keepends=True) for text in (old, new)]
    a, b = parts
    many = max(len(a), len(b)) > FINEST_LINES
    # Spaces alone match nothing, so that what was rewritten is marked in one piece.
    matcher = difflib.SequenceMatcher(str.isspace, a, b, autojunk=many)
    deleted, added = [], []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        equal = tag == "equal"
        deleted.append(Span("" if equal else "del", "".join(a[i1:i2])))
        added.append(Span("" if equal else "add", "".join(b[j1:j2])))
    return _with_text(deleted), _with_text(added)


def choices(before: Sequence[str], after: Sequence[str]) -> tuple[Spans, Spans]:
    """As ``words``, for names that stay or go as a whole."""
    return _marked(before, after, "del"), _marked(after, before, "add")


def _marked(names: Sequence[str], others: Sequence[str], kind: str) -> Spans:
    spans: list[Span] = []
    for name in names:
        if spans:
            spans.append(Span("", ", "))
        spans.append(Span("" if name in others else kind, show_overrides(name)))
    return tuple(spans)


def _with_text(spans: list[Span]) -> Spans:
    return tuple(span for span in spans if span.text)


def _line(kind: str, number: int, text: str, old: int = 0) -> Line:
    return Line(kind, number, show_overrides(text.rstrip("\r\n")), old)


def _file_diff(path: str, lines: list[Line], gaps: Mapping[int, int]) -> FileDiff:
    return FileDiff(
        path=path,
        added=sum(line.kind == "add" for line in lines),
        removed=sum(line.kind == "del" for line in lines),
        pieces=tuple(_pieces(lines[:MOST_LINES], gaps)),
        cut=max(0, len(lines) - MOST_LINES),
    )


def _pieces(lines: list[Line], gaps: Mapping[int, int]) -> Iterator[Piece]:
    cuts = sorted({0, len(lines), *(at for at in gaps if at < len(lines))})
    for start, end in pairwise(cuts):
        if start in gaps:
            yield Piece(folded=gaps[start])
        yield from _fold(lines[start:end], first=start == 0, last=end == len(lines))


def _fold(lines: list[Line], *, first: bool, last: bool) -> Iterator[Piece]:
    start = 0
    while start < len(lines):
        end = start
        while end < len(lines) and bool(lines[end].kind) == bool(lines[start].kind):
            end += 1
        run = lines[start:end]
        head = 0 if first and start == 0 else KEEP
        tail = 0 if last and end == len(lines) else KEEP
        if lines[start].kind or len(run) < head + tail + FEWEST_FOLDED:
            yield Piece(tuple(run))
        else:
            if head:
                yield Piece(tuple(run[:head]))
            middle = run[head : len(run) - tail]
            yield Piece(tuple(middle), folded=len(middle))
            if tail:
                yield Piece(tuple(run[len(run) - tail :]))
        start = end
