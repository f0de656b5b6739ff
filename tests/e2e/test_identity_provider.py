"""Signing in with an identity provider, in Chromium, through the forms of both."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.e2e.axe import violations
from tests.support.databases import environment
from tests.support.identity_provider import IdentityProvider
from tests.support.product import Product, ask, interaction_of

ACCOUNTS: dict[str, dict[str, Any]] = {
    "nora": {
        "email": "nora@acme.example",
        "email_verified": True,
        "name": "Nora Quist",
        "groups": ["reviewers"],
    },
    "rina-at-acme": {"email": "rina@acme.example", "email_verified": True},
    "sam-at-acme": {"email": "sam@acme.example", "email_verified": True},
    "elsewhere": {"email": "elsewhere@other.example", "email_verified": True},
}


@pytest.fixture(scope="module")
def identity_provider() -> Iterator[IdentityProvider]:
    provider = IdentityProvider(ACCOUNTS)
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def own(
    identity_provider: IdentityProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    folder: Path = tmp_path_factory.mktemp("oidc")
    given = environment(folder, "oidc", installed=True)
    product = Product(folder, given | identity_provider.environment())
    product.start()
    yield product
    product.stop()


@pytest.fixture
def page(own: Product, browser: Browser) -> Iterator[Page]:
    """A new browser. No page of ours may complain, and none may break its content security policy.

    A 403 is a page that says why someone isn't let in, and Django's admin has no icon.
    """
    complaints: list[str] = []

    def hear(said: ConsoleMessage) -> None:
        url = said.location["url"]
        ours = url.startswith(own.web) or "Content Security" in said.text
        expected = "status of 403" in said.text or url.endswith("/favicon.ico")
        if said.type == "error" and ours and not expected:
            complaints.append(said.text)

    context = browser.new_context(base_url=own.web, service_workers="block")
    page = context.new_page()
    page.on("console", hear)
    yield page
    context.close()
    assert complaints == []


def confirm(page: Page, login: str) -> None:
    page.locator("[name=login]").fill(login)
    page.locator("[name=password]").fill("any")
    page.get_by_role("button", name="Sign-in").click()


def test_a_person_signs_in_and_out_and_in_again(
    page: Page, identity_provider: IdentityProvider
) -> None:
    shown = page.goto("/runs/")
    assert shown is not None
    policy = shown.headers["content-security-policy"].split("; ")
    assert f"form-action 'self' {identity_provider.issuer}" in policy
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Sign in with Acme").click()
    confirm(page, "nora")
    page.wait_for_url("**/runs/")
    page.goto("/account/")
    expect(page.get_by_text("Nora Quist, reviewer")).to_be_visible()
    expect(page.get_by_text("You sign in with Acme.")).to_be_visible()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url("**/accounts/login/?signed-out")
    # The provider remembers her.
    page.get_by_role("button", name="Sign in with Acme").click()
    page.wait_for_url("**/inbox/**")


def test_someone_who_has_no_access_reads_why(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Sign in with Acme").click()
    confirm(page, "elsewhere")
    expect(page.get_by_role("heading", name="You don't have access")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("link", name="Back to sign in").click()
    expect(page.get_by_role("button", name="Sign in with Acme")).to_be_visible()


def test_the_break_glass_administrator_has_a_password(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_text("Sign in with a password").click()
    assert violations(page) == []
    for name in ("rina", "admin"):
        page.locator("[name=username]").fill(name)
        page.locator("[name=password]").fill("demo")
        page.locator("[name=password]").press("Enter")
        if name == "rina":
            expect(page.get_by_text("Incorrect username or password")).to_be_visible()
    page.wait_for_url("**/admin/")
    expect(page.get_by_role("heading", name="Site administration")).to_be_visible()


def test_a_link_connects_an_account_to_its_person(own: Product, page: Page) -> None:
    said = own.manage("add_person", "rina", "--update")
    assert "sign in with Acme" in said
    address = next(word for word in said.split() if "/accounts/link/?token=" in word)
    page.goto(own.web + address[address.index("/accounts/") :])
    expect(page.get_by_role("heading", name="Connect your account")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Sign in with Acme").click()
    confirm(page, "rina-at-acme")
    page.wait_for_url("**/inbox/**")
    page.goto("/account/")
    expect(page.get_by_text("Rina, reviewer")).to_be_visible()


def test_what_was_typed_comes_back_with_the_person(own: Product, browser: Browser) -> None:
    """Without scripts: with them, a page saves what is typed all the time."""
    link = own.manage("add_person", "sam", "--update").split()
    address = next(word for word in link if "/accounts/link/?token=" in word)
    with own.api() as api:
        target = {"type": "user", "id": "user_sam"}
        run = ask(api, "Kept?", type="input", spec={"mode": "input"}, target=target)
        item = interaction_of(api, run)
    context = browser.new_context(base_url=own.web, java_script_enabled=False)
    page = context.new_page()
    page.goto(own.web + address[address.index("/accounts/") :])
    page.get_by_role("button", name="Sign in with Acme").click()
    confirm(page, "sam-at-acme")
    page.wait_for_url("**/inbox/**")
    page.goto(f"/interactions/{item['id']}/")
    page.locator("#answer-value").fill("Typed before the session ended")
    context.clear_cookies(name="sessionid")
    page.locator("#answer-value").press("Enter")
    expect(page.get_by_role("heading", name="You were signed out")).to_be_visible()
    page.get_by_role("button", name="Sign in with Acme").click()
    expect(page.locator("#answer-value")).to_have_value("Typed before the session ended")
    context.close()
