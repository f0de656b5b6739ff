"""The second factor of people who sign in with a password: set up, asked for, and not skipped."""

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.test import Client

from inbox.models import Decision, Draft
from inbox.people import links, rotation, throttle
from tests.support.codes import code_of
from tests.support.identity_provider import oidc
from tests.support.snapshots import ask
from tests.web.cast import sign_in, tell

LOGIN = "/accounts/login/"
STEP = "/accounts/second-factor/"
INDEX = "/account/second-factor/"
APP = f"{INDEX}app/"
CODES = f"{INDEX}codes/"


def text_of(response: Any) -> str:
    return str(response.content.decode())


class Rina:
    def __init__(self) -> None:
        self.client = sign_in("rina")
        found = re.search(r'class="mono anywhere">([A-Z2-7]{32})<', text_of(self.client.get(APP)))
        assert found is not None
        self.secret = found[1]
        form = {"code": code_of(self.secret), "password": "demo"}
        self.added = self.client.post(APP, form)
        self.codes = re.findall(r'class="mono">(\d{8})<', text_of(self.client.get(CODES)))


@pytest.fixture
def rina(people: None) -> Rina:
    return Rina()


def begin(client: Client, **more: str) -> Any:
    return client.post(LOGIN, {"username": "rina", "password": "demo", **more})


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_setting_up_an_app_gives_recovery_codes_once(rina: Rina) -> None:
    assert rina.added["Location"] == CODES
    assert len(set(rina.codes)) == 10
    assert rina.client.get(CODES).status_code == 404
    assert "10 codes are left." in text_of(rina.client.get(INDEX))
    verbs = Decision.objects.filter(verb="second_factor_added").values_list("account", "value")
    assert sorted(verbs, key=str) == [
        ("rina", {"account": "rina", "before": None, "after": type_})
        for type_ in ("recovery_codes", "totp")
    ]


def test_the_code_to_scan_is_drawn_in_the_page(people: None) -> None:
    page = text_of(sign_in("rina").get(APP))
    assert "<svg" in page
    assert "<?xml" not in page
    assert "data:image" not in page


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"code": "000000"}, "Incorrect code."),
        ({"password": "guess"}, "This isn&#x27;t your current password."),
    ],
)
def test_an_app_needs_its_first_code_and_the_password(
    people: None, wrong: dict[str, str], why: str
) -> None:
    client = sign_in("rina")
    found = re.search(r'class="mono anywhere">([A-Z2-7]{32})<', text_of(client.get(APP)))
    assert found is not None
    response = client.post(APP, {"code": code_of(found[1]), "password": "demo", **wrong})
    assert response.status_code == 422
    assert why in text_of(response)
    assert not Authenticator.objects.exists()


def test_its_secret_is_stored_encrypted_and_rotated(rina: Rina, settings: Any) -> None:
    stored = Authenticator.objects.get(type="totp").data["secret"]
    assert rina.secret not in stored
    rotation.rotate()
    assert Authenticator.objects.get(type="totp").data["secret"] != stored
    client = Client()
    begin(client)
    assert client.post(STEP, {"code": code_of(rina.secret, ahead=1)}).status_code == 302


def test_signing_in_asks_for_the_code(rina: Rina) -> None:
    client = Client()
    response = begin(client, next="/runs/")
    assert (response.status_code, response["Location"]) == (302, STEP)
    assert not signed_in(client)
    assert client.get("/inbox/").status_code == 302
    page = text_of(client.get(STEP))
    assert "Enter the code from your app" in page
    assert re.findall(r'<input[^>]* name="(\w+)"[^>]* autofocus', page) == ["code"]
    response = client.post(STEP, {"code": code_of(rina.secret, ahead=1)})
    assert response["Location"] == "/runs/"
    assert client.get("/inbox/").status_code == 200


def test_a_code_works_once(rina: Rina) -> None:
    code = code_of(rina.secret, ahead=1)
    statuses = []
    for client in (Client(), Client()):
        begin(client)
        statuses.append(client.post(STEP, {"code": code}).status_code)
    assert statuses == [302, 422]


def test_a_recovery_code_works_once(rina: Rina) -> None:
    statuses = []
    for client in (Client(), Client()):
        begin(client)
        statuses.append(client.post(STEP, {"code": rina.codes[3]}).status_code)
    assert statuses == [302, 422]
    assert "9 codes are left." in text_of(rina.client.get(INDEX))


def test_wrong_codes_are_limited_and_then_even_the_right_one_waits(rina: Rina) -> None:
    client = Client()
    begin(client)
    pages = [text_of(client.post(STEP, {"code": "000000"})) for _ in range(throttle.PER_KNOWN)]
    assert "Incorrect code." in pages[-1]
    response = client.post(STEP, {"code": code_of(rina.secret, ahead=1)})
    assert response.status_code == 422
    assert "Too many wrong codes. You can try again in 15 minutes." in text_of(response)
    another = Client()
    begin(another)
    assert another.post(STEP, {"code": rina.codes[0]}).status_code == 422


def test_the_second_step_exists_only_after_the_password(rina: Rina) -> None:
    assert Client().get(STEP)["Location"] == LOGIN
    assert Client().post(STEP, {"code": code_of(rina.secret)})["Location"] == LOGIN
    assert rina.client.get(STEP).status_code == 404


def test_a_sign_in_that_waits_for_the_code_ends_when_the_password_is_changed(rina: Rina) -> None:
    client = Client()
    begin(client)
    form = {"old_password": "demo", "new_password1": "a new one 7", "new_password2": "a new one 7"}
    assert rina.client.post("/account/password", form).status_code == 303
    response = client.post(STEP, {"code": code_of(rina.secret, ahead=1)})
    assert (response.status_code, response["Location"]) == (302, LOGIN)
    assert not signed_in(client)
    assert client.get(STEP)["Location"] == LOGIN


