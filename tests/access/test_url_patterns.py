from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from inbox.audit.decision_log import Entry, append
from inbox.models import (
    Batch,
    CommentTemplate,
    Draft,
    Group,
    GroupChannel,
    Interaction,
    KeptMessage,
    Notice,
    PushBrowser,
    Reviewer,
    SavedView,
    Upstream,
)
from tests.access.table import PATHS, PLACES, PUBLIC, TABLE, Action, Status, Verdict, Who
from tests.support.snapshots import group_ask, run
from tests.web import cast

PEOPLE = {Who.MEMBER: "sam", Who.LEAD: "tess", Who.ADMIN: "admin", Who.STRANGER: "mallory"}
HEADERS = [{}, cast.HTMX]
ADMINS = {"app_label": "auth", "content_type_id": 1, "object_id": "1", "id": "1"}
"""What stands in an address of Django's admin."""


def patterns(resolver: URLResolver, space: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Each pattern with its full name; the name is empty if it has none."""
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from patterns(one, f"{one.namespace}:" if one.namespace else space)
        else:
            yield f"{space}{one.name}" if one.name else "", one


ALL = dict(patterns(get_resolver()))
OURS = sorted(name for name in ALL if name and not name.startswith("admin:"))


@pytest.fixture
def arguments(db: None) -> dict[str, Any]:
    """The arguments of each address: a question to Sam's group, and one object of each other
    kind."""
    cast.people()
    cast.stranger().logout()
    cast.tell(run("run_1"), group_ask("int_1", run_id="run_1", policy={"kind": "any"}))
    upstream, sam, tess = Upstream.current(), reviewer("sam"), reviewer("tess")
    group = Group.objects.create(
        upstream=upstream, mobius_id="grp_board", handle="change-board", name="Board", routing="any"
    )
    group.memberships.create(user_id="user_sam")
    notice = Notice.objects.create(
        reviewer=sam, upstream=upstream, kind="nudge", interaction_id="int_1", at=cast.soon()
    )
    browser = PushBrowser.objects.create(
        reviewer=sam,
        endpoint="https://push.example.com/sam",
        created_at=cast.soon(),
        used_at=cast.soon(),
    )
    draft = Draft.objects.create(
        reviewer=sam, upstream=upstream, interaction_id="int_1", updated_at=cast.soon()
    )
    view = SavedView.objects.create(owner=tess.user, page="runs", name="Stuck", query="age=4h")
    template = CommentTemplate.objects.create(upstream=upstream, text="Fine.", author="Tess")
    batch = Batch.objects.create(
        reviewer=tess, upstream=upstream, verb="approve", created_at=cast.soon()
    )
    with transaction.atomic():
        item = Interaction(mobius_id="int_1")
        append(Entry(verb="claim", upstream=upstream, actor="user_sam", item=item))
    message = KeptMessage.objects.create(to="rina@example.com", subject="Ship it?", at=cast.soon())
    channel = GroupChannel.objects.create(
        upstream=upstream, kind="webhook", scope="all", url=b"", created_at=cast.soon()
    )
    of_channel = ("channel-remove", "channel-test", "channel-rotate", "channel-settle")
    batches = ("batch", "batch-send", "batch-comment", "batch-undo", "batch-dismiss")
    runs, groups = ("run", "live-run"), ("group", "group-add", "group-remove", "group-routing")
    return {
        **{name: "int_1" for name, what in PATHS.items() if isinstance(what, Action)},
        **dict.fromkeys((*runs, "run-cancel", "run-retry", "run-signal", "run-reveal"), "run_1"),
        **dict.fromkeys(groups, "change-board"),
        "notification-read": notice.pk,
        "push-remove": browser.pk,
        "interaction-read": "int_1",
        "draft-discard": draft.pk,
        **dict.fromkeys(batches, batch.pk),
        "view-edit": view.pk,
        "view-update": view.pk,
        "view-delete": view.pk,
        "template-edit": template.pk,
        "template-delete": template.pk,
        "person-link": sam.user.pk,
        "mfa_deactivate_totp": 1,
        "person-deactivate": sam.user.pk,
        "decision": 1,
        **dict.fromkeys(of_channel, channel.pk),
        "deliveries": "int_1",
        "kept-message": message.pk,
        "notifications-off": "no-such-link",
        "confirm-address": "no-such-link",
        "insights-csv": "flow",
    }


def reviewer(username: str) -> Reviewer:
    return Reviewer.objects.get(user__username=username)


def address(name: str, arguments: dict[str, Any]) -> str:
    return reverse(name, args=[arguments[name]] if name in arguments else [])


def verdict(name: str, who: Who) -> Verdict:
    what = PATHS[name]
    return TABLE[Status.UNCLAIMED, who, what] if isinstance(what, Action) else PLACES[what, who]


def asks_to_sign_in(answer: Any) -> bool:
    to = answer.headers.get("Location") or answer.headers.get("HX-Redirect") or ""
    return urlsplit(to).path == "/accounts/login/"


def answers(client: Client, path: str, headers: dict[str, str]) -> list[Any]:
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
def test_every_url_is_a_404_for_people_without_access(
    arguments: dict[str, Any], who: Who, headers: dict[str, str]
) -> None:
    client = cast.sign_in(PEOPLE[who])
    refused = [name for name in PATHS if verdict(name, who) is Verdict.NOT_FOUND]
    for name in refused:
        path = address(name, arguments)
        found = {answer.status_code for answer in answers(client, path, headers)}
        assert found == {404}, path


def writes(queries: Iterable[dict[str, str]]) -> list[str]:
    verbs = ("INSERT", "UPDATE", "DELETE")
    texts = [query["sql"] for query in queries]
    return [sql for sql in texts if sql.startswith(verbs) and "django_session" not in sql]


@pytest.mark.parametrize("who", PEOPLE, ids=str)
def test_every_url_opens_for_people_with_access_and_a_get_changes_nothing(
    arguments: dict[str, Any], who: Who
) -> None:
    client = cast.sign_in(PEOPLE[who])
    session = client.session
    session["test_question"] = "int_1"
    session.save()
    theirs = [
        name for name in PATHS if verdict(name, who) not in (Verdict.NOT_FOUND, Verdict.NEVER)
    ]
    # The image of a page without scripts notes that the question was seen.
    for name in set(theirs) - {"opened"}:
        path = address(name, arguments)
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(path, follow=True)
        assert answer.status_code in (200, 405), path
        assert answer.request["PATH_INFO"] == path, "perhaps with a query, but not elsewhere"
        assert writes(asked.captured_queries) == [], path
        assert "no-store" in answer["Cache-Control"], path


def test_the_admin_is_only_for_staff(arguments: dict[str, Any]) -> None:
    rina = cast.sign_in("rina")
    for name, pattern in ALL.items():
        if name in OURS or name in PUBLIC:
            continue
        fields = {*pattern.pattern.converters, *pattern.pattern.regex.groupindex}
        known = {field: ADMINS[field] for field in fields if field in ADMINS}
        path = reverse(name, kwargs=known) if name else "/admin/anything/"
        assert asks_to_sign_in(Client().get(path)), path
        assert rina.get(path).status_code == 302, path
