import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.arrivals import arrived
from tests.e2e.conftest import SignIn
from tests.support.pages import stop_clock
from tests.support.product import ask

pytestmark = pytest.mark.browser

GROUP = {"type": "group", "id": "approvers"}
REST_MS = 150
SEEN_MS = 2000
SETTLE_MS = 50
SEEN = re.compile("/seen$")
AWAY_MS = 61_000
SHOW = """(shown) => {
  Object.defineProperty(document, "hidden", { get: () => !shown, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""

Listed = Callable[..., Page]


@pytest.fixture
def listed(sign_in: SignIn, api: httpx.Client) -> Iterator[Listed]:
    """``listed("Word")``: Rina's list of two unread questions with the clock stopped."""
    runs: list[str] = []

    def enter(word: str, **options: object) -> Page:
        page = sign_in("rina", **options)
        for n in range(2):
            runs.append(ask(api, f"{word}, {n}?", target=GROUP, timeout=f"{20 + n}m"))
        expect(arrived(page, f"{word}, 1?")).to_be_visible()
        page.clock.install()
        page.goto(f"/inbox/?q={word}")
        expect(page.locator(".row--unread")).to_have_count(2)
        stop_clock(page)
        return page

    yield enter
    for run_id in runs:
        api.post(f"/runs/{run_id}/cancellations")


def row(page: Page, title: str) -> Locator:
    return page.locator(".row", has_text=title)


def unread(page: Page, title: str) -> Locator:
    return page.locator(".row--unread", has_text=title)


def open_question(page: Page, title: str) -> None:
    """Click its row; htmx takes a moment of the page's clock to finish with it."""
    row(page, title).click()
    expect(page.locator("#question")).to_have_text(title)
    page.clock.run_for(SETTLE_MS)


def rest(page: Page) -> None:
    with page.expect_response(SEEN):
        page.clock.run_for(SEEN_MS)


def test_a_question_is_seen_after_two_seconds_and_unread_again_by_a_key(listed: Listed) -> None:
    page = listed("Glanced")
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else 0)
    open_question(page, "Glanced, 0?")
    page.clock.run_for(SEEN_MS - 2 * SETTLE_MS)
    open_question(page, "Glanced, 1?")
    page.clock.run_for(SEEN_MS - 2 * SETTLE_MS)
    assert [url for url in posts if SEEN.search(url)] == []
    rest(page)
    expect(unread(page, "Glanced, 1?")).to_have_count(0)
    expect(unread(page, "Glanced, 0?")).to_have_count(1)

    page.keyboard.press("u")
    expect(page.locator("#toasts")).to_contain_text("Marked as unread.")
    expect(unread(page, "Glanced, 1?")).to_have_count(1)
    posts.clear()
    page.evaluate("document.body.dispatchEvent(new CustomEvent('resync'))")
    page.clock.run_for(2 * SEEN_MS)
    assert [url for url in posts if SEEN.search(url)] == []
    open_question(page, "Glanced, 0?")
    open_question(page, "Glanced, 1?")
    rest(page)
    expect(unread(page, "Glanced, 1?")).to_have_count(0)


def test_a_question_stays_unread_through_a_reload(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    run_id = ask(api, "Reloaded?", target=GROUP)
    page.goto("/inbox/?q=reloaded")
    with page.expect_response(SEEN):
        arrived(page, "Reloaded?").click()
    page.keyboard.press("u")
    expect(unread(page, "Reloaded?")).to_have_count(1)
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url))
    page.reload()
    page.wait_for_timeout(SEEN_MS + 500)
    assert [url for url in posts if SEEN.search(url)] == []

    page.goto("/runs/")
    with page.expect_response(SEEN):
        page.go_back()
    api.post(f"/runs/{run_id}/cancellations")


def test_a_question_is_seen_only_while_the_person_is_there(listed: Listed) -> None:
    page = listed("Left alone")
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url))
    open_question(page, "Left alone, 0?")
    page.evaluate(SHOW, False)
    page.clock.run_for(AWAY_MS)
    page.evaluate(SHOW, True)
    page.clock.run_for(2 * SEEN_MS)
    assert [url for url in posts if SEEN.search(url)] == []
    page.mouse.move(700, 300)
    rest(page)
    expect(unread(page, "Left alone, 0?")).to_have_count(0)


