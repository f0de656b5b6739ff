"""The one line that stands for a message in a list."""

import html
import re

LONGEST = 300

_ONLY_MARKS = re.compile(r"^(?:[-*_=]{3,}|```.*|~~~.*|\|?[\s:|-]+\|?)$")
_LEADING = re.compile(r"^(?:>\s?|#{1,6}\s+|[-*+]\s+(?:\[[ xX]\]\s+)?|\d{1,9}[.)]\s+)+")
_IMAGE_OR_LINK = re.compile(r"!?\[([^\[\]]*)\](?:\([^()\s]*(?:\s+\"[^\"]*\")?\)|\[[^\[\]]*\])")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^\s<>]+)>")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_CODE = re.compile(r"(`+)(.+?)\1")
_STRONG = re.compile(r"(\*\*|__|~~)(?=\S)(.+?)(?<=\S)\1")
_EMPHASIS = re.compile(r"(?<!\w)([*_])(?=\S)(.+?)(?<=\S)\1(?!\w)")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


def title_of(message: str) -> str:
    """The first line of ``message`` that says something, as plain text, at most 300 characters."""
    for line in message.splitlines():
        if _ONLY_MARKS.match(line.strip()):
            continue
        title = _plain(line.strip())
        if title:
            return title if len(title) <= LONGEST else title[: LONGEST - 1].rstrip() + "…"
    return ""


def _plain(line: str) -> str:
    line = re.sub(r"\s#+$", "", _LEADING.sub("", line))
    line = _IMAGE_OR_LINK.sub(r"\1", line)
    line = _AUTOLINK.sub(r"\1", line)
    line = _TAG.sub("", line)
    for mark in (_CODE, _STRONG, _EMPHASIS):
        line = mark.sub(r"\2", line)
    line = html.unescape(_ESCAPE.sub(r"\1", line))
    return " ".join(line.split())
