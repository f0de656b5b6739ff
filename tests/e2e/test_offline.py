"""The service worker: its page without a connection, and the push messages that it shows."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.axe import violations
from tests.support.product import Product


@pytest.fixture
def page(product: Product, browser: Browser) -> Iterator[Page]:
    """Rina's inbox, once its service worker is active. Its console may complain."""
    context = browser.new_context(base_url=product.web, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto("/accounts/login/")
    page.get_by_label("Name").fill("rina")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/inbox/**")
    page.evaluate("navigator.serviceWorker.ready.then(() => {})")
    yield page
    context.close()


def test_a_page_that_cannot_be_fetched_is_explained_and_can_be_tried_again(page: Page) -> None:
    page.goto("/inbox/")
    assert page.evaluate("navigator.serviceWorker.controller !== null")
    page.context.set_offline(True)
    page.goto("/account/")
    expect(page.get_by_role("heading")).to_have_text("Reviewer inbox can't be reached")
    assert page.url.endswith("/account/")
    assert violations(page) == []
    page.context.set_offline(False)
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_role("heading", name="Account")).to_be_visible()


@pytest.mark.browser
def test_the_service_worker_keeps_nothing_and_answers_no_other_request(page: Page) -> None:
    page.goto("/inbox/")
    page.context.set_offline(True)
    for path in ("/inbox/", "/live/inbox/"):
        failed = f"fetch('{path}').then(() => 'answered', () => 'failed')"
        assert page.evaluate(failed) == "failed"
    assert page.evaluate("caches.keys()") == []


@pytest.mark.browser
def test_it_can_be_installed(page: Page) -> None:
    href = str(page.locator("link[rel=manifest]").get_attribute("href"))
    app = page.request.get(href).json()
    assert (app["start_url"], app["display"]) == ("/inbox/", "standalone")
    for icon in app["icons"]:
        assert page.request.get(icon["src"]).headers["content-type"] == "image/png"
    session = page.context.new_cdp_session(page)
    found = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [error["errorId"] for error in found] == ["in-incognito"]


SHOWN_AS = """async (title) => {
  const registration = await navigator.serviceWorker.ready;
  for (;;) {
    const shown = await registration.getNotifications();
    if (shown.some((one) => one.title === title)) {
      return shown.map(({ body, data, actions }) => ({
        body, data, actions: actions.map((one) => one.title),
      }));
    }
    await new Promise(requestAnimationFrame);
  }
}"""


@pytest.mark.browser
def test_a_push_message_is_shown_and_replaced_by_the_next_about_its_question(page: Page) -> None:
    page.context.grant_permissions(["notifications"])
    site = page.url.partition("/inbox/")[0]
    worker = page.context.new_cdp_session(page)
    told: list[Any] = []

    def hear(event: Any) -> None:
        told.append(event)

    worker.on("ServiceWorker.workerRegistrationUpdated", hear)
    worker.send("ServiceWorker.enable")
    page.evaluate("navigator.serviceWorker.ready.then(() => {})")
    [registration] = told[0]["registrations"]
    link = f"{site}/interactions/int_1/"

    def push(title: str, **fields: Any) -> Any:
        said = {"title": title, "navigate": link, "tag": "one", "data": {"id": title}, **fields}
        message = {
            "origin": site,
            "registrationId": registration["registrationId"],
            "data": json.dumps({"web_push": 8030, "notification": said}),
        }
        worker.send("ServiceWorker.deliverPushMessage", message)
        [shown] = page.evaluate(SHOWN_AS, title)
        return shown

    approve = {"action": "approve", "title": "Approve", "navigate": f"{link}?confirm=true"}
    shown = push("Ship it?", body="You are asked", actions=[approve])
    assert (shown["body"], shown["actions"]) == ("You are asked", ["Approve"])
    assert shown["data"]["navigate"] == link
    assert shown["data"]["links"] == {"approve": approve["navigate"]}
    assert push("Answered")["actions"] == []
