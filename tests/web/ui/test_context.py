"""A context as cards, chosen by the shape of each value."""

from typing import Any

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from inbox.web.ui.context import Card, Cell, cards
from inbox.web.ui.markdown import FORMATTED

DIFF = """--- a/config/capture.yaml
+++ b/config/capture.yaml
@@ -12,4 +12,6 @@
 capture:
-  backend: postings
+  backend: ledger
+  soft_decline:
+    retries: 1
   timeout: 4s
   limit: 3
"""


def only(context: dict[str, Any]) -> Card:
    [card] = cards(context)
    return card


def test_short_values_are_facts_and_come_first() -> None:
    first, second = cards(
        {"notes": {"a": {"b": 1}}, "p95_capture": "184 ms", "online": True, "customer": None}
    )
    assert first.kind == "facts"
    assert first.facts == (
        ("P95 capture", Cell("184 ms")),
        ("Online", Cell("Yes")),
        ("Customer", Cell("–")),
    )
    assert second.kind == "tree"


def test_a_value_that_would_read_backward_shows_why() -> None:
    card = only({"amount": "\N{RIGHT-TO-LEFT OVERRIDE}00.001"})
    assert card.facts == (("Amount", Cell("⟨U+202E⟩00.001")),)


@pytest.mark.parametrize(
    "keys", [("from", "to"), ("before", "after"), ("was", "now"), ("old", "new")]
)
def test_a_pair_says_what_became_what(keys: tuple[str, str]) -> None:
    card = only({"version": {keys[0]: "4.11.3", keys[1]: "4.12.0"}})
    assert card.facts == (("Version", Cell("4.12.0", was="4.11.3", changed=True)),)


def test_two_long_texts_are_compared_with_the_unchanged_folded() -> None:
    before = "".join(f"line {n}\n" for n in range(40))
    card = only(
        {"policy": {"before": before, "after": before.replace("line 20\n", "line twenty\n")}}
    )
    assert (card.kind, card.added, card.removed) == ("diff", 1, 1)
    [file] = card.files
    folded = [piece.folded for piece in file.pieces if piece.folded]
    shown = [line.text for piece in file.pieces if not piece.folded for line in piece.lines]
    assert folded == [17, 16]
    assert shown == [
        "line 17", "line 18", "line 19", "line 20", "line twenty", "line 21", "line 22", "line 23",
    ]  # fmt: skip


def test_a_unified_diff_is_shown_per_file_with_its_line_numbers() -> None:
    card = only({"changes": DIFF + DIFF.replace("capture.yaml", "other.yaml")})
    assert [file.path for file in card.files] == ["config/capture.yaml", "config/other.yaml"]
    first = card.files[0]
    assert (first.added, first.removed) == (3, 1)
    assert first.pieces[0].label == "11 unchanged lines"
    lines = [(line.kind, line.number, line.text) for piece in first.pieces for line in piece.lines]
    assert lines[1:3] == [("del", 13, "  backend: postings"), ("add", 13, "  backend: ledger")]


def test_a_removed_line_that_looks_like_a_header_stays_a_line() -> None:
    card = only({"diff": "--- a/q.sql\n+++ b/q.sql\n@@ -1,2 +1,1 @@\n--- old comment\n select 1\n"})
    [file] = card.files
    assert (file.path, file.removed) == ("q.sql", 1)


def test_patches_of_code_hosts_are_one_card() -> None:
    patch = "@@ -1 +1 @@\n-a\n+b"
    card = only(
        {"files": [{"filename": "x.py", "patch": patch}, {"filename": "y.py", "patch": patch}]}
    )
    assert [file.path for file in card.files] == ["x.py", "y.py"]


def test_equal_rows_are_a_table_with_levels() -> None:
    card = only({"risks": [{"what": "Locks", "level": "high"}, {"what": "Load", "guard": "limit"}]})
    assert card.columns == ("What", "Level", "Guard")
    assert card.rows[0] == (Cell("Locks"), Cell("High", level="high"), Cell(""))


def test_links_are_links_and_only_of_the_web() -> None:
    card = only({"see": [{"title": "Plan", "url": "https://e.example/p"}, "https://e.example/q"]})
    assert [(cell.text, cell.href, cell.host) for cell in card.cells] == [
        ("Plan", "https://e.example/p", "e.example"),
        ("e.example/q", "https://e.example/q", ""),
    ]
    [fact] = only({"see": "javascript:alert(1)"}).facts
    assert fact[1].href == ""


def test_long_text_is_folded() -> None:
    assert only({"log": "word " * 300}).folded
    assert not only({"log": "word " * 30}).folded


def test_flat_objects_are_pairs_and_nested_ones_a_tree() -> None:
    assert only({"customer": {"name": "Nordlys", "since": 2019}}).kind == "pairs"
    tree = only({"customer": {"orders": [{"id": 1, "lines": [1, 2]}]}})
    assert tree.nodes[0].meta == "1 item"
    assert tree.nodes[0].children[0].children[1].children[1].text == "2"


def test_what_is_shown_elsewhere_is_left_out() -> None:
    assert cards({"due_at": "2026-11-24T10:45:00Z"}, shown_elsewhere=frozenset({"due_at"})) == ()


def test_deep_and_wide_values_are_cut_and_say_so() -> None:
    deep: Any = 1
    for _ in range(40):
        deep = {"a": deep}
    assert only({"deep": deep}).kind == "tree"
    wide = only({"wide": {str(n): {"x": [n]} for n in range(1000)}})
    assert "more in the raw JSON" in wide.nodes[-1].text
    assert only({"rows": [{"a": n} for n in range(130)]}).cut == 30


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=90),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=8), json_values, max_size=5))
def test_whatever_comes_it_becomes_cards_that_can_be_shown(context: dict[str, Any]) -> None:
    shown = cards(context)
    assert bool(shown) == bool(context)
    render_to_string("interactions/_context.html", {"cards": shown, "raw_href": "/raw"})


def test_what_stands_around_a_diff_is_shown_too() -> None:
    patch = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"
    text, files = cards({"change": f"Fix the rounding.\n\n{patch}Signed off."})
    assert (text.kind, files.kind) == ("text", "diff")
    assert text.text is not None
    for words in ("Fix the rounding.", "Signed off."):
        assert words in text.text.html
    assert "diff --git" not in text.text.html


def test_texts_are_formatted_up_to_a_budget_and_none_is_lost() -> None:
    line = "see https://example.com/\n"
    shown = cards({f"k{n}": line * 1000 for n in range(4)})
    texts = [card.text for card in shown if card.text is not None]
    assert texts[0].html
    assert not texts[-1].html
    assert sum(text.size for text in texts) <= FORMATTED
    assert sum(text.html.count("<a ") + text.rest.count("see") for text in texts) == 4000


def test_more_facts_and_cards_than_can_be_read_are_one_text() -> None:
    many = {f"fact{n}": n for n in range(1000)} | {f"list{n}": [n] for n in range(100)}
    shown = cards(many)
    assert len(shown) < 10
    last = shown[-1]
    assert last.text is not None
    assert '"fact999": 999' in last.text.rest
    assert '"list99"' in last.text.rest


def test_two_texts_too_long_to_compare_are_both_shown() -> None:
    shown = cards({"config": {"before": "a\n" * 80_000, "after": "b\n" * 80_000}})
    assert [card.title for card in shown] == ["Config: before", "Config: after"]
    assert [card.text is not None and card.text.rest[-2:] for card in shown] == ["a\n", "b\n"]
