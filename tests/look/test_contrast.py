"""Colours that the style sheets put on one another can be told apart, by day and by night."""

import re
from pathlib import Path

TOKENS = Path(__file__).parents[2] / "static" / "css" / "tokens.css"
TEXT, EDGE = 4.5, 3.0

PLANES = ("canvas", "surface", "raised", "sunken", "hover", "selected")
STATUSES = ("ok", "warn", "bad", "info", "quiet")

TEXT_PAIRS = [
    *((ink, plane) for ink in ("ink", "ink-2", "ink-3", "accent") for plane in PLANES),
    *((ink, f"{status}-bg") for ink in ("ink", "ink-2") for status in STATUSES),
    *((status, f"{status}-bg") for status in STATUSES),
    *((status, plane) for status in STATUSES for plane in ("surface", "canvas", "raised", "hover")),
    *((f"face-{n}", f"face-{n}-bg") for n in range(1, 5)),
    ("bad", "selected"),
    ("warn", "selected"),
    ("on-fill", "fill"),
    ("on-fill", "fill-hover"),
    ("accent", "info-bg"),
]
EDGE_PAIRS = [
    ("line-control", "surface"),
    ("accent", "surface"),
    ("accent", "selected"),
    ("plot-1", "surface"),
    ("plot-2", "surface"),
]


def colours() -> dict[str, tuple[str, str]]:
    found = re.findall(
        r"--([\w-]+):\s*light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", TOKENS.read_text()
    )
    return {name: (day, night) for name, day, night in found}


def luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ratio(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def too_low(pairs: list[tuple[str, str]], least: float) -> list[str]:
    tokens = colours()
    return [
        f"{ink} on {plane} by {theme}"
        for ink, plane in pairs
        for theme, one, other in zip(("day", "night"), tokens[ink], tokens[plane], strict=True)
        if ratio(one, other) < least
    ]


def test_text_has_enough_contrast():
    assert too_low(TEXT_PAIRS, TEXT) == []


def test_borders_have_enough_contrast():
    assert too_low(EDGE_PAIRS, EDGE) == []
