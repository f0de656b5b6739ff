"""Signing in with an identity provider: who gets in, as whom, and who doesn't."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.test import Client
from django.urls import Resolver404, resolve

from inbox.models import Decision, Draft, OneTimeLink, Reviewer
from inbox.people import accounts as people
from inbox.people import links, sessions
from inbox.people.accounts import Person as Added
from tests.support.identity_provider import CALLBACK, SECRET, IdentityProvider, Person
from tests.support.ports import reserve
from tests.support.snapshots import ask
from tests.support.tampering import empty_log
from tests.web.cast import sign_in, soon, tell

pytestmark = [pytest.mark.process, pytest.mark.slow]

START = "/accounts/oidc/login/"
PASSWORD = "correct horse battery"


def claims(mailbox: str, **more: Any) -> dict[str, Any]:
    return {"email": f"{mailbox}@acme.example", "email_verified": True, **more}


ACCOUNTS = {
    "nora": claims("nora", name="Nora Quist"),
    "rina-at-acme": claims("rina"),
    "lena": claims("lena", groups=["leads", "all"]),
    "rob": claims("rob", groups="reviewers"),
    "unverified": claims("unverified", email_verified=False),
    "elsewhere": claims("elsewhere", email="elsewhere@other.example", groups=["all"]),
    "contractor": claims("contractor", email="C.O'Neil@other.example", groups=["contractors"]),
    "with-id": claims("iris", employee="user_iris"),
    "with-rinas-id": claims("mallory", employee="user_rina"),
    "with-odd-id": claims("odd", employee="two\nlines"),
}


@pytest.fixture(scope="module")
def provider_process() -> Iterator[IdentityProvider]:
    provider = IdentityProvider(ACCOUNTS)
    yield provider
    provider.stop()


@pytest.fixture
def identity_provider(
    provider_process: IdentityProvider, people: None, settings: Any
) -> IdentityProvider:
    settings.OIDC = provider_process.settings()
    return provider_process


def begin(client: Client, **form: Any) -> str:
    response = client.post(START, form)
    assert response.status_code == 302, response.content.decode()
    return str(response["Location"])


def enter(login: str, client: Client | None = None, **form: Any) -> Any:
    client = client or Client()
    return client.get(Person(login).confirm(begin(client, **form)))


def text_of(response: Any) -> str:
    return str(response.content.decode())


def entries(*verbs: str) -> list[tuple[str, str, str, Any]]:
    rows = Decision.objects.filter(verb__in=verbs).order_by("number")
    return list(rows.values_list("verb", "account", "credential_kind", "value"))


def no_one_signed_in(client: Client) -> bool:
    return "_auth_user_id" not in client.session


def test_a_verified_address_of_an_allowed_domain_gets_an_account_without_a_role(
    identity_provider: IdentityProvider,
) -> None:
    client = Client()
    response = enter("nora", client, next="/runs/", time_zone="Europe/Helsinki")
    assert response["Location"] == "/runs/"
    user = User.objects.get(username="nora@acme.example")
    assert (user.get_full_name(), user.email) == ("Nora Quist", "nora@acme.example")
    assert not user.has_usable_password()
    assert not user.groups.exists()
    assert not user.is_staff
    assert not user.is_superuser
    assert Reviewer.objects.get(user=user).mobius_id is None
    assert client.session[sessions.TIME_ZONE] == "Europe/Helsinki"
    assert client.get("/inbox/").status_code == 200
    subject = {"account": "nora@acme.example", "before": None, "after": "nora"}
    assert entries("account_created", "provider_account_linked") == [
        ("account_created", user.username, "provider", {**subject, "after": "on"}),
        ("provider_account_linked", user.username, "provider", subject),
    ]


def test_the_same_person_has_the_same_account_again(identity_provider: IdentityProvider) -> None:
    for _ in range(2):
        assert enter("nora").status_code == 302
    assert User.objects.filter(username="nora@acme.example").count() == 1


@pytest.mark.parametrize(
    ("login", "username", "roles"),
    [
        ("lena", "lena@acme.example", {"reviewer", "team lead"}),
        ("rob", "rob@acme.example", {"reviewer"}),
        ("contractor", "c.o_neil@other.example", set()),
    ],
)
def test_groups_let_people_in_and_give_roles(
    identity_provider: IdentityProvider, login: str, username: str, roles: set[str]
) -> None:
    assert enter(login).status_code == 302
    held = User.objects.get(username=username).groups.values_list("name", flat=True)
    assert set(held) == roles


@pytest.mark.parametrize(
    ("login", "why"),
    [
        ("unverified", "Your email address isn&#x27;t verified"),
        ("elsewhere", "You don&#x27;t have access"),
    ],
)
def test_others_get_no_account(identity_provider: IdentityProvider, login: str, why: str) -> None:
    client, before = Client(), User.objects.count()
    response = enter(login, client)
    assert (response.status_code, why in text_of(response)) == (403, True)
    assert no_one_signed_in(client)
    assert User.objects.count() == before


def test_without_a_configured_domain_or_group_no_one_gets_an_account(
    identity_provider: IdentityProvider, settings: Any
) -> None:
    nobody = {"domains": frozenset(), "groups": frozenset()}
    settings.OIDC = identity_provider.settings(**nobody)
    assert enter("nora").status_code == 403


@pytest.mark.parametrize("field", ["username", "email"])
def test_an_account_is_never_linked_by_its_address(
    identity_provider: IdentityProvider, field: str
) -> None:
    User.objects.filter(username="rina").update(**{field: "Rina@acme.example"})
    client = Client()
    response = enter("rina-at-acme", client)
    assert response.status_code == 403
    assert "Ask your administrator for a sign-in link." in text_of(response)
    assert no_one_signed_in(client)
    assert not SocialAccount.objects.exists()


def test_a_sign_in_link_links_the_account_with_which_the_person_signs_in(
    identity_provider: IdentityProvider,
) -> None:
    rina, client = User.objects.get(username="rina"), Client()
    empty_log()
    token = token_in(links.make_sign_in(rina))
    page = client.get("/accounts/link/", {"token": token})
    assert page["Referrer-Policy"] == "origin"
    assert "From now on, you'll sign in with Acme." in text_of(page)
    assert "new_password1" not in text_of(page)
    assert enter("rina-at-acme", client, token=token)["Location"] == "/inbox/"
    assert client.get("/account/").status_code == 200
    value = {"account": "rina", "before": None, "after": "rina-at-acme"}
    assert entries("provider_account_linked") == [
        ("provider_account_linked", "rina", "provider", value)
    ]
    assert not OneTimeLink.objects.exists()
    assert Client().get("/accounts/link/", {"token": token}).status_code == 404
    assert Client().post(START, {"token": token}).status_code == 404
    again = Client()
    assert enter("rina-at-acme", again).status_code == 302
    assert again.session["_auth_user_id"] == str(rina.pk)
    assert Reviewer.objects.get(user=rina).mobius_id == "user_rina"


def token_in(link: str) -> str:
    return parse_qs(urlsplit(link).query)["token"][0]


def test_a_newer_link_links_another_account_instead(identity_provider: IdentityProvider) -> None:
    rina = User.objects.get(username="rina")
    for login in ("rina-at-acme", "nora"):
        assert enter(login, token=token_in(links.make_sign_in(rina))).status_code == 302
    assert SocialAccount.objects.get().uid == "nora"
    verbs = [verb for verb, *_ in entries("provider_account_linked", "provider_account_unlinked")]
    assert verbs == [
        "provider_account_linked",
        "provider_account_unlinked",
        "provider_account_linked",
    ]


def test_a_link_does_not_take_someone_elses_account(identity_provider: IdentityProvider) -> None:
    enter("nora")
    client, token = Client(), token_in(links.make_sign_in(User.objects.get(username="rina")))
    response = enter("nora", client, token=token)
    assert response.status_code == 403
    assert "You already have another account" in text_of(response)
    assert no_one_signed_in(client)
    assert OneTimeLink.objects.exists(), "it is not used up"
    assert SocialAccount.objects.get().user.username == "nora@acme.example"


def test_a_replaced_link_links_nothing(
    identity_provider: IdentityProvider,
) -> None:
    rina, client = User.objects.get(username="rina"), Client()
    address = begin(client, token=token_in(links.make_sign_in(rina)))
    links.make_sign_in(rina)
    response = client.get(Person("rina-at-acme").confirm(address))
    assert response.status_code == 403
    assert "This link no longer works" in text_of(response)
    assert not SocialAccount.objects.exists()


def test_a_link_sets_no_password(identity_provider: IdentityProvider) -> None:
    rina = User.objects.get(username="rina")
    form = {"new_password1": PASSWORD, "new_password2": PASSWORD}
    token = token_in(links.make_sign_in(rina))
    assert Client().post("/accounts/link/", {"token": token, **form}).status_code == 200
    rina.refresh_from_db()
    assert not rina.check_password(PASSWORD)


def test_people_who_are_linked_get_no_link_when_they_are_imported_again(
    identity_provider: IdentityProvider,
) -> None:
    rina = Added("rina", full_name="Rina R")
    assert people.add(rina, update=True).link
    enter("rina-at-acme", token=token_in(links.make_sign_in(User.objects.get(username="rina"))))
    assert not people.add(rina, update=True).link


def test_a_deactivated_account_stays_out(identity_provider: IdentityProvider) -> None:
    enter("nora")
    User.objects.filter(username="nora@acme.example").update(is_active=False)
    client = Client()
    response = enter("nora", client)
    assert response.status_code == 403
    assert "Your account is deactivated" in text_of(response)
    assert no_one_signed_in(client)


def test_a_mobius_id_is_set_from_the_claim_that_is_named(
    identity_provider: IdentityProvider,
) -> None:
    enter("with-id")
    iris = Reviewer.objects.get(user__username="iris@acme.example")
    assert (iris.mobius_id, iris.mobius_id_proven) == ("user_iris", False)
    value = {"account": "iris@acme.example", "before": None, "after": "user_iris"}
    assert entries("mobius_id_changed") == [
        ("mobius_id_changed", "iris@acme.example", "provider", value)
    ]


def test_without_a_named_claim_there_is_no_mobius_id(
    identity_provider: IdentityProvider, settings: Any
) -> None:
    settings.OIDC = identity_provider.settings(mobius_id_claim="")
    enter("with-id")
    assert Reviewer.objects.get(user__username="iris@acme.example").mobius_id is None


def test_a_claim_does_not_replace_a_mobius_id(identity_provider: IdentityProvider) -> None:
    sam = User.objects.get(username="sam")
    empty_log()
    assert enter("with-id", token=token_in(links.make_sign_in(sam))).status_code == 302
    assert Reviewer.objects.get(user=sam).mobius_id == "user_sam"
    assert entries("mobius_id_changed") == []


@pytest.mark.parametrize("login", ["with-rinas-id", "with-odd-id"])
def test_an_impossible_claim_is_refused(identity_provider: IdentityProvider, login: str) -> None:
    client = Client()
    assert enter(login, client).status_code == 302
    new = Reviewer.objects.exclude(user__socialaccount=None).get()
    assert new.mobius_id is None
    assert "but it can&#x27;t be used here." in text_of(client.get("/inbox/"))
    assert Reviewer.objects.get(user__username="rina").mobius_id == "user_rina"


def test_the_refusal_of_another_accounts_mobius_id_is_logged_and_shown(
    identity_provider: IdentityProvider,
) -> None:
    for _ in range(2):
        enter("with-rinas-id")
    value = {
        "account": "mallory@acme.example",
        "mobius_id": None,
        "owner": "user_rina",
        "owner_account": "rina",
    }
    assert entries("mobius_id_refused") == [
        ("mobius_id_refused", "mallory@acme.example", "provider", value)
    ]
    said = "mallory@acme.example signed in as user_rina, the Mobius ID of rina"
    assert said in text_of(sign_in("admin").get("/connection/"))
    assert said in text_of(sign_in("tess").get("/decisions/"))


def test_a_state_from_another_browser_is_refused(identity_provider: IdentityProvider) -> None:
    back = Person("nora").confirm(begin(Client()))
    for client, address in (
        (Client(), back),
        (Client(), f"{CALLBACK}?code=x"),
        (Client(), f"{CALLBACK}?code=x&state=made-up"),
    ):
        response = client.get(address)
        assert response.status_code == 400
        assert "This sign-in has expired" in text_of(response)
        assert no_one_signed_in(client)
    assert not SocialAccount.objects.exists()


def test_a_callback_works_once(identity_provider: IdentityProvider) -> None:
    client = Client()
    back = Person("nora").confirm(begin(client))
    assert client.get(back).status_code == 302
    client.logout()
    assert client.get(back).status_code == 400


def test_a_code_from_another_sign_in_is_refused(identity_provider: IdentityProvider) -> None:
    """The code is bound to the browser that began: PKCE."""
    mallorys, rinas = Client(), Client()
    code = parse_qs(urlsplit(Person("with-rinas-id").confirm(begin(mallorys))).query)["code"][0]
    state = parse_qs(urlsplit(begin(rinas)).query)["state"][0]
    response = rinas.get(CALLBACK, {"code": code, "state": state})
    assert response.status_code == 502
    assert "Acme didn&#x27;t confirm who you are" in text_of(response)
    assert no_one_signed_in(rinas)


def test_a_sign_in_can_be_cancelled_at_the_provider(identity_provider: IdentityProvider) -> None:
    client = Client()
    response = client.get(Person("nora").cancel(begin(client, next="/runs/")))
    assert response.status_code == 400
    assert "You didn&#x27;t sign in" in text_of(response)
    assert 'href="/accounts/login/?next=/runs/"' in text_of(response)


@pytest.mark.parametrize(
    "other",
    [{"client_secret": f"not-{SECRET}"}, {"issuer": "localhost"}],
    ids=["wrong secret", "another issuer"],
)
def test_a_misconfigured_provider_signs_no_one_in(
    identity_provider: IdentityProvider, settings: Any, other: dict[str, str]
) -> None:
    client = Client()
    back = Person("nora").confirm(begin(client))
    if "issuer" in other:
        other = {"issuer": identity_provider.issuer.replace("127.0.0.1", "localhost")}
    settings.OIDC = identity_provider.settings(**other)
    assert client.get(back).status_code == 502
    assert no_one_signed_in(client)


@pytest.mark.parametrize("ahead", [-7200, 7200])
def test_an_id_token_counts_only_while_it_is_valid_by_our_clock(
    people: None, settings: Any, ahead: int
) -> None:
    identity_provider = IdentityProvider(ACCOUNTS, clock=ahead)
    try:
        settings.OIDC = identity_provider.settings()
        client = Client()
        response = enter("nora", client)
    finally:
        identity_provider.stop()
    # Its tokens last an hour. One from the future is still one of the provider.
    expected = {-7200: 502, 7200: 302}[ahead]
    assert response.status_code == expected
    assert no_one_signed_in(client) is (ahead < 0)


def test_an_outage_of_the_provider_is_explained_and_keeps_what_was_typed(
    people: None, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    client, kept = Client(), {"kept-item": "int_1", "kept-value": "So far"}
    with reserve() as reserved:
        identity_provider = IdentityProvider(ACCOUNTS, port=reserved.getsockname()[1])
        settings.OIDC = identity_provider.settings()
        back = Person("nora").confirm(begin(client))
        identity_provider.stop()
        for response in (client.post(START, kept), client.get(back)):
            assert response.status_code == 503
            assert "Acme can&#x27;t be reached" in text_of(response)
        assert "So far" in text_of(client.post(START, kept))
    assert no_one_signed_in(client)
    assert "unreachable (ConnectionError)" in caplog.text
    assert parse_qs(urlsplit(back).query)["code"][0] not in caplog.text


KEPT = {"kept-item": "int_1", "kept-value": "So far", "kept-comment": "because"}


def test_text_typed_for_a_question_is_a_draft_after_signing_in(
    identity_provider: IdentityProvider,
) -> None:
    tell(ask())
    token = token_in(links.make_sign_in(User.objects.get(username="rina")))
    assert enter("rina-at-acme", **KEPT, token=token)["Location"] == "/interactions/int_1/"
    draft = Draft.objects.get()
    assert (draft.values, draft.comment) == ({"value": ["So far"]}, "because")


def test_it_is_still_there_if_the_person_was_not_asked_or_cancels(
    identity_provider: IdentityProvider,
) -> None:
    tell(ask())
    client = Client()
    for response in (
        enter("nora", **KEPT),
        client.get(Person("nora").cancel(begin(client, **KEPT))),
        enter("elsewhere", **KEPT),
    ):
        assert "So far" in text_of(response)
        assert "because" in text_of(response)
    assert not Draft.objects.exists()


def test_a_signed_out_form_leads_to_the_provider(identity_provider: IdentityProvider) -> None:
    tell(ask())
    page = text_of(Client().post("/interactions/int_1/respond", {"value": "true"}))
    assert f'action="{START}"' in page
    assert "Sign in with Acme" in page
    assert 'name="password"' not in page


@pytest.mark.parametrize("path", ["/accounts/login/", "/admin/login/"])
def test_only_the_break_glass_administrators_password_works(
    identity_provider: IdentityProvider, path: str, settings: Any
) -> None:
    def opens(username: str) -> bool:
        client = Client()
        client.post(path, {"username": username, "password": "demo"}, follow=True)
        client.post("/accounts/login/", {"username": username, "password": "demo"})
        return not no_one_signed_in(client)

    assert opens("admin")
    assert not opens("rina")
    # A password is for administrators, whoever is named.
    settings.OIDC = identity_provider.settings(break_glass="rina")
    assert not opens("rina")
    assert not opens("admin")


def test_the_sign_in_page_has_both_ways_and_no_demo(identity_provider: IdentityProvider) -> None:
    page = text_of(Client().get("/accounts/login/?next=/runs/"))
    assert "Sign in with Acme" in page
    assert "For the administrator, when single sign-on isn't working." in page
    assert "This is the demo" not in page
    assert page.count('name="next" value="/runs/"') == 2


def test_only_the_break_glass_administrator_has_a_password_to_change(
    identity_provider: IdentityProvider,
) -> None:
    rina, admin = sign_in("rina"), sign_in("admin")
    assert "You sign in with Acme." in text_of(rina.get("/account/"))
    assert "old_password" not in text_of(rina.get("/account/"))
    assert rina.post("/account/password", {"old_password": "demo"}).status_code == 404
    assert "old_password" in text_of(admin.get("/account/"))


def test_the_first_administrator_is_the_one_whose_password_works(
    db: None, provider_process: IdentityProvider, settings: Any
) -> None:
    settings.OIDC, settings.EMBEDDED = provider_process.settings(break_glass="ada"), False
    client, token = Client(), token_in(links.make_setup())
    assert 'value="ada"' in text_of(client.get("/accounts/link/", {"token": token}))
    form = {"token": token, "password1": PASSWORD, "password2": PASSWORD}
    refused = client.post("/accounts/link/", {**form, "username": "eve"})
    assert refused.status_code == 422
    assert "Only ada can sign in with a password." in text_of(refused)
    assert client.post("/accounts/link/", {**form, "username": "ada"}).status_code == 303
    assert client.post(START, {"token": token}).status_code == 404


def test_a_session_lasts_until_the_provider_has_to_confirm_it_again(
    identity_provider: IdentityProvider,
) -> None:
    client, person = Client(), Person("nora")
    client.get(person.confirm(begin(client)))
    assert client.session.get_expiry_age() > 13 * 24 * 3600
    session = client.session
    session[sessions.SIGNED_IN_AT] = soon(hours=-12, seconds=60).timestamp()
    session.save()
    assert client.get("/inbox/").status_code == 200
    session[sessions.SIGNED_IN_AT] = soon(hours=-12).timestamp()
    session.save()
    response = client.get("/inbox/")
    assert response["Location"] == "/accounts/login/?next=/inbox/"
    # The provider still knows the person, and asks nothing.
    assert client.get(person.confirm(begin(client, next="/inbox/")))["Location"] == "/inbox/"
    assert client.get("/inbox/").status_code == 200


def test_a_sign_in_that_was_begun_leaves_nothing_behind_for_long(
    identity_provider: IdentityProvider,
) -> None:
    client = Client()
    begin(client, **KEPT)
    assert client.session.get_expiry_age() <= 600


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:x"])
def test_it_never_redirects_to_another_site(
    identity_provider: IdentityProvider, elsewhere: str
) -> None:
    assert enter("nora", next=elsewhere)["Location"] == "/inbox/"


def test_what_a_request_adds_to_the_address_does_not_reach_the_provider(
    identity_provider: IdentityProvider,
) -> None:
    added = "?process=connect&scope=offline_access&auth_params=prompt%3Dnone"
    location = Client().post(f"{START}{added}")["Location"]
    query = parse_qs(urlsplit(location).query)
    assert set(query["scope"][0].split()) == {"openid", "profile", "email"}
    assert "prompt" not in query
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == [f"http://127.0.0.1:8000{CALLBACK}"]


def test_administrators_see_the_linked_account_and_unlinking_ends_its_sessions(
    identity_provider: IdentityProvider,
) -> None:
    nora, admin = Client(), sign_in("admin")
    enter("nora", nora)
    user = User.objects.get(username="nora@acme.example")
    page = f"/admin/auth/user/{user.pk}/change/"
    assert identity_provider.issuer in text_of(admin.get(page))
    linked = SocialAccount.objects.get()
    form = {
        "username": user.username,
        "is_active": "on",
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00:00",
        "reviewer-TOTAL_FORMS": "1",
        "reviewer-INITIAL_FORMS": "1",
        "reviewer-0-id": user.reviewer.pk,
        "reviewer-0-user": user.pk,
        "socialaccount_set-TOTAL_FORMS": "1",
        "socialaccount_set-INITIAL_FORMS": "1",
        "socialaccount_set-0-id": linked.pk,
        "socialaccount_set-0-user": user.pk,
        "socialaccount_set-0-DELETE": "on",
    }
    assert admin.post(page, form).status_code == 302
    assert not SocialAccount.objects.exists()
    assert nora.get("/inbox/").status_code == 302
    value = {"account": user.username, "before": "nora", "after": None}
    assert entries("provider_account_unlinked") == [
        ("provider_account_unlinked", "admin", "account", value)
    ]


@pytest.mark.parametrize("path", [START, CALLBACK])
def test_without_a_provider_there_is_no_such_page(people: None, path: str) -> None:
    for response in (Client().get(path), Client().post(path)):
        assert response.status_code in (404, 405)
    assert "Sign in with" not in text_of(Client().get("/accounts/login/"))


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/signup/",
        "/accounts/logout/all/",
        "/accounts/inactive/",
        "/accounts/email/",
        "/accounts/confirm-email/",
        "/accounts/password/change/",
        "/accounts/password/set/",
        "/accounts/password/reset/",
        "/accounts/reauthenticate/",
        "/accounts/social/connections/",
        "/accounts/3rdparty/",
        "/accounts/3rdparty/signup/",
        "/accounts/3rdparty/login/cancelled/",
        "/accounts/oidc/acme/login/",
        "/accounts/oidc/acme/login/callback/",
    ],
)
def test_allauths_own_pages_are_not_served(db: None, path: str) -> None:
    with pytest.raises(Resolver404):
        resolve(path)
    assert Client().get(path).status_code == 404


def test_the_admin_has_none_of_allauths_tables(people: None) -> None:
    admin = sign_in("admin")
    for name in ("account/emailaddress", "socialaccount/socialapp", "socialaccount/socialtoken"):
        assert admin.get(f"/admin/{name}/").status_code == 404
