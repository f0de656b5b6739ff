import pytest

from inbox.audit.spreadsheet import cell


@pytest.mark.parametrize(
    "before",
    ["", " ", "\u00a0 ", "\u2003", "\u3000", "\ufeff", "\u200b", "\u202e", "\u2066 \u200f", "\x0b"],
)
@pytest.mark.parametrize("first", "=+-@＝＠")
def test_a_formula_is_quoted_whatever_a_spreadsheet_drops_before_it(
    before: str, first: str
) -> None:
    text = f"{before}{first}SUM(A1)"
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", " ", "\u200b", "a=b", " 5 - 3", "\u200bApproved", "–1"])
def test_other_text_is_not(text: str) -> None:
    assert cell(text) == text
