"""Every path that is a team lead's alone, as others find it: not there."""

from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from inbox.models import Interaction, Reviewer, SavedView, Upstream
from inbox.services.decision_log import Entry, append
from inbox.urls import urlpatterns
from tests.mirror.things import ask, run
from tests.views.cast import HTMX, tell


def is_leads(view: Any) -> bool:
    """Somewhere under its decorators stands ``lead_required``."""
    while view is not None:
        if view.__code__.co_qualname.startswith("lead_required."):
            return True
        view = getattr(view, "__wrapped__", None)
    return False


LEADS = {str(one.name): one for one in urlpatterns if is_leads(one.callback)}


@pytest.fixture
def paths(people: None) -> list[str]:
    """Their addresses: of what asks Rina, an entry of the log, and a view that Tess has saved."""
    tell(run("run_1"), ask("int_1", run_id="run_1"))
    with transaction.atomic():
        item = Interaction(mobius_id="int_1")
        append(Entry(verb="claim", upstream=Upstream.present(), actor="user_rina", item=item))
    owner = Reviewer.objects.get(user__username="tess").user
    view = SavedView.objects.create(owner=owner, name="Stuck", query="age=4h")
    of = {"nudge": "int_1", "decision": 1, "insights-csv": "flow"}
    of |= dict.fromkeys(("run-cancel", "run-signal"), "run_1")
    of |= dict.fromkeys(("view-rename", "view-delete"), view.pk)
    return [reverse(name, args=[of[name]] if name in of else []) for name in LEADS]


def said(who: Client, path: str, headers: dict[str, str]) -> list[int]:
    """The statuses of looking and of sending; 405 where the path has no such thing."""
    answers = (who.get(path, headers=headers), who.post(path, headers=headers))
    return [answer.status_code for answer in answers if answer.status_code != 405]


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_for_a_reviewer_and_a_stranger_none_of_them_is_there(
    rina: Client, mallory: Client, tess: Client, paths: list[str], headers: dict[str, str]
) -> None:
    assert {"waiting", "insights", "decisions", "decisions-csv", "nudge", "view-save"} <= set(LEADS)
    for path in paths:
        for who in (rina, mallory):
            assert set(said(who, path, headers)) == {404}, path
        assert tess.get(path, headers=headers).status_code in (200, 405), path
