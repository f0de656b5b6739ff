import pytest
from django.http import QueryDict
from django.test import Client

from inbox.web.ui.lists import chips
from inbox.web.ui.run_queries import RunFilters
from inbox.web.ui.scopes import Filters

FAR = "0001-01-01T00:00:00%2B14:00_1"
"""A time that has no place in UTC."""


def asked(query: str) -> RunFilters:
    return RunFilters.read(QueryDict(query))


@pytest.mark.parametrize(
    "query", ["age=odd", "sort=odd", "view=1x", "q=a%00b", "cursor=%00", "x=1"]
)
def test_a_value_that_cant_be_used_counts_as_none(query: str) -> None:
    filters = asked(query)
    assert not any(filters.cleaned_data.values())
    assert not filters.narrowed
    assert filters.href() == "/runs/"


def test_a_list_that_is_only_sorted_leaves_nothing_out() -> None:
    assert not asked("sort=oldest&view=3&cursor=x").narrowed
    assert asked("status=failed").narrowed


def test_the_address_is_written_without_defaults_in_the_order_of_the_fields() -> None:
    filters = asked("cursor=x&q=+two++words+&status=open&queue=")
    assert filters.querystring() == "?status=open&q=two+words&cursor=x"
    assert filters.querystring(shown="1.2") == "?status=open&q=two+words&cursor=x&shown=1.2"


def test_another_filter_or_order_begins_at_the_first_page_and_stays_in_the_saved_view() -> None:
    filters = asked("status=failed&view=7&cursor=x")
    assert filters.href(status="open") == "/runs/?status=open&view=7"
    assert filters.href(sort="oldest") == "/runs/?status=failed&sort=oldest&view=7"
    assert filters.href(cursor="y") == "/runs/?status=failed&view=7&cursor=y"
    assert filters.kept == [("status", "failed"), ("view", "7")]
    assert Filters.read({"scope": "done", "cursor": "x"}).replace(scope="").href() == "/inbox/"


def test_a_text_that_is_too_long_is_cut() -> None:
    assert asked(f"status={'x' * 50}").cleaned_data["status"] == "x" * 40


def test_a_chip_links_to_the_list_without_its_filter() -> None:
    filters = asked("status=failed&queue=slow")
    found = chips(filters, {"status": "Failed", "queue": "Queue slow", "person": "Waiting for Sam"})
    assert [(chip.label, chip.href) for chip in found] == [
        ("Failed", "/runs/?queue=slow"),
        ("Queue slow", "/runs/?status=failed"),
    ]


@pytest.mark.parametrize(
    "address",
    [
        *(f"{page}cursor={FAR}" for page in ("/inbox/?", "/inbox/?scope=done&", "/runs/?")),
        f"/decisions/?cursor={FAR}",
        f"/runs/?cursor=2026-01-01T00:00:00Z_{2**64}",
        "/insights/?from=0001-01-01&to=0001-01-01",
    ],
)
def test_no_address_of_a_list_leads_to_an_error(tess: Client, address: str) -> None:
    assert tess.get(address).status_code == 200
