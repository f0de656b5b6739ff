"""Markdown that workflows wrote, made safe to show.

Two walls: markdown-it does not pass raw HTML through, and nh3 keeps only the tags and attributes
named here. Links leave without telling where from and without passing trust, and show their host.

Nothing is dropped: what cannot be formatted, and what is behind the first ``FORMATTED`` bytes, is
shown as it was written.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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

from inbox.bidi import show_overrides
from inbox.presenters.link_host import hidden_host
from inbox.presenters.render_cache import RenderCache, size_of_text

FORMATTED = 32 * 1024
"""Bytes of a text that are formatted; the rest is plain."""
CACHED = 32 * 1024 * 1024
"""Bytes of formatted text that are kept."""
NESTED = 60
"""Quotes within each other that are formatted, and twice the lists. The parser drops what is nested
deeper, and everything after it.
"""
BRACKETS = 2_000
"""More of them and the parser's search for links takes seconds."""
LONGEST_ADDRESS = 2_000
"""Characters without a space that are searched for addresses: the search is quadratic."""
ADDRESSES = 1_000
"""More of them in a text and none becomes a link."""

TAGS = {
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
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
    """A picture as a link to it: the page fetches nothing from elsewhere."""
    source = str(tokens[index].attrGet("src") or "")
    name = tokens[index].content or source
    nested = sum(token.nesting for token in tokens[:index] if token.type.startswith("link_"))
    if nested:
        return str(escape(name))
    return f'<a href="{escape(source)}">{escape(name)}</a>{_host_after(source, name)}'


def _link_close(
    self: RendererProtocol,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: EnvType,
) -> str:
    """The end of a link, and after it where it leads, unless its words say so."""
    start = next(n for n in range(index, -1, -1) if tokens[n].type == "link_open")
    words = "".join(token.content for token in tokens[start:index])
    return f"</a>{_host_after(str(tokens[start].attrGet('href') or ''), words)}"


def _host_after(href: str, words: str) -> str:
    host = hidden_host(href, words)
    return f" <small>({escape(host)})</small>" if host else ""


class Addresses(LinkifyIt):
    """Finds web and mail addresses word by word."""

    def match(self, text: str) -> list[Any] | None:
        """As ``LinkifyIt.match``."""
        found = []
        for word in re.finditer(r"\S+", text):
            for address in super().match(word[0]) or ():
                address.index += word.start()
                address.last_index += word.start()
                found.append(address)
        return found or None

    def test(self, text: str) -> bool:
        """Whether ``match`` is worth a try."""
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
    return parser


_MARKDOWN, _MARKDOWN_UNLINKED = _markdown(linkify=True), _markdown(linkify=False)
_PLAIN = _parser("zero", ["newline"], linkify=True)
_PLAIN_UNLINKED = _parser("zero", ["newline"], linkify=False)


def _sink_headings(tokens: list[Token]) -> None:
    """The page has its own h1 and h2; a message's headings start below them."""
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"


def clean(html: str) -> SafeString:
    """Only what is named above survives."""
    safe = nh3.clean(
        html,
        tags=TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        # Text before a link that reverses what follows would reverse its words and its host.
        set_tag_attribute_values={"a": {"dir": "auto"}, "small": {"dir": "ltr"}},
        url_schemes=SCHEMES,
        link_rel=REL,
    )
    # An entity has become the character by now.
    return mark_safe(show_overrides(safe))  # noqa: S308 - nh3 made it safe


@dataclass(frozen=True)
class Text:
    """``html`` is the formatted beginning, or ``plain`` the same as it was written, where it cannot
    be formatted. ``rest`` is what follows, as it was written. ``size`` is that of the beginning,
    in bytes.
    """

    html: SafeString
    plain: str = ""
    rest: str = ""
    size: int = 0

    def __bool__(self) -> bool:
        return bool(self.html or self.plain)


_cache: RenderCache[SafeString | None] = RenderCache(CACHED, lambda html: size_of_text(html or ""))


def render(text: str) -> Text:
    """Markdown, formatted as far as it can be."""
    first, rest = split(show_overrides(text))
    html = _cache.get("markdown", first, _format)
    size = _size(first)
    return Text(SafeString(), first, rest, size) if html is None else Text(html, "", rest, size)


def render_plain(text: str, most: int = FORMATTED) -> Text:
    """Text that is not Markdown, as paragraphs and line breaks, with its web addresses as links."""
    first, rest = split(show_overrides(text), most)
    html = _cache.get("plain", first, _format_plain) or SafeString()
    return Text(html, rest=rest, size=_size(first))


def split(text: str, most: int = FORMATTED) -> tuple[str, str]:
    """The beginning of at most so many bytes, and what follows; at the end of a line or word."""
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
    return clean(parser.renderer.render(tokens, parser.options, {}))


def _drops(tokens: Sequence[Token], lines: list[str]) -> Iterator[bool]:
    """For each token whether something of what is written there would not be shown."""
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


def _format_plain(text: str) -> SafeString | None:
    parser = _PLAIN if _linkable(text) else _PLAIN_UNLINKED
    return clean(parser.render(text))


def _linkable(text: str) -> bool:
    """Its addresses can be looked for in reasonable time."""
    if text.count("://") > ADDRESSES:
        return False
    return max(map(len, text.split()), default=0) <= LONGEST_ADDRESS


def body(message: str, title: str) -> str:
    """What a page shows below the title: the message without the first line that became the title.

    The first line stays where the title does not say all of it: it was cut, or it holds a link.
    """
    first, _, rest = message.strip().partition("\n")
    said = title.removesuffix("…").strip()
    whole = len(first.strip().lstrip("#").strip()) <= 300 and not title.endswith("…")
    linked = "](" in first or "://" in first
    return rest.strip() if whole and said and not linked else message.strip()
