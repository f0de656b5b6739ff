"""What a generation of the API lacks is not offered."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from inbox.mobius.types import RunStatus, Target
from inbox.models import SavedView, Upstream
from tests.support.snapshots import RINA, SAM, answered, ask, run
from tests.support.tags import text_of
from tests.web.cast import tell

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("synced")]

UNKNOWN = "user_2f9s3k4m5n6p7q8r"
PLACES = {"/runs/": {"a", "b"}, "/groups/": {"a"}, "/inbox/?target=groups": {"a"}}


@pytest.mark.parametrize("generation", ["a", "b", "c"])
def test_pages_and_filters_are_those_of_the_generation(rina: Client, generation: str) -> None:
    Upstream.objects.update(generation=generation)
    page = rina.get("/inbox/").content.decode()
    shown = {place for place in PLACES if f'href="{place}"' in page}
    assert shown == {place for place, having in PLACES.items() if generation in having}


@pytest.mark.parametrize("generation", ["a", "b", "c"])
def test_insights_have_claims_and_groups_only_where_there_are_any(
    tess: Client, generation: str
) -> None:
    Upstream.objects.update(generation=generation)
    page = tess.get("/insights/").content.decode()
    assert ("Time to claim" in page) is (generation == "a")
    assert ('name="group"' in page) is (generation == "a")
    found = tess.get("/insights/time-to-claim.csv").status_code
    assert found == (200 if generation == "a" else 404)


@pytest.mark.parametrize("generation", ["b", "c"])
def test_a_saved_view_of_runs_is_listed_where_there_are_runs(tess: Client, generation: str) -> None:
    owner = get_user_model().objects.get(username="tess")
    SavedView.objects.create(owner=owner, page="runs", name="Failed lately", query="status=failed")
    Upstream.objects.update(generation=generation)
    assert ("Failed lately" in tess.get("/inbox/").content.decode()) is (generation == "b")


def test_people_who_are_asked_by_name_are_no_group(rina: Client) -> None:
    tell(ask(target=Target(type="group", id=""), group_id=None, members=(RINA, SAM)))
    assert "Ship it?" in rina.get("/inbox/?target=mine").content.decode()


@pytest.mark.parametrize(
    "path",
    [
        "/interactions/int_1/",
        "/interactions/int_2/",
        "/interactions/int_2/receipt",
        "/inbox/?scope=everyone",
        "/inbox/?scope=everyone&group_by=requester",
        "/inbox/filters/?scope=everyone",
        "/runs/",
        "/runs/run_1/",
        "/runs/filters/",
        "/runs/blocked/",
        "/decisions/",
    ],
)
def test_a_person_without_an_account_is_unknown(tess: Client, path: str) -> None:
    Upstream.objects.update(generation="c" if "everyone" in path else "b")
    named = {"target": Target(type="group", id=""), "group_id": None, "members": (RINA, UNKNOWN)}
    about = {"run_id": "run_1", "signal_name": "interaction:1", "created_by": UNKNOWN, **named}
    tell(
        run(status=RunStatus.SUSPENDED, workflow="release", started_by=UNKNOWN),
        ask("int_1", **about),
        answered(ask("int_2", **about), UNKNOWN, 1),
    )
    page = text_of(tess.get(path).content.decode())
    assert "Unknown person (user_2f9s3k…)" in page
    # A receipt has the ID too.
    assert (UNKNOWN in page) is path.endswith("receipt")
