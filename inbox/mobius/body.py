"""JSON in and out, safe to keep in any database."""

import json
import math
import re
from typing import Any

# What JSON can spell and a database or UTF-8 cannot hold: NUL, and half a surrogate pair.
_SPELLED = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_UNHOLDABLE = re.compile("[\x00\ud800-\udfff]")


def loads(text: str | bytes | bytearray) -> Any:
    """The value that ``text`` spells, without NaN, infinity, NUL and lone surrogates.

    Raises ValueError for what is not JSON, is not UTF-8, or is nested beyond reading.
    """
    if not isinstance(text, str):
        text = text.decode()
    try:
        value = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return _holdable(value) if _SPELLED.search(text) else value


def dumps(value: Any) -> bytes:
    """``value`` as UTF-8 JSON. Raises ValueError for NaN, TypeError for what JSON cannot say."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def _finite(digits: str) -> float | None:
    # JSON may spell a number that no float can hold, such as 1e999.
    number = float(digits)
    return number if math.isfinite(number) else None


def _no_number(_: str) -> None:
    return None


def _holdable(value: Any) -> Any:
    match value:
        case str():
            return _UNHOLDABLE.sub("\N{REPLACEMENT CHARACTER}", value)
        case list():
            return [_holdable(item) for item in value]
        case dict():
            return {_holdable(key): _holdable(item) for key, item in value.items()}
        case _:
            return value
