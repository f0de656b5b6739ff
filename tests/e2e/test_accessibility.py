import itertools
import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.arrivals import arrived
from tests.e2e.axe import violations
from tests.e2e.conftest import SignIn
from tests.support.pages import ARMED, intercept, press
from tests.support.product import Product, ask, interaction_of

REVIEWER = (
    "/inbox/focus/",
    "/inbox/",
    "/inbox/?scope=done",
    "/inbox/?scope=claimed",
    "/inbox/?q=nothing-has-this",
    "/inbox/filters/",
    "/views/new/",
    "question",
    "group question",
    "closed question",
    "receipt",
    "/runs/",
    "run",
    "/groups/",
    "/groups/approvers/",
    "/notifications/",
    "/drafts/",
    "/search/?q=refund",
    "/account/",
    "/account/notifications/",
    "/account/sessions/",
)
LEAD = (
    "/inbox/",
    "/runs/",
    "/runs/?status=nothing",
    "/runs/filters/",
    "run",
    "/runs/blocked/",
    "/decisions/",
    "/decisions/1/",
    "/insights/",
    "/templates/",
    "/channels/",
    "deliveries",
    "/groups/",
    "/groups/approvers/",
)
ADMINISTRATOR = (
    "/connection/",
    "/connection/messages/",
    "/people/",
    "/people/add/",
    "/people/import/",
    "/permissions/",
)
SIGNED_OUT = ("/accounts/login/", "/accounts/link/", "/nothing-has-this-address/")
STICKING_OUT = """
() => [...document.querySelectorAll("body *")]
  .filter((element) => element.getBoundingClientRect().right > innerWidth)
  .map((element) => element.outerHTML.slice(0, 80))
"""


@pytest.fixture
def places(api: httpx.Client) -> dict[str, str]:
    run = ask(api, "Accessible?", context={"rows": [{"a": 1, "b": 2}], "note": "Please look."})
    group_run = ask(api, "Together?", target={"type": "group", "id": "approvers"})
    closed = api.get("/interactions", params={"status": "completed"}).json()["items"]
    mine = next(one["id"] for one in closed if one["target"]["id"] == "user_rina")
    return {
        "question": f"/interactions/{interaction_of(api, run)['id']}/",
        "group question": f"/interactions/{interaction_of(api, group_run)['id']}/",
        "closed question": f"/interactions/{mine}/",
        "receipt": f"/interactions/{mine}/receipt",
        "deliveries": f"/interactions/{mine}/deliveries/",
        "run": f"/runs/{run}/",
    }


def check(page: Page, paths: tuple[str, ...], places: dict[str, str]) -> list[str]:
    found = []
    for name in paths:
        page.goto(places.get(name, name))
        expect(page.locator("main")).to_be_visible()
        found += [f"{name}: {line}" for line in violations(page)]
    return found


def test_a_reviewers_pages(sign_in: SignIn, places: dict[str, str]) -> None:
    page = sign_in("rina", viewport={"width": 1440, "height": 2400})
    assert check(page, REVIEWER, places) == []


def test_the_form_of_a_saved_view(sign_in: SignIn) -> None:
    page = sign_in("rina")
    page.goto("/views/new/?type=review")
    page.get_by_label("Name").fill("Accessible reviews")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Edit view").click()
    expect(page.get_by_label("Name")).to_have_value("Accessible reviews")
    page.get_by_text("Delete view…").click()
    assert violations(page) == []
    page.get_by_role("button", name="Delete view").click()
    expect(page.get_by_role("link", name="Accessible reviews")).to_have_count(0)


def test_the_form_of_a_comment_template(sign_in: SignIn) -> None:
    page = sign_in("tess")
    page.goto("/templates/")
    page.get_by_label("Comment").fill("Accessible template.")
    page.get_by_role("button", name="Add", exact=True).click()
    row = page.get_by_role("listitem").filter(has_text="Accessible template.")
    row.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Comment")).to_have_value("Accessible template.")
    assert violations(page) == []
    page.goto("/templates/")
    row.get_by_role("button", name="Delete").click()
    expect(row.get_by_role("group", name="Delete this template?")).to_be_visible()
    assert violations(page) == []
    press(row.locator(f"{ARMED} [data-confirms]"))
    expect(row).to_have_count(0)


def test_a_leads_pages(sign_in: SignIn, places: dict[str, str]) -> None:
    page = sign_in("tess", viewport={"width": 1440, "height": 2400})
    assert check(page, LEAD, places) == []


def test_an_administrators_pages(sign_in: SignIn, places: dict[str, str]) -> None:
    page = sign_in("admin", viewport={"width": 1440, "height": 2400})
    assert check(page, ADMINISTRATOR, places) == []


def test_pages_without_an_account(product: Product, browser: Browser) -> None:
    context = browser.new_context(base_url=product.web)
    page = context.new_page()
    assert check(page, SIGNED_OUT, {}) == []
    context.close()


@pytest.mark.browser
def test_a_long_name_never_makes_a_page_scroll_sideways(sign_in: SignIn, api: httpx.Client) -> None:
    name, message = "reconcile-" + "x" * 110, "Long on a phone?"
    step = {
        "name": "ask",
        "interaction": {
            "type": "approval",
            "message": message,
            "target": {"type": "user", "id": "user_rina"},
            "timeout": "5m",
            "spec": {"mode": "confirm"},
        },
    }
    run = api.post("/runs", json={"spec": {"name": name, "steps": [step]}}).json()["id"]
    rina = sign_in("rina", viewport={"width": 390, "height": 800})
    row = arrived(rina, message)
    paths = ["/inbox/", str(row.get_attribute("href")), "/runs/", f"/runs/{run}/"]
    tess = sign_in("tess", viewport={"width": 390, "height": 800})
    lead_paths = [*paths, "/runs/blocked/", "/decisions/", "/insights/"]
    for page, addresses in ((rina, paths), (tess, lead_paths)):
        for width, path in itertools.product([390, 320], addresses):
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(path)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, (path, page.evaluate(STICKING_OUT))


