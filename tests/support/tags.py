import html
from html.parser import HTMLParser

from django.utils.html import strip_tags

_LEADS = {"href", "src", "action", "formaction", "data", "style", "srcdoc"}


class Tags(HTMLParser):
    """Reads HTML. ``names`` are its elements, ``attributes`` those that lead somewhere or act."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes += [
            (name, value or "")
            for name, value in attrs
            if name in _LEADS or name.startswith(("on", "hx-on"))
        ]

    @property
    def hostile(self) -> list[object]:
        acting = {"script", "iframe", "img", "object", "embed", "style", "link", "base", "meta"}
        leads = [pair for pair in self.attributes if pair[0] not in ("href", "action")]
        schemes = ("http://", "https://", "mailto:", "/", "#", "?")
        wild = [pair for pair in self.attributes if not pair[1].startswith(schemes)]
        return [*(self.names & acting), *leads, *wild]


def text_of(page: str) -> str:
    return html.unescape(" ".join(strip_tags(page).split()))


def one_line(page: bytes) -> str:
    return " ".join(html.unescape(page.decode()).split())
