import html
import re
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group as Role
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inbox.access import Viewer
from inbox.mobius.types import RunStatus, Target
from inbox.models import Group, Reviewer, SavedView, Upstream
from inbox.people.saved_views import MAX_VIEWS
from inbox.web.saved_views.queries import view_counts
from inbox.web.ui.own_data import OwnData
from tests.support.snapshots import LEE, RINA, SAM, answered, ask, group_ask, run
from tests.web.cast import part, soon, tell
from tests.web.test_inbox_page import titles
from tests.web.test_snooze import put_off

pytestmark = pytest.mark.usefixtures("synced")


@pytest.fixture
def board(people: None) -> Group:
    group = Group.objects.create(
        upstream=Upstream.current(),
        mobius_id="grp_board",
        handle="change-board",
        name="Change board",
        routing="any",
    )
    for member in (RINA, SAM):
        group.memberships.create(user_id=member)
    return group


def saved(who: Client, name: str, query: str = "", group: Group | None = None) -> SavedView:
    sent = {"name": name, "group": group.pk if group else ""}
    answer = who.post(f"/views/new/?{query}", sent)
    assert answer.status_code == 303, answer.content
    view = SavedView.objects.get(name=name)
    assert answer["Location"] == view.get_absolute_url()
    return view


def rail(who: Client) -> list[str]:
    page = who.get("/inbox/").content.decode()
    return [
        html.unescape(name)
        for name in re.findall(r'data-view="\d+".*?<span class="cut">(.*?)</span>', page, re.DOTALL)
    ]


def numbers(who: Client) -> dict[str, str]:
    page = who.get("/views/counts/").content.decode()
    names = {str(view.pk): view.name for view in SavedView.objects.all()}
    found = re.findall(r'id="count-view-(\d+)" hx-swap-oob="true">(\d*\+?)', page)
    return {names[number]: words for number, words in found}


def make_lead(name: str) -> None:
    User.objects.get(username=name).groups.add(Role.objects.get(name="team lead"))


def test_a_view_keeps_filters_and_order_and_opens_from_the_rail(rina: Client) -> None:
    tell(ask("int_a", message="Due", expires_at=soon(minutes=9)), ask("int_b", message="Not due"))
    view = saved(rina, "Due soon", "due=hour&sort=newest&cursor=x&odd=1")
    assert (view.page, view.query, view.group) == ("inbox", "due=hour&sort=newest", None)
    assert view.get_absolute_url() == f"/inbox/?due=hour&sort=newest&view={view.pk}"
    page = rina.get(view.get_absolute_url()).content.decode()
    assert titles(page) == ["Due"]
    assert ">Due soon</h1>" in page
    assert re.search(rf'data-view="{view.pk}"\s+aria-current="page"', page)
    assert 'data-go="i">' in page
    assert 'role="status">1 found<' in page
    assert f'href="/views/{view.pk}/"' in page
    assert rail(rina) == ["Due soon"]


def test_a_view_with_other_filters_can_be_updated_or_saved_as_a_new_one(rina: Client) -> None:
    view = saved(rina, "Due soon", "due=hour&sort=newest")
    opened = view.get_absolute_url()
    # Another order in the address, or an unknown field, is no change.
    for path in (opened, f"/inbox/?sort=newest&odd=1&due=hour&view={view.pk}"):
        page = html.unescape(rina.get(path).content.decode())
        assert "Update view" not in page
    other = f"/inbox/?type=review&due=hour&sort=newest&view={view.pk}"
    assert f'href="{other}"' in page
    page = html.unescape(rina.get(other).content.decode())
    assert ">Due soon</h1>" in page
    new = f"/views/new/?page=inbox&type=review&due=hour&sort=newest&view={view.pk}"
    assert f'href="{new}"' in page
    assert f'href="{other}"' in html.unescape(rina.get(new).content.decode())
    path = f"/views/{view.pk}/update?type=review&due=hour&sort=newest"
    assert f'action="{path}"' in page
    answer = rina.post(path, follow=True)
    assert answer.redirect_chain == [(other, 303)]
    assert "“Due soon” was updated." in answer.content.decode()
    view.refresh_from_db()
    assert (view.name, view.query) == ("Due soon", "type=review&due=hour&sort=newest")


def test_a_view_of_someone_else_can_only_be_saved_as_a_new_one(
    rina: Client, sam: Client, board: Group
) -> None:
    view = saved(rina, "Ours", "type=review", group=board)
    page = html.unescape(sam.get(f"/inbox/?due=hour&view={view.pk}").content.decode())
    assert "Update view" not in page
    assert "Save as new view" in page
    assert sam.post(f"/views/{view.pk}/update?due=hour").status_code == 404
    view.refresh_from_db()
    assert view.query == "type=review"