def test_a_preview_is_seen_once_it_has_rested(listed: Listed) -> None:
    page = listed("Rested on")
    page.keyboard.press("j")
    page.clock.run_for(REST_MS)
    expect(page.locator("#question")).to_have_text("Rested on, 0?")
    page.clock.run_for(SETTLE_MS)
    rest(page)
    expect(unread(page, "Rested on, 0?")).to_have_count(0)
    expect(row(page, "Rested on, 0?")).to_be_focused()
    with page.expect_response(re.compile("/unread$")):
        page.keyboard.press("u")
    expect(unread(page, "Rested on, 0?")).to_have_count(1)


def test_a_row_marked_as_unread_before_its_preview_stays_unread(listed: Listed) -> None:
    page = listed("Hurried")
    open_question(page, "Hurried, 0?")
    rest(page)
    page.keyboard.press("j")
    page.clock.run_for(REST_MS)
    expect(page.locator("#question")).to_have_text("Hurried, 1?")
    page.clock.run_for(SETTLE_MS)
    rest(page)

    page.keyboard.press("k")
    with page.expect_response(re.compile("/unread$")):
        page.keyboard.press("u")
    page.clock.run_for(REST_MS)
    expect(page.locator("#question")).to_have_text("Hurried, 0?")
    page.clock.run_for(SETTLE_MS)
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url))
    page.clock.run_for(2 * SEEN_MS)
    assert [url for url in posts if SEEN.search(url)] == []
    expect(unread(page, "Hurried, 0?")).to_have_count(1)


def test_a_hidden_page_fetches_its_counts_once_a_minute(listed: Listed) -> None:
    page = listed("Counted")
    open_question(page, "Counted, 0?")
    rest(page)
    expect(unread(page, "Counted, 0?")).to_have_count(0)
    with page.expect_event("requestfailed", lambda sent: "/live/" in sent.url):
        page.evaluate(SHOW, False)
    other = page.context.new_page()
    other.goto("/inbox/?q=Counted")
    row(other, "Counted, 0?").focus()
    other.keyboard.press("u")
    expect(unread(other, "Counted, 0?")).to_have_count(1)
    with page.expect_response(re.compile("/inbox/counts/$")) as counts:
        page.clock.run_for(60_000)
    # Not one more than before: questions of other tests may have come or expired.
    number = re.search(r'id="count-inbox"[^>]*>(\d+)<', counts.value.text())
    assert number
    expect(page).to_have_title(re.compile(rf"^\({number[1]}\) Counted, 0"))
    expect(page.locator("link[rel=icon]")).to_have_attribute("href", re.compile("favicon-unread"))


RECORD = """() => {
  window.shown = [];
  window.Notification = class extends Notification {
    constructor(title, options) {
      super(title, options);
      window.shown.push(`${title}: ${options.body}`);
    }
  };
}"""
LOSE_FOCUS = """() => {
  document.hasFocus = () => false;
  dispatchEvent(new Event("blur"));
}"""
ALL_TOLD = """() => {
  const telling = `telling ${document.body.dataset.viewer}`;
  return navigator.locks.request(telling, () => window.shown);
}"""


def test_a_new_question_is_told_to_a_person_who_is_not_looking(
    listed: Listed, api: httpx.Client
) -> None:
    page = listed("Heralded", permissions=["notifications"])
    page.evaluate(RECORD)
    with page.expect_response(re.compile("/inbox/counts/[?]after=$")):
        page.evaluate(LOSE_FOCUS)
    runs = [tell(page, api, "Heralded, 2?", "1 new")]
    try:
        page.wait_for_function("() => window.shown.length")
        assert page.evaluate(ALL_TOLD) == ["New question: Heralded, 2?"]
        other = page.context.new_page()
        other.goto("/account/notifications/")
        expect(other.get_by_text("Notifications are allowed in this browser.")).to_be_visible()
        expect(other.get_by_role("button", name="Allow notifications")).to_have_count(0)
        runs.append(tell(page, api, "Heralded, 3?", "2 new"))
        assert page.evaluate(ALL_TOLD) == ["New question: Heralded, 2?"]
    finally:
        for run_id in runs:
            api.post(f"/runs/{run_id}/cancellations")


def tell(page: Page, api: httpx.Client, question: str, shown: str) -> str:
    run_id = ask(api, question, target=GROUP, timeout="3h")
    expect(page.locator("#show-arrivals")).to_have_text(shown)
    with page.expect_response(re.compile("/inbox/counts/[?]after=.")):
        page.clock.run_for(2000)
    return run_id
