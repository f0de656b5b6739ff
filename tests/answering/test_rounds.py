"""A question that was sent back is answered again, in a new round."""

import pytest

from inbox.access import viewer_of
from inbox.answering import attempts
from inbox.answering.attempts import Submission
from inbox.mobius.types import InteractionStatus
from inbox.models import Attempt, Decision, Interaction, Reviewer
from inbox.people.clients import RequestCredential
from tests.mirror.conftest import Mirror
from tests.support.people import make_people
from tests.support.snapshots import APPROVED, RINA, ask, at, reply


@pytest.fixture
def rina(db: None) -> Reviewer:
    make_people()
    return Reviewer.objects.get(user__username="rina")


@pytest.fixture
def mirror(rina: Reviewer) -> Mirror:
    return Mirror()


def begin(reviewer: Reviewer, comment: str) -> Attempt:
    answer = Submission(reviewer, "int_1", APPROVED, comment, comment)
    return attempts.begin(answer, Interaction.objects.get(), RequestCredential("member"))


def test_an_answer_is_settled_and_logged_in_the_round_it_was_given_in(
    rina: Reviewer, mirror: Mirror
) -> None:
    viewer = viewer_of(rina.user)
    mirror.tell(ask())
    attempt = begin(rina, "Go")
    first = reply(RINA, True, comment="Go", at=attempt.created_at)
    mirror.tell(ask(minutes=1, round=1, responses=(first,)))
    settled = attempts.settle(attempt, viewer, None)
    assert (settled.ours, settled.answered) == (True, False)
    again = begin(rina, "Again")
    second = reply(RINA, True, comment="Again", at=again.created_at, round=1)
    done = {"status": InteractionStatus.COMPLETED, "completed_at": at(2)}
    mirror.tell(ask(minutes=2, round=1, responses=(first, second), **done))
    assert attempts.settle(again, viewer, None).answered
    entries = Decision.objects.order_by("number").values_list("round", "comment", "observed")
    assert list(entries) == [(0, "Go", False), (1, "Again", False)]
