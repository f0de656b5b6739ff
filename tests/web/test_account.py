import re
import sys
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.core.signals import got_request_exception
from django.test import Client
from django.views.debug import ExceptionReporter

from inbox.models import Credential, Reviewer
from tests.support.desk import Desk
from tests.support.scripted_server import Reply
from tests.support.tags import one_line, text_of
from tests.web.cast import HTMX, sign_in

PATHS = (
    "/account/token",
    "/account/token/confirm",
    "/account/token/remove",
    "/account/sign-in/cancel",
    "/account/guard",
    "/account/look",
    "/account/keys",
    "/account/password",
)
TOOLBAR = re.compile(r'name="theme-color"\s+content="([^"]*)"')


@pytest.fixture
def rina(desk: Desk) -> Client:
    return sign_in("rina")


def page_of(client: Client, query: str = "") -> str:
    answer = client.get("/account/" + query)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(
    ("name", "role"), [("rina", "Reviewer"), ("tess", "Team lead"), ("admin", "Administrator")]
)
def test_the_link_to_it_has_the_viewers_name_and_role(people: None, name: str, role: str) -> None:
    page = one_line(sign_in(name).get("/runs/").content)
    [link] = re.findall(r'<a class="account" href="/account/" title="Account">.*?</a>', page)
    assert text_of(link).endswith(f"{name.capitalize()}{role}")


def test_it_shows_the_ends_of_the_token_and_whose_it_is(desk: Desk, rina: Client) -> None:
    token = desk.project.tokens["user_rina"]
    page = page_of(rina)
    assert f"{token[:8]}…{token[-4:]}" in page
    assert "user_rina" in page
    assert "Confirmed by Mobius" in page
    assert token not in page


def test_without_a_token_it_asks_for_one(desk: Desk, rina: Client) -> None:
    Credential.objects.all().delete()
    page = page_of(rina)
    assert "Add your token to answer" in page
    assert 'name="token"' in page


def test_a_pasted_token_is_proven_and_kept(desk: Desk, rina: Client) -> None:
    Credential.objects.all().delete()
    answer = rina.post("/account/token", {"token": desk.project.tokens["user_rina"]})
    assert (answer.status_code, answer["Location"]) == (303, "/account/")
    assert "Your member token was saved." in page_of(rina)


@pytest.fixture
def unknown(desk: Desk, rina: Client) -> Client:
    Credential.objects.all().delete()
    Reviewer.objects.update(mobius_id=None)
    answer = rina.post("/account/token", {"token": desk.project.tokens["user_rina"]})
    assert (answer.status_code, answer["Location"]) == (303, "/account/")
    return rina


def mobius_id() -> str | None:
    return Reviewer.objects.get(user__username="rina").mobius_id


def confirm(client: Client, mine: str = "yes", owner: str = "user_rina") -> Any:
    return client.post("/account/token/confirm", {"mine": mine, "owner": owner})


def test_without_an_id_the_page_asks_whether_the_owner_is_you(desk: Desk, unknown: Client) -> None:
    token = desk.project.tokens["user_rina"]
    page = page_of(unknown)
    assert "This token belongs to user_rina. Is that you?" in page
    assert (mobius_id(), Credential.objects.count()) == (None, 0)
    assert token not in page
    assert token not in str(dict(unknown.session))
    assert confirm(unknown).status_code == 303
    assert mobius_id() == "user_rina"
    assert "Your member token was saved." in page_of(unknown)
    assert "unconfirmed_token" not in unknown.session
    assert confirm(unknown).status_code == 303


@pytest.mark.parametrize(("mine", "owner"), [("no", "user_rina"), ("yes", "user_sam")])
def test_only_a_yes_to_the_owner_that_was_shown_counts(
    unknown: Client, mine: str, owner: str
) -> None:
    assert confirm(unknown, mine, owner).status_code == 303
    assert (mobius_id(), Credential.objects.count()) == (None, 0)
    assert ("Is that you?" in page_of(unknown)) == (mine == "yes")


def test_a_token_that_waited_too_long_is_discarded(desk: Desk, unknown: Client) -> None:
    desk.settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    answer = confirm(unknown)
    assert answer.status_code == 422
    assert "You didn&#x27;t confirm within 10 minutes" in answer.content.decode()
    assert mobius_id() is None
    assert "Is that you?" not in page_of(unknown)


def test_administrators_see_who_pasted_whose_token(desk: Desk, rina: Client) -> None:
    rina.post("/account/token", {"token": desk.project.tokens["user_sam"]})
    admin = sign_in("admin")
    said = "rina pasted the token of user_sam, the Mobius ID of sam. Nothing was changed."
    for path in ("/admin/", "/connection/"):
        assert said in admin.get(path).content.decode()


