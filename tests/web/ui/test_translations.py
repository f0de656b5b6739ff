"""After a failure, run ``make messages`` and translate what is empty or fuzzy in
``inbox/locale/de``.
"""

import ast
import gettext
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
FOLDER = ROOT / "inbox/locale/de/LC_MESSAGES"
CONTEXT = "\x04"
"""Between the context of a text and the text."""
_STRING = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_CALL = re.compile(rf"\b(n?p?gettext|_)\(\s*u?({_STRING}(?:\s*,\s*u?{_STRING})*)")
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|\{\w+\}|<[^>]+>")


@dataclass
class Entry:
    fuzzy: bool = False
    msgctxt: str = ""
    msgid: str = ""
    msgid_plural: str = ""
    msgstr: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        return keyed(self.msgctxt, self.msgid)


def keyed(context: str, text: str) -> str:
    return f"{context}{CONTEXT}{text}" if context else text


@cache
def catalogue() -> dict[str, Entry]:
    entries = []
    for block in (FOLDER / "django.po").read_text("utf-8").split("\n\n"):
        entry, last = Entry(), ""
        for line in block.splitlines():
            if line.startswith("#"):
                entry.fuzzy |= line.startswith("#,") and "fuzzy" in line
                continue
            named, text = re.fullmatch(r'(\w*)(?:\[\d\])? ?(".*")', line).groups()  # type: ignore[union-attr]
            value, last = ast.literal_eval(text), named or last
            if last == "msgstr":
                if named:
                    entry.msgstr.append("")
                entry.msgstr[-1] += value
            else:
                setattr(entry, last, getattr(entry, last) + value)
        entries.append(entry)
    return {entry.key: entry for entry in entries if entry.msgid}


def of_call(name: str, texts: list[str]) -> str:
    return keyed(texts[0], texts[1]) if "p" in name.removesuffix("gettext") else texts[0]


def of_python(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(ast.Name(name), args) if re.fullmatch(
                r"_|n?p?gettext(_lazy|_noop)?", name
            ):
                texts = [
                    arg.value
                    for arg in args
                    if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
                ]
                if texts:
                    yield of_call(re.sub(r"_(lazy|noop)$", "", name), texts)


def of_template(source: str) -> Iterator[str]:
    for name, texts in _CALL.findall(templatize(source)):
        yield of_call(name, [ast.literal_eval(text) for text in re.findall(_STRING, texts)])


@cache
def texts() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "inbox").rglob("*.py"):
        if not path.is_relative_to(ROOT / "inbox/engine"):
            found.update(of_python(path.read_text("utf-8")))
    for path in (ROOT / "templates").rglob("*"):
        if path.suffix in (".html", ".txt"):
            found.update(of_template(path.read_text("utf-8")))
    return found


def test_every_text_is_in_the_catalogue_and_no_other() -> None:
    assert texts() - catalogue().keys() == set()
    assert catalogue().keys() - texts() == set()


def test_every_text_is_translated() -> None:
    assert [entry.key for entry in catalogue().values() if entry.fuzzy] == []
    missing = [key for key, entry in catalogue().items() if not all(entry.msgstr)]
    assert missing == []
    assert {len(entry.msgstr) for entry in catalogue().values() if entry.msgid_plural} == {2}


def test_translations_have_the_placeholders_of_their_text() -> None:
    def filled(text: str) -> list[str]:
        return sorted(set(_PLACEHOLDER.findall(text)))

    wrong = [
        (text, translated)
        for entry in catalogue().values()
        for text, translated in zip(
            [entry.msgid, entry.msgid_plural or entry.msgid], entry.msgstr, strict=False
        )
        if filled(text) != filled(translated)
    ]
    assert wrong == []


def test_the_compiled_catalogue_is_current() -> None:
    data = (FOLDER / "django.mo").read_bytes()
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    old = []
    for key, entry in catalogue().items():
        if entry.msgid_plural:
            found = [compiled.ngettext(key, "", count) for count in (1, 2)]
        else:
            found = [compiled.gettext(key)]
        if found != entry.msgstr:
            old.append(key)
    assert old == []
    assert struct.unpack("<4I", data[:16])[2] == len(catalogue()) + 1  # and its header
