from datetime import UTC
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.template.loader import render_to_string
from django.utils import timezone, translation

from inbox.web.ui.context import cards
from inbox.web.ui.values import Cell


def shown(**context: object) -> dict[str, str]:
    [card] = cards(context)
    return {name: cell.text.replace("\N{NO-BREAK SPACE}", " ") for name, cell in card.facts}


def fact(**context: object) -> Cell:
    [card] = cards(context)
    return card.facts[0][1]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ("2026-11-24T10:45:00Z", "Tue 24 Nov 2026, 11:45 CET"),
        ("2026-11-24t10:45:09.123456789z", "Tue 24 Nov 2026, 11:45:09 CET"),
        ("2026-07-24T23:45:00-02:00", "Sat 25 Jul 2026, 03:45 CEST"),
    ],
)
def test_a_whole_rfc_3339_time_is_shown_in_the_viewers_time_zone(sent: str, words: str) -> None:
    with timezone.override(ZoneInfo("Europe/Berlin")):
        cell = fact(run_at=sent)
    assert (cell.text, cell.original) == (words, sent)


@pytest.mark.parametrize(
    "sent",
    [
        "2026-11-24",
        "2026-11-24T10:45:00",
        "2026-11-24 10:45:00Z",
        "2026-11-24T10:45Z",
        "2026-02-30T10:45:00Z",
        "9999-12-31T23:59:59-12:00",
        "at 2026-11-24T10:45:00Z",
        "24.11.2026",
        "10:45",
    ],
)
def test_other_values_stay_as_they_were_sent(sent: str) -> None:
    with timezone.override(UTC):
        assert fact(run_at=sent) == Cell(sent)


def test_a_number_under_a_name_of_an_amount_is_grouped() -> None:
    assert shown(amount=1234567, unit_price=1250.5, grandTotal=10000, cost=-4000, fee=999) == {
        "Amount": "1,234,567",
        "Unit price": "1,250.5",
        "Grand total": "10,000",
        "Cost": "-4,000",
        "Fee": "999",
    }


def test_nothing_else_is_grouped() -> None:
    facts = shown(order_id=1234567, year=2026, port=8080, total_items=12000, cost_center=4711)
    assert list(facts.values()) == ["1234567", "2026", "8080", "12000", "4711"]


def test_an_amount_has_the_currency_of_its_object() -> None:
    assert shown(order_id=1234567, amount=12850, fee=12.5, currency="EUR") == {
        "Order ID": "1234567",
        "Amount": "12,850 EUR",
        "Fee": "12.5 EUR",
        "Currency": "EUR",
    }


def test_the_only_number_beside_a_currency_is_an_amount() -> None:
    for fields in ({"refund": 2640, "currency": "EUR"}, {"currency": "EUR", "refund": 2640}):
        assert shown(**fields, order="A 1")["Refund"] == "2,640 EUR"
    assert shown(order_no=48213, currency="EUR", refund=2640) == {
        "Order no": "48213",
        "Currency": "EUR",
        "Refund": "2640",
    }


def test_a_key_can_end_with_the_currency() -> None:
    assert shown(amount_usd=12850, refund_eur=1000) == {
        "Amount usd": "12,850 USD",
        "Refund eur": "1,000 EUR",
    }


def test_a_change_of_an_amount_keeps_both_originals() -> None:
    cell = fact(price={"was": 1000, "now": 1200.50})
    assert (cell.was, cell.was_original, cell.text, cell.original) == (
        "1,000", "1000", "1,200.5", "1200.5",
    )  # fmt: skip


def test_numbers_are_never_rounded() -> None:
    digits = "12345678901234567890123"
    assert shown(id=int(digits), total=int(digits)) == {
        "ID": digits,
        "Total": "12,345,678,901,234,567,890,123",
    }


def test_the_original_can_be_opened_and_is_a_tooltip_too() -> None:
    html = render_to_string("interactions/cards/_cell.html", {"cell": fact(amount=12850)})
    assert '<summary title="12850">12,850</summary><code>12850</code>' in html


def test_a_tree_shows_times_as_sent_and_in_the_viewers_time_zone() -> None:
    with timezone.override(ZoneInfo("Europe/Berlin")):
        [card] = cards({"job": {"runs": [{"at": "2026-11-24T10:45:00Z", "of": [1]}]}})
    dates = [(node.text, node.date) for node in card.nodes if node.date]
    assert dates == [('"2026-11-24T10:45:00Z"', "Tue 24 Nov 2026, 11:45 CET")]


def test_an_address_of_an_image_is_a_link() -> None:
    html = render_to_string(
        "interactions/_context.html", {"cards": cards({"photo": "https://x.example/a.png"})}
    )
    assert "<img" not in html
    assert 'href="https://x.example/a.png"' in html


def test_an_amount_and_a_date_are_written_as_their_reader_does() -> None:
    with translation.override("de"), timezone.override(ZoneInfo("Asia/Tokyo")):
        assert shown(amount=Decimal("1234567.5000"), currency="EUR")["Amount"] == (
            "1.234.567,5000 EUR"
        )
        assert fact(run_at="2026-12-03T14:00:00Z").text == "Do., 3. Dez. 2026, 23:00 JST"
        assert fact(ratio=0.5) == Cell("0.5")