LIST_DURING_THE_QUESTION = """
() => {
  const list = document.getElementById("inbox-list");
  const ctx = {
    target: list,
    text: list.outerHTML,
    swap: "outerMorph",
    sourceElement: list,
    request: { headers: {} },
  };
  window.during = new Promise((done) => {
    document.addEventListener("htmx:before:swap", ({ detail }) => {
      if (detail.ctx.target.id === "detail") queueMicrotask(() => htmx.swap(ctx));
    }, { once: true });
    document.addEventListener("htmx:after:swap", ({ detail }) => {
      if (detail.ctx.target.id === "detail") done(document.activeElement.id);
    });
  });
}
"""


@pytest.mark.browser
def test_the_focus_is_on_a_question_during_whose_opening_the_list_changes(sign_in: SignIn) -> None:
    page = sign_in("rina", viewport={"width": 390, "height": 800}, has_touch=True)
    page.evaluate(LIST_DURING_THE_QUESTION)
    page.locator(".row").first.tap()
    assert page.evaluate("during") == "question"


@pytest.mark.browser
def test_the_focus_stays_where_similar_decisions_replace_the_link_to_them(
    sign_in: SignIn, api: httpx.Client, places: dict[str, str]
) -> None:
    page = sign_in("rina")
    earlier = interaction_of(api, ask(api, "Decided before?"))["id"]
    api.post(f"/interactions/{earlier}/respond", json={"value": True}).raise_for_status()
    page.goto(f"/interactions/{earlier}/")
    expect(page.locator("#detail")).to_contain_text("approved")
    held = intercept(page, "**/similar")
    with page.expect_request("**/similar"):
        page.goto(places["question"])
        page.get_by_role("link", name="Similar decisions").focus()
    expect(page.get_by_role("link", name="Similar decisions")).to_be_focused()
    held.first().continue_()
    expect(page.get_by_role("heading", name="Similar decisions")).to_be_focused()


@pytest.mark.browser
def test_the_skip_link_leads_to_what_is_shown(sign_in: SignIn) -> None:
    page = sign_in("rina", viewport={"width": 1000, "height": 800})
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name=re.compile("Skip"))).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    expect(page.get_by_role("main").get_by_role("heading", level=1)).to_have_text("Inbox")


def by_the_pages_arrow(page: Page) -> None:
    page.get_by_role("link", name="Back to the list").tap()


def by_the_browser(page: Page) -> None:
    page.go_back()


# The place of a row, not of its list, which moves if a row above leaves it.
_TOP = "row => Math.round(row.getBoundingClientRect().top)"


@pytest.mark.browser
def test_back_beside_the_question_the_list_is_where_it_was(sign_in: SignIn) -> None:
    page = sign_in("rina", viewport={"width": 1200, "height": 500})
    rows = page.locator("#inbox-list .list-scroll")
    row = page.locator(".row").nth(9)
    row.scroll_into_view_if_needed()
    assert rows.evaluate("rows => rows.scrollTop") > 0
    row = page.locator(f".row[data-interaction-id={row.get_attribute('data-interaction-id')}]")
    top = row.evaluate(_TOP)
    row.click()
    expect(page.locator("#question")).to_be_visible()
    page.go_back()
    expect(page.locator("#question")).to_have_count(0)
    assert row.evaluate(_TOP) == top


@pytest.mark.browser
@pytest.mark.parametrize("go_back", [by_the_pages_arrow, by_the_browser])
def test_back_on_a_phone_the_list_is_where_it_was(
    sign_in: SignIn, go_back: Callable[[Page], None]
) -> None:
    page = sign_in("rina", viewport={"width": 390, "height": 500}, has_touch=True)
    row = page.locator(".row").nth(9)
    row.scroll_into_view_if_needed()
    assert page.evaluate("scrollY") > 0
    row = page.locator(f".row[data-interaction-id={row.get_attribute('data-interaction-id')}]")
    top = row.evaluate(_TOP)
    row.tap()
    expect(page.locator("#question")).to_be_focused()
    go_back(page)
    expect(row).to_be_focused()
    assert row.evaluate(_TOP) == top
    expect(page).to_have_title(re.compile(r"^(\(\d+\+?\) )?Inbox · Reviewer inbox$"))


_HIDING = """new MutationObserver((changes) => {
  for (const { target, oldValue } of changes) {
    (window.hiding ??= []).push([oldValue, target.getAttribute("aria-hidden")]);
  }
}).observe(document, {
  subtree: true, attributes: true, attributeOldValue: true, attributeFilter: ["aria-hidden"],
});"""


def test_a_message_that_comes_with_the_page_is_read_once_it_has_loaded(sign_in: SignIn) -> None:
    page = sign_in("rina")
    page.goto("/account/")
    page.add_init_script(_HIDING)
    page.locator("form:has([name=theme])").evaluate("form => form.requestSubmit()")
    page.wait_for_function("() => window.hiding?.length >= 2")
    assert page.evaluate("hiding") == [[None, "true"], ["true", None]]
