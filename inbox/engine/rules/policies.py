from collections.abc import Sequence
from typing import Any, Protocol

from inbox.engine.rules.errors import EngineError, bad_request, conflict, forbidden

PENDING, IN_REVIEW = "pending", "in_review"


class Interaction(Protocol):
    status: str
    target_type: str
    target_id: str
    members: Sequence[str] | None
    reviewers: Sequence[str] | None
    claimed_by: str | None

    @property
    def all_must_answer(self) -> bool: ...

    @property
    def current_responses(self) -> Sequence[dict[str, Any]]: ...


def check_answer(interaction: Interaction, user_id: str | None) -> None:
    """Raises 403 for someone who was not asked, then 409: closed, claimed by another, answered."""
    if interaction.members is not None:
        _check_member(interaction, user_id)
    elif user_id is not None and not (
        interaction.target_type == "user" and interaction.target_id == user_id
    ):
        raise forbidden("This interaction is for someone else.")
    _check_pending(interaction)
    if interaction.members is None or user_id is None:
        return
    if interaction.claimed_by not in (None, user_id):
        raise _already_claimed(interaction)
    if any(answer["user_id"] == user_id for answer in interaction.current_responses):
        raise conflict("You have already answered this.", code="already_responded")


def check_review(interaction: Interaction, user_id: str | None) -> str:
    """Return the reviewer. Raises 403 for someone who doesn't review it or was asked, 409 unless it
    is in review.
    """
    if user_id is None or user_id not in (interaction.reviewers or ()):
        raise forbidden("You are not a reviewer of this interaction.")
    if user_id in (interaction.members or (interaction.target_id,)):
        raise forbidden("You can't review your own work.")
    if interaction.status != IN_REVIEW:
        raise _conflict_of_status(interaction)
    return user_id


def check_cancel(interaction: Interaction, user_id: str | None) -> str:
    """Return who cancels it. Raises 403 without a member token, 400 for a closed one."""
    if user_id is None:
        raise forbidden("Only a person can cancel an interaction: a member token is required.")
    if interaction.status not in (PENDING, IN_REVIEW):
        raise bad_request(f"The interaction is {interaction.status}.", status=interaction.status)
    return user_id


def check_claim(interaction: Interaction, user_id: str | None) -> None:
    """Raises 403 for someone who was not asked, 409 closed, 400, 409 claimed."""
    _check_assignee(interaction, user_id)
    _check_pending(interaction)
    if interaction.target_type != "group" or interaction.all_must_answer:
        raise EngineError(
            400, "not_claimable", "Only a first-responder interaction can be claimed."
        )
    if interaction.claimed_by not in (None, user_id):
        raise _already_claimed(interaction)


def check_release(interaction: Interaction, user_id: str | None) -> None:
    """Raises 403 for someone who was not asked, 409 closed, 403 claimed by another."""
    _check_assignee(interaction, user_id)
    _check_pending(interaction)
    if interaction.claimed_by not in (None, user_id):
        raise forbidden("Only the person who claimed it can release it.")


def final_value(members: Sequence[str], responses: Sequence[dict[str, Any]]) -> list[Any] | None:
    """The members' values in snapshot order, None while an answer is missing."""
    values = {answer["user_id"]: answer["value"] for answer in responses}
    if any(user_id not in values for user_id in members):
        return None
    return [values[user_id] for user_id in members]


def _check_assignee(interaction: Interaction, user_id: str | None) -> None:
    if interaction.members is not None:
        _check_member(interaction, user_id)
    elif user_id is None:
        raise forbidden("A member token is required.")
    elif interaction.target_type != "user" or interaction.target_id != user_id:
        raise forbidden("This interaction is for someone else.")


def _check_member(interaction: Interaction, user_id: str | None) -> None:
    if user_id is None:
        raise forbidden("This interaction is for a group: a member token is required.")
    if user_id not in (interaction.members or ()):
        if interaction.target_type == "people":
            raise forbidden("This interaction is for someone else.")
        raise forbidden("You were not in the group when it was created.")


def _check_pending(interaction: Interaction) -> None:
    if interaction.status != PENDING:
        raise _conflict_of_status(interaction)


def _conflict_of_status(interaction: Interaction) -> EngineError:
    shown = interaction.status.replace("_", " ")
    return conflict(f"The interaction is {shown}.", status=interaction.status)


def _already_claimed(interaction: Interaction) -> EngineError:
    return conflict(
        "Another member has claimed it.", code="already_claimed", claimed_by=interaction.claimed_by
    )
