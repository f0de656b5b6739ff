from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from inbox.engine import clock
from inbox.engine.actions import events
from inbox.engine.actions.provision import provision
from inbox.engine.models import Interaction, Project, Run
from inbox.engine.rules.questions import MODES
from inbox.engine.stories import GROUPS, PEOPLE, past
from tests.engine.watching import running

pytestmark = pytest.mark.django_db(databases=["engine"])

DAYS = 3
FRIDAY = datetime(2026, 3, 13, 11, 0, tzinfo=UTC)


def lived(handle: str, now: datetime = FRIDAY, days: int = 1) -> int:
    provision(handle=handle, people=PEOPLE, groups=GROUPS)
    return list(past.create(handle=handle, days=days, now=now, zone=UTC))[-1]


def items(handle: str) -> list[Interaction]:
    return list(Interaction.objects.filter(project__handle=handle).order_by("created_at"))


def test_the_history_is_past_and_only_current_questions_are_open():
    count = lived("quillmoor", days=DAYS)
    made = items("quillmoor")
    assert len(made) == count > 60
    assert FRIDAY - timedelta(days=DAYS + 1) < made[0].created_at
    for item in made:
        assert item.created_at <= item.updated_at < FRIDAY
        if item.status == Interaction.Status.PENDING:
            assert item.expires_at is None or item.expires_at >= FRIDAY
        if item.status == Interaction.Status.COMPLETED:
            assert item.expires_at is None or item.completed_at < item.expires_at
    for run in Run.objects.filter(project__handle="quillmoor"):
        assert run.status not in (Run.Status.QUEUED, Run.Status.RUNNING)
        assert run.finished or run.wait_interaction_id


def test_every_kind_of_end_and_of_asking_is_in_it():
    lived("quillmoor", days=DAYS)
    made = items("quillmoor")
    assert {item.status for item in made} >= {"completed", "expired"}
    assert {item.type for item in made} == {"approval", "review", "input"}
    modes = {mode for allowed in MODES.values() for mode in allowed}
    assert {(item.spec or {}).get("mode") for item in made} == modes
    assert any(item.claimed_by for item in made)
    assert any(item.all_must_answer and item.status == "completed" for item in made)
    values = [item.response["value"] for item in made if item.response and item.type == "approval"]
    assert True in values
    assert False in values


def test_the_same_seed_makes_the_same_past():
    def story(handle: str) -> list[Any]:
        lived(handle)
        return [
            (
                item.created_at,
                item.updated_at,
                item.message,
                item.response and item.response["value"],
            )
            for item in items(handle)
        ]

    assert story("one") == story("two")


def test_a_second_past_is_refused():
    lived("quillmoor")
    count = len(items("quillmoor"))
    with pytest.raises(past.PastExists):
        lived("quillmoor")
    assert len(items("quillmoor")) == count


@pytest.mark.django_db(databases=["engine"], transaction=True)
def test_the_runner_does_not_change_the_history():
    now = clock.now()
    with running():
        lived("quillmoor", now=now)
    project = Project.objects.get(handle="quillmoor")
    logged = events.after(project_id=project.pk, since=0, limit=100_000)
    assert logged
    fell_due = Interaction.objects.filter(expires_at__range=(now, clock.now()))
    assert all(event.at < now for event in logged) or fell_due.exists()
