"""A value of a context on one line: as text, a link, a date, an amount, a change."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _

from inbox.access.redaction import Masked, pointer
from inbox.lib import exact
from inbox.lib.bidi import show_overrides
from inbox.web.ui.labels import label
from inbox.web.ui.markdown import hidden_host
from inbox.web.ui.when import dated

SHORT = 80

AMOUNTS = {"amount", "price", "total", "cost", "fee"}
"""Names of amounts. Only the last word of a key counts: ``cost_center`` isn't one."""
CURRENCIES = {
    "aud", "cad", "chf", "cny", "czk", "dkk", "eur", "gbp", "inr",
    "jpy", "nok", "nzd", "pln", "sek", "sgd", "usd", "zar",
}  # fmt: skip
"""Currencies that a key may end with, as ``amount_usd`` does: those that aren't English words."""

_PAIRS = (("from", "to"), ("before", "after"), ("was", "now"), ("old", "new"))
_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.IGNORECASE | re.ASCII
)
_DIGITS = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}|[$€£¥₹]")
_LEVEL_ICONS = {"low": "minus", "mid": "alert", "high": "alert"}


@dataclass(frozen=True)
class Cell:
    """``was`` is the value before a change. ``original`` is as sent, where it is shown differently.
    ``masked`` is the path of a value that is masked.
    """

    text: str
    href: str = ""
    was: str = ""
    changed: bool = False
    level: str = ""
    original: str = ""
    was_original: str = ""
    masked: str = ""
    was_masked: str = ""
    number: bool = field(default=False, compare=False)

    @property
    def plain(self) -> bool:
        return not (self.changed or self.href or self.original or self.level or self.masked)

    @property
    def host(self) -> str:
        """Empty if the text names it."""
        return hidden_host(self.href, self.text) if self.href else ""

    @property
    def level_icon(self) -> str:
        """Colour alone carries no meaning."""
        return _LEVEL_ICONS.get(self.level, "")


def compact(value: Any) -> str:
    """On one line, with non-ASCII letters as they are."""
    return exact.dumps(value, ensure_ascii=False)


def pretty(value: Any) -> str:
    return exact.dumps(value, ensure_ascii=False, indent=2)


def is_address(text: str) -> bool:
    """No other scheme may become a link."""
    return text.startswith(("https://", "http://")) and not any(c.isspace() for c in text)


def one_line(value: Any, currency: str | None = None) -> Cell | None:
    """None if it doesn't fit. A number with a ``currency``, even an empty one, is an amount."""
    match value:
        case None:
            return Cell("–")
        case bool():
            return Cell(_("Yes") if value else _("No"))
        case int() | float() | Decimal():
            return _number(str(value), currency)
        case str():
            return _mask(value) or _date(value) or _text(value.strip())
        case dict():
            return _change(value, currency) or _named_link(value)
        case _:
            return None


def pair_of(value: dict[str, Any]) -> tuple[Any, Any] | None:
    """None for any other object."""
    for old, new in _PAIRS:
        if set(value) == {old, new}:
            return value[old], value[new]
    return None


def amounts_in(value: Mapping[str, Any]) -> dict[str, str]:
    """By key; empty if unknown. The order of keys says nothing: PostgreSQL does not keep it."""
    named = {
        key: own
        for key, item in value.items()
        if _is_number(item) and (own := _named_currency(key)) is not None
    }
    for key, code in value.items():
        if label(key).lower() in ("currency", "currency code") and _is_currency(code):
            numbers = [name for name, item in value.items() if _is_number(item)]
            only = numbers if len(numbers) == 1 else []
            return {name: named.get(name) or code for name in named or only}
    return named


def _is_number(value: Any) -> bool:
    if isinstance(value, dict):
        pair = pair_of(value)
        return pair is not None and all(map(_is_number, pair))
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _is_currency(value: Any) -> bool:
    return isinstance(value, str) and _CURRENCY.fullmatch(value) is not None


def _named_currency(key: str) -> str | None:
    """Empty for an amount without one; None for another key."""
    *others, last = label(key).lower().split() or [""]
    if others and last in CURRENCIES:
        return last.upper()
    return "" if last in AMOUNTS else None


def _number(digits: str, currency: str | None) -> Cell:
    if currency is None or _DIGITS.fullmatch(digits) is None:
        return Cell(digits, number=True)
    grouped = formats.number_format(digits, force_grouping=True)
    text = f"{grouped}\N{NO-BREAK SPACE}{currency}" if currency else grouped
    return Cell(text, original=digits if grouped != digits else "", number=True)


def date_words(value: Any) -> str:
    """The date in words, if the value is a time of RFC 3339 with an offset and nothing else."""
    if not isinstance(value, str) or _TIME.fullmatch(value) is None:
        return ""
    try:
        return dated(datetime.fromisoformat(value.upper()))
    except (ValueError, OverflowError):  # no such day, or beyond the years that Python knows
        return ""


def _mask(text: str) -> Cell | None:
    return Cell(text, masked=pointer(text.path)) if isinstance(text, Masked) else None


def _date(text: str) -> Cell | None:
    words = date_words(text)
    return Cell(words, original=text) if words else None


def _text(text: str) -> Cell | None:
    if is_address(text):
        return Cell(_bare(text), href=text)
    text = show_overrides(text)
    return Cell(text or "–") if len(text) <= SHORT and "\n" not in text else None


def _bare(address: str) -> str:
    text = address.split("://", 1)[1].rstrip("/")
    return text if len(text) <= 60 else f"{text[:59]}…"


def _change(value: dict[str, Any], currency: str | None) -> Cell | None:
    pair = pair_of(value)
    if pair is None or any(isinstance(side, dict | list) for side in pair):
        return None
    was, now = one_line(pair[0], currency), one_line(pair[1], currency)
    if was is None or now is None:
        return None
    return Cell(
        now.text,
        href=now.href,
        was=was.text,
        changed=True,
        original=now.original,
        was_original=was.original,
        masked=now.masked,
        was_masked=was.masked,
        number=now.number,
    )


def _named_link(value: dict[str, Any]) -> Cell | None:
    address = value.get("url") or value.get("href")
    name = next((value[k] for k in ("title", "label", "name", "text") if value.get(k)), None)
    if len(value) == 2 and isinstance(address, str) and isinstance(name, str):
        return Cell(name, href=address) if is_address(address) else None
    return None
