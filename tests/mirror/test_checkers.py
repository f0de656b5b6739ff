"""Checkers have a row of a question from the first time that it is in review on."""

from typing import Any

from inbox.mobius.types import Interaction, InteractionStatus, LifecycleEvent
from inbox.models import Recipient
from tests.mirror.conftest import Mirror
from tests.support.snapshots import LEE, RINA, SAM, ask, at, reply

CHECKED = {"checkers": (LEE, SAM)}
IN_REVIEW = InteractionStatus.IN_REVIEW


def event(action: str, who: str, minutes: float, **fields: Any) -> LifecycleEvent:
    status = InteractionStatus.PENDING if action == "changes_requested" else IN_REVIEW
    return LifecycleEvent(action=action, status=status, actor_id=who, at=at(minutes), **fields)


SUBMITTED = event("submitted_for_review", RINA, 1)
SENT_BACK = event("changes_requested", LEE, 2, comment="Name a date.")


def submitted(minutes: float = 1, **fields: Any) -> Interaction:
    answer = reply(RINA, True, at=at(1))
    usual = {"status": IN_REVIEW, "responses": (answer,), "lifecycle": (SUBMITTED,), **CHECKED}
    return ask(minutes=minutes, **(usual | fields))


def sent_back(**fields: Any) -> Interaction:
    usual = {"status": InteractionStatus.PENDING, "round": 1, "lifecycle": (SUBMITTED, SENT_BACK)}
    return submitted(2, **(usual | fields))


def rows() -> dict[str, str]:
    """Of the checkers: ``open``, ``waits`` or ``over``."""
    found = Recipient.objects.filter(checks=True)
    return {
        row.user_id: "open" if row.open else "waits" if row.waits_for_others else "over"
        for row in found
    }


def decided(user_id: str = LEE) -> tuple[Any, Any, Any]:
    row = Recipient.objects.get(user_id=user_id)
    return row.answered_at, row.value, row.comment


def test_they_are_not_asked_before_it_is_in_review(mirror: Mirror) -> None:
    mirror.tell(ask(**CHECKED))
    assert rows() == {}
    mirror.tell(submitted())
    assert rows() == {LEE: "open", SAM: "open"}
    assert Recipient.objects.get(user_id=RINA).waits_for_others
    mirror.tell(
        ask(minutes=3, status=InteractionStatus.CANCELLED, lifecycle=(SUBMITTED,), **CHECKED)
    )
    assert rows() == {LEE: "over", SAM: "over"}


def test_a_question_that_closed_without_a_review_is_none_of_theirs(mirror: Mirror) -> None:
    mirror.tell(ask(status=InteractionStatus.EXPIRED, **CHECKED))
    assert rows() == {}


def test_who_asks_for_changes_waits_for_them(mirror: Mirror) -> None:
    mirror.tell(submitted())
    mirror.tell(sent_back())
    assert rows() == {LEE: "waits", SAM: "over"}
    assert decided() == (at(2), "changes_requested", "Name a date.")
    assert Recipient.objects.get(user_id=RINA).open
    again = (reply(RINA, True, at=at(1)), reply(RINA, True, at=at(3), round=1))
    mirror.tell(sent_back(updated_at=at(3), status=IN_REVIEW, responses=again))
    assert rows() == {LEE: "open", SAM: "open"}
    assert decided() == (None, None, None)
    accepted = (SUBMITTED, SENT_BACK, event("accepted", SAM, 4))
    done = {"status": InteractionStatus.COMPLETED, "completed_at": at(4), "updated_at": at(4)}
    mirror.tell(sent_back(**done, responses=again, lifecycle=accepted))
    assert rows() == {LEE: "over", SAM: "over"}
    assert decided(SAM) == (at(4), "accepted", None)
    assert decided(LEE) == (at(2), "changes_requested", "Name a date.")


def test_without_a_lifecycle_the_last_checker_is_known(mirror: Mirror) -> None:
    known = {"lifecycle": None, "checked_by": LEE, "feedback": "Name a date."}
    mirror.tell(sent_back(**known))
    assert decided() == (at(2), "changes_requested", "Name a date.")
    mirror.tell(submitted(3, **known, status=InteractionStatus.COMPLETED, completed_at=at(3)))
    assert decided() == (at(2), "changes_requested", "Name a date.")
    mirror.tell(
        submitted(4, **known, round=1, status=InteractionStatus.COMPLETED, completed_at=at(4))
    )
    assert decided() == (at(4), "accepted", None)


def test_no_one_checks_their_own_work(mirror: Mirror) -> None:
    mirror.tell(submitted(checkers=(RINA, LEE), responses=(reply(LEE, True, at=at(1)),)))
    assert rows() == {}


def test_a_review_is_no_change_for_who_made_it(mirror: Mirror) -> None:
    mirror.tell(submitted())
    Recipient.objects.update(seen=at(1))
    mirror.tell(sent_back())
    changed = {
        row.user_id for row in Recipient.objects.select_related("interaction") if row.changed
    }
    assert changed == {RINA}
