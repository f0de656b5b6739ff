"""The page of a person's drafts."""

from dataclasses import dataclass
from datetime import datetime

from inbox import access
from inbox.access import Viewer
from inbox.models import Draft, Interaction, Upstream
from inbox.services.draft import KEEP_CLOSED_FOR, with_text
from inbox.web.interactions.drafts import text_of
from inbox.web.ui.devices import device_name
from inbox.web.ui.labels import Kind, item_status, kind
from inbox.web.ui.lists import PAGE, Keyset, ListForm, Text

LONGEST = 300
"""Characters of a text that a row shows."""
NEWEST_FIRST = Keyset("updated_at")


class DraftFilters(ListForm):
    """The position in the list."""

    url_name = "drafts"

    cursor = Text(longest=60)


@dataclass(frozen=True)
class DraftRow:
    """A draft. Without ``href`` the viewer may no longer see the question, so only their own text
    is shown. ``state`` says how a closed question ended, ``until`` when the draft is deleted.
    """

    draft: Draft
    kind: Kind | None
    title: str
    href: str
    text: str
    device: str
    state: str
    until: datetime | None


@dataclass(frozen=True)
class DraftList:
    """A page of drafts, newest first."""

    filters: DraftFilters
    rows: tuple[DraftRow, ...]
    next_href: str


def draft_list(viewer: Viewer, upstream: Upstream, filters: DraftFilters) -> DraftList:
    """The viewer's drafts. Two queries."""
    found = NEWEST_FIRST.after(with_text(viewer, upstream), filters.cleaned_data["cursor"])
    page = NEWEST_FIRST.page(list(found[: PAGE + 1]))
    ids = [draft.interaction_id for draft in page.rows]
    columns = ("mobius_id", "type", "title", "questions", "status", "state", "deleted")
    seen = access.interactions(viewer, upstream).filter(mobius_id__in=ids).only(*columns)
    items = {item.mobius_id: item for item in seen}
    return DraftList(
        filters=filters,
        rows=tuple(_row(draft, items.get(draft.interaction_id)) for draft in page.rows),
        next_href=filters.href(cursor=page.cursor) if page.cursor else "",
    )


def _row(draft: Draft, item: Interaction | None) -> DraftRow:
    closed = item is not None and not item.pending
    text = text_of(draft, item)
    return DraftRow(
        draft=draft,
        kind=kind(item.type) if item else None,
        title=item.display_title if item else "",
        href=item.get_absolute_url() if item else "",
        text=text if len(text) <= LONGEST else f"{text[:LONGEST].rstrip()}…",
        device=device_name(draft.browser, draft.system),
        state=item_status(item.state, deleted=item.deleted).label if item and closed else "",
        until=draft.closed_at + KEEP_CLOSED_FOR if draft.closed_at else None,
    )
