"""JSON whose numbers keep their digits.

What a float would round or write differently is a ``Decimal``: ``0.1000000000000000055``,
``1e400``, ``1.10``. A number with more than ``MOST_DIGITS`` digits or places becomes a text.
"""

import json
import re
import secrets
from decimal import Decimal
from typing import Any

MOST_DIGITS = 1_000
"""PostgreSQL writes exponents out, and Python reads integers of up to 4,300 digits."""

# The encoder writes a Decimal as a string with a mark that no input can contain, and then removes
# the mark and the quotes.
_MARK = secrets.token_hex(16)
_MARKED = re.compile(f'"{_MARK}([^"]*)"')


class Encoder(json.JSONEncoder):
    def default(self, o: Any) -> Any:
        return f"{_MARK}{o}" if isinstance(o, Decimal) else super().default(o)

    def encode(self, o: Any) -> str:
        text = super().encode(o)
        return _MARKED.sub(r"\1", text) if _MARK in text else text


class Decoder(json.JSONDecoder):
    def __init__(self, **options: Any) -> None:
        self._options = options
        super().__init__(**{"parse_float": number, **options})

    def decode(self, s: str, *args: Any) -> Any:
        try:
            return super().decode(s, *args)
        except json.JSONDecodeError:
            raise
        except ValueError:  # Python refuses an integer that long
            if "parse_int" in self._options:
                raise
            return Decoder(**self._options, parse_int=_integer).decode(s, *args)


def number(digits: str) -> float | Decimal | str:
    value = float(digits)
    if repr(value) == digits:
        return value
    if len(digits) > MOST_DIGITS:
        return digits
    try:
        exact = Decimal(digits)
    except ArithmeticError:  # beyond any exponent
        return digits
    return exact if abs(exact.adjusted()) <= MOST_DIGITS else digits


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= MOST_DIGITS else digits


_ENCODER = Encoder(check_circular=False)
_DECODER = Decoder()


def shared_encoder(**_defaults: Any) -> Encoder:
    """Ignores the options that ``json.dumps`` always passes."""
    return _ENCODER


def shared_decoder() -> Decoder:
    """A list reads hundreds of short texts, and making a decoder takes longer than reading one."""
    return _DECODER


def loads(text: str | bytes | bytearray, **options: Any) -> Any:
    return json.loads(text, cls=Decoder, **options)


def dumps(value: Any, **options: Any) -> str:
    return json.dumps(value, cls=Encoder, **options)
