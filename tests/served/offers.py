from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """``fields`` are hidden ones, ``buttons`` values of submit buttons."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Offers(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.elsewhere: list[Form] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        for name in ("hx-post", "hx-put", "hx-patch", "hx-delete", "formaction", "data-post"):
            if found.get(name):
                self.elsewhere.append(Form(found[name]))
        if tag == "form" and found.get("method", "get").lower() == "post":
            self._open = Form(found.get("action", ""))
            self.forms.append(self._open)
        elif tag == "form":
            self._open = None
        if self._open is None:
            return
        if tag == "input" and found.get("type") == "hidden":
            self._open.fields[found.get("name", "")] = found.get("value", "")
        if (
            tag == "button"
            and found.get("type", "submit") == "submit"
            and not (found.get("formaction"))
        ):
            self._open.buttons.append((found.get("name", ""), found.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


def forms_of(html: str) -> list[Form]:
    """Every form that posts, and every element that posts by itself.

    A form that leads nowhere and has no button only lends its fields to buttons elsewhere.
    """
    offers = _Offers()
    offers.feed(html)
    offers.close()
    leading = [form for form in offers.forms if form.action or form.buttons]
    return leading + offers.elsewhere
