from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.test import Client

from inbox.mirror import groups as mirror
from inbox.models import Credential, Decision, Group, Interaction, Membership, Upstream
from inbox.people.clients import service_client
from inbox.web.ui.groups import group_names
from tests.support.desk import Desk
from tests.support.scripted_server import PassThenCut, Reply
from tests.support.tags import one_line
from tests.web.cast import part, sign_in, soon, stranger

pytestmark = pytest.mark.django_db


@pytest.fixture
def board(desk: Desk) -> Desk:
    poll()
    return desk


def poll() -> None:
    async def read(upstream: Upstream) -> None:
        await mirror.poll(service_client(upstream), upstream)

    async_to_sync(read)(Upstream.current())


def said(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def change(who: Client, what: str, group: str = "approvers", **fields: str) -> Any:
    return who.post(f"/groups/{group}/{what}", fields)


def add(who: Client, user_id: str, **fields: str) -> Any:
    return change(who, "members/add", user_id=user_id, typed=fields.pop("typed", user_id), **fields)


def inside(desk: Desk, group: str = "approvers") -> set[str]:
    told = desk.project.http.get(f"groups/{group}/members").json()["items"]
    ids = {member["user_id"] for member in told}
    mirrored = Membership.objects.filter(group__handle=group).values_list("user_id", flat=True)
    assert set(mirrored) == ids
    return ids


def test_each_group_shows_its_routing_members_and_open_questions(board: Desk) -> None:
    board.ask_group("approvers")
    board.ask_group("approvers", message="And this?")
    page = one_line(sign_in("tess").get("/groups/").content)
    assert "2 groups, 1 with open questions" in page
    for words in ("Approvers", "First to answer", "Change board", "All members"):
        assert words in page
    assert '<a class="link" href="/groups/approvers/#waiting">2<span' in page


def test_a_members_count_leads_to_the_groups_questions_and_these_to_the_inbox(board: Desk) -> None:
    board.ask_group("approvers")
    group = Group.objects.get(handle="approvers")
    rina = sign_in("rina")
    page = one_line(rina.get("/groups/").content)
    assert '<a class="link" href="/groups/approvers/#waiting">1<span' in page
    href = f"/inbox/?target={group.mobius_id}"
    group_page = one_line(rina.get("/groups/approvers/").content)
    assert f'<a class="link" href="{href}">Show those waiting for you</a>' in group_page
    assert "Ship it?" in rina.get(href).content.decode()


def test_the_time_to_answer_is_the_median_of_what_was_answered(board: Desk) -> None:
    items = [board.ask_group() for _ in range(3)]
    for item in items:
        board.elsewhere("user_lee", item.mobius_id, True)
        board.read(item.mobius_id)
    for item, minutes in zip(items, (4, 24, 300), strict=True):
        done = soon(days=-1)
        Interaction.objects.filter(pk=item.pk).update(
            created_at=done - timedelta(minutes=minutes), completed_at=done
        )
    page = one_line(sign_in("tess").get("/groups/approvers/").content)
    assert "<dt>Median</dt> <dd> 24 min </dd>" in page
    assert "<dt>p90</dt> <dd>5 h</dd>" in page
    assert "p90: nine out of ten took no longer." in page


def test_an_old_answer_does_not_count(board: Desk) -> None:
    item = board.ask_group()
    board.elsewhere("user_lee", item.mobius_id, True)
    board.read(item.mobius_id)
    Interaction.objects.filter(pk=item.pk).update(completed_at=soon(days=-91))
    assert "<dt>Median</dt> <dd> – </dd>" in one_line(
        sign_in("tess").get("/groups/approvers/").content
    )


def test_a_reviewer_sees_their_own_groups_only(board: Desk) -> None:
    board.project.http.delete("groups/change-board/members/user_rina")
    poll()
    rina = sign_in("rina")
    page = rina.get("/groups/").content.decode()
    assert ("Approvers" in page, "Change board" in page) == (True, False)
    assert rina.get("/groups/approvers/").status_code == 200
    assert rina.get("/groups/change-board/").status_code == 404
    assert rina.get("/groups/nowhere/").status_code == 404


@pytest.mark.parametrize("name", ["rina", "tess"])
def test_a_mobius_without_groups_is_not_said_to_have_named_none(people: None, name: str) -> None:
    Upstream.objects.filter(pk=Upstream.current().pk).update(capabilities={"groups": "no"})
    page = sign_in(name).get("/groups/").content.decode()
    assert "Mobius doesn&#x27;t list its groups" in page or "Mobius doesn't list its groups" in page


@pytest.mark.parametrize("headers", [{}, part("groups")])
def test_a_lead_is_told_that_there_are_none(people: None, headers: dict[str, str]) -> None:
    page = sign_in("tess").get("/groups/", headers=headers).content.decode()
    assert "No groups yet" in page


def test_a_stranger_sees_none(board: Desk) -> None:
    mallory = stranger()
    page = mallory.get("/groups/").content.decode()
    assert "No groups to show" in page
    assert "Approvers" not in page
    assert mallory.get("/groups/approvers/").status_code == 404


def test_signed_out_leads_to_sign_in(board: Desk) -> None:
    for path in ("/groups/", "/groups/approvers/"):
        answer = Client().get(path)
        assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={path}")
    answer = change(Client(), "routing", routing="all")
    assert answer.status_code == 302
    assert Group.objects.get(handle="approvers").routing == "any"


def test_a_member_who_joined_later_does_not_count_what_was_asked_before(board: Desk) -> None:
    board.ask_group("approvers")
    board.project.http.post("groups/approvers/members", json={"user_id": "user_tess"})
    User.objects.get(username="tess").groups.remove(*User.objects.get(username="tess").groups.all())
    poll()
    page = one_line(sign_in("tess").get("/groups/approvers/").content)
    assert "No open questions for this group." in page


def test_each_change_is_confirmed_and_asking_changes_nothing(board: Desk) -> None:
    tess = sign_in("tess")
    page = one_line(tess.get("/groups/approvers/?add=tess").content)
    assert "Add Tess (user_tess) to Approvers?" in page
    assert "Changes apply to new questions only." in page
    assert 'action="/groups/approvers/members/add"' in page
    page = one_line(tess.get("/groups/approvers/?remove=user_sam").content)
    assert "Remove Sam from Approvers?" in page
    page = one_line(tess.get("/groups/approvers/?routing=all").content)
    assert "Change routing to “All members”?" in page
    assert inside(board) == {"user_rina", "user_sam", "user_lee"}
    assert not Decision.objects.exists()


def test_the_confirmation_of_a_removal_says_what_is_waiting(board: Desk) -> None:
    board.ask_group("approvers")
    page = one_line(sign_in("tess").get("/groups/approvers/?remove=user_sam").content)
    assert "1 open question is still waiting for Sam." in page


def test_a_lead_adds_a_member_under_their_own_name(board: Desk) -> None:
    answer = add(sign_in("tess"), "user_tess", typed="Tess")
    assert (answer.status_code, answer["Location"]) == (303, "/groups/approvers/")
    assert said(answer) == ["Tess was added to Approvers. Changes apply to new questions only."]
    assert inside(board) == {"user_rina", "user_sam", "user_lee", "user_tess"}
    (sent,) = board.server.seen("POST", r"/members$")
    assert sent.headers["authorization"] == f"Bearer {board.project.tokens['user_tess']}"
    entry = Decision.objects.get()
    group = Group.objects.get(handle="approvers")
    assert (entry.verb, entry.actor, entry.account, entry.credential_kind) == (
        "member_added",
        "user_tess",
        "tess",
        "member",
    )
    assert entry.value == {
        "group": group.mobius_id,
        "handle": "approvers",
        "user": "user_tess",
    }


def test_a_lead_removes_a_member_and_what_was_asked_stays_theirs(board: Desk) -> None:
    item = board.ask_group("approvers")
    answer = change(sign_in("tess"), "members/remove", user_id="user_sam")
    assert answer.status_code == 303
    assert inside(board) == {"user_rina", "user_lee"}
    assert Decision.objects.get().verb == "member_removed"
    sam = sign_in("sam")
    assert sam.get("/groups/approvers/").status_code == 404
    assert 'value="true"' in sam.get(f"/interactions/{item.mobius_id}/").content.decode()


def test_a_lead_changes_the_routing(board: Desk) -> None:
    answer = change(sign_in("tess"), "routing", routing="all")
    assert answer.status_code == 303
    assert board.project.http.get("groups/approvers").json()["routing_policy"] == "all_members"
    assert Group.objects.get(handle="approvers").routing == "all"
    entry = Decision.objects.get()
    assert (entry.verb, entry.value["from"], entry.value["to"]) == ("routing_changed", "any", "all")


def test_the_routing_in_use_is_not_changed_again(board: Desk) -> None:
    tess, already = sign_in("tess"), "The routing is already “First to answer”."
    page = one_line(tess.get("/groups/approvers/?routing=any").content)
    assert already in page
    assert "Yes, change it" not in page
    for query in ("", "?routing=all"):
        assert already not in one_line(tess.get(f"/groups/approvers/{query}").content)
    assert already not in one_line(sign_in("rina").get("/groups/approvers/?routing=any").content)


def test_the_page_remembers_who_changed_what(board: Desk) -> None:
    tess = sign_in("tess")
    add(tess, "user_tess")
    change(tess, "members/remove", user_id="user_sam")
    change(tess, "routing", routing="all")
    page = one_line(tess.get("/groups/approvers/").content)
    for words in (
        "You added yourself",
        "You removed Sam",
        "You changed the routing to “All members”",
    ):
        assert words in page
    assert "Recent changes" not in tess.get("/groups/change-board/").content.decode()


@pytest.mark.parametrize("who", ["rina", "admin", "mallory"])
def test_no_one_else_changes_a_group(board: Desk, who: str) -> None:
    person = stranger() if who == "mallory" else sign_in(who)
    assert add(person, "user_tess").status_code == 404
    assert change(person, "members/remove", user_id="user_sam").status_code == 404
    assert change(person, "routing", routing="all").status_code == 404
    assert inside(board) == {"user_rina", "user_sam", "user_lee"}
    assert not Decision.objects.exclude(group_id="").exists()


def test_a_lead_without_the_permission_looks_and_changes_nothing(board: Desk) -> None:
    given = Permission.objects.get(codename="manage_groups")
    User.objects.get(username="tess").user_permissions.remove(given)
    tess = sign_in("tess")
    page = tess.get("/groups/approvers/?remove=user_sam").content.decode()
    assert "Rina" in page
    assert "<form" not in page.partition('id="groups"')[2].partition("</main>")[0]
    assert change(tess, "members/remove", user_id="user_sam").status_code == 404
    assert "user_sam" in inside(board)


def test_a_permission_without_the_role_is_not_enough(board: Desk) -> None:
    given = Permission.objects.get(codename="manage_groups")
    User.objects.get(username="rina").user_permissions.add(given)
    assert change(sign_in("rina"), "routing", routing="all").status_code == 404


def test_a_lead_who_is_a_superuser_needs_the_permission_too(board: Desk) -> None:
    user = User.objects.get(username="tess")
    user.user_permissions.clear()
    user.is_superuser = True
    user.save()
    assert change(sign_in("tess"), "routing", routing="all").status_code == 404


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Enter a name or a Mobius ID."),
        ("Sam", "Sam is already in Approvers."),
        ("user_sam", "Sam is already in Approvers."),
    ],
)
def test_an_unknown_person_is_refused_before_the_confirmation(
    board: Desk, typed: str, words: str
) -> None:
    page = one_line(sign_in("tess").get("/groups/approvers/", {"add": typed}).content)
    assert words in page
    assert 'id="asked"' not in page