def test_the_sign_in_beside_a_question_asks_for_it_too_and_keeps_the_text(rina: Rina) -> None:
    tell(ask())
    client = Client()
    kept = {"kept-item": "int_1", "kept-value": "So far", "kept-comment": "because"}
    assert begin(client, **kept)["Location"] == STEP
    assert not Draft.objects.exists()
    response = client.post(STEP, {"code": rina.codes[0]})
    assert response["Location"] == "/interactions/int_1/"
    draft = Draft.objects.get()
    assert (draft.values, draft.comment) == ({"value": ["So far"]}, "because")


def test_the_admin_asks_for_it_too(people: None) -> None:
    User.objects.filter(username="rina").update(is_staff=True, is_superuser=True)
    rina, client = Rina(), Client()
    begin(client, next="/admin/")
    assert client.get("/admin/")["Location"] == f"{LOGIN}?next=/admin/"
    assert client.post(STEP, {"code": rina.codes[0]})["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_a_one_time_link_sets_the_password_and_asks_for_it_too(rina: Rina) -> None:
    client = Client()
    link = links.make_sign_in(User.objects.get(username="rina"))
    form = dict.fromkeys(("new_password1", "new_password2"), "correct horse battery")
    response = client.post("/accounts/link/", {"token": links.token_of(link), **form})
    assert (response.status_code, response["Location"]) == (303, STEP)
    assert not signed_in(client)


def test_removing_it_needs_the_password_and_removes_the_codes_too(rina: Rina) -> None:
    app = Authenticator.objects.get(type="totp")
    path = f"{INDEX}{app.pk}/remove"
    refused = rina.client.post(path, {"password": "guess"})
    assert refused.status_code == 422
    assert "This isn&#x27;t your current password." in text_of(refused)
    assert sign_in("sam").post(path, {"password": "demo"}).status_code == 404
    assert rina.client.post(path, {"password": "demo"}).status_code == 303
    assert not Authenticator.objects.exists()
    assert Decision.objects.filter(verb="second_factor_removed").count() == 2
    client = Client()
    assert begin(client)["Location"] == "/inbox/"


def test_after_a_wrong_password_only_the_form_that_was_sent_says_so(rina: Rina) -> None:
    app = Authenticator.objects.get(type="totp")
    for path, field in (
        (f"{INDEX}{app.pk}/remove", f"{app.pk}-remove"),
        (f"{CODES}new", "codes-password"),
    ):
        page = text_of(rina.client.post(path, {"password": "guess"}))
        fields = re.findall(r'<input class="input"\s+id="([^"]*)"[^>]*aria-invalid="true"', page)
        assert fields == [field]
        assert re.findall(r'class="error"\s+id="([^"]*)"', page) == [f"{field}-error"]


def test_new_codes_replace_the_old(rina: Rina) -> None:
    assert rina.client.post(f"{CODES}new", {"password": "guess"}).status_code == 422
    assert rina.client.post(f"{CODES}new", {"password": "demo"})["Location"] == CODES
    new = re.findall(r'class="mono">(\d{8})<', text_of(rina.client.get(CODES)))
    assert not set(new) & set(rina.codes)
    client = Client()
    begin(client)
    assert client.post(STEP, {"code": rina.codes[0]}).status_code == 422
    assert client.post(STEP, {"code": new[0]}).status_code == 302


def test_an_administrator_removes_what_someone_has_lost(rina: Rina) -> None:
    user = User.objects.get(username="rina")
    page = f"/admin/auth/user/{user.pk}/change/"
    admin = sign_in("admin")
    assert "TOTP" in text_of(admin.get(page))
    rows = list(Authenticator.objects.filter(user=user).order_by("pk"))
    form = {
        "username": "rina",
        "is_active": "on",
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00:00",
        "reviewer-TOTAL_FORMS": "1",
        "reviewer-INITIAL_FORMS": "1",
        "reviewer-0-id": user.reviewer.pk,
        "reviewer-0-user": user.pk,
        "reviewer-0-mobius_id": "user_rina",
        "authenticator_set-TOTAL_FORMS": "2",
        "authenticator_set-INITIAL_FORMS": "2",
    }
    for number, row in enumerate(rows):
        form |= {
            f"authenticator_set-{number}-id": row.pk,
            f"authenticator_set-{number}-user": user.pk,
            f"authenticator_set-{number}-DELETE": "on",
        }
    assert admin.post(page, form).status_code == 302
    assert not Authenticator.objects.exists()
    assert begin(Client())["Location"] == "/inbox/"


def test_with_an_identity_provider_only_those_with_a_password_have_a_second_factor(
    rina: Rina, settings: Any
) -> None:
    settings.OIDC = oidc("https://login.example.com")
    for path in (INDEX, APP):
        assert rina.client.get(path).status_code == 404
        assert sign_in("admin").get(path).status_code == 200


@pytest.mark.parametrize(
    ("public", "offered"),
    [("http://127.0.0.1:8000", False), ("https://[::1]", False), ("http://localhost:8000", True)],
)
def test_passkeys_are_offered_where_there_is_a_host_name(
    people: None, settings: Any, public: str, offered: bool
) -> None:
    settings.PUBLIC_URL = public
    client = sign_in("rina")
    assert ("Add a passkey" in text_of(client.get(INDEX))) is offered
    assert (client.get(f"{INDEX}passkey/").status_code == 200) is offered
