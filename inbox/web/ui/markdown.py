"""Renders Markdown from workflows as safe HTML, and caches it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from linkify_it import LinkifyIt  # type: ignore[import-untyped]
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.rules_block.table import escapedSplit
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from inbox.lib.bidi import show_overrides

_WEB = re.compile(r"(https?:)?[/\\]{2,}|https?:[/\\]*", re.IGNORECASE)
_END = re.compile(r"[/\\?#]")


def hidden_host(href: str, words: str) -> str:
    """Empty if the link's text names exactly that, and for links within this site."""
    words = words.strip()
    if href[:7].lower() == "mailto:":
        address = href[7:].partition("?")[0]
        return "" if words == address else address
    target = _host(href)
    shown_host = _host(words) or _host(f"//{words}")
    # Words in another script, or "bank.example" before "@", look like a host but aren't one.
    return "" if shown_host == target and "@" not in target and words.isascii() else _plain(target)


def _host(address: str) -> str:
    """As a browser reads it, without any part before ``@``."""
    web = _WEB.match(address)
    return _END.split(address[web.end() :], maxsplit=1)[0].lower() if web else ""


def _plain(host: str) -> str:
    """In ASCII, so that similar letters can't mislead."""
    host = host.rpartition("@")[2]
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


FORMATTED = 32 * 1024
"""The most bytes of a text that are formatted; the rest is plain."""
CACHED = 500
"""The most texts that are cached in each format."""
NESTED = 60
"""The deepest nesting of quotes that is formatted; lists may nest twice as deep. The parser drops
anything deeper, and everything after it.
"""
BRACKETS = 2_000
"""With more than this, the parser's search for links takes seconds."""
LONGEST_ADDRESS = 2_000
"""The longest text without a space that is searched for addresses: the search is quadratic."""
ADDRESSES = 1_000
"""With more than this in a text, none becomes a link."""

NUMBERED = 2_000
"""The most lines of a block of code that get an element each."""

TAGS = {
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "small",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
}
REL = "noopener noreferrer nofollow"
SCHEMES = {"http", "https", "mailto"}


def _picture(
    self: RendererProtocol,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: EnvType,
) -> str:
    """A link: the page loads nothing from elsewhere."""
    source = str(tokens[index].attrGet("src") or "")
    name = tokens[index].content or source
    nested = sum(token.nesting for token in tokens[:index] if token.type.startswith("link_"))
    if nested:
        return str(escape(name))
    return f'<a href="{escape(source)}">{escape(name)}</a>{_host_after(source, name)}'


def _fence(
    self: RendererProtocol,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: EnvType,
) -> str:
    """One element for each line, which the style sheet numbers."""
    lines = tokens[index].content.removesuffix("\n").split("\n")
    if len(lines) > NUMBERED:
        return f"<pre><code>{escape(tokens[index].content)}</code></pre>"
    return "<pre>" + "\n".join(f"<code>{escape(line)}</code>" for line in lines) + "</pre>"


def _link_close(
    self: RendererProtocol,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: EnvType,
) -> str:
    """Adds the host unless the link's text names it."""
    start = next(n for n in range(index, -1, -1) if tokens[n].type == "link_open")
    words = "".join(token.content for token in tokens[start:index])
    return f"</a>{_host_after(str(tokens[start].attrGet('href') or ''), words)}"


def _host_after(href: str, words: str) -> str:
    host = hidden_host(href, words)
    return f" <small>({escape(host)})</small>" if host else ""


class Addresses(LinkifyIt):
    def match(self, text: str) -> list[Any] | None:
        found = []
        for word in re.finditer(r"\S+", text):
            for address in super().match(word[0]) or ():
                address.index += word.start()
                address.last_index += word.start()
                found.append(address)
        return found or None

    def test(self, text: str) -> bool:
        return bool(self.pretest(text))


def _parser(preset: str, rules: list[str], *, linkify: bool) -> MarkdownIt:
    options = {"html": False, "linkify": linkify, "breaks": True, "maxNesting": NESTED}
    parser = MarkdownIt(preset, options)
    parser.linkify = Addresses()
    parser.add_render_rule("link_close", _link_close)
    return parser.enable([*rules, "linkify"])


def _markdown(*, linkify: bool) -> MarkdownIt:
    parser = _parser("commonmark", ["table", "strikethrough"], linkify=linkify)
    # A definition that no link refers to would vanish.
    parser.disable("reference")
    parser.add_render_rule("image", _picture)
    parser.add_render_rule("fence", _fence)
    return parser


