from typing import Any

import pytest
from django.contrib.auth.models import User

from inbox.live import topics
from inbox.mirror import groups
from inbox.mobius.types import (
    Group,
    GroupMember,
    PlannedInteraction,
    Policy,
    PolicyKind,
    Question,
    StepPlan,
    Target,
)
from inbox.models import Interaction, Recipient, Reviewer
from inbox.people.member_tokens import assign
from inbox.upstream.group_mapping import map_group, mappings
from tests.mirror.conftest import Mirror
from tests.support.snapshots import LEE, RINA, SAM, answered, ask, group_ask, run


def asked(of: str = "int_1") -> set[str]:
    rows = Recipient.objects.filter(interaction__mobius_id=of, open=True)
    return set(rows.values_list("user_id", flat=True))


def source(of: str = "int_1") -> str:
    return Interaction.objects.get(mobius_id=of).members_from


def tell_groups(mirror: Mirror, turn: int, *members: str, id: str = "grp_board") -> None:
    """``turn`` is its place among the polls of the test."""
    group = Group(id=id, handle="change-board", name="Board", routing=PolicyKind.ANY)
    people = [GroupMember(user_id=one) for one in members]
    groups.store(mirror.upstream, [group], {id: people}, turn=turn).publish()


@pytest.fixture
def people(db: None) -> None:
    for name in ("rina", "sam", "lee"):
        user = User.objects.create_user(name)
        Reviewer.objects.filter(user=user).update(mobius_id=f"user_{name}")


def test_a_member_snapshot_comes_first_even_if_empty(mirror: Mirror, people: None) -> None:
    tell_groups(mirror, 1, RINA)
    map_group("grp_board", ["sam"])
    mirror.tell(group_ask(members=()), group_ask("int_2", members=(LEE,)))
    assert (asked(), asked("int_2"), source()) == (set(), {LEE}, "snapshot")


def test_people_who_are_named_one_by_one_are_all_asked(mirror: Mirror, people: None) -> None:
    named = {"target": Target(type="group", id=""), "group_id": None, "members": (RINA, SAM)}
    mirror.tell(group_ask(**named))
    assert asked() == {RINA, SAM}
    row = Interaction.objects.get()
    assert (row.asks_named_people, row.group_id, row.required) == (True, None, 2)
    assert mappings(mirror.upstream) == []
    # A later reading that leaves them out takes no one away.
    partial = named | {"target": Target(type="", id=""), "members": None}
    mirror.tell(group_ask(minutes=1, message="Now?", unknown_fields=("target",), **partial))
    assert asked() == {RINA, SAM}


def test_answers_that_a_payload_leaves_out_are_kept(mirror: Mirror, people: None) -> None:
    given = answered(group_ask(), by=SAM, minutes=1).responses
    mirror.tell(group_ask(minutes=1, responses=given))
    assert asked() == {RINA, LEE}
    mirror.tell(group_ask(minutes=2, message="Now?", unknown_fields=("responses",)))
    assert asked() == {RINA, LEE}


@pytest.mark.django_db(transaction=True)
def test_without_one_the_groups_api_is_followed_while_the_question_is_open(
    mirror: Mirror, people: None, rung: list[str]
) -> None:
    map_group("grp_board", ["lee"])
    mirror.tell(group_ask(members=None))
    assert (asked(), source()) == ({LEE}, "mapping")
    tell_groups(mirror, 1, RINA)
    assert (asked(), source()) == ({RINA}, "groups")
    rung.clear()
    tell_groups(mirror, 2, SAM)
    assert asked() == {SAM}
    assert {topics.item("int_1"), topics.inbox(SAM), topics.inbox(RINA)} <= set(rung)
    # What a later reading does not say has not changed.
    mirror.tell(group_ask(members=None, minutes=1, message="Ship it now?"))
    assert asked() == {SAM}
    mirror.tell(answered(group_ask(members=None), by=SAM, minutes=2))
    tell_groups(mirror, 3, RINA)
    assert Interaction.objects.get().members == [SAM]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mapped", ["grp_board", "change-board"])
def test_without_either_the_group_mapping_is_asked(
    mirror: Mirror, people: None, rung: list[str], mapped: str
) -> None:
    mirror.tell(group_ask(members=None))
    assert (asked(), source()) == (set(), "")
    assert [one.group_id for one in mappings(mirror.upstream)] == ["grp_board"]
    map_group(mapped, ["rina", "sam"])
    assert (asked(), source()) == ({RINA, SAM}, "mapping")
    assert topics.inbox(RINA) in rung
    map_group(mapped, ["sam"])
    assert asked() == {SAM}
    assign(Reviewer.objects.get(user__username="sam"), mobius_id="user_samuel")
    assert asked() == {"user_samuel"}
    map_group(mapped, [])
    assert (asked(), source()) == (set(), "")


def step(name: str = "ask", **says: Any) -> StepPlan:
    known: dict[str, Any] = {
        "type": "approval",
        "target": Target(type="group", id="change-board"),
        "message": "Ship it?",
        "question": Question(mode="confirm"),
        "policy": Policy(kind=PolicyKind.ALL),
    }
    return StepPlan(name=name, kind="interaction", asks=PlannedInteraction(**(known | says)))


UNTOLD: dict[str, Any] = {
    "run_id": "run_1",
    "target": Target(type="", id=""),
    "message": "",
    "questions": (),
    "unknown_fields": ("target", "message", "spec", "policy"),
}


@pytest.mark.parametrize("first", ["question", "run"])
def test_missing_members_come_from_the_runs_spec(mirror: Mirror, first: str) -> None:
    told = [ask(**UNTOLD), run(plan=(step(), step("later", message="And now?")))]
    told[0] = told[0].model_copy(update={"signal_name": "interaction:ask"})
    for one in told if first == "question" else reversed(told):
        mirror.tell(one)
    row = Interaction.objects.get()
    assert (row.target_type, row.target_id, row.message) == ("group", "change-board", "Ship it?")
    assert (row.questions[0]["mode"], row.policy["kind"], row.unknown_fields) == (
        "confirm",
        "all",
        "",
    )
    # The next reading says as little, and takes nothing away.
    mirror.tell(ask(minutes=1, comment="x", **UNTOLD))
    assert Interaction.objects.get().message == "Ship it?"


def test_steps_that_differ_supply_only_what_they_agree_on(mirror: Mirror) -> None:
    other = step("later", policy=Policy(kind=PolicyKind.ANY), message="And now?")
    mirror.tell(run(plan=(step(), other)), ask(**UNTOLD))
    row = Interaction.objects.get()
    assert (row.target_id, row.message, row.unknown_fields) == (
        "change-board",
        "",
        "message policy",
    )
    assert not row.policy_is_known


def test_without_a_target_no_one_is_asked(mirror: Mirror) -> None:
    mirror.tell(ask(**UNTOLD))
    assert not Recipient.objects.exists()
    assert "target" in Interaction.objects.get().unknown_fields
