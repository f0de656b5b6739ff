from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy

from inbox.answering.batches import MOST, Chosen
from inbox.lib.instants import read_instant
from inbox.web.questions.forms import Prose, storable
from inbox.web.questions.order import SOONEST_DUE
from inbox.web.questions.queries import list_rows
from inbox.web.ui.own_data import OwnData
from inbox.web.ui.scopes import CLAIMED, OPEN, Filters


class CommentForm(forms.Form):
    no_reason = gettext_lazy("Enter a reason to reject these.")

    comment = Prose(
        required=False,
        label=gettext_lazy("Comment"),
        widget=forms.Textarea(attrs={"rows": 2, "class": "input"}),
    )

    def clean_comment(self) -> str:
        return storable(self.cleaned_data["comment"])


def chosen(sent: QueryDict) -> list[Chosen]:
    """As ``chosen_value`` writes them; at most one more than fits into a batch."""
    found = [_parsed(value) for value in sent.getlist("item")[: MOST + 1]]
    return [each for each in found if each is not None]


def _parsed(value: Any) -> Chosen | None:
    when, _, interaction_id = str(value).partition(" ")
    updated_at = read_instant(when)
    is_readable = updated_at is not None or not when
    if not is_readable or not interaction_id or "\0" in value:
        return None
    return Chosen(interaction_id, updated_at)


def all_that_match(own: OwnData, filters: Filters) -> list[Chosen]:
    """Due soonest first; at most one more than fits into a batch."""
    if filters.shown.key not in (OPEN, CLAIMED):
        return []
    found = SOONEST_DUE.sorted(list_rows(own, filters))[: MOST + 1]
    ids = found.values_list("interaction__mobius_id", "interaction__updated_at")
    return [Chosen(interaction_id, updated_at) for interaction_id, updated_at in ids]