def test_a_view_of_runs_is_updated_with_filters_of_runs(tess: Client) -> None:
    tess.post("/views/new/?page=runs&age=4h", {"name": "Held up"})
    view = SavedView.objects.get()
    page = html.unescape(tess.get(f"/runs/?age=1d&status=failed&view={view.pk}").content.decode())
    path = f"/views/{view.pk}/update?status=failed&age=1d"
    assert f'action="{path}"' in page
    # The view stays open while the form of the filters is used.
    filters = re.search(r'href="(/runs/filters/[^"]*)"', page)
    assert filters is not None
    form = tess.get(filters[1]).content.decode()
    assert f'<input type="hidden" name="view" value="{view.pk}">' in form
    tess.post(path + "&type=review")
    view.refresh_from_db()
    assert view.query == "status=failed&age=1d"


def test_a_view_is_private_until_it_is_shared_and_then_everyone_sees_their_own_questions(
    rina: Client, sam: Client, mallory: Client, board: Group
) -> None:
    tell(
        ask("int_a", message="For Rina", type="review"),
        ask("int_b", message="For Sam", type="review", target=Target(type="user", id=SAM)),
    )
    view = saved(rina, "Reviews", "type=review")
    assert (rail(rina), rail(sam)) == (["Reviews"], [])
    rina.post(f"/views/{view.pk}/", {"name": "Reviews", "group": board.pk})
    assert (rail(rina), rail(sam), rail(mallory)) == (["Reviews"], ["Reviews"], [])
    assert titles(rina.get(view.get_absolute_url()).content.decode()) == ["For Rina"]
    page = sam.get(view.get_absolute_url()).content.decode()
    assert titles(page) == ["For Sam"]
    assert ">Reviews</h1>" in page
    assert "Shared with Change board" in page
    assert numbers(sam) == {"Reviews": "1"}
    page = mallory.get(view.get_absolute_url()).content.decode()
    assert (titles(page), "Reviews</h1>" in page) == ([], False)


def test_a_former_member_no_longer_sees_the_groups_views(
    rina: Client, sam: Client, board: Group
) -> None:
    saved(rina, "Ours", group=board)
    board.memberships.filter(user_id=SAM).delete()
    assert (rail(rina), rail(sam), numbers(sam)) == (["Ours"], [], {})
    Group.objects.update(deleted=True)
    assert rail(rina) == ["Ours"]


def test_only_its_owner_changes_a_view(
    rina: Client, sam: Client, tess: Client, board: Group
) -> None:
    view = saved(rina, "Ours", "type=review", group=board)
    for client in (sam, tess):
        for path in (f"/views/{view.pk}/", f"/views/{view.pk}/delete"):
            assert client.post(path, {"name": "Mine"}).status_code == 404
        assert client.get(f"/views/{view.pk}/").status_code == 404
    page = sam.get(view.get_absolute_url()).content.decode()
    assert f'href="/views/new/?page=inbox&amp;type=review&amp;view={view.pk}"' in page
    assert SavedView.objects.get().name == "Ours"


def test_a_view_is_renamed_and_deleted_by_its_owner(rina: Client) -> None:
    view = saved(rina, "Reviews", "type=review")
    form = rina.get(f"/views/{view.pk}/", headers=part("list-panel")).content.decode()
    assert 'value="Reviews"' in form
    assert rina.post(f"/views/{view.pk}/", {"name": "All  reviews"}).status_code == 303
    assert rail(rina) == ["All reviews"]
    answer = rina.post(f"/views/{view.pk}/delete", follow=True)
    assert answer.redirect_chain == [("/inbox/?type=review", 303)]
    assert "“All reviews” was deleted." in answer.content.decode()
    assert not SavedView.objects.exists()


def test_deleting_a_view_asks_first_and_says_who_loses_it(rina: Client, board: Group) -> None:
    own, shared = saved(rina, "Own"), saved(rina, "Shared", group=board)
    forms = {}
    for view in (own, shared):
        form = rina.get(f"/views/{view.pk}/", headers=part("list-panel")).content.decode()
        before, _summary, after = form.partition("Delete view…</summary>")
        assert f"/views/{view.pk}/delete" not in before
        assert f'formaction="/views/{view.pk}/delete"' in after
        forms[view.name] = after
    assert "Delete “Own”?" in forms["Own"]
    assert "will lose it too" not in forms["Own"]
    assert "Members of Change board will lose it too." in forms["Shared"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "Enter a name for the view."),
        ("x" * 81, "at most 80 characters"),
        ("Reviews", "You already have a view called Reviews."),
        ("a\0b", "Null characters are not allowed."),
    ],
)
def test_a_name_that_cant_be_used_is_explained_and_kept(
    rina: Client, board: Group, name: str, words: str
) -> None:
    first = saved(rina, "Reviews", "type=review")
    other = saved(rina, "Other")
    for path in ("/views/new/?due=hour", f"/views/{other.pk}/"):
        answer = rina.post(path, {"name": name, "group": board.pk})
        page = " ".join(answer.content.decode().split())
        assert answer.status_code == 422
        assert words in page
        assert 'id="view-name_error"' in page
        assert f'action="{path}"' in page
        assert f'<option value="{board.pk}" selected>' in page
        assert f'value="{name}"' in page
    assert set(SavedView.objects.values_list("pk", "name")) == {
        (first.pk, "Reviews"),
        (other.pk, "Other"),
    }


