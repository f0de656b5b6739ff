from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy

from inbox.models import Decision
from inbox.web.ui.labels import SHORT
from inbox.web.ui.lists import Keyset, ListForm, OneOf, Search, Text
from inbox.web.ui.when import DATES, since

OBSERVED = "observed"
"""The action filter's value for answers that were made outside this app."""


NEWEST_FIRST = Keyset("at", "number")


class DecisionFilters(ListForm):
    url_name = "decisions"

    q = Search(longest=200)
    who = Text(label=gettext_lazy("Who"))
    did = Text(label=gettext_lazy("Action"))
    span = OneOf(DATES, label=gettext_lazy("When"))
    workflow = Text(label=gettext_lazy("Workflow"))
    item = Text()
    cursor = Text()

    def rows(self, entries: QuerySet[Decision], now: datetime) -> QuerySet[Decision]:
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
            rows = rows.filter(at__gte=since(cleaned["span"], now))
        if cleaned["q"]:
            rows = rows.filter(_search(cleaned["q"]))
        return rows


def _search(words: str) -> Q:
    """All words in one text, or an equal ID or number. A run's ID may be short: ``#57ZB4``."""
    exact = Q(interaction_id=words) | Q(run_id=words) | Q(group_id=words) | Q(operation_id=words)
    if words.replace(",", "").isdecimal() and len(words) < 15:
        exact |= Q(number=int(words.replace(",", "")))
    workflow, sign, end = words.rpartition("#")
    if sign and end:
        run = Q(run_id__endswith=end if len(end) == SHORT else f"_{end}")
        exact |= run & Q(workflow=workflow.strip()) if workflow.strip() else run
    texts = Q()
    for name in ("title", "comment", "workflow"):
        texts |= Q(**{f"{name}__icontains": words})
    return exact | texts
