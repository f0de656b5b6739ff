"""Markdown that workflows wrote, made safe to show.

Two walls: markdown-it does not pass raw HTML through, and nh3 keeps only the tags and attributes
named here. Links leave without telling where from and without passing trust.
"""

from collections.abc import Sequence
from functools import lru_cache

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

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
    return f'<a href="{escape(source)}">{escape(name)}</a>'


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": True, "breaks": True})
    parser.enable(["table", "strikethrough", "linkify"])
    parser.add_render_rule("image", _picture)
    return parser


_MARKDOWN = _parser()


def _sink_headings(tokens: list[Token]) -> None:
    """The page has its own h1 and h2; a message's headings start below them."""
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"


def clean(html: str) -> SafeString:
    """Only what is named above survives."""
    return mark_safe(  # noqa: S308 - nh3 made it safe
        nh3.clean(
            html,
            tags=TAGS,
            attributes={"a": {"href", "title"}},
            url_schemes=SCHEMES,
            link_rel=REL,
        )
    )


@lru_cache(maxsize=512)
def render(text: str) -> SafeString:
    """Markdown as safe HTML."""
    tokens = _MARKDOWN.parse(text)
    _sink_headings(tokens)
    return clean(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


@lru_cache(maxsize=512)
def render_plain(text: str) -> SafeString:
    """Text that is not Markdown, as paragraphs and line breaks, with its web addresses as links."""
    parser = MarkdownIt("zero", {"html": False, "linkify": True, "breaks": True})
    parser.enable(["linkify", "newline"])
    return clean(parser.render(text))


def body(message: str, title: str) -> str:
    """What a page shows below the title: the message without the first line that became the title.

    The first line stays where the title does not say all of it: it was cut, or it holds a link.
    """
    first, _, rest = message.strip().partition("\n")
    said = title.removesuffix("…").strip()
    whole = len(first.strip().lstrip("#").strip()) <= 300 and not title.endswith("…")
    linked = "](" in first or "://" in first
    return rest.strip() if whole and said and not linked else message.strip()
