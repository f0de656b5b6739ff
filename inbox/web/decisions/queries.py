"""What the address of the decision log asks for."""

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
"""Key, words, and how many days before today it begins."""
OBSERVED = "observed"
"""As a verb of the filter: answers that were not made here."""


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
        """Those of ``entries`` that are asked for, in no order."""
        rows, asked = entries, self.cleaned_data
        if asked["who"]:
            rows = rows.filter(Q(actor=asked["who"]) | Q(actor="", account=asked["who"]))
        if asked["did"] == OBSERVED:
            rows = rows.filter(observed=True)
        elif asked["did"]:
            rows = rows.filter(verb=asked["did"])
        if asked["workflow"]:
            rows = rows.filter(workflow=asked["workflow"])
        if asked["item"]:
            rows = rows.filter(interaction_id=asked["item"])
        if asked["span"]:
            rows = rows.filter(at__gte=_since(asked["span"], now))
        if asked["q"]:
            rows = rows.filter(_says(asked["q"]))
        return rows


def _since(span: str, now: datetime) -> datetime:
    midnight = localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=SPANS[span][1])


def _says(words: str) -> Q:
    """All of the words stand in one of the texts, or it is an id or a number."""
    exact = Q(interaction_id=words) | Q(run_id=words) | Q(group_id=words) | Q(operation_id=words)
    if words.replace(",", "").isdecimal() and len(words) < 15:
        exact |= Q(number=int(words.replace(",", "")))
    texts = Q()
    for name in ("title", "comment", "workflow"):
        texts |= Q(**{f"{name}__icontains": words})
    return exact | texts
