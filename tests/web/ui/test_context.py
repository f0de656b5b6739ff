from typing import Any

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from inbox.web.ui.context import Card, Column, cards
from inbox.web.ui.markdown import FORMATTED
from inbox.web.ui.values import Cell

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


@pytest.mark.parametrize("value", [[], {}])
def test_what_holds_nothing_says_so(value: Any) -> None:
    card = only({"notes": value})
    assert (card.kind, card.cells) == ("list", (Cell("Empty"),))


def test_a_value_that_would_read_backward_shows_why() -> None:
    card = only({"amount": "\N{RIGHT-TO-LEFT OVERRIDE}00.001"})
    assert card.facts == (("Amount", Cell("⟨U+202E⟩00.001")),)


def test_a_long_text_begins_with_whole_words_and_little_is_not_folded() -> None:
    long = only({"text": "different words " * 100})
    assert long.folded
    assert long.lead.endswith(("different…", "words…"))
    assert only({"text": "x" * 2_000}).lead == "x" * 500 + "…"
    assert not only({"text": "different words " * 50}).folded


@pytest.mark.parametrize(
    "keys", [("from", "to"), ("before", "after"), ("was", "now"), ("old", "new")]
)
def test_a_pair_shows_before_and_after(keys: tuple[str, str]) -> None:
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


@pytest.mark.parametrize(
    "text",
    [
        "@@ -1,3 +1 @@\n-a\n+b\n",
        "--- a/x\n+++ b/x\n@@ -1 +1 @@\nno sign\n",
        "+++ b/x\n@@ -1 +1 @@\n",
    ],
)
def test_a_malformed_diff_is_plain_text(text: str) -> None:
    card = only({"notes": text})
    assert (card.kind, card.files) == ("text", ())
    assert card.text is not None
    assert "@@ -1" in card.text.html


def test_equal_rows_are_a_table_with_levels() -> None:
    card = only({"risks": [{"what": "Locks", "level": "high"}, {"what": "Load", "guard": "limit"}]})
    assert card.columns == (Column("What"), Column("Level"), Column("Guard"))
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
    assert [(node.kind, node.depth, node.key, node.text) for node in tree.nodes] == [
        ("branch", 0, "orders", "1 item"),
        ("branch", 1, "0", "2 keys"),
        ("leaf", 2, "id", "1"),
        ("branch", 2, "lines", "2 items"),
        ("leaf", 3, "0", "1"),
        ("leaf", 3, "1", "2"),
        ("end", 2, "", ""),
        ("end", 1, "", ""),
        ("end", 0, "", ""),
    ]


def test_values_shown_elsewhere_are_left_out() -> None:
    assert cards({"due_at": "2026-11-24T10:45:00Z"}, shown_elsewhere=frozenset({"due_at"})) == ()


def test_a_tree_a_hundred_levels_deep_is_shown_whole() -> None:
    deep: Any = {"bottom": 1}
    for _ in range(98):
        deep = {"a": deep}
    tree = only({"deep": deep})
    assert [node.depth for node in tree.nodes if node.kind == "leaf"] == [98]
    shown = render_to_string("interactions/_context.html", {"cards": [tree]})
    assert shown.count("<details") == shown.count("</details>") == 98


def test_deeply_nested_values_are_one_line_of_json() -> None:
    deep: Any = 1
    for _ in range(300):
        deep = {"a": deep}
    last = [node for node in only({"deep": deep}).nodes if node.kind == "leaf"]
    assert [(node.depth, node.text[:5]) for node in last] == [(100, '{"a":')]


def test_wide_values_are_cut_and_say_so() -> None:
    wide = only({"wide": {str(n): {"x": [n]} for n in range(1000)}})
    assert (wide.nodes[-1].kind, wide.nodes[-1].cut) == ("cut", 800)
    shown = render_to_string("interactions/_context.html", {"cards": [wide]})
    assert "800 more in the raw JSON" in shown


def test_a_long_branch_leaves_room_for_those_after_it() -> None:
    tree = only({"data": {"rows": [[n] for n in range(5_000)], "owner": {"team": ["x"]}}})
    assert [node.key for node in tree.nodes if node.depth == 0 and node.key] == ["rows", "owner"]


def test_all_trees_and_tables_together_are_bounded() -> None:
    tree = {str(n): {"x": [n]} for n in range(180)}
    trees = cards({f"tree{n}": tree for n in range(20)})
    assert sum(node.kind in ("leaf", "branch") for card in trees for node in card.nodes) == 2_000
    tables = cards({f"table{n}": [{"a": n, "b": "x"}] * 600 for n in range(20)})
    assert [len(card.rows) for card in tables[:3]] == [500, 500, 0]
    assert tables[2].cut == 600


def test_a_table_shows_five_hundred_rows() -> None:
    rows = [{"id": n, "name": f"Row {n}"} for n in range(620)]
    table = only({"rows": rows})
    assert (len(table.rows), table.cut, table.paged) == (500, 120, True)
    assert table.columns == (Column("ID", number=True), Column("Name"))
    assert not only({"rows": rows[:50]}).paged


def test_several_lines_under_a_name_of_code_are_code() -> None:
    card = only({"restore_script": "set -e\n\n  pg_restore a.dump\n"})
    assert (card.kind, card.lines) == ("code", ("set -e", "", "  pg_restore a.dump"))
    assert only({"note": "set -e\npg_restore"}).kind == "text"
    assert only({"command": "pg_restore a.dump"}).kind == "facts"


def test_one_fenced_block_is_code_under_any_name() -> None:
    card = only({"plan": "```python\nprint(1)\n```"})
    assert (card.kind, card.lines) == ("code", ("print(1)",))


def test_unchanged_lines_know_their_number_on_both_sides() -> None:
    [file] = only({"policy": {"before": "a\nb\nc", "after": "b\nc\nd"}}).files
    lines = [(line.kind, line.old, line.number) for piece in file.pieces for line in piece.lines]
    assert lines == [("del", 0, 1), ("", 2, 1), ("", 3, 2), ("add", 0, 3)]


def test_only_folds_that_have_their_lines_can_show_the_whole_file() -> None:
    before = "".join(f"line {n}\n" for n in range(40))
    [compared] = only({"x": {"before": before, "after": before.replace("line 20\n", "")}}).files
    [sent] = only({"x": DIFF}).files
    assert (compared.folds, sent.folds) == (True, False)


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


def test_text_around_a_diff_is_shown_too() -> None:
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