def test_a_group_that_is_not_mine_is_refused_beside_its_field(rina: Client, board: Group) -> None:
    board.memberships.filter(user_id=RINA).delete()
    Group.objects.create(
        upstream=board.upstream, mobius_id="grp_own", handle="own", name="Own", routing="any"
    ).memberships.create(user_id=RINA)
    answer = rina.post("/views/new/", {"name": "Reviews", "group": board.pk})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "You are no longer in this group." in page
    assert 'value="Reviews"' in page
    assert not SavedView.objects.exists()


def test_a_view_stays_shared_with_a_group_that_its_owner_has_left(
    rina: Client, board: Group
) -> None:
    view = saved(rina, "Reviews", group=board)
    board.memberships.filter(user_id=RINA).delete()
    form = rina.get(f"/views/{view.pk}/").content.decode()
    assert f'<option value="{board.pk}" selected>' in form
    rina.post(f"/views/{view.pk}/", {"name": "Checks", "group": board.pk})
    view.refresh_from_db()
    assert (view.name, view.group) == ("Checks", board)


def test_without_scripts_the_search_page_lists_them(rina: Client) -> None:
    view = saved(rina, "Reviews", "type=review")
    link = f'href="{html.escape(view.get_absolute_url())}"'
    search = [rina.get(path).content.decode() for path in ("/search/", "/search/?q=nowhere")]
    in_sidebar_only = search[1].count(link)
    assert [page.count(link) for page in search] == [in_sidebar_only + 1, in_sidebar_only]


def test_names_are_taken_on_one_page_only(tess: Client) -> None:
    saved(tess, "Mine")
    assert tess.post("/views/new/?page=runs", {"name": "Mine"}).status_code == 303
    assert {view.page for view in SavedView.objects.all()} == {"inbox", "runs"}


def test_there_is_a_limit_to_the_views_of_a_person(rina: Client) -> None:
    owner = User.objects.get(username="rina")
    SavedView.objects.bulk_create(
        SavedView(owner=owner, page="inbox", name=f"No. {n}", query="") for n in range(MAX_VIEWS)
    )
    answer = rina.post("/views/new/", {"name": "One more"})
    assert answer.status_code == 422
    assert "You already have 50 views. Delete one first." in answer.content.decode()


def test_views_of_runs_are_for_leads(rina: Client, tess: Client, board: Group) -> None:
    board.memberships.create(user_id="user_tess")
    view = SavedView.objects.create(
        owner=User.objects.get(username="tess"), page="runs", name="Slow", query="", group=board
    )
    assert (rail(rina), rail(tess)) == ([], ["Slow"])
    assert rina.get("/views/new/?page=runs").status_code == 404
    assert rina.get("/views/new/?page=elsewhere").status_code == 404
    User.objects.get(username="tess").groups.clear()
    assert tess.get(f"/views/{view.pk}/").status_code == 404
    assert rail(tess) == []


def test_another_leads_view_is_not_found(tess: Client, sam: Client) -> None:
    make_lead("sam")
    assert tess.post("/views/new/?page=runs&age=4h", {"name": "Held up"}).status_code == 303
    pk = SavedView.objects.get().pk
    assert sam.post(f"/views/{pk}/", {"name": "Mine"}).status_code == 404
    assert sam.post(f"/views/{pk}/delete").status_code == 404
    assert "Held up" not in sam.get(f"/runs/?age=4h&view={pk}").content.decode()


def test_a_view_whose_filters_are_no_longer_known_opens_without_them(rina: Client) -> None:
    tell(ask("int_a", message="A", type="review"), ask("int_b", message="B"))
    query = "type=review&due=next-month&sort=colour&gone=1"
    view = SavedView.objects.create(
        owner=User.objects.get(username="rina"), page="inbox", name="Old", query=query
    )
    page = rina.get(view.get_absolute_url()).content.decode()
    assert titles(page) == ["A"]
    assert numbers(rina) == {"Old": "1"}


