"""The main flows in Firefox. Touch, dark, forced colors and reduced motion are tested in Chromium,
since Playwright can't emulate them in a Firefox that it hasn't built.
"""

import re
import shutil
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Playwright, expect

from tests.e2e.arrivals import arrived, open_item
from tests.e2e.axe import violations
from tests.e2e.conftest import SignIn
from tests.support.pages import GUARD_MS, approve, send_by_key
from tests.support.product import Product, answered, ask, interaction_of

pytestmark = pytest.mark.slow

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    if FIREFOX is None:
        pytest.skip("Firefox is not installed: apt-get install firefox-esr")
    browser = playwright.firefox.launch(channel="moz-firefox", executable_path=FIREFOX)
    yield browser
    browser.close()


@pytest.fixture
def guards_reset(product: Product) -> Iterator[None]:
    yield
    product.manage(
        "shell",
        "--no-imports",
        "-c",
        "from inbox.models import Reviewer; Reviewer.objects.update(answer_guard='')",
    )


def test_an_approval_resumes_the_run_and_another_page_follows(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    run_id = ask(api, "Paint it in Firefox?", context={"amount": "12 cans"})
    open_item(page, "Paint it in Firefox?")
    assert violations(page) == []
    watching = page.context.new_page()
    watching.goto(f"/runs/{run_id}/")
    status = watching.locator(f"[data-run-id='{run_id}'][data-run-status]")
    expect(status).to_have_attribute("data-run-status", "suspended")
    assert violations(watching) == []
    page.get_by_label("Comment").fill("Two coats, please.")
    approve(page)
    expect(status).to_have_attribute("data-run-status", "completed")
    expect(page.locator(".row", has_text="Paint it in Firefox?")).to_have_count(0)
    response = answered(api, run_id)["response"]
    assert (response["value"], response["comment"]) == (True, "Two coats, please.")


def test_a_text_is_sent_and_confirmed_by_key(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    run_id = ask(api, "Written in Firefox?", type="input", spec={"mode": "input"})
    open_item(page, "Written in Firefox?")
    page.get_by_role("textbox", name="Your answer").fill("In one line")
    send_by_key(page)
    expect(page.locator(".row", has_text="Written in Firefox?")).to_have_count(0)
    assert answered(api, run_id)["response"]["value"] == "In one line"


def test_keys_mark_preview_and_answer_and_z_takes_the_answer_back(
    sign_in: SignIn, api: httpx.Client, guards_reset: None
) -> None:
    page = sign_in("rina")
    page.goto("/account/")
    form = page.locator("form[action='/account/guard']")
    form.get_by_label("Send with undo").check()
    form.get_by_label("Undo period").select_option("60")
    expect(page.locator("#toasts")).to_contain_text("You can undo your answers for 1 min.")
    page.goto("/inbox/")
    run_id = ask(api, "Answered by key?")
    open_item(page, "Answered by key?")
    page.wait_for_timeout(GUARD_MS + 20)
    page.keyboard.press("a")
    expect(page.locator("#held-answers")).to_contain_text(re.compile(r"Approving in \d+ s"))
    assert violations(page) == []
    page.keyboard.press("z")
    expect(page.get_by_role("heading", name="Answered by key?", level=1)).to_be_visible()
    expect(page.locator("#held-answers")).not_to_contain_text("Answered by key?")
    assert interaction_of(api, run_id)["status"] == "pending"


def test_the_marked_row_is_previewed(sign_in: SignIn) -> None:
    page = sign_in("rina")
    title = page.locator(".row .row-title")
    expect(title.nth(1)).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#detail h1")).to_contain_text(title.nth(1).inner_text().rstrip("…"))
    expect(page).to_have_url(re.compile(r"/interactions/"))


def test_the_filter_in_use_is_in_sight(sign_in: SignIn) -> None:
    page = sign_in("rina")
    page.goto("/inbox/?snoozed=yes")
    used = page.locator(".filters .filter[aria-current]", has_text="Snoozed")
    expect(used).to_be_in_viewport(ratio=1)


def test_search_and_palette_find_a_question(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    ask(api, "Relocate the quokka enclosure?")
    arrived(page, "Relocate the quokka enclosure?")
    page.get_by_role("searchbox").first.fill("quok")
    expect(page.locator(".row")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Command palette")
    expect(palette).to_be_visible()
    assert violations(page) == []
    page.keyboard.type("quokka")
    expect(palette.locator("[aria-selected=true]")).to_contain_text("quokka")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=re.compile("quokka"), level=1)).to_be_visible()


def test_a_draft_survives_signing_in_again(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    ask(api, "Kept in Firefox?")
    open_item(page, "Kept in Firefox?")
    with page.expect_response(lambda sent: "/draft" in sent.url):
        page.get_by_label("Comment").fill("Half a thought")
        page.get_by_label("Comment").blur()
    address = page.url
    page.context.clear_cookies()
    page.goto(address)
    page.get_by_label("Name").fill("rina")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Comment")).to_have_value("Half a thought")
