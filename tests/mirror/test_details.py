"""What generations B and C say about a question, in the mirror."""

from typing import Any

import pytest

from inbox.access import Viewer
from inbox.access.search import search_questions
from inbox.mobius.adapters.later.interaction import read_interaction
from inbox.models import Interaction, Upstream
from tests.mirror.conftest import Mirror
from tests.support.later_items import (
    AGENT,
    LEE,
    TABLES,
    question_of_b,
    question_of_c,
    response,
    task_sent_back,
)
from tests.support.snapshots import run

LATER = "2026-10-24T16:00:00Z"


@pytest.mark.parametrize(
    ("started_by", "requester"), [("", AGENT), ("user_sam", "user_sam")], ids=["no one", "Sam"]
)
def test_the_requester_is_the_runs_else_who_created_it(
    mirror: Mirror, started_by: str, requester: str
) -> None:
    mirror.tell(read_interaction(question_of_b(created_by=AGENT)))
    assert Interaction.objects.get().asked_by == AGENT
    mirror.tell(run("run_1", started_by=started_by))
    assert Interaction.objects.get().asked_by == requester


def test_a_row_of_a_list_without_a_lifecycle_keeps_the_one_that_is_known(mirror: Mirror) -> None:
    mirror.tell(read_interaction(question_of_c()))
    row = question_of_c(updated_at=LATER, tags={"area": "storage"})
    del row["lifecycle"]
    mirror.tell(read_interaction(row))
    details = Interaction.objects.get().details
    assert [event["action"] for event in details["lifecycle"]] == ["created"]
    assert details["tags"] == {"area": "storage"}


@pytest.mark.parametrize("word", ["locks", "locked", "orders", "storage", "incident", "postmortem"])
def test_a_search_finds_all_that_is_asked(mirror: Mirror, word: str) -> None:
    question = question_of_c(
        spec={"questions": [TABLES]},
        tags={"team": "storage", "api_token": "hunter2"},
        subject={"label": "Incident 7"},
        references=[{"label": "Postmortem"}],
    )
    mirror.tell(read_interaction(question))
    lead = Viewer(user_id=0, mobius_id=None, name="Tess", lead=True)
    found: Any = [
        search_questions(lead, Upstream.current(), it, limit=5) for it in (word, "hunter")
    ]
    assert list(map(len, found)) == [1, 0]


def test_the_time_of_an_answer_is_that_since_its_round_began(mirror: Mirror) -> None:
    again = response(
        LEE,
        "iresp_3",
        attempt=1,
        responded_at="2026-10-24T15:40:00Z",
        answers=[{"question_id": "note", "text": "report, with totals"}],
    )
    task = task_sent_back()
    mirror.tell(read_interaction(task | {"responses": [*task["responses"][:2], again]}))
    people = Interaction.objects.get().counted["people"]
    assert (people["user_sam"][1], people[LEE][1]) == (12 * 60, 10 * 60)
