"""What a browser would find in a page: its elements and what they can do."""

from html.parser import HTMLParser

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
        """What must never come out of words that somebody else wrote."""
        acting = {"script", "iframe", "img", "object", "embed", "style", "link", "base", "meta"}
        leads = [pair for pair in self.attributes if pair[0] not in ("href", "action")]
        schemes = ("http://", "https://", "mailto:", "/", "#", "?")
        wild = [pair for pair in self.attributes if not pair[1].startswith(schemes)]
        return [*(self.names & acting), *leads, *wild]
