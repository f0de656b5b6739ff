"""Who may answer, claim and release, and in which order that is refused."""

from collections.abc import Sequence
from typing import Any, Protocol

from inbox.engine.rules.errors import EngineError, conflict, forbidden

PENDING = "pending"


class Item(Protocol):
    """What of an interaction decides."""

    status: str
    target_type: str
    target_id: str
    members: Sequence[str] | None
    claimed_by: str | None
    partial_responses: Sequence[dict[str, Any]] | None

    @property
    def all_must_answer(self) -> bool:
        """Whether every member of the snapshot must answer."""


def check_answer(item: Item, user_id: str | None) -> None:
    """Refuse an answer by ``user_id``, or by a service key where that is None.

    Raises 403 for who is not asked, then 409: closed, held by another, already answered.
    """
    if item.target_type == "group":
        _check_member(item, user_id)
    elif user_id is not None and not (item.target_type == "user" and item.target_id == user_id):
        raise forbidden("This interaction is for somebody else.")
    _check_open(item)
    if item.target_type != "group" or user_id is None:
        return
    if item.claimed_by not in (None, user_id):
        raise _held(item)
    if any(each["user_id"] == user_id for each in item.partial_responses or ()):
        raise conflict("You have answered this already.", code="already_responded")


def check_claim(item: Item, user_id: str | None) -> None:
    """Refuse a claim: 403 for who is not asked, 409 closed, 400 ``not_claimable``, 409 held."""
    _check_asked(item, user_id)
    _check_open(item)
    if item.target_type != "group" or item.all_must_answer:
        raise EngineError(400, "not_claimable", "Only a question to whoever is first can be held.")
    if item.claimed_by not in (None, user_id):
        raise _held(item)


def check_release(item: Item, user_id: str | None) -> None:
    """Refuse a release: 403 for who is not asked, 409 closed, 403 for who is not the holder."""
    _check_asked(item, user_id)
    _check_open(item)
    if item.claimed_by not in (None, user_id):
        raise forbidden("Only the holder can release it.")


def final_value(members: Sequence[str], responses: Sequence[dict[str, Any]]) -> list[Any] | None:
    """The members' values in snapshot order, None while one is missing."""
    values = {each["user_id"]: each["value"] for each in responses}
    if any(user_id not in values for user_id in members):
        return None
    return [values[user_id] for user_id in members]


def _check_asked(item: Item, user_id: str | None) -> None:
    if item.target_type == "group":
        _check_member(item, user_id)
    elif user_id is None:
        raise forbidden("A member token is needed.")
    elif item.target_type != "user" or item.target_id != user_id:
        raise forbidden("This interaction is for somebody else.")


def _check_member(item: Item, user_id: str | None) -> None:
    if user_id is None:
        raise forbidden("This interaction is for a group: a member token is needed.")
    if user_id not in (item.members or ()):
        raise forbidden("You were not in the group when it was asked.")


def _check_open(item: Item) -> None:
    if item.status != PENDING:
        raise conflict(f"The interaction is {item.status}.", status=item.status)


def _held(item: Item) -> EngineError:
    return conflict("Another member holds it.", code="already_claimed", claimed_by=item.claimed_by)
