"""What upstream's lists were found to accept."""

from collections.abc import Iterator
from http import HTTPStatus

from inbox.mobius.errors import MobiusError, Rejected

SMALLER = (100, 50)
"""Page sizes that are tried where a larger one is refused; after them, no ``limit`` at all."""


class Lists:
    """Of one token; those of the service key are forgotten at each probe."""

    def __init__(self) -> None:
        self._sizes: dict[str, int | None] = {}
        self._refused: dict[tuple[str, str], Rejected] = {}
        self._taken: set[tuple[str, str]] = set()

    def forget(self) -> None:
        """Ask anew."""
        self._sizes.clear()
        self._refused.clear()
        self._taken.clear()

    def sizes(self, name: str, limit: int) -> Iterator[int | None]:
        """The limits to try, in order."""
        if name in self._sizes:
            known = self._sizes[name]
            yield None if known is None else min(limit, known)
            return
        yield limit
        yield from (size for size in SMALLER if size < limit)
        yield None

    def accepted(self, name: str, size: int | None, *, asked: int) -> None:
        """The list took ``size`` where ``asked`` was wanted."""
        if size != asked or asked > max(SMALLER):
            self._sizes[name] = size

    def size(self, name: str) -> int | None:
        """The largest limit that was taken; 0 where none is, None where nobody has asked."""
        return (self._sizes[name] or 0) if name in self._sizes else None

    def check(self, name: str, status: str | None) -> None:
        """Raises Rejected where the list has refused this status before."""
        if status is not None and (name, status) in self._refused:
            raise self._refused[name, status]

    def took(self, name: str, status: str | None) -> None:
        """The list knows this status: a later refusal is about something that may pass."""
        if status is not None:
            self._taken.add((name, status))
            self._refused.pop((name, status), None)

    def refuse(self, name: str, status: str | None, error: Rejected) -> None:
        """The list does not know this status, however little else it is asked."""
        if status is not None and (name, status) not in self._taken:
            self._refused[name, status] = error

    @property
    def refused(self) -> tuple[str, ...]:
        """As ``Capabilities.refused``."""
        return tuple(sorted(f"{name}: {status}" for name, status in self._refused))


def is_about_parameters(error: MobiusError) -> bool:
    """Fewer parameters may be accepted."""
    return error.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
