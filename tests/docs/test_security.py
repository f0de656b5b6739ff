"""The checklist in docs/security.md is complete in form: each requirement once, in its chapter."""

import re
from pathlib import Path

import pytest
from django.conf import settings

TEXT = (Path(settings.BASE_DIR) / "docs/security.md").read_text()
CHAPTERS = re.findall(r"^### V(\d+) .*?$(.*?)(?=^### |\Z)", TEXT, re.MULTILINE | re.DOTALL)
STATES = {"met", "partly", "not met", "operator", "n/a"}


def rows(chapter: str) -> list[tuple[list[str], str, str]]:
    cells = [line.strip("| ").split(" | ") for line in chapter.splitlines() if line[:1] == "|"]
    return [(numbers.split(", "), state, remark) for numbers, state, remark in cells[2:]]


def test_it_has_every_chapter() -> None:
    assert [number for number, _ in CHAPTERS] == [str(number) for number in range(1, 15)]


@pytest.mark.parametrize(("number", "chapter"), CHAPTERS, ids=[number for number, _ in CHAPTERS])
def test_each_requirement_of_a_chapter_has_one_state_and_a_reason(
    number: str, chapter: str
) -> None:
    named = [requirement for numbers, *_ in rows(chapter) for requirement in numbers]
    assert all(re.fullmatch(rf"{number}\.\d+\.\d+", requirement) for requirement in named), named
    assert len(named) == len(set(named))
    assert {state for _, state, _ in rows(chapter)} <= STATES
    assert all(remark for *_, remark in rows(chapter))
