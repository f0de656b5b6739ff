import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.contrib.auth.decorators import login_not_required
from django.db import IntegrityError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from inbox.models import Draft
from tests.support.desk import Desk
from tests.support.snapshots import ask
from tests.web.cast import sign_in, tell


@pytest.mark.parametrize(
    ("referer", "link"),
    [
        ("http://testserver/connection/#groups", "http://testserver/connection/#groups"),
        ("http://testserver/account/password", "/account/"),
        ("https://evil.example/account/", "/account/"),
        ("", "/account/"),
    ],
)
def test_an_expired_page_offers_to_try_again_where_its_form_was(
    people: None, referer: str, link: str
) -> None:
    client = sign_in("rina", enforce_csrf_checks=True)
    answer = client.post("/account/password", {}, headers={"Referer": referer})
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "This page has expired" in page
    assert again(page) == [link]


@pytest.mark.parametrize(
    ("path", "above"),
    [
        ("/people/7/link", "/people/"),
        ("/runs/run_1/cancel", "/runs/run_1/"),
        ("/views/7/delete", "/views/7/"),
        ("/accounts/login/", "/"),
    ],
)
def test_where_its_form_is_unknown_it_is_the_page_above(
    people: None, path: str, above: str
) -> None:
    client = sign_in("tess", enforce_csrf_checks=True)
    assert again(client.post(path).content.decode()) == [above]


def test_an_expired_sign_in_page_leads_to_itself(people: None) -> None:
    client, page = Client(enforce_csrf_checks=True), "http://testserver/accounts/login/?next=/runs/"
    answer = client.post("/accounts/login/", {}, headers={"Referer": page})
    assert again(answer.content.decode()) == [page]


def again(page: str) -> list[str]:
    return re.findall(r'href="([^"]+)">Try again', page)


@pytest.mark.parametrize(
    "fields", [{"value": "x" * 3_000_000}, {f"field-{n}": "" for n in range(2000)}]
)
def test_a_form_over_the_limit_gets_a_page_that_says_so(
    rina: Client, fields: dict[str, str]
) -> None:
    tell(ask())
    answer = rina.post("/interactions/int_1/respond", fields)
    assert answer.status_code == 413
    page = answer.content.decode()
    assert "too large to send" in page
    assert "2.5 MB" in page


@pytest.mark.parametrize(
    "path",
    [
        "/interactions/a%00b/",
        "/runs/a%00b/",
        "/groups/%00/",
        "/inbox/?q=%00",
        "/inbox/?item=a%00b",
        "/insights/?workflow=%00",
        "/live/inbox/?item=%00",
    ],
)
def test_an_address_with_a_nul_is_a_bad_request(tess: Client, path: str) -> None:
    assert tess.get(path).status_code == 400


def test_a_cookie_with_a_nul_is_a_bad_request(db: None) -> None:
    answer = Client().get("/inbox/", headers={"Cookie": r'sessionid="\000aaaaaaaa"'})
    assert answer.status_code == 400


@pytest.mark.parametrize("verb", ["respond", "draft", "claim"])
def test_a_nul_in_typed_text_is_replaced(rina: Client, verb: str) -> None:
    tell(ask())
    fields = {"value": "a\0b", "comment": "c\0d", "shown_version": "\0", "operation_id": "\0"}
    assert rina.post(f"/interactions/int_1/{verb}", fields).status_code < 500
    draft = Draft.objects.get()
    assert draft.comment == "c\N{REPLACEMENT CHARACTER}d"


def broken(request: HttpRequest) -> HttpResponse:
    raise ValueError("a fault of ours")


def disk_full(request: HttpRequest) -> HttpResponse:
    raise OperationalError("could not extend file") from psycopg.errors.DiskFull()


def without_database(request: HttpRequest) -> HttpResponse:
    try:
        raise OperationalError("disk is full")
    except OperationalError as error:
        raise KeyError("session") from error


def refused(request: HttpRequest) -> HttpResponse:
    raise IntegrityError("not unique")


urlpatterns = [
    path("broken/", login_not_required(broken)),
    path("without-database/", login_not_required(without_database)),
    path("full/", login_not_required(disk_full)),
    path("refused/", login_not_required(refused)),
    path("broken/<int:id>/", login_not_required(broken), name="batch-send"),
    path("", include("reviewer_site.urls")),
]
handler400 = "inbox.web.errors.bad_request"
handler500 = "inbox.web.errors.server_error"


@pytest.fixture
def client(settings: Any) -> Client:
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("path", ["/broken/?a=1", "/refused/"])
def test_a_fault_of_ours_claims_nothing(client: Client, path: str) -> None:
    answer = client.get(path)
    page = answer.content.decode()
    assert again(page) == [path]
    assert answer.status_code == 500
    assert "Something went wrong" in page
    for claim in ("draft", "kept", "saved", "arrived", "sent"):
        assert claim not in page


def test_a_fault_after_a_form_was_sent_says_that_nothing_is_known(client: Client) -> None:
    answer = client.post("/broken/")
    assert answer.status_code == 500
    page = answer.content.decode()
    assert "couldn't confirm that what you just sent was received" in page
    assert again(page) == []


def test_a_comment_for_a_batch_can_be_copied_after_a_fault(client: Client) -> None:
    page = client.post("/broken/7/", {"comment": "Budget is frozen."}).content.decode()
    assert "Budget is frozen.</textarea>" in page


def test_a_database_that_cannot_be_used_is_a_503_whatever_else_fails(client: Client) -> None:
    answer = client.get("/without-database/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert "can't reach its database" in answer.content.decode()


def test_a_full_disk_is_called_that(client: Client) -> None:
    answer = client.get("/full/")
    assert answer.status_code == 503
    assert "The disk of its database is full" in answer.content.decode()


@contextmanager
def full_disk(is_full: Callable[[], bool]) -> Iterator[None]:
    """SQLite refuses to write as soon as ``is_full``."""

    def refuse_writes(execute: Any, *rest: Any) -> Any:
        connection.connection.execute(f"PRAGMA query_only = {int(is_full())}")
        return execute(*rest)

    with connection.execute_wrapper(refuse_writes):
        yield
    connection.connection.execute("PRAGMA query_only = 0")


def answer_on_full_disk(desk: Desk, is_full: Callable[[], bool]) -> tuple[Any, str]:
    item, rina = desk.ask(), sign_in("rina", raise_request_exception=False)
    fields = {"value": "true", "comment": "Keep this", "operation_id": "op1"}
    with full_disk(is_full):
        answer = rina.post(f"/interactions/{item.mobius_id}/respond", fields)
    return answer, item.get_absolute_url()


@pytest.mark.any_database
def test_an_answer_that_was_sent_before_the_disk_was_full_may_have_arrived(desk: Desk) -> None:
    answer, question = answer_on_full_disk(desk, lambda: bool(desk.posts()))
    assert answer.status_code == 503
    page = answer.content.decode()
    assert "We couldn't confirm that your answer was received" in page
    assert f'href="{question}">Check the question' in page
    assert "Keep this</textarea>" in page
    assert "nothing can be saved" not in page
    assert "wasn't sent" not in page


@pytest.mark.any_database
def test_an_answer_that_could_not_be_saved_first_was_not_sent(desk: Desk) -> None:
    answer, _ = answer_on_full_disk(desk, lambda: True)
    assert (answer.status_code, desk.posts()) == (503, [])
    page = answer.content.decode()
    assert "Your answer wasn't sent." in page
    assert "couldn't confirm" not in page
    assert "Reviewer-Inbox-Unsent" in answer