@pytest.mark.parametrize(
    ("whose", "words"),
    [
        ("user_sam", "This token belongs to user_sam, and your Mobius ID is user_rina."),
        ("nobody", "Copy the whole token again."),
        ("service", "This is a service key."),
        ("", "Paste your token here first."),
    ],
)
def test_a_refused_token_is_explained_and_not_shown(
    desk: Desk, rina: Client, whose: str, words: str
) -> None:
    before = bytes(Credential.objects.get(reviewer__user__username="rina").sealed)
    tokens = {
        **desk.project.tokens,
        "nobody": "mbc_nobody_knows_this_one_at_all",
        "service": desk.project.service_key,
        "": "",
    }
    answer = rina.post("/account/token", {"token": tokens[whose]})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert "stays in use" in page
    assert not tokens[whose] or tokens[whose] not in page
    assert bytes(Credential.objects.get(reviewer__user__username="rina").sealed) == before


def test_mobius_being_down_saves_nothing(desk: Desk, rina: Client) -> None:
    desk.server.refuse()
    answer = rina.post("/account/token", {"token": desk.project.tokens["user_rina"]})
    assert answer.status_code == 422
    assert "check this token with Mobius, so nothing was saved." in answer.content.decode()


def test_a_refused_token_says_so_and_what_it_held_back(desk: Desk, rina: Client) -> None:
    item = desk.ask(message="Pay the invoice?")
    refused = Reply(401, {"error": {"code": "unauthorized", "message": "revoked"}})
    desk.server.on("POST", r"/respond$", refused)
    rina.post(f"/interactions/{item.mobius_id}/respond", {"value": "true"})
    page = page_of(rina)
    assert "Mobius no longer accepts this token" in page
    assert "Pay the invoice?" in page


def test_a_token_whose_key_is_lost_says_so(desk: Desk, rina: Client) -> None:
    assert "can no longer be read" not in page_of(rina)
    desk.settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    assert "This token can no longer be read" in page_of(rina)
    rina.post("/account/token", {"token": desk.project.tokens["user_rina"]})
    assert "can no longer be read" not in page_of(rina)


def test_replacing_shows_the_form_and_keeps_the_present_one(desk: Desk, rina: Client) -> None:
    page = page_of(rina, "?replace=1")
    assert 'name="token"' in page
    assert "Keep the current token" in page


def test_a_removed_token_is_gone(desk: Desk, rina: Client) -> None:
    assert rina.post("/account/token/remove").status_code == 303
    assert not Credential.objects.filter(reviewer__user__username="rina").exists()


def test_keys_can_be_switched_off_and_on(desk: Desk, rina: Client) -> None:
    assert 'data-keys="on"' in page_of(rina)
    rina.post("/account/keys", {})
    off = page_of(rina)
    assert 'data-keys="off"' in off
    assert "Single-key shortcuts are off." in off
    rina.post("/account/keys", {"keys_enabled": "on"})
    on = page_of(rina)
    assert 'data-keys="on"' in on
    assert "Single-key shortcuts are on." in on


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/account/guard", "You can undo your answers for 10 s."),
        ("/account/keys", "Previews are off."),
        ("/account/notifications/in-page", "Your notification settings were saved."),
    ],
)
def test_a_choice_that_saves_itself_is_announced_on_the_page(
    desk: Desk, rina: Client, path: str, text: str
) -> None:
    chosen = {"guard": "undo", "seconds": "10", "keys_enabled": "on"}
    answer = rina.post(path, chosen, headers=HTMX).content.decode()
    assert answer.strip().startswith('<div id="toasts" hx-swap-oob="beforeend">')
    assert text in text_of(answer)


def test_a_switch_is_named_by_its_label_and_described_by_its_hint(rina: Client) -> None:
    page = page_of(rina) + rina.get("/account/notifications/").content.decode()
    page = " ".join(page.split())
    switches = re.findall(
        r'role="switch" name="\w+" aria-labelledby="([\w-]+)" aria-describedby="([\w-]+)"', page
    )
    assert len(switches) == page.count('role="switch"') == 5
    for label, hint in switches:
        assert f'<span id="{label}">' in page
        assert f'<small id="{hint}">' in page


def passwords(old: str = "demo", new: str = "brass-kettle-42") -> dict[str, str]:
    return {"old_password": old, "new_password1": new, "new_password2": new}


def test_a_new_password_signs_out_everywhere_else(desk: Desk, rina: Client) -> None:
    elsewhere = sign_in("rina")
    assert rina.post("/account/password", passwords()).status_code == 303
    assert User.objects.get(username="rina").check_password("brass-kettle-42")
    assert rina.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302


def test_the_pages_forms_are_taken_with_the_token_that_they_carry(desk: Desk) -> None:
    client = sign_in("rina", enforce_csrf_checks=True)
    page = page_of(client)
    for form in re.findall(r'<form[^>]*method="post".*?</form>', page, re.S):
        assert 'name="csrfmiddlewaretoken"' in form
    [form] = re.findall(r'<form id="password".*?</form>', page, re.S)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
    assert token is not None
    answer = client.post("/account/password", {**passwords(), "csrfmiddlewaretoken": token[1]})
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("sent", "field", "words"),
    [
        (passwords(old="wrong"), "old_password", "your current password."),
        (passwords(new="zq-7x"), "new_password1", "too short"),
        ({**passwords(), "new_password2": "another"}, "new_password2", "didn’t match"),
    ],
)
def test_a_refused_password_is_explained_at_its_field(
    desk: Desk, rina: Client, sent: dict[str, str], field: str, words: str
) -> None:
    answer = rina.post("/account/password", sent)
    page = one_line(answer.content)
    assert answer.status_code == 422
    assert re.findall(r'<input[^>]* name="(\w+)"[^>]* autofocus', page) == [field]
    error = re.search(rf'<p class="error" id="id_{field}_error">.*?</p>', page)
    assert error is not None
    assert words in error[0]
    assert sent["new_password1"] not in page
    assert User.objects.get(username="rina").check_password("demo")


