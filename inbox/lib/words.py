"""Words as search compares them: runs of letters and digits, without case and accents. Each Chinese
or Japanese character, emoji or symbol is a word.
"""

import re
import unicodedata
from collections.abc import Iterator

LONGEST = 100
"""Characters of a word that are compared; a longer one is cut."""

_ASCII_WORD = re.compile("[a-z0-9]+")
_ASCII = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}
"""For ``str.translate``: words in lower case, and spaces between them."""
_WITHOUT_STROKE = {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe"}
_ALONE = re.compile(
    "[\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U0001b000-\U0001b16f\U00020000-\U000323af]"
)
"""Characters of scripts without spaces: Han, Hiragana, Katakana."""
_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")


class _Characters(dict[int, str]):
    """Maps a character that has been decomposed and folded."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = folded = self._fold(character)
        return folded

    @staticmethod
    def _fold(character: str) -> str:
        category = unicodedata.category(character)
        invisible = category == "Cf" or _VARIATION_SELECTORS.match(character)
        if invisible or unicodedata.combining(character):
            return ""
        if category == "So" or _ALONE.match(character):
            return f" {character} "
        # Marks that stand for vowels, as in Hindi and Thai, are parts of words.
        if character.isalnum() or category.startswith("M"):
            return _WITHOUT_STROKE.get(character, character)
        return " "


_CHARACTERS = _Characters()


def words_of(text: str) -> list[str]:
    if text.isascii():
        words = text.translate(_ASCII).split()
    else:
        decomposed = unicodedata.normalize("NFKD", text).casefold()
        words = unicodedata.normalize("NFKD", decomposed).translate(_CHARACTERS).split()
    if len(max(words, key=len, default="")) <= LONGEST:
        return words
    return [word[:LONGEST] for word in words]


def spans_of(text: str) -> Iterator[tuple[int, int]]:
    """Accents must be composed (NFC)."""
    if text.isascii():
        yield from (word.span() for word in _ASCII_WORD.finditer(text.lower()))
        return
    begin = None
    for at, character in enumerate(f"{text} "):
        folded = _CHARACTERS[ord(character)]
        if folded.startswith(" "):
            if begin is not None:
                yield begin, at
            begin = None
            if folded != " ":
                yield at, at + 1
        elif folded and begin is None:
            begin = at
