from typing import Any

import pytest
from django.utils import timezone

from inbox.access import Viewer
from inbox.answering.answerability import answerability
from inbox.answering.outcome import Kind
from inbox.answering.shown_version import ShownVersion
from inbox.mobius.types import InteractionStatus, Policy, PolicyKind
from inbox.models import Interaction
from tests.support.snapshots import at, group_ask, reply
from tests.web import cast

RINA = Viewer(0, "user_rina", "Rina")
OTHER_VERSION = ShownVersion(question="another")
CLAIMED = {"claimed_by": "user_lee", "claimed_at": timezone.now()}
ANSWERED = {"responses": (reply("user_rina", True, at=at(1)),)}
CLOSED = {"status": InteractionStatus.EXPIRED, "completed_at": at(2)}


def question(**fields: Any) -> Interaction:
    cast.people()
    cast.tell(group_ask(policy=Policy(kind=PolicyKind.ANY), **fields))
    return Interaction.objects.select_related("upstream").get()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, Kind.QUESTION_CHANGED),
        (CLAIMED, Kind.CLAIMED_BY_ANOTHER),
        (CLAIMED | CLOSED, Kind.CLOSED),
        (CLOSED | ANSWERED, Kind.ALREADY_ANSWERED),
    ],
)
def test_state_comes_before_what_was_shown(fields: dict[str, Any], kind: Kind) -> None:
    outcome = answerability(RINA, question(**fields), shown=OTHER_VERSION)
    assert outcome is not None
    assert outcome.kind is kind


@pytest.mark.django_db
def test_a_claim_that_may_be_over_is_left_to_mobius() -> None:
    item = question(**CLAIMED)
    assert answerability(RINA, item, trust_claims=False) is None


@pytest.mark.django_db
def test_an_open_question_can_be_answered() -> None:
    assert answerability(RINA, question()) is None