@pytest.mark.parametrize("path", PATHS)
def test_only_a_post_changes_something(desk: Desk, rina: Client, path: str) -> None:
    assert rina.get(path).status_code == 405


def test_the_page_is_only_read(desk: Desk, rina: Client) -> None:
    assert rina.post("/account/").status_code == 405


@pytest.mark.parametrize("path", PATHS)
def test_signed_out_nothing_changes_and_signing_in_returns_to_the_page(
    desk: Desk, path: str
) -> None:
    answer = Client().post(path, {"token": "mbc_x"})
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=/account/")
    swap: Any = Client().post(path, headers=HTMX)
    assert swap["HX-Redirect"] == "/accounts/login/?next=/account/"


def test_signing_in_returns_to_the_page(desk: Desk) -> None:
    assert Client().get("/account/")["Location"] == "/accounts/login/?next=/account/"


def test_signing_out_ends_it(desk: Desk, rina: Client) -> None:
    assert rina.get("/accounts/logout/").status_code == 405
    page = rina.post("/accounts/logout/", follow=True).content.decode()
    assert "You've signed out." in page
    assert rina.get("/account/").status_code == 302


def test_a_failure_is_reported_without_the_token(desk: Desk, rina: Client) -> None:
    reports: list[str] = []

    def report(request: Any, **_: Any) -> None:
        reporter = ExceptionReporter(request, *sys.exc_info())
        reports.append(reporter.get_traceback_text() + reporter.get_traceback_html())

    token = desk.project.tokens["user_rina"]
    desk.settings.CREDENTIAL_KEYS = []
    rina.raise_request_exception = False
    got_request_exception.connect(report)
    try:
        answer = rina.post("/account/token", {"token": token})
    finally:
        got_request_exception.disconnect(report)
    assert answer.status_code == 500
    assert "CREDENTIAL_KEYS is empty" in reports[0]
    assert token not in reports[0] + answer.content.decode()


def test_ten_tokens_a_minute_are_checked(desk: Desk, rina: Client) -> None:
    for _ in range(10):
        assert rina.post("/account/token", {"token": "mbc_nobody"}).status_code == 422
    answer = rina.post("/account/token", {"token": desk.project.tokens["user_rina"]})
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert "Wait a minute, then paste it again." in answer.content.decode()
    assert len(desk.server.seen("GET", "/members/me$")) == 10
    sam = sign_in("sam")
    assert sam.post("/account/token", {"token": "mbc_nobody"}).status_code == 422


def test_it_does_not_ask_for_a_token_if_the_service_key_answers(desk: Desk, rina: Client) -> None:
    Credential.objects.all().delete()
    assert "but you need your token to answer them." in page_of(rina)
    desk.settings.SERVICE_KEY_ANSWERS = "on"
    page = page_of(rina)
    assert "are sent with the service key" in page
    assert "but you need your token to answer them." not in page
    Reviewer.objects.filter(mobius_id="user_rina").update(mobius_id_proven=True)
    assert "but you need your token to answer them." in page_of(rina)


def test_previews_can_be_switched_off_and_on(desk: Desk, rina: Client) -> None:
    assert 'data-preview="on"' in page_of(rina)
    rina.post("/account/keys", {"keys_enabled": "on"})
    off = page_of(rina)
    assert 'data-preview="off"' in off
    assert "Previews are off." in off
    assert 'data-keys="on"' in off
    rina.post("/account/keys", {"keys_enabled": "on", "preview_enabled": "on"})
    assert 'data-preview="on"' in page_of(rina)


def test_theme_and_density_follow_the_person_to_every_browser(rina: Client) -> None:
    chosen = {"theme": "dark", "density": "compact"}
    assert rina.post("/account/look", chosen, headers=HTMX).status_code == 204
    page = sign_in("rina").get("/inbox/").content.decode()
    assert 'data-theme="dark" data-density="compact"' in page
    assert TOOLBAR.findall(page) == ["#14171b"]
    lee = sign_in("lee").get("/inbox/").content.decode()
    assert 'data-theme="' not in lee
    assert TOOLBAR.findall(lee) == ["#ffffff", "#14171b"]
    rina.post("/accounts/logout/")
    assert 'data-theme="dark"' in rina.get("/accounts/login/").content.decode()
    assert "data-density" not in rina.get("/accounts/login/").content.decode()


def test_an_unknown_theme_is_refused(rina: Client) -> None:
    assert rina.post("/account/look", {"theme": "pink", "density": "compact"}).status_code == 422
    assert 'data-density="' not in rina.get("/inbox/").content.decode()
