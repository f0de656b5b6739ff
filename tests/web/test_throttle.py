from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connections
from django.test import Client
from django.utils import timezone

from inbox.models import KnownFailure, SignInTurn
from inbox.people import known_browser, throttle
from tests.web import cast
from tests.web.cast import sign_in

LOGIN = "/accounts/login/"


def enter(
    client: Client | None = None,
    username: str = "rina",
    password: str = "demo",
    address: str = "10.0.0.1",
    path: str = LOGIN,
) -> Any:
    form = {"username": username, "password": password}
    return (client or Client()).post(path, form, headers={"X-Forwarded-For": address})


def failed(number: int, *, minutes_ago: float = 0, **fields: str) -> None:
    at = timezone.now() - timedelta(minutes=minutes_ago)
    created = AccessFailureLog.objects.bulk_create(
        AccessFailureLog(**{"username": f"name{n}", "ip_address": f"10.1.0.{n}", **fields})
        for n in range(number)
    )
    AccessFailureLog.objects.filter(pk__in=[one.pk for one in created]).update(attempt_time=at)


def seconds(answer: Any) -> int:
    assert answer.status_code == 429
    return int(answer["Retry-After"])


def test_the_sixth_try_of_a_name_from_one_address_waits_a_quarter_of_an_hour(people: None) -> None:
    for _ in range(4):
        assert enter(password="wrong").status_code == 200
    assert 600 < seconds(enter(password="wrong")) <= 900
    assert 600 < seconds(enter()) <= 900
    assert enter(address="10.0.0.2").status_code == 302


def test_the_addresses_of_one_ipv6_network_count_as_one(people: None) -> None:
    for number in range(5):
        enter(password="wrong", address=f"2001:db8::{number}:1")
    assert seconds(enter(address="2001:db8::ffff")) > 600
    assert enter(address="2001:db8:0:1::1").status_code == 302


def test_a_refused_try_makes_the_wait_no_longer(people: None) -> None:
    for _ in range(5):
        enter(password="wrong")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14))
    before = AccessFailureLog.objects.count()
    assert seconds(enter(password="wrong")) <= 60
    assert seconds(enter()) <= 60
    assert AccessFailureLog.objects.count() == before


def test_a_hundred_failures_from_one_address_stop_every_name_there(people: None) -> None:
    failed(99, ip_address="10.0.0.1")
    failed(50, ip_address="10.0.0.1", minutes_ago=16)
    assert enter(username="nobody", password="wrong").status_code == 200
    assert 600 < seconds(enter()) <= 900
    assert enter(address="10.0.0.2").status_code == 302


def test_a_name_that_is_attacked_takes_one_try_in_ten_seconds(people: None) -> None:
    failed(19, username="rina")
    assert enter(password="wrong").status_code == 200
    assert enter(password="wrong", address="10.0.0.2").status_code == 200
    refused = enter(address="10.0.0.3")
    assert 1 <= seconds(refused) <= 10
    assert "You can try again in" in refused.content.decode()
    assert enter(username="sam", address="10.0.0.3").status_code == 302
    SignInTurn.objects.update(next_at=timezone.now())
    assert enter(address="10.0.0.3").status_code == 302


def test_a_browser_that_took_a_turn_leaves_the_next_ones_to_others(people: None) -> None:
    failed(20, username="rina")
    for attacker in ("10.0.0.1", "10.0.0.2"):
        assert enter(password="wrong", address=attacker).status_code == 200
        SignInTurn.objects.update(next_at=timezone.now())
    for attacker in ("10.0.0.1", "10.0.0.2"):
        assert 10 < seconds(enter(password="wrong", address=attacker)) <= 60
    assert enter(address="10.0.0.3").status_code == 302


def test_a_name_without_an_account_is_throttled_alike(people: None) -> None:
    failed(20, username="nobody")
    assert enter(username="nobody").status_code == 200
    assert seconds(enter(username="nobody", address="10.0.0.2")) <= 10


def test_a_browser_that_has_signed_in_as_it_does_not_wait(people: None) -> None:
    known, other = Client(), Client()
    assert enter(known).status_code == 302
    assert enter(known, username="lee").status_code == 302
    assert enter(other, username="sam").status_code == 302
    cookie = known.cookies[known_browser.COOKIE]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert "rina" not in cookie.value
    failed(30, username="rina")
    forged = Client()
    forged.cookies[known_browser.COOKIE] = f"{User.objects.get(username='rina').pk}:1:x"
    assert enter(password="wrong", address="10.0.0.2").status_code == 200
    for stranger in (Client(), other, forged):
        assert seconds(enter(stranger, address="10.0.0.3")) <= 10
    assert enter(known, password="wrong").status_code == 200
    assert enter(known).status_code == 302


def known_as_rina() -> Client:
    client = Client()
    assert enter(client, address="10.0.0.9").status_code == 302
    client.post("/accounts/logout/")
    return client


def test_no_one_at_the_same_address_can_lock_out_a_known_browser(people: None) -> None:
    known = known_as_rina()
    for _ in range(5):
        enter(password="wrong")
    failed(100, ip_address="10.0.0.1")
    assert seconds(enter()) > 600
    assert enter(known, password="wrong").status_code == 200
    assert enter(known).status_code == 302


