"""Who may answer, claim and release, and in which order the reasons to refuse are checked."""

from collections.abc import Sequence
from typing import Any, Protocol

from inbox.engine.rules.errors import EngineError, conflict, forbidden

PENDING = "pending"


class Interaction(Protocol):
    """The fields of an interaction that the rules depend on."""

    status: str
    target_type: str
    target_id: str
    members: Sequence[str] | None
    claimed_by: str | None
    partial_responses: Sequence[dict[str, Any]] | None

    @property
    def all_must_answer(self) -> bool: ...


def check_answer(interaction: Interaction, user_id: str | None) -> None:
    """Refuse an answer by ``user_id``, or by a service key where that is None.

    Raises 403 for someone who was not asked, then 409: closed, claimed by another, answered.
    """
    if interaction.target_type == "group":
        _check_member(interaction, user_id)
    elif user_id is not None and not (
        interaction.target_type == "user" and interaction.target_id == user_id
    ):
        raise forbidden("This interaction is for someone else.")
    _check_open(interaction)
    if interaction.target_type != "group" or user_id is None:
        return
    if interaction.claimed_by not in (None, user_id):
        raise _already_claimed(interaction)
    if any(answer["user_id"] == user_id for answer in interaction.partial_responses or ()):
        raise conflict("You have already answered this.", code="already_responded")


def check_claim(interaction: Interaction, user_id: str | None) -> None:
    """Refuse a claim: 403 for someone who was not asked, 409 closed, 400, 409 claimed."""
    _check_assignee(interaction, user_id)
    _check_open(interaction)
    if interaction.target_type != "group" or interaction.all_must_answer:
        raise EngineError(
            400, "not_claimable", "Only a first-responder interaction can be claimed."
        )
    if interaction.claimed_by not in (None, user_id):
        raise _already_claimed(interaction)


def check_release(interaction: Interaction, user_id: str | None) -> None:
    """Refuse a release: 403 for someone who was not asked, 409 closed, 403 claimed by another."""
    _check_assignee(interaction, user_id)
    _check_open(interaction)
    if interaction.claimed_by not in (None, user_id):
        raise forbidden("Only the person who claimed it can release it.")


def final_value(members: Sequence[str], responses: Sequence[dict[str, Any]]) -> list[Any] | None:
    """The members' values in snapshot order, None while an answer is missing."""
    values = {answer["user_id"]: answer["value"] for answer in responses}
    if any(user_id not in values for user_id in members):
        return None
    return [values[user_id] for user_id in members]


def _check_assignee(interaction: Interaction, user_id: str | None) -> None:
    if interaction.target_type == "group":
        _check_member(interaction, user_id)
    elif user_id is None:
        raise forbidden("A member token is required.")
    elif interaction.target_type != "user" or interaction.target_id != user_id:
        raise forbidden("This interaction is for someone else.")


def _check_member(interaction: Interaction, user_id: str | None) -> None:
    if user_id is None:
        raise forbidden("This interaction is for a group: a member token is required.")
    if user_id not in (interaction.members or ()):
        raise forbidden("You were not in the group when it was created.")


def _check_open(interaction: Interaction) -> None:
    if interaction.status != PENDING:
        raise conflict(f"The interaction is {interaction.status}.", status=interaction.status)


def _already_claimed(interaction: Interaction) -> EngineError:
    return conflict(
        "Another member has claimed it.", code="already_claimed", claimed_by=interaction.claimed_by
    )
