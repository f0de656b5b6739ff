"""The filters of the decision log."""

from datetime import datetime, timedelta

from django import forms
from django.db.models import Q, QuerySet
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy, gettext_noop

from inbox.models import Decision
from inbox.web.ui.lists import Keyset, ListForm, Search, Text

SPANS = {
    "today": (gettext_noop("Today"), 0),
    "7": (gettext_noop("Last 7 days"), 6),
    "30": (gettext_noop("Last 30 days"), 29),
    "90": (gettext_noop("Last 90 days"), 89),
    "365": (gettext_noop("Last 365 days"), 364),
}
"""Key, label, and how many days before today the span begins."""
OBSERVED = "observed"
"""The action filter's value for answers that were made outside this app."""


NEWEST_FIRST = Keyset("at", "number")


class DecisionFilters(ListForm):
    """``item`` is the id of a question."""

    url_name = "decisions"

    q = Search(longest=200)
    who = Text(label=gettext_lazy("Who"))
    did = Text(label=gettext_lazy("Action"))
    span = forms.ChoiceField(
        label=gettext_lazy("When"),
        choices=[(key, words) for key, (words, _) in SPANS.items()],
        required=False,
    )
    workflow = Text(label=gettext_lazy("Workflow"))
    item = Text()
    cursor = Text()

    def rows(self, entries: QuerySet[Decision], now: datetime) -> QuerySet[Decision]:
        """The ``entries`` that match, unordered."""
        rows, cleaned = entries, self.cleaned_data
        if cleaned["who"]:
            rows = rows.filter(Q(actor=cleaned["who"]) | Q(actor="", account=cleaned["who"]))
        if cleaned["did"] == OBSERVED:
            rows = rows.filter(observed=True)
        elif cleaned["did"]:
            rows = rows.filter(verb=cleaned["did"])
        if cleaned["workflow"]:
            rows = rows.filter(workflow=cleaned["workflow"])
        if cleaned["item"]:
            rows = rows.filter(interaction_id=cleaned["item"])
        if cleaned["span"]:
            rows = rows.filter(at__gte=_since(cleaned["span"], now))
        if cleaned["q"]:
            rows = rows.filter(_search(cleaned["q"]))
        return rows


def _since(span: str, now: datetime) -> datetime:
    midnight = localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=SPANS[span][1])


def _search(words: str) -> Q:
    """A text contains all of the words, or an id or number equals them."""
    exact = Q(interaction_id=words) | Q(run_id=words) | Q(group_id=words) | Q(operation_id=words)
    if words.replace(",", "").isdecimal() and len(words) < 15:
        exact |= Q(number=int(words.replace(",", "")))
    texts = Q()
    for name in ("title", "comment", "workflow"):
        texts |= Q(**{f"{name}__icontains": words})
    return exact | texts
