from decimal import Decimal
from typing import Any

import pytest

from inbox.lib import exact
from inbox.mobius import body


@pytest.mark.parametrize(
    "digits",
    [
        "12345678901234567890",
        "0.1000000000000000055",
        "1.10",
        "12850.50",
        "0.1",
        "-0.0",
        "1e-07",
        "3.141592653589793238462643383279",
    ],
)
def test_a_number_is_written_as_it_was_read(digits: str) -> None:
    assert exact.dumps(exact.loads(f'{{"a": [{digits}]}}')) == f'{{"a": [{digits}]}}'


@pytest.mark.parametrize("digits", ["1e400", "1E-400", "5e3", "1e1000"])
def test_an_exponent_may_be_written_differently(digits: str) -> None:
    written = exact.dumps(exact.loads(digits))
    assert Decimal(written) == Decimal(digits)
    assert exact.dumps(exact.loads(written)) == written


@pytest.mark.parametrize(
    "digits", ["1e1001", "1e-99999999999999999999", "9" * 5000, "0." + "1" * 1000]
)
def test_a_number_that_no_database_holds_becomes_text(digits: str) -> None:
    assert exact.loads(digits) == digits


def test_text_that_looks_like_a_number_stays_text() -> None:
    sent: dict[str, Any] = {"a": "1.10", "b": ["1e400", "\\"], "1.10": 1.5}
    assert exact.loads(exact.dumps(sent)) == sent


def test_numbers_sent_to_mobius_keep_their_digits() -> None:
    assert body.dumps(body.loads('{"a":0.1000000000000000055}')) == b'{"a":0.1000000000000000055}'


def test_numbers_that_a_float_holds_are_floats() -> None:
    assert type(exact.loads("0.5")) is float