def test_a_name_that_two_people_have_needs_the_id(board: Desk) -> None:
    for name, mobius_id in (("max1", "user_max1"), ("max2", "user_max2")):
        user = User.objects.create_user(name, first_name="Max")
        user.reviewer.mobius_id = mobius_id
        user.reviewer.save()
    page = one_line(sign_in("tess").get("/groups/approvers/?add=max").content)
    assert (
        "Several people here are called max: user_max1 and user_max2. Enter the Mobius ID." in page
    )
    assert 'value="max"' in page


def test_a_person_whom_mobius_does_not_know_is_not_added_and_the_id_stays(board: Desk) -> None:
    answer = add(sign_in("tess"), "user_m8")
    page = one_line(answer.content)
    assert answer.status_code == 422
    assert "Mobius doesn't know the ID user_m8. Nothing was changed." in page
    assert 'value="user_m8"' in page
    assert not Decision.objects.exists()


def test_a_member_whom_another_lead_added_is_reported_as_there(board: Desk) -> None:
    board.project.http.post("groups/approvers/members", json={"user_id": "user_tess"})
    answer = add(sign_in("tess"), "user_tess", typed="Tess")
    assert answer.status_code == 409
    page = one_line(answer.content)
    assert "Tess is already in Approvers. Nothing was changed." in page
    assert 'value="Tess"' in page
    assert "4 members" in page
    assert not Decision.objects.exists()


