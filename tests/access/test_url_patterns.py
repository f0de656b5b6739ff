"""Every address of the site, found in its URL patterns, against the table."""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from inbox.models import Group, Interaction, Notice, Reviewer, SavedView, Upstream
from inbox.services.audit.decision_log import Entry, append
from tests.access.table import PATHS, PLACES, PUBLIC, TABLE, Action, Status, Verdict, Who
from tests.mirror.things import group_ask, run
from tests.web import cast

PEOPLE = {Who.MEMBER: "sam", Who.LEAD: "tess", Who.ADMIN: "admin", Who.STRANGER: "mallory"}
HEADERS = [{}, cast.HTMX]
ADMINS = {"app_label": "auth", "content_type_id": 1, "object_id": "1", "id": "1"}
"""What stands in an address of Django's admin."""


def patterns(resolver: URLResolver, space: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Each with its whole name, which is empty for one that has none."""
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from patterns(one, f"{one.namespace}:" if one.namespace else space)
        else:
            yield f"{space}{one.name}" if one.name else "", one


ALL = dict(patterns(get_resolver()))
OURS = sorted(name for name in ALL if name and not name.startswith("admin:"))


@pytest.fixture
def arguments(db: None) -> dict[str, Any]:
    """What stands in each address: what asks Sam's group, and what else there is of each kind."""
    cast.people()
    cast.stranger().logout()
    cast.tell(run("run_1"), group_ask("int_1", run_id="run_1", policy={"kind": "any"}))
    upstream, sam, tess = Upstream.present(), reviewer("sam"), reviewer("tess")
    group = Group.objects.create(
        upstream=upstream, mobius_id="grp_board", handle="change-board", name="Board", routing="any"
    )
    group.memberships.create(user_id="user_sam")
    notice = Notice.objects.create(
        reviewer=sam, upstream=upstream, interaction_id="int_1", at=cast.soon()
    )
    view = SavedView.objects.create(owner=tess.user, name="Stuck", query="age=4h")
    with transaction.atomic():
        item = Interaction(mobius_id="int_1")
        append(Entry(verb="claim", upstream=upstream, actor="user_sam", item=item))
    runs, groups = ("run", "live-run"), ("group", "group-add", "group-remove", "group-routing")
    return {
        **{name: "int_1" for name, what in PATHS.items() if isinstance(what, Action)},
        **dict.fromkeys((*runs, "run-cancel", "run-signal"), "run_1"),
        **dict.fromkeys(groups, "change-board"),
        "notification-read": notice.pk,
        "interaction-read": "int_1",
        "view-rename": view.pk,
        "view-delete": view.pk,
        "connection-link": sam.user.pk,
        "decision": 1,
        "insights-csv": "flow",
    }


def reviewer(username: str) -> Reviewer:
    return Reviewer.objects.get(user__username=username)


def address(name: str, arguments: dict[str, Any]) -> str:
    return reverse(name, args=[arguments[name]] if name in arguments else [])


def verdict(name: str, who: Who) -> Verdict:
    what = PATHS[name]
    return TABLE[Status.FREE, who, what] if isinstance(what, Action) else PLACES[what, who]


def asks_to_sign_in(answer: Any) -> bool:
    to = answer.headers.get("Location") or answer.headers.get("HX-Redirect") or ""
    return urlsplit(to).path == "/accounts/login/"


def answers(client: Client, path: str, headers: dict[str, str]) -> list[Any]:
    """To looking and to sending, each where there is such a thing."""
    both = (client.get(path, headers=headers), client.post(path, headers=headers))
    return [answer for answer in both if answer.status_code != 405]


def test_the_table_names_every_path() -> None:
    assert set(OURS) == set(PATHS) | {name for name in PUBLIC if ":" not in name}


@pytest.mark.parametrize("headers", HEADERS)
def test_signed_out_only_the_public_ones_answer(
    arguments: dict[str, Any], headers: dict[str, str]
) -> None:
    for name in OURS:
        path = address(name, arguments)
        for method in (Client().get, Client().post):
            answer = method(path, headers=headers)
            if name in PUBLIC:
                assert answer.status_code != 401, path
                assert not asks_to_sign_in(answer), path
            elif path.startswith("/live/"):
                assert answer.status_code == 401, path
            else:
                assert answer.status_code == 401 or asks_to_sign_in(answer), path


@pytest.mark.parametrize("headers", HEADERS)
@pytest.mark.parametrize("who", PEOPLE, ids=str)
def test_what_is_not_theirs_is_not_there(
    arguments: dict[str, Any], who: Who, headers: dict[str, str]
) -> None:
    client = cast.sign_in(PEOPLE[who])
    refused = [name for name in PATHS if verdict(name, who) is Verdict.NOT_FOUND]
    for name in refused:
        path = address(name, arguments)
        found = {answer.status_code for answer in answers(client, path, headers)}
        assert found == {404}, path


def writes(queries: Iterable[dict[str, str]]) -> list[str]:
    """All but those of the session."""
    verbs = ("INSERT", "UPDATE", "DELETE")
    texts = [query["sql"] for query in queries]
    return [sql for sql in texts if sql.startswith(verbs) and "django_session" not in sql]


@pytest.mark.parametrize("who", PEOPLE, ids=str)
def test_what_is_theirs_is_there_and_a_look_changes_nothing(
    arguments: dict[str, Any], who: Who
) -> None:
    client = cast.sign_in(PEOPLE[who])
    session = client.session
    session["sent_test_question"] = {"id": "int_1"}
    session.save()
    theirs = [
        name for name in PATHS if verdict(name, who) not in (Verdict.NOT_FOUND, Verdict.NEVER)
    ]
    for name in theirs:
        path = address(name, arguments)
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(path)
        assert answer.status_code in (200, 405), path
        assert writes(asked.captured_queries) == [], path
        assert "no-store" in answer["Cache-Control"], path


def test_the_admin_is_for_staff_alone(arguments: dict[str, Any]) -> None:
    rina = cast.sign_in("rina")
    for name, pattern in ALL.items():
        if name in OURS or name in PUBLIC:
            continue
        fields = {*pattern.pattern.converters, *pattern.pattern.regex.groupindex}
        known = {field: ADMINS[field] for field in fields if field in ADMINS}
        path = reverse(name, kwargs=known) if name else "/admin/anything/"
        assert asks_to_sign_in(Client().get(path)), path
        assert rina.get(path).status_code == 302, path
