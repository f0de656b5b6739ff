import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PAGES = [
    *sorted((ROOT / "inbox/web").rglob("*.py")),
    *sorted((ROOT / "inbox/templatetags").glob("*.py")),
    ROOT / "inbox/admin.py",
]
UNSEEN = re.compile(r"n?p?gettext(_lazy|_noop)?|_|Http404|debug|info|warning|error|exception")
"""Functions whose arguments are translated, or not shown."""
SENTENCE = re.compile(r"[A-Z][a-z']+ [a-z]")
"""How a text begins that is for people."""
WORD = re.compile(r"(?:^| )[A-Za-z]{2,}(?:[ ,.:]|$)")
"""Between the values of an f-string."""
LABELS = {"label", "help_text", "verbose_name", "verbose_name_plural", "description"}


def untranslated(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.Expr(ast.Constant()):
                continue
            case ast.Call(ast.Name(name) | ast.Attribute(attr=name)) if UNSEEN.fullmatch(name):
                continue
            case ast.Constant(str(text)) if SENTENCE.match(text):
                yield node
            case ast.keyword(arg, ast.Constant(str(text))) if arg in LABELS and text:
                yield node
            case ast.JoinedStr(parts):
                texts = [part.value for part in parts if isinstance(part, ast.Constant)]
                if any(WORD.search(str(text)) for text in texts):
                    yield node
        yield from untranslated(node)


def test_every_text_of_a_page_can_be_translated() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {ast.unparse(node)}"
        for path in PAGES
        for node in untranslated(ast.parse(path.read_text()))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ('say("Nothing is waiting")', 1),
        ('say(_("Nothing is waiting"))', 0),
        ('forms.CharField(label="Name")', 1),
        ('say(f"{count} of {total}")', 1),
        ('say(f"{page}?at={seq}")', 0),
        ('def say():\n    """Nothing is waiting."""', 0),
    ],
)
def test_it_finds_text_that_cannot_be_translated(source: str, count: int) -> None:
    assert len(list(untranslated(ast.parse(source)))) == count
