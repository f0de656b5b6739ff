"""What the list and the preview send, and the questions that this selects."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy

from inbox.access import Viewer
from inbox.instants import read_instant
from inbox.models import Upstream
from inbox.services.batches import MOST, Chosen
from inbox.web.inbox.order import SOONEST_DUE
from inbox.web.inbox.queries import list_rows
from inbox.web.interactions.forms import Prose, storable
from inbox.web.ui.scopes import CLAIMED, OPEN, Filters


class CommentForm(forms.Form):
    """One comment for all answers of a batch."""

    no_reason = gettext_lazy("Enter a reason to reject these.")

    comment = Prose(
        required=False,
        label=gettext_lazy("Comment"),
        widget=forms.Textarea(attrs={"rows": 2, "class": "input"}),
    )

    def clean_comment(self) -> str:
        return storable(self.cleaned_data["comment"])


def chosen(sent: QueryDict) -> list[Chosen]:
    """The questions that were selected, as ``chosen_value`` writes them; one more than fit into a
    batch at most.
    """
    found = [_parsed(value) for value in sent.getlist("item")[: MOST + 1]]
    return [each for each in found if each is not None]


def _parsed(value: Any) -> Chosen | None:
    when, _, interaction_id = str(value).partition(" ")
    updated_at = read_instant(when)
    is_readable = updated_at is not None or not when
    if not is_readable or not interaction_id or "\0" in value:
        return None
    return Chosen(interaction_id, updated_at)


def all_that_match(viewer: Viewer, upstream: Upstream, filters: Filters) -> list[Chosen]:
    """The questions of the list, those that are due soonest; one more than fit into a batch at
    most. One query, another if words are searched for.
    """
    if filters.shown.key not in (OPEN, CLAIMED):
        return []
    found = SOONEST_DUE.sorted(list_rows(viewer, upstream, filters))[: MOST + 1]
    ids = found.values_list("interaction__mobius_id", "interaction__updated_at")
    return [Chosen(interaction_id, updated_at) for interaction_id, updated_at in ids]
