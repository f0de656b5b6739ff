from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from inbox.people.names import Names


@dataclass(frozen=True)
class Face:
    """``name`` is ``You`` for the viewer; ``full`` is always the name."""

    id: str
    name: str
    full: str


@dataclass(frozen=True)
class People:
    """The people named on a page rendered for ``viewer``, a Mobius ID."""

    names: Names
    viewer: str | None = None

    def full(self, user_id: str | None) -> str:
        return self.names.of(user_id) if user_id else _("Someone")

    def name(self, user_id: str | None) -> str:
        return self._you if self.is_viewer(user_id) else self.full(user_id)

    @cached_property
    def _you(self) -> str:
        # Translated once: the viewer may be in every row of a list.
        return _("You")

    def object(self, user_id: str | None) -> str:
        """``you`` for the viewer."""
        return _("you") if self.is_viewer(user_id) else self.full(user_id)

    def objects(self, user_ids: Iterable[str | None]) -> list[str]:
        """The viewer comes last."""
        ids = list(user_ids)
        others = [self.full(id_) for id_ in ids if not self.is_viewer(id_)]
        return [*others, _("you")] if len(others) < len(ids) else others

    def sentence(self, user_id: str | None, you: str, other: str, **facts: Any) -> str:
        """``other`` has a ``%(name)s``; both may name the ``facts``."""
        words = you if self.is_viewer(user_id) else other
        return words % {"name": self.full(user_id), **facts}

    def has_account(self, user_id: str) -> bool:
        """True even for a deactivated one, and for a machine, which answers in Mobius."""
        return user_id in self.names.known

    def is_viewer(self, user_id: str | None) -> bool:
        return bool(user_id) and user_id == self.viewer

    def face(self, user_id: str | None) -> Face:
        return Face(user_id or "", self.name(user_id), self.full(user_id))
