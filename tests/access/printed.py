"""Writes ``docs/access.md``: ``python -m tests.access.printed``."""

from reviewer_site.environment import ROOT
from tests.access.table import printed

PAGE = ROOT / "docs" / "access.md"

if __name__ == "__main__":
    PAGE.write_text(printed(), encoding="utf-8")
