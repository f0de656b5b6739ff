"""Templates, style sheets and scripts agree, and keep to the content security policy."""

import hashlib
import re
from collections.abc import Container
from pathlib import Path

from inbox.web.ui import labels, when

ROOT = Path(__file__).parents[2]
# The admin's templates are Django's own, with Django's sheets, and an email holds its own styles.
TEMPLATES = sorted(
    path
    for path in (ROOT / "templates").rglob("*.html")
    if path.parent.name not in ("admin", "mails")
)
SHEETS = sorted((ROOT / "static" / "css").glob("*.css"))
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))
SPRITE = (ROOT / "static" / "icons.svg").read_text()
VENDOR = sorted((ROOT / "static" / "vendor").iterdir())


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def matches(paths: list[Path], pattern: str, but: Container[str] = ()) -> dict[str, list[str]]:
    found = {path: re.findall(pattern, path.read_text()) for path in paths}
    wrong = {name(path): [text for text in found[path] if text not in but] for path in paths}
    return {path: texts for path, texts in wrong.items() if texts}


def test_no_template_holds_inline_styles_or_scripts():
    inline = [
        r"<[^>]*\sstyle\s*=",
        r"<[^>]*\son\w+\s*=",
        r"<style\b|<script(?![^>]*\bsrc=)|javascript:",
        r"hx-on|hx-vals=['\"]js:|hx-trigger=['\"][^'\"]*\[",
    ]
    assert matches(TEMPLATES, "|".join(inline)) == {}


def test_every_icon_that_a_template_names_is_drawn():
    drawn = set(re.findall(r'id="([\w-]+)"', SPRITE))
    assert matches(TEMPLATES, r"""{% (?:icon|notice "\w*") ['"]([\w-]+)['"]""", but=drawn) == {}


def test_every_icon_that_the_pages_name_is_drawn():
    named = {band.icon for band in when.BANDS.values()}
    named |= {labels.kind(type_).icon for type_ in ("approval", "review", "input", "other")}
    named |= {
        labels.item_status(status).icon for status in ("pending", "completed", "expired", "x")
    }
    named |= {labels.run_status(status).icon for status in (*labels.RUN_STATUSES, "active", "x")}
    assert {icon for icon in named if f'id="{icon}"' not in SPRITE} == set()


def test_only_the_tokens_hold_raw_colours():
    raw = matches(SHEETS, r"#[0-9a-f]{3,8}\b(?=[\s;,)])|\brgba?\(|\bhsla?\(")
    assert set(raw) == {"static/css/tokens.css"}


def test_no_change_of_a_page_is_a_reason_to_restyle_all_of_it():
    """With any of these, every element that comes or goes makes Chromium do so."""
    nested = r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
    costly: dict[str, list[str]] = {}
    for sheet in SHEETS:
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)
        inside = re.findall(rf":has{nested}", text)
        assert len(inside) == text.count(":has("), sheet
        each = [of for of in inside if re.search(r"\*(?!=)|:(not|empty|only|first|last|nth)", of)]
        each += re.findall(r"[+~]\s*(?:\*|:not)[^{]*", text)
        if each:
            costly[name(sheet)] = each
    assert costly == {}


def test_no_sheet_holds_words():
    """They could not be translated."""
    assert matches(SHEETS, r"content:[^;}]*\"[^\";}]*\w[^\";}]*\"") == {}


def test_sheets_ask_only_for_tokens_that_exist():
    defined = set(re.findall(r"(--[\w-]+):", (ROOT / "static/css/tokens.css").read_text()))
    assert matches(SHEETS, r"var\((--[\w-]+)\)", but=defined) == {}


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


def test_no_script_needs_eval():
    assert matches(SCRIPTS, r"\beval\(|new Function|\.innerHTML|\.style(?:\.|\[| = )") == {}


def test_every_script_is_loaded_by_a_page_or_imported_by_another():
    pages = "".join(template.read_text() for template in TEMPLATES)
    scripts = "".join(script.read_text() for script in SCRIPTS)
    unused = [
        script.name
        for script in SCRIPTS
        if f"js/{script.name}" not in pages and f'from "./{script.name}"' not in scripts
    ]
    assert unused == []


def test_vendored_files_are_as_published():
    for vendor in VENDOR:
        readme = (vendor / "README.md").read_text()
        rows = re.findall(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", readme, re.M)
        files = [path for path in vendor.iterdir() if path.name != "README.md"]
        checksums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
        assert dict(rows) == checksums, vendor
