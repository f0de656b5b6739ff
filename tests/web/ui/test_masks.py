"""Masked values in the cards of a context, and those without a place of their own there."""

from typing import Any

import pytest

from inbox.access.redaction import MASK, masked
from inbox.web.ui.context import Card, cards
from inbox.web.ui.masks import MOST, masks_in

CHANGED = f"{MASK} (changed)"


def shown(context: dict[str, Any]) -> tuple[Card, ...]:
    return cards(masked(context, ("context",)))


def without_button(context: dict[str, Any]) -> tuple[str, ...]:
    seen = masked(context, ("context",))
    return masks_in(seen, beside=cards(seen)).paths


def test_a_fact_a_row_and_a_leaf_have_the_path_of_what_they_mask() -> None:
    context = {
        "token": "x",
        "users": [{"name": "lee", "password": "y"}],
        "deep": {"a": {"b": {"api_key": "z"}}},
    }
    facts, table, tree = shown(context)
    assert (facts.facts[0][1].text, facts.facts[0][1].masked) == (MASK, "/context/token")
    assert table.rows[0][1].masked == "/context/users/0/password"
    assert [node.masked for node in tree.nodes if node.masked] == ["/context/deep/a/b/api_key"]
    assert without_button(context) == ()


def test_both_sides_of_a_change_have_their_masks() -> None:
    (facts,) = shown({"password": {"before": "x", "after": "y"}})
    cell = facts.facts[0][1]
    assert cell.was_masked == "/context/password/before"
    assert cell.masked == "/context/password/after"


def diff_of(before: Any, after: Any) -> list[str]:
    (card,) = shown({"config": {"before": before, "after": after}})
    pieces = [piece for file in card.files for piece in file.pieces]
    return [line.text.strip(' ,"') for piece in pieces for line in piece.lines if line.kind]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"token": "x", "host": "a"}, {"token": "y", "host": "a"}),
        ({"all": [{"token": "x"}, {"token": "z"}]}, {"all": [{"token": "y"}, {"token": "z"}]}),
    ],
)
def test_a_diff_says_that_a_secret_has_changed(before: Any, after: Any) -> None:
    assert [line.split(': "')[1] for line in diff_of(before, after)] == [MASK, CHANGED]


def test_a_secret_that_is_the_same_is_no_change() -> None:
    same = {"token": "x", "host": "a"}
    assert diff_of(same, {**same, "host": "b"}) == ['host": "a', 'host": "b']


def test_masked_values_in_a_diff_are_listed() -> None:
    context = {"config": {"before": {"token": "x"}, "after": {"token": "y"}}}
    assert without_button(context) == (
        "/context/config/before/token",
        "/context/config/after/token",
    )


def test_very_many_masks_are_cut_and_the_rest_counted() -> None:
    rest = masks_in(masked({"tokens": [str(n) for n in range(MOST + 5)]}), beside=())
    assert (len(rest.paths), rest.more, rest.any) == (MOST, 5, True)
    assert not masks_in(masked({"town": "Espoo"}), beside=()).any