_MARKDOWN, _MARKDOWN_UNLINKED = _markdown(linkify=True), _markdown(linkify=False)
_PLAIN = _parser("zero", ["newline"], linkify=True)
_PLAIN_UNLINKED = _parser("zero", ["newline"], linkify=False)


def _sink_headings(tokens: list[Token]) -> None:
    """Begin at h2, below the page's h1, without skipping a level."""
    above: list[str] = []
    for token in tokens:
        if token.type == "heading_open":
            above = [*(tag for tag in above if tag < token.tag), token.tag]
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, len(above) + 1)}"


def _replace_empty_headers(tokens: list[Token]) -> None:
    """An empty header labels nothing."""
    for opened, inside, closed in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if opened.type == "th_open" and not inside.content:
            opened.tag = closed.tag = "td"


def clean(html: str) -> SafeString:
    safe = nh3.clean(
        html,
        tags=TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        set_tag_attribute_values={
            # Text before a link that reverses what follows would reverse its words and its host.
            "a": {"dir": "auto"},
            "small": {"dir": "ltr"},
            # So that the keyboard can scroll those that are wider than the page.
            "pre": {"tabindex": "0"},
            "table": {"tabindex": "0"},
        },
        url_schemes=SCHEMES,
        link_rel=REL,
    )
    # An entity has become the character by now.
    return mark_safe(show_overrides(safe))  # nosec # noqa: S308 - nh3 made it safe


@dataclass(frozen=True)
class Text:
    """``plain``: it can't be formatted. ``rest`` is the source of what follows. ``size`` is in
    bytes.
    """

    html: SafeString
    plain: str = ""
    rest: str = ""
    size: int = 0

    def __bool__(self) -> bool:
        return bool(self.html or self.plain)


def render(text: str) -> Text:
    first, rest = split(show_overrides(text))
    html = _format(first)
    size = _size(first)
    return Text(SafeString(""), first, rest, size) if html is None else Text(html, "", rest, size)


def render_plain(text: str, most: int = FORMATTED) -> Text:
    """Paragraphs, line breaks, and links for web addresses."""
    first, rest = split(show_overrides(text), most)
    html = _format_plain(first)
    return Text(html, rest=rest, size=_size(first))


def split(text: str, most: int = FORMATTED) -> tuple[str, str]:
    """At most so many bytes, ending at a line or word, and the rest."""
    if len(text) * 4 <= most:
        return text, ""
    end = len(text)
    while (size := _size(text[:end])) > most:
        end = min(end - 1, end * most // size)
    if end < len(text):
        line, word = text.rfind("\n", end // 2, end), text.rfind(" ", end // 2, end)
        end = (line if line >= 0 else word) + 1 or end
    return text[:end], text[end:]


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


@lru_cache(CACHED)
def _format(text: str) -> SafeString | None:
    if text.count("[") > BRACKETS:
        return None
    parser = _MARKDOWN if _linkable(text) else _MARKDOWN_UNLINKED
    try:
        tokens = parser.parse(text)
    except RecursionError:
        return None
    if any(_drops(tokens, text.split("\n"))):
        return None
    _sink_headings(tokens)
    _replace_empty_headers(tokens)
    return clean(parser.renderer.render(tokens, parser.options, {}))


def _drops(tokens: Sequence[Token], lines: list[str]) -> Iterator[bool]:
    """For each token, something of its source would not be shown."""
    columns = cells = 0
    for token in tokens:
        match token.type:
            case "blockquote_open" | "list_item_open":
                yield token.level + 1 >= NESTED
            case "fence":
                yield " " in token.info.strip()
            case "table_open":
                columns = 0
            case "tr_open":
                cells = _cells(lines[token.map[0]]) if token.map else 0
                columns = columns or cells
                yield cells > columns


def _cells(line: str) -> int:
    row = escapedSplit(line.strip())
    return len(row) - (row[0] == "") - (len(row) > 1 and row[-1] == "")


@lru_cache(CACHED)
def _format_plain(text: str) -> SafeString:
    parser = _PLAIN if _linkable(text) else _PLAIN_UNLINKED
    return clean(parser.render(text))


def _linkable(text: str) -> bool:
    """Finding addresses in it takes reasonable time."""
    if text.count("://") > ADDRESSES:
        return False
    return max(map(len, text.split()), default=0) <= LONGEST_ADDRESS


def body(message: str, title: str) -> str:
    """The first line stays if the title doesn't have all of it: it was cut, or has a link."""
    first, _, rest = message.strip().partition("\n")
    title_text = title.removesuffix("…").strip()
    whole = len(first.strip().lstrip("#").strip()) <= 300 and not title.endswith("…")
    linked = "](" in first or "://" in first
    return rest.strip() if whole and title_text and not linked else message.strip()
