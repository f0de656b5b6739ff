"""Drafts after an upgrade and after a way back."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from inbox.models import Reviewer, Upstream
from tests.support.people import make_people

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE, AFTER = "0052_batches_of_answers", "0054_one_draft_each"


def drafts_at(migration: str) -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate([("inbox", migration)])
    state = executor.loader.project_state([("inbox", migration)])
    return state.apps.get_model("inbox", "Draft").objects


@pytest.fixture
def several() -> Iterator[Any]:
    make_people()
    rina, upstream = Reviewer.objects.get(user__username="rina"), Upstream.current()
    drafts = drafts_at(BEFORE)
    texts = [("int_1", text) for text in ("Oldest", "Older", "Newest", "Newest", "true")]
    for minute, (id_, text) in enumerate([*texts, ("int_2", "Only")]):
        drafts.create(
            reviewer_id=rina.pk,
            upstream_id=upstream.pk,
            interaction_id=id_,
            values=[text],
            form=f"form-{minute}",
            updated_at=timezone.now() + timedelta(minutes=minute),
        )
    yield drafts
    call_command("migrate", verbosity=0)


def test_the_newest_text_becomes_the_draft_and_the_others_the_earlier_one(
    several: Any,
) -> None:
    drafts = drafts_at(AFTER).order_by("interaction_id")
    assert list(drafts.values_list("values", "earlier_values", "earlier_comment")) == [
        (["Newest"], ["Older"], "Oldest"),
        (["Only"], None, ""),
    ]
    drafts = drafts_at(BEFORE).order_by("interaction_id", "pk")
    assert [draft.values for draft in drafts] == [["Newest"], ["Older"], ["Only"]]


def test_a_draft_becomes_one_of_fields_and_back(several: Any) -> None:
    drafts = drafts_at("0058_token_owners")
    drafts.filter(interaction_id="int_2").update(values=[""], comment="because")
    after = drafts_at("0059_drafts_of_forms").order_by("interaction_id")
    texts = list(after.values_list("values", "comment", "earlier_values", "earlier_comment"))
    assert texts == [
        ({"value": ["Newest"]}, "", {"value": ["Older"]}, "Oldest"),
        ({}, "because", None, ""),
    ]
    form = {"value-place": ["corner"], "value-host": ["…"], "other-host": ["Ada"]}
    after.filter(interaction_id="int_2").update(values=form)
    back = drafts_at("0058_token_owners").order_by("interaction_id")
    assert list(back.values_list("values", "comment", "earlier_values", "earlier_comment")) == [
        (["Newest"], "", ["Older"], "Oldest"),
        ([], "because\n\nhost: Ada\nplace: corner", None, ""),
    ]
