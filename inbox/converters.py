"""Ids in addresses."""

import re

_ODD = re.compile(r"[~/]|^\.{1,2}$")
_WRITTEN = re.compile(r"~(7E|2F|2E)")


class MobiusId:
    """An id as Mobius gives it, whatever its characters.

    A slash is written ``~2F``: servers decode ``%2F`` before they look at the path. So are the dots
    of an id that is only one or two, which browsers would take for a folder.
    """

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """The id. A tilde that stands for itself may stay one."""
        return _WRITTEN.sub(lambda found: chr(int(found[1], 16)), value)

    def to_url(self, value: str) -> str:
        """The ID as written in a URL; ``reverse`` quotes the rest."""
        return _ODD.sub(lambda found: "".join(f"~{ord(one):02X}" for one in found[0]), value)
