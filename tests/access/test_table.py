from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User

from inbox import access
from inbox.access import Refusal, Viewer, viewer_of
from inbox.mobius.types import InteractionStatus, Target
from inbox.models import Interaction, Reviewer, Upstream
from tests.mirror.conftest import Mirror
from tests.support.people import make_people
from tests.support.snapshots import LEE, RINA, ask, at, group_ask, reply, run

FIRST = {"policy": {"kind": "any"}}


@pytest.fixture
def told(db: None) -> Mirror:
    make_people()
    mirror = Mirror()
    mirror.tell(run("run_1"), run("run_2"))
    return mirror


def viewer(name: str) -> Viewer:
    return viewer_of(User.objects.get(username=name))


def sees(name: str) -> list[str]:
    rows = access.interactions(viewer(name), Upstream.current())
    return sorted(rows.values_list("mobius_id", flat=True))


def sees_runs(name: str) -> list[str]:
    rows, listed = (
        sorted(rows(viewer(name), Upstream.current()).values_list("mobius_id", flat=True))
        for rows in (access.runs, access.listed_runs)
    )
    assert rows == listed
    return rows


def why_not(name: str, id: str = "int_1") -> Refusal | None:
    return access.why_not_answer(viewer(name), Interaction.objects.get(mobius_id=id))


def test_the_direct_target_sees_and_answers(told: Mirror) -> None:
    told.tell(ask(run_id="run_1"))
    assert (sees("rina"), sees_runs("rina"), why_not("rina")) == (["int_1"], ["run_1"], None)


def test_only_leads_see_it_besides(told: Mirror) -> None:
    told.tell(ask(run_id="run_1"))
    assert [sees(name) for name in ("sam", "lee", "admin", "tess")] == [[], [], [], ["int_1"]]


def test_a_member_of_the_snapshot_sees_and_answers(told: Mirror) -> None:
    told.tell(group_ask(run_id="run_2"))
    for name in ("rina", "sam", "lee"):
        assert (sees(name), sees_runs(name), why_not(name)) == (["int_1"], ["run_2"], None)


def test_a_person_who_joined_the_group_later_is_not_asked(told: Mirror) -> None:
    told.tell(group_ask(members=(RINA,)))
    assert sees("sam") == []
    assert why_not("sam") is Refusal.NOT_ASKED


def test_a_lead_who_was_not_asked_sees_all_and_answers_nothing(told: Mirror) -> None:
    told.tell(ask(run_id="run_1"), group_ask("int_2", run_id="run_2"))
    assert sees("tess") == ["int_1", "int_2"]
    assert sees_runs("tess") == ["run_1", "run_2"]
    assert why_not("tess") is Refusal.NOT_ASKED
    assert access.sees_whole_run(viewer("tess"))


def test_a_lead_who_was_asked_answers(told: Mirror) -> None:
    told.tell(ask(target=Target(type="user", id="user_tess")))
    assert why_not("tess") is None


def test_a_superuser_has_no_right_by_that(told: Mirror) -> None:
    told.tell(ask(run_id="run_1"))
    assert (sees("admin"), sees_runs("admin")) == ([], [])
    assert not access.sees_whole_run(viewer("admin"))


def test_a_superuser_in_the_role_has_its_rights(told: Mirror) -> None:
    told.tell(ask())
    User.objects.get(username="admin").groups.add(Group.objects.get(name="team lead"))
    assert sees("admin") == ["int_1"]


def test_a_group_without_a_snapshot_is_for_leads_only(told: Mirror) -> None:
    told.tell(group_ask(members=None))
    assert [sees(name) for name in ("rina", "tess")] == [[], ["int_1"]]
    assert why_not("rina") is Refusal.NOT_ASKED


def test_an_agents_question_is_for_leads_only(told: Mirror) -> None:
    told.tell(ask(target=Target(type="agent", id=RINA)))
    assert [sees(name) for name in ("rina", "tess")] == [[], ["int_1"]]


def test_an_account_without_a_mobius_id_sees_nothing(told: Mirror) -> None:
    told.tell(ask(), ask("int_2", target=Target(type="user", id="")))
    User.objects.create_user("mallory")
    assert (sees("mallory"), sees_runs("mallory")) == ([], [])
    assert why_not("mallory", "int_2") is Refusal.NOT_ASKED


def test_rows_of_another_upstream_are_not_found(told: Mirror, settings: Any) -> None:
    told.tell(ask(run_id="run_1"))
    settings.MOBIUS_PROJECT = "another"
    assert [sees(name) + sees_runs(name) for name in ("rina", "tess")] == [[], []]


def test_an_anonymous_user_is_no_viewer() -> None:
    with pytest.raises(TypeError):
        viewer_of(AnonymousUser())


@pytest.mark.parametrize("status", [InteractionStatus.COMPLETED, InteractionStatus.EXPIRED])
def test_a_closed_question_is_visible_and_cannot_be_answered(
    told: Mirror, status: InteractionStatus
) -> None:
    told.tell(ask(status=status, completed_at=at(1)))
    assert (sees("rina"), why_not("rina")) == (["int_1"], Refusal.CLOSED)


def test_a_question_that_another_has_claimed_waits(told: Mirror) -> None:
    told.tell(group_ask(claimed_by=LEE, **FIRST))
    assert (why_not("rina"), why_not("lee")) == (Refusal.CLAIMED_BY_ANOTHER, None)


def test_a_claim_means_nothing_where_all_must_answer(told: Mirror) -> None:
    told.tell(group_ask(claimed_by=LEE))
    assert why_not("rina") is None


def test_a_person_who_has_answered_cannot_answer_again(told: Mirror) -> None:
    told.tell(group_ask(responses=(reply(RINA, True, at=at(1)),)))
    assert (why_not("rina"), why_not("lee")) == (Refusal.ANSWERED, None)


def test_the_roles_are_group_memberships(told: Mirror) -> None:
    rina, tess, admin = viewer("rina"), viewer("tess"), viewer("admin")
    assert (rina.reviewer, rina.lead) == (True, False)
    assert (tess.reviewer, tess.lead) == (True, True)
    assert (admin.reviewer, admin.lead) == (False, False)
    assert admin.mobius_id is None


def test_it_takes_two_queries_to_know_who_looks(
    told: Mirror, django_assert_max_num_queries: Any
) -> None:
    user = User.objects.get(username="rina")
    with django_assert_max_num_queries(2):
        viewer_of(user)


def test_an_empty_mobius_id_is_none(told: Mirror) -> None:
    Reviewer.objects.filter(user__username="rina").update(mobius_id="")
    assert viewer("rina").mobius_id is None


@pytest.mark.sqlite
def test_looking_up_a_run_reads_its_own_questions_and_not_all_that_the_viewer_was_asked(
    told: Mirror,
) -> None:
    plan = access.runs(viewer("rina"), Upstream.current()).filter(mobius_id="run_1").explain()
    assert "asks_of_run (upstream_id=? AND user_id=? AND run_id=?)" in plan
    assert plan.count("asks_") == 1
