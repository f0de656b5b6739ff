"""What newer APIs also say about a question: references, tags, properties, its conversation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from inbox.lib.bidi import show_overrides
from inbox.models import Interaction
from inbox.web.ui.context import Card, cards
from inbox.web.ui.labels import label
from inbox.web.ui.values import Cell, is_address, one_line


@dataclass(frozen=True)
class Folded:
    """``name`` begins the IDs of its cards."""

    name: str
    title: str
    cards: tuple[Card, ...]


def reference_cards(item: Interaction) -> tuple[Card, ...]:
    """What it is about comes first."""
    subject, references = item.details.get("subject"), item.details.get("references", ())
    lines = [(_("Subject"), subject)] if subject else []
    lines += [(_("Reference"), reference) for reference in references]
    facts = tuple(
        (show_overrides(label(reference["relation"])) or usual, cell)
        for usual, reference in lines
        if (cell := _cell(reference)) is not None
    )
    return (Card("pairs", _("References"), facts=facts),) if facts else ()


def conversation_cards(item: Interaction) -> tuple[Card, ...]:
    lines = {_("Conversation"): "session_id", _("Turn"): "turn_id"}
    facts = tuple(
        (title, one_line(id_) or Cell(id_))
        for title, name in lines.items()
        if (id_ := item.details.get(name))
    )
    return (Card("facts", facts=facts),) if facts else ()


def folded(item: Interaction) -> tuple[Folded, ...]:
    values = (
        ("tags", _("Tags"), item.details.get("tags")),
        ("properties", _("Properties"), item.details.get("properties")),
    )
    return tuple(Folded(name, title, cards(value)) for name, title, value in values if value)


def _cell(reference: Mapping[str, Any]) -> Cell | None:
    """Only web addresses become links. None if it says nothing."""
    name, url = reference["label"], reference["url"]
    if is_address(url):
        link = one_line(url)
        return Cell(show_overrides(name), href=url) if name else link
    kind = label(reference["entity_type"])
    target = url or " ".join(filter(None, (kind, reference["entity_id"])))
    if not name or not target:
        text = name or target
        return (one_line(text) or Cell(show_overrides(text))) if text else None
    return Cell(show_overrides(_("%(name)s (%(target)s)") % {"name": name, "target": target}))


def all_cards(groups: tuple[Folded, ...]) -> Iterator[Card]:
    for group in groups:
        yield from group.cards
