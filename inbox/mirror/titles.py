"""The title that lists show for a message."""

import html
import re

from inbox.lib.bidi import show_overrides

LONGEST = 300
LONGEST_LINE = 2000

_MARKED = re.compile(r"[*_`~<>&\[\]\\#!|=]|^[-+\d]|\s\s")
_ONLY_MARKS = re.compile(r"^(?:[-*_=]{3,}|```.*|~~~.*|\|?[\s:|-]+\|?)$")
_LEADING = re.compile(r"^(?:>\s?|#{1,6}\s+|[-*+]\s+(?:\[[ xX]\]\s+)?|\d{1,9}[.)]\s+)+")
_IMAGE_OR_LINK = re.compile(r"!?\[([^\[\]]*)\](?:\([^()\s]*(?:\s+\"[^\"]*\")?\)|\[[^\[\]]*\])")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^\s<>]+)>")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_CODE = re.compile(r"(`+)(.+?)\1")
_STRONG = re.compile(r"(\*\*|__|~~)(?=\S)(.+?)(?<=\S)\1")
_EMPHASIS = re.compile(r"(?<!\w)([*_])(?=\S)(.+?)(?<=\S)\1(?!\w)")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_SET_ASIDE = re.compile("[\ue000-\ue07f]")


def title_of(message: str) -> str:
    """The first line of ``message`` with text, without Markdown, at most 300 characters."""
    for line in show_overrides(message).splitlines():
        start = line.strip()[:LONGEST_LINE]
        if start and not _MARKED.search(start):
            return start if len(start) <= LONGEST else _cut(start)
        if _ONLY_MARKS.match(start):
            continue
        title = show_overrides(_plain(start))
        if title:
            return title if len(title) <= LONGEST else _cut(title)
    return ""


def _cut(title: str) -> str:
    return title[: LONGEST - 1].rstrip() + "…"


def _plain(line: str) -> str:
    # Escaped characters are replaced by private-use ones, so that they are not taken for Markdown.
    line = _ESCAPE.sub(lambda match: chr(0xE000 + ord(match[1])), line)
    line = re.sub(r"\s#+$", "", _LEADING.sub("", line))
    line = _IMAGE_OR_LINK.sub(r"\1", line)
    line = _AUTOLINK.sub(r"\1", line)
    line = _TAG.sub("", line)
    for mark in (_CODE, _STRONG, _EMPHASIS):
        line = mark.sub(r"\2", line)
    line = _SET_ASIDE.sub(lambda match: chr(ord(match[0]) - 0xE000), html.unescape(line))
    return " ".join(line.split())
