"""The questions that *All matching* selects for a batch."""

from inbox.access import Viewer
from inbox.models import Upstream
from inbox.services.batches import MOST, Chosen
from inbox.web.inbox.order import SOONEST_DUE
from inbox.web.inbox.queries import listed
from inbox.web.ui.scopes import CLAIMED, OPEN, Filters


def all_that_match(viewer: Viewer, upstream: Upstream, filters: Filters) -> list[Chosen]:
    """The questions of the list, those that are due soonest; one more than fit into a batch at
    most. One query, another if words are searched for.
    """
    if filters.shown.key not in (OPEN, CLAIMED):
        return []
    found = SOONEST_DUE.sorted(listed(viewer, upstream, filters))[: MOST + 1]
    ids = found.values_list("interaction__mobius_id", "interaction__updated_at")
    return [Chosen(interaction_id, updated_at) for interaction_id, updated_at in ids]
