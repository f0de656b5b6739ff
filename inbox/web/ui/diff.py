"""Readable diffs: per file, with line numbers, unchanged parts folded."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from django.utils.translation import ngettext

from inbox.bidi import show_overrides

MOST_LINES = 2000
KEEP = 3
"""Unchanged lines that are shown beside a change."""
FEWEST_FOLDED = 3
FINEST_LINES = 300
COMPARED = 200_000
"""The most characters of two texts that are compared."""

_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")

_HEADER = re.compile(
    r"(---|\+\+\+|diff|index|similarity|dissimilarity|rename|copy|old mode|new mode|new file mode"
    r"|deleted file mode|Binary files|\\) "
)


@dataclass(frozen=True)
class Line:
    """``kind`` is ``add``, ``del`` or empty; ``number`` is the line number on its side. ``old`` is
    the number that an unchanged line had before.
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
    """Lines that are shown, or a fold; without lines it is a gap that the diff leaves out."""

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
    """One file. ``cut`` is how many lines were left out because there are too many."""

    path: str
    added: int
    removed: int
    pieces: tuple[Piece, ...]
    cut: int = 0

    @property
    def folds(self) -> bool:
        """Whether it has unchanged lines that are folded."""
        return any(piece.folded and piece.lines for piece in self.pieces)


@dataclass
class _FileBuilder:
    path: str
    lines: list[Line] = field(default_factory=list)
    gaps: dict[int, int] = field(default_factory=dict)
    old: int = 1
    new: int = 1
    left_old: int = 0
    left_new: int = 0
    added: int = 0
    removed: int = 0
    cut: int = 0

    @property
    def inside(self) -> bool:
        """Whether the hunk has more lines."""
        return self.left_old > 0 or self.left_new > 0

    def add(self, kind: str, number: int, text: str, old: int = 0) -> None:
        """Count a line, and keep it unless there are too many."""
        self.added += kind == "add"
        self.removed += kind == "del"
        if len(self.lines) < MOST_LINES:
            self.lines.append(Line(kind, number, show_overrides(text), old))
        else:
            self.cut += 1


def looks_like_diff(text: str) -> bool:
    """Whether a line of the text is the header of a hunk."""
    return any(_HUNK.match(line) for line in text.splitlines())


def _name(header: str) -> str:
    name = header[4:].partition("\t")[0].strip()
    return name[2:] if name[:2] in ("a/", "b/") else name


def _take(file: _FileBuilder, line: str) -> None:
    sign, text = line[:1], line[1:]
    if sign == "+":
        file.add("add", file.new, text)
        file.new, file.left_new = file.new + 1, file.left_new - 1
    elif sign == "-":
        file.add("del", file.old, text)
        file.old, file.left_old = file.old + 1, file.left_old - 1
    elif sign != "\\":
        file.add("", file.new, text, file.old)
        file.old, file.new = file.old + 1, file.new + 1
        file.left_old, file.left_new = file.left_old - 1, file.left_new - 1


def _start_hunk(file: _FileBuilder, match: re.Match[str]) -> None:
    old, new = int(match[1]), int(match[3])
    if new > file.new:
        file.gaps[len(file.lines)] = new - file.new
    file.old, file.new = old, new
    file.left_old = int(match[2] or 1)
    file.left_new = int(match[4] or 1)


def parse(text: str) -> tuple[FileDiff, ...]:
    """Parse a unified diff of any number of files; anything outside its hunks is left out."""
    files: list[_FileBuilder] = []
    before = ""
    for line in text.splitlines():
        if files and files[-1].inside:
            _take(files[-1], line)
        elif line.startswith("--- "):
            before = _name(line)
        elif line.startswith("+++ "):
            name = _name(line)
            files.append(_FileBuilder(before if name == "/dev/null" else name))
        elif match := _HUNK.match(line):
            if not files:
                files.append(_FileBuilder(""))
            _start_hunk(files[-1], match)
    return tuple(_close(file) for file in files if file.lines)


def beside(text: str) -> str:
    """The text around the hunks and headers of a unified diff, such as a commit message, which
    ``parse`` leaves out.
    """
    kept: list[str] = []
    file = _FileBuilder("")
    for line in text.splitlines():
        if file.inside:
            _take(file, line)
        elif match := _HUNK.match(line):
            _start_hunk(file, match)
        elif not _HEADER.match(line):
            kept.append(line)
    return "\n".join(kept).strip()


def compare(before: str, after: str, *, path: str = "") -> tuple[FileDiff, ...]:
    """The diff of two texts; empty if they are equal."""
    old, new = before.splitlines(), after.splitlines()
    file = _FileBuilder(path)
    # The search for the best match is cubic if lines repeat; the other one is not.
    many = max(len(old), len(new)) > FINEST_LINES
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(a=old, b=new, autojunk=many).get_opcodes():
        if tag == "equal":
            for offset, text in enumerate(new[j1:j2]):
                file.add("", j1 + offset + 1, text, i1 + offset + 1)
            continue
        for offset, text in enumerate(old[i1:i2]):
            file.add("del", i1 + offset + 1, text)
        for offset, text in enumerate(new[j1:j2]):
            file.add("add", j1 + offset + 1, text)
    if not file.added and not file.removed:
        return ()
    return (_close(file),)


def _close(file: _FileBuilder) -> FileDiff:
    return FileDiff(
        path=file.path,
        added=file.added,
        removed=file.removed,
        pieces=tuple(_pieces(file.lines, file.gaps)),
        cut=file.cut,
    )


def _pieces(lines: list[Line], gaps: dict[int, int]) -> Iterator[Piece]:
    cuts = sorted({0, len(lines), *(at for at in gaps if at < len(lines))})
    for start, end in pairwise(cuts):
        if start in gaps:
            yield Piece(folded=gaps[start])
        yield from _fold(lines[start:end], first=start == 0, last=end == len(lines))


def _fold(lines: list[Line], *, first: bool, last: bool) -> Iterator[Piece]:
    """Fold long unchanged parts, except for the lines beside a change."""
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
