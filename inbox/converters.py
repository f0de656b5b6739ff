"""URL converters."""

import re

_ESCAPED = re.compile(r"[~/]|^\.{1,2}$")
_ESCAPE = re.compile(r"~(7E|2F|2E)")


class MobiusId:
    """A Mobius ID, with any characters.

    A slash becomes ``~2F``, since servers decode ``%2F`` before they look at the path. The IDs
    ``.`` and ``..`` are escaped too, since browsers take them for folders.
    """

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """The ID. A tilde that isn't an escape stays."""
        return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), value)

    def to_url(self, value: str) -> str:
        """The ID as written in a URL; ``reverse`` quotes the rest."""
        return _ESCAPED.sub(
            lambda match: "".join(f"~{ord(character):02X}" for character in match[0]), value
        )
