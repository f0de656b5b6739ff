"""What is typed is kept: for its owner, until the answer is in, or thirty days."""

from datetime import timedelta

import pytest
from django.utils import timezone

from inbox.mobius.types import Answer, InteractionStatus
from inbox.models import Attempt, Draft, Interaction, Reviewer, Upstream
from inbox.reviewers.people import make_demo
from inbox.services import draft
from inbox.services.draft import KEPT, NotAsked
from tests.mirror.conftest import Mirror
from tests.mirror.things import LEE, RINA, ask, at, group_ask


@pytest.fixture
def rina(db: None) -> Reviewer:
    make_demo(tokens={})
    return Reviewer.objects.get(user__username="rina")


@pytest.fixture
def mirror(rina: Reviewer) -> Mirror:
    return Mirror()


def keep(reviewer: Reviewer, text: str = "So", id: str = "int_1") -> bool:
    return draft.save(reviewer=reviewer, interaction_id=id, values=[text], comment="because")


def row() -> Interaction:
    return Interaction.objects.get(mobius_id="int_1")


def test_it_is_restored_as_it_was_typed(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(ask())
    assert keep(rina, "  not a value \n at all ")
    kept = draft.restore(reviewer=rina, interaction=row())
    assert kept is not None
    assert (kept.values, kept.comment) == (["  not a value \n at all "], "because")


def test_the_last_one_counts(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(ask())
    keep(rina, "one")
    keep(rina, "two")
    assert [each.values for each in Draft.objects.all()] == [["two"]]


def test_it_is_its_owners_alone(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(group_ask())
    keep(rina)
    lee = Reviewer.objects.get(user__username="lee")
    assert draft.restore(reviewer=lee, interaction=row()) is None


@pytest.mark.parametrize("name", ["sam", "tess", "admin"])
def test_who_was_not_asked_can_keep_nothing(rina: Reviewer, mirror: Mirror, name: str) -> None:
    mirror.tell(ask())
    with pytest.raises(NotAsked):
        keep(Reviewer.objects.get(user__username=name))


def test_a_save_that_comes_after_the_answer_brings_nothing_back(
    rina: Reviewer, mirror: Mirror
) -> None:
    mirror.tell(group_ask(minutes=1, responses=(Answer(user_id=RINA, value=True, at=at(1)),)))
    assert not keep(rina)
    assert not Draft.objects.exists()


def test_nor_does_one_that_comes_before_the_mirror_has_heard(
    rina: Reviewer, mirror: Mirror
) -> None:
    mirror.tell(ask())
    Attempt.objects.create(
        operation_id="op1",
        reviewer=rina,
        upstream=Upstream.present(),
        interaction_id="int_1",
        state=Attempt.State.ANSWERED,
        created_at=timezone.now(),
    )
    assert not keep(rina)


def closed_by_lee() -> dict[str, object]:
    return {
        "status": InteractionStatus.COMPLETED,
        "responses": (Answer(user_id=LEE, value=True, at=at(5)),),
        "responder_id": LEE,
        "completed_at": at(5),
    }


def test_what_others_closed_is_kept_thirty_days_more(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(group_ask())
    keep(rina)
    mirror.tell(group_ask(minutes=5, **closed_by_lee()))
    draft.tidy()
    kept = Draft.objects.get()
    assert kept.closed_at is not None
    Draft.objects.update(closed_at=timezone.now() - KEPT + timedelta(minutes=1))
    draft.tidy()
    assert Draft.objects.exists()
    Draft.objects.update(closed_at=timezone.now() - KEPT - timedelta(minutes=1))
    draft.tidy()
    assert not Draft.objects.exists()


def test_it_goes_when_my_answer_came_from_elsewhere(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(ask())
    keep(rina)
    mirror.tell(ask(minutes=1, responses=(Answer(user_id=RINA, value=True, at=at(1)),)))
    draft.tidy()
    assert not Draft.objects.exists()


def test_one_of_an_open_question_stays_however_old(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(ask())
    keep(rina)
    Draft.objects.update(updated_at=timezone.now() - 10 * KEPT)
    draft.tidy()
    assert Draft.objects.exists()


def test_a_discarded_one_is_gone(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(ask())
    keep(rina)
    draft.drop(reviewer=rina, interaction_id="int_1")
    assert not Draft.objects.exists()


@pytest.mark.parametrize(
    ("value", "typed"),
    [(True, ["true"]), (False, ["false"]), ("a", ["a"]), (["a", "b"], ["a", "b"]), ([], [])],
)
def test_a_value_is_kept_as_the_form_sends_it(value: object, typed: list[str]) -> None:
    assert draft.typed_as(value) == typed