def test_a_member_whom_another_lead_removed_is_reported_as_gone(board: Desk) -> None:
    board.project.http.delete("groups/approvers/members/user_sam")
    answer = change(sign_in("tess"), "members/remove", user_id="user_sam")
    assert answer.status_code == 409
    assert "Sam is no longer in Approvers" in answer.content.decode()
    assert inside(board) == {"user_rina", "user_lee"}


def test_a_deleted_group_is_called_deleted(board: Desk) -> None:
    gone = {"error": {"code": "not_found", "message": "The group is not there."}}
    board.server.on("POST", r"/members$", Reply(404, gone))
    board.server.on("GET", r"/groups$", Reply(200, {"items": [], "has_more": False}))
    answer = add(sign_in("tess"), "user_tess")
    assert answer.status_code == 409
    assert "Approvers no longer exists in Mobius" in answer.content.decode()


def test_a_refused_token_is_marked_and_reported(board: Desk) -> None:
    board.project.engine.revoke(board.project.tokens["user_tess"])
    answer = add(sign_in("tess"), "user_tess")
    assert answer.status_code == 409
    page = one_line(answer.content)
    assert "Mobius no longer accepts your member token" in page
    assert '<a class="link" href="/account/">Your account</a>' in page
    assert Credential.objects.get(reviewer__user__username="tess").refused_at is not None


