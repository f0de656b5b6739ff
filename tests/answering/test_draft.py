"""Drafts are kept for their owner until the answer is in, or for thirty days."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inbox.access import viewer_of
from inbox.answering import draft
from inbox.answering.draft import KEEP_CLOSED_FOR, NOWHERE, TypedIn
from inbox.answering.question import NotAsked
from inbox.mobius.types import InteractionStatus
from inbox.models import Attempt, Draft, Interaction, Reviewer, Upstream
from inbox.models.answers import Typed
from tests.mirror.conftest import Mirror
from tests.support.people import make_people
from tests.support.snapshots import LEE, RINA, ask, at, group_ask, reply

MINE = reply(RINA, True, comment="because", at=at(1))


@pytest.fixture
def rina(db: None) -> Reviewer:
    make_people()
    return Reviewer.objects.get(user__username="rina")


@pytest.fixture
def mirror(rina: Reviewer) -> Mirror:
    return Mirror()


def keep(
    reviewer: Reviewer, text: str = "So", id: str = "int_1", typed_in: TypedIn = NOWHERE
) -> bool:
    return draft.save(
        reviewer=reviewer,
        interaction_id=id,
        values={"value": [text]},
        comment="because",
        typed_in=typed_in,
    )


def opened(reviewer: Reviewer, form: str) -> TypedIn:
    shown = draft.draft_of(viewer_of(reviewer.user), row())
    return TypedIn(base=shown.base if shown else "", form=form)


def texts() -> tuple[str, str]:
    only = Draft.objects.get()
    return only.values["value"][0], (only.earlier_values or {"value": [""]})["value"][0]


def beside(reviewer: Reviewer, typed_in: TypedIn) -> str:
    only = draft.draft_of(viewer_of(reviewer.user), row())
    found = draft.text_beside(only, typed_in)
    return found.values["value"][0] if found is not None else ""


def put_back(reviewer: Reviewer) -> None:
    draft.put_back(reviewer=reviewer, item=row())


def row() -> Interaction:
    return Interaction.objects.get(mobius_id="int_1")


def test_it_is_restored_as_it_was_typed(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(ask())
    assert keep(rina, "  not a value \n at all ")
    kept = draft.draft_of(viewer_of(rina.user), row())
    assert kept is not None
    assert (kept.values, kept.comment) == ({"value": ["  not a value \n at all "]}, "because")


def test_a_form_overwrites_what_it_saved(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(ask())
    phone = opened(rina, "phone")
    keep(rina, "one", typed_in=phone)
    keep(rina, "two", typed_in=phone)
    assert texts() == ("two", "")


def test_another_device_continues_the_draft_that_it_opened(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(ask())
    keep(rina, "Begun on the phone", typed_in=opened(rina, "phone"))
    keep(rina, "Begun on the phone, finished at the desk", typed_in=opened(rina, "desk"))
    assert texts() == ("Begun on the phone, finished at the desk", "")


def test_text_saved_from_elsewhere_in_the_meantime_becomes_the_earlier_text(
    rina: Reviewer, mirror: Mirror
) -> None:
    mirror.tell(ask())
    desk, laptop = opened(rina, "desk"), opened(rina, "laptop")
    keep(rina, "From the desk", typed_in=desk)
    assert beside(rina, laptop) == "From the desk"
    keep(rina, "From the laptop", typed_in=laptop)
    keep(rina, "From the laptop, longer", typed_in=laptop)
    assert texts() == ("From the laptop, longer", "From the desk")
    assert beside(rina, laptop) == "From the desk"
    assert beside(rina, desk) == "From the laptop, longer"
    keep(rina, "From the desk, longer", typed_in=desk)
    assert texts() == ("From the desk, longer", "From the laptop, longer")


def test_the_earlier_text_can_be_put_back_and_again(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(ask())
    desk, laptop = opened(rina, "desk"), opened(rina, "laptop")
    keep(rina, "From the desk", typed_in=desk)
    keep(rina, "From the laptop", typed_in=laptop)
    put_back(rina)
    assert texts() == ("From the desk", "From the laptop")
    put_back(rina)
    assert texts() == ("From the laptop", "From the desk")


def test_a_press_that_is_sent_twice_overwrites_nothing(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(ask())
    desk, laptop = opened(rina, "desk"), opened(rina, "laptop")
    keep(rina, "From the desk", typed_in=desk)
    for _ in range(2):
        keep(rina, "From the laptop", typed_in=laptop)
        put_back(rina)
    assert texts() == ("From the desk", "From the laptop")


def test_without_an_earlier_text_nothing_is_put_back(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(ask())
    put_back(rina)
    keep(rina, "Typed")
    put_back(rina)
    assert texts() == ("Typed", "")


def test_text_that_is_saved_again_keeps_its_time(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(ask())
    keep(rina, "Typed", typed_in=opened(rina, "phone"))
    typed_at = timezone.now() - timedelta(hours=1)
    Draft.objects.update(updated_at=typed_at)
    keep(rina, "Typed")
    assert texts() == ("Typed", "")
    assert Draft.objects.get().updated_at == typed_at


def test_an_empty_form_replaces_no_text_from_elsewhere(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(ask())
    desk, laptop = opened(rina, "desk"), opened(rina, "laptop")
    keep(rina, "From the desk", typed_in=desk)
    draft.save(reviewer=rina, interaction_id="int_1", values={}, comment="", typed_in=laptop)
    assert texts() == ("From the desk", "")


def test_a_draft_that_was_discarded_and_begun_again_is_another_one(
    rina: Reviewer, mirror: Mirror
) -> None:
    mirror.tell(ask())
    keep(rina, "First")
    desk = opened(rina, "desk")
    draft.discard(reviewer=rina, item=row(), base=Draft.objects.get().base)
    keep(rina, "Second", typed_in=opened(rina, "phone"))
    keep(rina, "First, and more", typed_in=desk)
    assert texts() == ("First, and more", "Second")


def test_only_its_owner_sees_it(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(group_ask())
    keep(rina)
    lee = Reviewer.objects.get(user__username="lee")
    assert draft.draft_of(viewer_of(lee.user), row()) is None


@pytest.mark.parametrize("name", ["sam", "tess", "admin"])
def test_a_person_who_was_not_asked_cannot_save_a_draft(
    rina: Reviewer, mirror: Mirror, name: str
) -> None:
    mirror.tell(ask())
    with pytest.raises(NotAsked):
        keep(Reviewer.objects.get(user__username=name))


def test_a_save_after_the_answer_restores_nothing(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(group_ask(minutes=1, responses=(reply(RINA, True, at=at(1)),)))
    assert not keep(rina)
    assert not Draft.objects.exists()


def test_a_save_before_the_mirror_has_the_answer_restores_nothing(
    rina: Reviewer, mirror: Mirror
) -> None:
    mirror.tell(ask())
    Attempt.objects.create(
        operation_id="op1",
        reviewer=rina,
        upstream=Upstream.current(),
        interaction_id="int_1",
        state=Attempt.State.ANSWERED,
        created_at=timezone.now(),
    )
    assert not keep(rina)


def closed_by_lee() -> dict[str, object]:
    return {
        "status": InteractionStatus.COMPLETED,
        "responses": (reply(LEE, True, at=at(5)),),
        "responder_id": LEE,
        "completed_at": at(5),
    }


def test_a_draft_on_a_question_that_others_closed_is_kept_for_thirty_days(
    rina: Reviewer, mirror: Mirror
) -> None:
    mirror.tell(group_ask())
    keep(rina)
    mirror.tell(group_ask(minutes=5, **closed_by_lee()))
    draft.tidy()
    kept = Draft.objects.get()
    assert kept.closed_at is not None
    Draft.objects.update(closed_at=timezone.now() - KEEP_CLOSED_FOR + timedelta(minutes=1))
    draft.tidy()
    assert Draft.objects.exists()
    Draft.objects.update(closed_at=timezone.now() - KEEP_CLOSED_FOR - timedelta(minutes=1))
    draft.tidy()
    assert not Draft.objects.exists()


@pytest.mark.parametrize(
    ("typed", "comment", "kept"),
    [
        ({"value": ["true"]}, "because", False),
        ({"value": ["true"]}, "because\n", False),
        ({}, "because", False),  # Approve is a button, which was not pressed here
        ({}, "", False),
        ({}, "because of the audit", True),
        ({"value": ["false"]}, "because", True),
        ({"value": ["true"]}, "", True),
    ],
)
def test_a_draft_that_is_not_its_owners_answer_is_kept_for_thirty_days(
    rina: Reviewer, mirror: Mirror, typed: Typed, comment: str, kept: bool
) -> None:
    mirror.tell(ask())
    draft.save(reviewer=rina, interaction_id="int_1", values=typed, comment=comment)
    mirror.tell(ask(minutes=1, responses=(MINE,)))
    draft.tidy()
    closed = Draft.objects.values_list("closed_at", flat=True)
    assert [each is not None for each in closed] == [True] * kept
    Draft.objects.update(closed_at=timezone.now() - KEEP_CLOSED_FOR - timedelta(minutes=1))
    draft.tidy()
    assert not Draft.objects.exists()


def test_the_answer_of_someone_else_is_not_taken_for_ones_own(
    rina: Reviewer, mirror: Mirror
) -> None:
    mirror.tell(group_ask())
    draft.save(reviewer=rina, interaction_id="int_1", values={"value": ["true"]}, comment="because")
    lee = reply(LEE, True, comment="because", at=at(1))
    mine = reply(RINA, False, at=at(1))
    mirror.tell(group_ask(minutes=1, responses=(lee, mine)))
    draft.tidy()
    assert Draft.objects.get().closed_at is not None


def test_tidying_takes_three_writes_however_many_there_are(rina: Reviewer, mirror: Mirror) -> None:
    for n in range(6):
        mirror.tell(ask(f"int_{n}"))
        keep(rina, id=f"int_{n}")
    Draft.objects.update(values={"value": ["true"]})
    for n in range(2):
        mirror.tell(ask(f"int_{n}", minutes=1, responses=(MINE,)))
        mirror.tell(ask(f"int_{n + 2}", minutes=1, status=InteractionStatus.EXPIRED))
    with CaptureQueriesContext(connection) as queries:
        draft.tidy()
    written = [one["sql"] for one in queries if one["sql"].startswith(("DELETE", "UPDATE"))]
    assert len(written) == 3
    assert len([one["sql"] for one in queries if one["sql"].startswith("SELECT")]) == 3
    kept = Draft.objects.order_by("interaction_id").values_list("interaction_id", "closed_at")
    assert [(id, at is not None) for id, at in kept] == [
        ("int_2", True),
        ("int_3", True),
        ("int_4", False),
        ("int_5", False),
    ]


def test_a_draft_on_an_open_question_stays_however_old(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(ask())
    keep(rina)
    Draft.objects.update(updated_at=timezone.now() - 10 * KEEP_CLOSED_FOR)
    draft.tidy()
    assert Draft.objects.exists()


def test_a_draft_is_discarded_only_as_the_page_showed_it(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(ask())
    keep(rina)
    shown = Draft.objects.get().base
    keep(rina, "Changed since")
    draft.discard(reviewer=rina, item=row(), base=shown)
    assert texts()[0] == "Changed since"
    draft.discard(reviewer=rina, item=row(), base=Draft.objects.get().base)
    assert not Draft.objects.exists()