def test_views_stored_with_the_filter_span_have_it_as_closed(rina: Client) -> None:
    owner = User.objects.get(username="rina")
    old = {
        ("inbox", "Week"): "scope=done&span=7&q=span%3D+%26+%C3%A9",
        ("inbox", "Words"): "q=span%3D7",
        ("runs", "Runs"): "q=x&span=7",
    }
    for (page, name), query in old.items():
        SavedView.objects.create(owner=owner, page=page, name=name, query=query)

    def stored() -> dict[tuple[str, str], str]:
        return {(view.page, view.name): view.query for view in SavedView.objects.all()}

    migration = import_module("inbox.migrations.0046_closed_filter")
    migration.forwards(apps, connection.schema_editor())
    assert stored() == {**old, ("inbox", "Week"): "scope=done&closed=7&q=span%3D+%26+%C3%A9"}
    week, words = (SavedView.objects.get(name=name) for name in ("Week", "Words"))
    assert "Last 7 days" in rina.get(week.get_absolute_url()).content.decode()
    assert "Last 7 days" not in rina.get(words.get_absolute_url()).content.decode()
    migration.backwards(apps, connection.schema_editor())
    assert stored() == old


def test_the_number_of_each_view_is_what_it_lists(tess: Client, board: Group) -> None:
    Reviewer.objects.filter(user__username="tess").update(mobius_id=RINA + "_2")
    make_lead("rina")
    me = RINA + "_2"
    mine: dict[str, Any] = {"target": Target(type="user", id=me)}
    tell(
        run("run_1", workflow="payout", started_by=LEE, status=RunStatus.SUSPENDED),
        run("run_2", workflow="release", status=RunStatus.FAILED),
        ask("int_a", run_id="run_1", **mine),
        ask("int_b", type="review", expires_at=soon(minutes=5), **mine),
        group_ask("int_c", members=(me, SAM)),
        ask("int_d", target=Target(type="user", id=SAM)),
        answered(ask("int_e", **mine), me, 1),
        ask("int_f", expires_at=soon(days=9), **mine),
    )
    put_off(tess, "int_f", soon(hours=2))
    owner = User.objects.get(username="tess")
    queries = {
        "All": ("inbox", "", "3"),
        "Payouts": ("inbox", "workflow=payout&sort=newest", "1"),
        "Found": ("inbox", "q=lee", "1"),
        "Done": ("inbox", "scope=done", "1"),
        "Snoozed": ("inbox", "snoozed=yes", "1"),
        "Nothing": ("inbox", "due=late", ""),
        "Runs": ("runs", "", "2"),
        "Failed": ("runs", "status=failed", "1"),
        "Lee's": ("runs", "person=user_sam", ""),
    }
    SavedView.objects.bulk_create(
        SavedView(owner=owner, page=page, name=name, query=query)
        for name, (page, query, _count) in queries.items()
    )
    assert numbers(tess) == {name: count for name, (*_query, count) in queries.items()}


def test_the_numbers_take_a_fixed_number_of_queries_and_stop_at_99(
    rina: Client, board: Group
) -> None:
    tell(*(ask(f"int_{n}") for n in range(120)))
    owner = User.objects.get(username="rina")
    viewer = Viewer(user_id=owner.pk, mobius_id=RINA, name="Rina", lead=True)
    upstream = Upstream.current()
    pages = ("inbox", "runs")
    for count in (1, 10, MAX_VIEWS):
        SavedView.objects.all().delete()
        SavedView.objects.bulk_create(
            SavedView(
                owner=owner,
                page=pages[n % 2],
                name=f"No. {n}",
                query="q=ship&sort=requester" if n % 4 else "",
                group=board,
            )
            for n in range(count)
        )
        with CaptureQueriesContext(connection) as captured:
            found = view_counts(OwnData(viewer, upstream))
        assert len(captured) == (3 if count == 1 else 4)
        assert len(found) == count
        first = SavedView.objects.order_by("pk").first()
        assert first is not None
        assert found[first.pk] == "99+"


def test_without_a_view_there_is_nothing_to_count(rina: Client) -> None:
    assert "view-counts" not in rina.get("/inbox/").content.decode()
    assert numbers(rina) == {}


def test_an_account_without_a_mobius_id_has_nothing_to_count(rina: Client) -> None:
    saved(rina, "Reviews", "type=review")
    Reviewer.objects.filter(user__username="rina").update(mobius_id=None)
    assert numbers(rina) == {"Reviews": ""}
    assert rail(rina) == ["Reviews"]


def test_a_phone_lists_the_views_where_they_are_saved(rina: Client) -> None:
    view = saved(rina, "Reviews", "type=review")
    form = rina.get("/views/new/?page=inbox", headers=part("list-panel")).content.decode()
    assert "<html" not in form
    assert f'href="{html.escape(view.get_absolute_url())}"' in form