def test_a_browser_that_has_signed_in_guesses_no_more_often_than_others(people: None) -> None:
    known, another = known_as_rina(), known_as_rina()
    assert enter(known, username="sam").status_code == 302
    known.post("/accounts/logout/")
    for number in range(4):
        assert enter(known, password="wrong", address=f"10.2.0.{number}").status_code == 200
    enter(known, username="sam", address="10.2.0.8")
    known.post("/accounts/logout/")
    assert 600 < seconds(enter(known, password="wrong", address="10.2.0.5")) <= 900
    assert seconds(enter(known, address="10.2.0.6")) > 600
    assert enter(another, address="10.2.0.6").status_code == 302


def test_an_operator_ends_every_pause(people: None) -> None:
    known = known_as_rina()
    for browser in (known, Client()):
        for _ in range(5):
            enter(browser, password="wrong")
        assert enter(browser).status_code == 429
    failed(100, ip_address="10.0.0.1")
    call_command("axes_reset")
    assert enter(known).status_code == 302
    assert enter().status_code == 429
    call_command("axes_reset_failure_logs", age=0)
    assert enter().status_code == 302


def test_a_browser_that_gets_in_starts_again(people: None) -> None:
    known = known_as_rina()
    for _ in range(2):
        for _ in range(4):
            assert enter(known, password="wrong").status_code == 200
        assert enter(known).status_code == 302
        known.post("/accounts/logout/")


def test_no_one_else_can_lock_the_form_for_your_own_password(people: None) -> None:
    rina = sign_in("rina")
    for _ in range(5):
        enter(password="wrong", address="127.0.0.1")
    failed(100, ip_address="127.0.0.1")
    form = {"new_password1": "secret-42x", "new_password2": "secret-42x"}
    assert rina.post("/account/password", {**form, "old_password": "guess"}).status_code == 422
    assert rina.post("/account/password", {**form, "old_password": "demo"}).status_code == 303


@pytest.mark.django_db(transaction=True)
def test_browsers_that_try_at_once_take_turns() -> None:
    cast.people()
    failed(20, username="rina")

    def attempt(n: int) -> int:
        try:
            return int(enter(address=f"10.0.0.{n}", password="wrong").status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(attempt, range(1, 5))) == [200, 429, 429, 429]


def test_the_admin_has_no_form_of_its_own(people: None) -> None:
    answer = enter(username="admin", password="demo", path="/admin/login/?next=/admin/auth/user/")
    assert (answer.status_code, answer["Location"]) == (
        302,
        "/accounts/login/?next=/admin/auth/user/",
    )
    assert Client().get("/admin/login/")["Location"] == "/accounts/login/?next=/admin/"
    assert sign_in("rina").get("/admin/login/").status_code == 404


def test_guesses_of_ones_own_password_are_counted(people: None) -> None:
    rina = sign_in("rina")
    form = {"old_password": "guess-1", "new_password1": "secret-42x", "new_password2": "secret-42x"}
    answers = [rina.post("/account/password", form) for _ in range(5)]
    assert [each.status_code for each in answers] == [422, 422, 422, 422, 429]
    assert seconds(answers[-1]) > 600
    assert "Too many wrong passwords. You can try again at" in answers[-1].content.decode()
    assert seconds(rina.post("/account/password", {**form, "old_password": "demo"})) > 600
    assert User.objects.get(username="rina").check_password("demo")
    assert rina.get("/account/").status_code == 200
    stored = AccessAttempt.objects.get().post_data
    assert "guess-1" not in stored
    assert "secret-42x" not in stored


def test_the_admins_password_page_leads_to_the_one_that_counts(people: None) -> None:
    assert sign_in("admin").get("/admin/password_change/")["Location"] == "/account/"


def test_failures_from_before_the_clock_was_set_back_do_not_count(people: None) -> None:
    failed(100, minutes_ago=-24 * 60, ip_address="10.0.0.1")
    assert enter().status_code == 302


def test_old_failures_sign_ins_turns_and_sessions_are_forgotten(people: None) -> None:
    now = timezone.now()
    kinds: tuple[Any, ...] = (
        AccessAttempt,
        AccessFailureLog,
        AccessLog,
        SignInTurn,
        Session,
        KnownFailure,
    )
    for age in (timedelta(days=100), timedelta(0)):
        assert enter(Client(), username=f"nobody{age.days}").status_code == 200
        assert enter(Client()).status_code == 302
        SignInTurn.objects.create(username=f"name{age.days}", next_at=now + timedelta(minutes=1))
        if age:
            for kind in (AccessAttempt, AccessFailureLog, AccessLog):
                kind.objects.update(attempt_time=now - age)
            SignInTurn.objects.update(next_at=now - age)
            Session.objects.update(expire_date=now - age)
        KnownFailure.objects.create(by="browser x as nobody")
        if age:
            KnownFailure.objects.update(attempt_time=now - age)
    assert [kind.objects.count() for kind in kinds] == [1, 2, 2, 2, 2, 2]
    throttle.tidy()
    SessionStore.clear_expired()
    assert [kind.objects.count() for kind in kinds] == [1, 1, 1, 1, 1, 1]
