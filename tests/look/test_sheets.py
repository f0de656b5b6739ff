"""Templates, style sheets and scripts agree, and keep to the content security policy."""

import hashlib
import re
from pathlib import Path

import pytest

from inbox.web.ui import labels, when

ROOT = Path(__file__).parents[2]
# The admin's templates are Django's own, with Django's sheets.
TEMPLATES = sorted(
    path for path in (ROOT / "templates").rglob("*.html") if path.parent.name != "admin"
)
SHEETS = sorted((ROOT / "static" / "css").glob("*.css"))
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))
SPRITE = (ROOT / "static" / "icons.svg").read_text()
VENDOR = sorted((ROOT / "static" / "vendor").iterdir())


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("template", TEMPLATES, ids=name)
def test_a_template_holds_no_inline_style_or_script(template: Path):
    text = template.read_text()
    assert not re.search(r"<[^>]*\sstyle\s*=", text)
    assert not re.search(r"<[^>]*\son\w+\s*=", text)
    assert not re.search(r"<style\b|<script(?![^>]*\bsrc=)|javascript:", text)
    assert not re.search(r"hx-on|hx-vals=['\"]js:|hx-trigger=['\"][^'\"]*\[", text)


@pytest.mark.parametrize("template", TEMPLATES, ids=name)
def test_every_icon_that_a_template_names_is_drawn(template: Path):
    named = r"""{% (?:icon|notice "\w*") ['"]([\w-]+)['"]"""
    for icon in re.findall(named, template.read_text()):
        assert f'id="{icon}"' in SPRITE


def test_every_icon_that_the_pages_name_is_drawn():
    named = {band.icon for band in when.BANDS.values()}
    named |= {labels.kind(type_).icon for type_ in ("approval", "review", "input", "other")}
    named |= {
        labels.item_status(status).icon for status in ("pending", "completed", "expired", "x")
    }
    named |= {labels.run_status(status).icon for status in (*labels.RUN_STATUSES, "active", "x")}
    assert {icon for icon in named if f'id="{icon}"' not in SPRITE} == set()


@pytest.mark.parametrize("sheet", SHEETS, ids=name)
def test_only_the_tokens_hold_raw_colours(sheet: Path):
    raw = re.findall(r"#[0-9a-f]{3,8}\b(?=[\s;,)])|\brgba?\(|\bhsla?\(", sheet.read_text())
    assert bool(raw) == (sheet.name == "tokens.css")


@pytest.mark.parametrize("sheet", SHEETS, ids=name)
def test_a_change_of_the_page_is_not_a_reason_to_restyle_all_of_it(sheet: Path):
    """With any of these, every element that comes or goes makes Chromium do so."""
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)
    nested = r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
    inside = re.findall(rf":has{nested}", text)
    assert len(inside) == text.count(":has(")
    assert [
        each for each in inside if re.search(r"\*(?!=)|:(not|empty|only|first|last|nth)", each)
    ] == []
    assert re.findall(r"[+~]\s*(?:\*|:not)[^{]*", text) == []


@pytest.mark.parametrize("sheet", SHEETS, ids=name)
def test_a_sheet_holds_no_words(sheet: Path):
    """They could not be translated."""
    contents = re.findall(r"content:([^;}]*)", sheet.read_text())
    assert [each for each in contents if re.search(r"\"[^\"]*\w[^\"]*\"", each)] == []


@pytest.mark.parametrize("sheet", SHEETS, ids=name)
def test_a_sheet_asks_only_for_tokens_that_exist(sheet: Path):
    defined = set(re.findall(r"(--[\w-]+):", (ROOT / "static/css/tokens.css").read_text()))
    assert set(re.findall(r"var\((--[\w-]+)\)", sheet.read_text())) <= defined


def test_every_class_of_a_template_is_known_to_a_sheet_or_a_script():
    known = set()
    for sheet in SHEETS:
        known |= set(re.findall(r"\.(-?[a-z][\w-]*)", sheet.read_text()))
    unknown: dict[str, str] = {}
    for template in TEMPLATES:
        text = re.sub(r"{% comment %}.*?{% endcomment %}", "", template.read_text(), flags=re.S)
        text = re.sub(r"{{[^}]*}}", "*", re.sub(r"{%[^%]*%}", " ", text))
        for word in " ".join(re.findall(r'class="([^"]*)"', text)).split():
            if "*" not in word and not word.endswith("-") and word not in known:
                unknown.setdefault(word, name(template))
    assert unknown == {}


def test_every_class_of_a_sheet_is_used():
    sources = [*TEMPLATES, *SCRIPTS, *(ROOT / "inbox").rglob("*.py")]
    text = "".join(source.read_text() for source in sources)
    words = set(re.findall(r"[\w-]+", text))
    prefixes = set(re.findall(r"([\w-]+-)(?:{{|{%|\${|{)", text))
    sheets = "".join(sheet.read_text() for sheet in SHEETS)
    selectors = re.sub(r"{[^{}]*}", "", re.sub(r"/\*.*?\*/", "", sheets, flags=re.S))
    classes = set(re.findall(r"\.(-?[a-z][\w-]*)", selectors))
    assert {
        word for word in classes - words if not any(word.startswith(prefix) for prefix in prefixes)
    } == set()


@pytest.mark.parametrize("script", SCRIPTS, ids=name)
def test_a_script_needs_no_eval(script: Path):
    text = script.read_text()
    assert not re.search(r"\beval\(|new Function|\.innerHTML|\.style(\.|\[| = )", text)


def test_every_script_is_loaded_by_a_page_or_imported_by_another():
    pages = "".join(template.read_text() for template in TEMPLATES)
    scripts = "".join(script.read_text() for script in SCRIPTS)
    unused = [
        script.name
        for script in SCRIPTS
        if f"js/{script.name}" not in pages and f'from "./{script.name}"' not in scripts
    ]
    assert unused == []


@pytest.mark.parametrize("vendor", VENDOR, ids=name)
def test_vendored_files_are_as_published(vendor: Path):
    rows = re.findall(
        r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", (vendor / "README.md").read_text(), re.M
    )
    assert {file for file, _ in rows} == {p.name for p in vendor.iterdir()} - {"README.md"}
    for file, checksum in rows:
        assert hashlib.sha256((vendor / file).read_bytes()).hexdigest() == checksum
