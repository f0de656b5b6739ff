"""What is typed is kept: for its owner, until the answer is in, or thirty days."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inbox.access import viewer_of
from inbox.mobius.types import Answer, InteractionStatus, Question
from inbox.models import Attempt, Draft, Interaction, Reviewer, Upstream
from inbox.services import draft
from inbox.services.draft import KEEP_CLOSED_FOR, NOWHERE, TypedIn
from inbox.services.question import NotAsked
from tests.mirror.conftest import Mirror
from tests.support.people import make_people
from tests.support.snapshots import LEE, RINA, ask, at, group_ask

MINE = Answer(user_id=RINA, value=True, comment="because", at=at(1))


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
        values=[text],
        comment="because",
        typed_in=typed_in,
    )


def texts() -> list[str]:
    return sorted(each.values[0] for each in Draft.objects.all())


def opened(reviewer: Reviewer, form: str) -> TypedIn:
    """A form that is opened now, on a device of its own."""
    shown, _ = draft.drafts_of(viewer_of(reviewer.user), row(), TypedIn())
    return TypedIn(base=shown.base if shown else "", form=form, device=form)


def others(reviewer: Reviewer, typed_in: TypedIn) -> list[str]:
    _, found = draft.drafts_of(viewer_of(reviewer.user), row(), typed_in)
    return [each.values[0] for each in found]


def row() -> Interaction:
    return Interaction.objects.get(mobius_id="int_1")


def test_it_is_restored_as_it_was_typed(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(ask())
    assert keep(rina, "  not a value \n at all ")
    kept, _ = draft.drafts_of(viewer_of(rina.user), row(), TypedIn())
    assert kept is not None
    assert (kept.values, kept.comment) == (["  not a value \n at all "], "because")


def test_a_form_overwrites_what_it_saved(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(ask())
    phone = opened(rina, "phone")
    keep(rina, "one", typed_in=phone)
    keep(rina, "two", typed_in=phone)
    assert texts() == ["two"]


def test_another_device_continues_the_draft_that_it_opened(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(ask())
    keep(rina, "Begun on the phone", typed_in=opened(rina, "phone"))
    keep(rina, "Begun on the phone, finished at the desk", typed_in=opened(rina, "desk"))
    assert texts() == ["Begun on the phone, finished at the desk"]


def test_a_save_based_on_an_older_version_overwrites_nothing(
    rina: Reviewer, mirror: Mirror
) -> None:
    mirror.tell(ask())
    keep(rina, "Both have this", typed_in=opened(rina, "phone"))
    desk, laptop = opened(rina, "desk"), opened(rina, "laptop")
    keep(rina, "From the desk", typed_in=desk)
    keep(rina, "From the laptop", typed_in=laptop)
    keep(rina, "From the laptop, longer", typed_in=laptop)
    keep(rina, "From the desk, longer", typed_in=desk)
    assert texts() == ["From the desk, longer", "From the laptop, longer"]
    assert others(rina, desk) == ["From the laptop, longer"]
    assert others(rina, laptop) == ["From the desk, longer"]


def test_two_devices_that_both_began_with_nothing_keep_both_texts(
    rina: Reviewer, mirror: Mirror
) -> None:
    mirror.tell(ask())
    desk, laptop = opened(rina, "desk"), opened(rina, "laptop")
    keep(rina, "From the desk", typed_in=desk)
    assert others(rina, laptop) == ["From the desk"]
    keep(rina, "From the laptop", typed_in=laptop)
    assert texts() == ["From the desk", "From the laptop"]


def test_a_repeated_save_makes_no_second_draft(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(ask())
    keep(rina, "Once", typed_in=opened(rina, "desk"))
    keep(rina, "Once")
    assert texts() == ["Once"]


def test_text_that_is_saved_again_keeps_its_time_and_its_device(
    rina: Reviewer, mirror: Mirror
) -> None:
    mirror.tell(ask())
    keep(rina, "Typed", typed_in=opened(rina, "phone"))
    typed_at = timezone.now() - timedelta(hours=1)
    Draft.objects.update(updated_at=typed_at)
    desk = opened(rina, "desk")
    keep(rina, "Typed", typed_in=desk)
    again = Draft.objects.get()
    assert (again.updated_at, again.device) == (typed_at, "phone")
    keep(rina, "Typed, and more", typed_in=desk)
    longer = Draft.objects.get()
    assert longer.updated_at > typed_at
    assert longer.device == "desk"


def test_a_form_that_took_over_a_draft_keeps_its_own_earlier_one(
    rina: Reviewer, mirror: Mirror
) -> None:
    mirror.tell(ask())
    desk, laptop = opened(rina, "desk"), opened(rina, "laptop")
    keep(rina, "From the desk", typed_in=desk)
    keep(rina, "From the laptop", typed_in=laptop)
    theirs = Draft.objects.get(form="desk")
    used = TypedIn(base=theirs.base, form="laptop, second form", device="laptop")
    keep(rina, "From the desk, finished on the laptop", typed_in=used)
    keep(rina, "From the desk, and on", typed_in=desk)
    keep(rina, "From the desk, finished on the laptop.", typed_in=used)
    assert texts() == [
        "From the desk, and on",
        "From the desk, finished on the laptop.",
        "From the laptop",
    ]


def test_an_empty_form_adds_no_draft(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(ask())
    desk, laptop = opened(rina, "desk"), opened(rina, "laptop")
    keep(rina, "From the desk", typed_in=desk)
    draft.save(reviewer=rina, interaction_id="int_1", values=[""], comment="", typed_in=laptop)
    assert texts() == ["From the desk"]


def test_a_draft_that_has_changed_meanwhile_is_not_discarded(
    rina: Reviewer, mirror: Mirror
) -> None:
    mirror.tell(ask())
    desk = opened(rina, "desk")
    keep(rina, "Seen", typed_in=desk)
    seen = Draft.objects.get().base
    keep(rina, "Seen, and more", typed_in=desk)
    draft.discard(reviewer=rina, item=row(), base=seen)
    assert texts() == ["Seen, and more"]
    draft.discard(reviewer=rina, item=row(), base=Draft.objects.get().base)
    assert texts() == []


def test_only_its_owner_sees_it(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(group_ask())
    keep(rina)
    lee = Reviewer.objects.get(user__username="lee")
    assert draft.drafts_of(viewer_of(lee.user), row(), TypedIn()) == (None, [])


@pytest.mark.parametrize("name", ["sam", "tess", "admin"])
def test_a_person_who_was_not_asked_cannot_save_a_draft(
    rina: Reviewer, mirror: Mirror, name: str
) -> None:
    mirror.tell(ask())
    with pytest.raises(NotAsked):
        keep(Reviewer.objects.get(user__username=name))


def test_a_save_after_the_answer_restores_nothing(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(group_ask(minutes=1, responses=(Answer(user_id=RINA, value=True, at=at(1)),)))
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
        "responses": (Answer(user_id=LEE, value=True, at=at(5)),),
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
        (["true"], "because", False),
        (["true"], "because\n", False),
        ([], "because", False),  # Approve is a button, which was not pressed here
        ([""], "", False),
        ([], "because of the audit", True),
        (["false"], "because", True),
        (["true"], "", True),
    ],
)
def test_a_draft_that_is_not_its_owners_answer_is_kept_for_thirty_days(
    rina: Reviewer, mirror: Mirror, typed: list[str], comment: str, kept: bool
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


def test_of_two_devices_only_the_draft_that_was_sent_is_deleted(
    rina: Reviewer, mirror: Mirror
) -> None:
    question = Question(mode="input", multiline=True)
    mirror.tell(ask(questions=(question,)))
    desk, phone = opened(rina, "desk"), opened(rina, "phone")
    keep(rina, "From the desk", typed_in=desk)
    keep(rina, "From the phone", typed_in=phone)
    sent = Answer(user_id=RINA, value="From the desk", comment="because", at=at(1))
    mirror.tell(ask(minutes=1, questions=(question,), responses=(sent,)))
    draft.tidy()
    assert texts() == ["From the phone"]
    assert Draft.objects.get().closed_at is not None


def test_the_answer_of_someone_else_is_not_taken_for_ones_own(
    rina: Reviewer, mirror: Mirror
) -> None:
    mirror.tell(group_ask())
    draft.save(reviewer=rina, interaction_id="int_1", values=["true"], comment="because")
    lee = Answer(user_id=LEE, value=True, comment="because", at=at(1))
    mine = Answer(user_id=RINA, value=False, at=at(1))
    mirror.tell(group_ask(minutes=1, responses=(lee, mine)))
    draft.tidy()
    assert Draft.objects.get().closed_at is not None


def test_tidying_takes_two_writes_however_many_there_are(rina: Reviewer, mirror: Mirror) -> None:
    for n in range(6):
        mirror.tell(ask(f"int_{n}"))
        keep(rina, id=f"int_{n}")
    Draft.objects.update(values=["true"])
    for n in range(2):
        mirror.tell(ask(f"int_{n}", minutes=1, responses=(MINE,)))
        mirror.tell(ask(f"int_{n + 2}", minutes=1, status=InteractionStatus.EXPIRED))
    with CaptureQueriesContext(connection) as queries:
        draft.tidy()
    written = [one["sql"] for one in queries if one["sql"].startswith(("DELETE", "UPDATE"))]
    assert len(written) == 2
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


def test_a_discarded_draft_is_deleted(rina: Reviewer, mirror: Mirror) -> None:
    mirror.tell(ask())
    keep(rina)
    draft.discard(reviewer=rina, item=row())
    assert not Draft.objects.exists()


@pytest.mark.parametrize(
    ("value", "typed"),
    [(True, ["true"]), (False, ["false"]), ("a", ["a"]), (["a", "b"], ["a", "b"]), ([], [])],
)
def test_a_value_is_kept_as_the_form_sends_it(value: object, typed: list[str]) -> None:
    assert draft.as_form_values(value) == typed