def test_without_a_token_nothing_goes_out(board: Desk) -> None:
    Credential.objects.all().delete()
    answer = change(sign_in("tess"), "routing", routing="all")
    assert answer.status_code == 409
    assert "You don't have a member token yet" in one_line(answer.content)
    assert not board.server.seen("PATCH", r"/groups/")


def test_a_person_without_permission_upstream_cannot_change_a_group(board: Desk) -> None:
    denied = {"error": {"code": "permission_denied", "message": "Not yours."}}
    board.server.on("PATCH", r"/groups/", Reply(403, denied))
    answer = change(sign_in("tess"), "routing", routing="all")
    assert answer.status_code == 409
    assert "Mobius doesn't let you change this group" in one_line(answer.content)


def test_a_busy_mobius_says_when_to_try_again(board: Desk) -> None:
    busy = {"error": {"code": "rate_limit_exceeded", "message": "Slow down."}}
    board.server.on("POST", r"/members$", Reply(429, busy, {"Retry-After": "7"}))
    answer = add(sign_in("tess"), "user_tess", typed="Tess")
    assert (answer.status_code, answer["Retry-After"]) == (503, "7")
    page = one_line(answer.content)
    assert "Mobius is limiting requests. Nothing was changed. Try again in 7 s." in page
    assert 'value="Tess"' in page


def test_a_change_whose_answer_was_lost_is_looked_for(board: Desk) -> None:
    board.server.on("POST", r"/members$", PassThenCut())
    answer = add(sign_in("tess"), "user_tess")
    assert answer.status_code == 303
    assert Decision.objects.get().verb == "member_added"


def test_a_change_that_failed_upstream_is_said_not_to_have_arrived(board: Desk) -> None:
    board.server.on("POST", r"/members$", Reply(500, {}))
    answer = add(sign_in("tess"), "user_tess", typed="Tess")
    assert answer.status_code == 503
    assert "The change wasn't made" in one_line(answer.content)
    assert not Decision.objects.exists()


def test_a_person_without_an_account_is_shown_as_such(board: Desk) -> None:
    board.project.http.post("groups/approvers/members", json={"user_id": "user_mallory"})
    poll()
    page = one_line(sign_in("tess").get("/groups/approvers/").content)
    assert 'user_mallory<span class="meta">No account here' in page


def test_a_person_whose_account_is_deactivated_is_shown_as_such(board: Desk) -> None:
    User.objects.filter(username="lee").update(is_active=False)
    page = one_line(sign_in("tess").get("/groups/approvers/").content)
    assert 'Lee<span class="meta">Account deactivated' in page


def test_the_rail_counts_what_waits_on_my_groups(board: Desk) -> None:
    board.ask()
    board.ask_group()
    page = one_line(sign_in("rina").get("/groups/").content)
    assert 'id="count-groups">1<' in page
    assert 'id="count-groups"><' in one_line(sign_in("tess").get("/groups/").content)


def test_a_swap_gets_only_the_part(board: Desk) -> None:
    page = sign_in("tess").get("/groups/", headers=part("groups")).content.decode()
    assert page.lstrip().startswith('<div id="groups"')


def test_other_methods_are_refused(board: Desk) -> None:
    tess = sign_in("tess")
    assert tess.post("/groups/").status_code == 405
    assert tess.get("/groups/approvers/routing").status_code == 405


def test_invalid_changes_are_refused(board: Desk) -> None:
    tess = sign_in("tess")
    assert change(tess, "routing", routing="dice").status_code == 404
    assert change(tess, "members/add").status_code == 404


def test_a_group_without_a_name_is_called_by_its_handle(db: None) -> None:
    upstream = Upstream.current()
    Group.objects.create(upstream=upstream, mobius_id="grp_night", handle="night-shift")
    assert group_names(upstream, {"grp_night"}) == {
        "grp_night": "night-shift",
        "night-shift": "night-shift",
    }
