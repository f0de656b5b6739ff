import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Page, Request, expect

from tests.e2e.arrivals import arrived, open_item
from tests.e2e.conftest import SignIn
from tests.support.pages import (
    ARMED,
    GUARD_MS,
    Intercepted,
    intercept,
    read_again,
    stop_clock,
)
from tests.support.product import ask, interaction_of

pytestmark = pytest.mark.browser

GROUP = {"type": "group", "id": "approvers"}
REST_MS = 150
SEEN_MS = 2000
SETTLE_MS = 50

Listed = tuple[Page, list[str]]


@pytest.fixture
def listed(sign_in: SignIn, api: httpx.Client) -> Iterator[Callable[..., Listed]]:
    """``listed("Word")``: Rina's list of three group questions with the first row marked, none
    open, and its clock stopped; and their runs.
    """
    runs: list[str] = []

    def enter(word: str, **options: object) -> Listed:
        page = sign_in("rina", **options)
        for n in range(3):
            runs.append(ask(api, f"{word}, {n}?", target=GROUP, timeout=f"{20 + n}m"))
        expect(arrived(page, f"{word}, 2?")).to_be_visible()
        page.clock.install()
        page.goto(f"/inbox/?q={word}")
        expect(page.locator(".row")).to_have_count(3)
        stop_clock(page)
        return page, runs

    yield enter
    for run_id in runs:
        api.post(f"/runs/{run_id}/cancellations")


def preview(page: Page, key: str, heading: str) -> None:
    page.keyboard.press(key)
    page.clock.run_for(REST_MS)
    shown(page, heading)


def shown(page: Page, heading: str) -> None:
    """Wait for the question. htmx takes a moment of the page's clock to finish with it.

    A request that was still under way when the marker rested delays the preview: the page then lets
    the marker rest once more.
    """
    question = page.locator("#question")
    try:
        expect(question).to_have_text(heading, timeout=5_000)
    except AssertionError:
        page.clock.run_for(REST_MS)
        expect(question).to_have_text(heading)
    page.clock.run_for(SETTLE_MS)


def hold(page: Page, id_: str) -> Intercepted:
    return intercept(page, re.compile(f"/interactions/{id_}/"))


def told(page: Page) -> list[str]:
    """Last path parts of what the page posts from now on."""
    posts: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            posts.append(request.url.rstrip("/").rpartition("/")[2])

    page.on("request", note)
    return posts


def test_the_marked_question_is_shown_once_the_marker_has_rested(
    listed: Callable[..., Listed],
) -> None:
    page, _ = listed("Rested")
    before = page.evaluate("history.length")
    page.keyboard.press("j")
    page.clock.run_for(REST_MS - 10)
    page.keyboard.press("j")
    page.clock.run_for(REST_MS - 10)
    expect(page.locator("#question")).to_have_count(0)
    page.clock.run_for(10)
    shown(page, "Rested, 1?")
    expect(page.locator(".row", has_text="Rested, 1?")).to_be_focused()
    expect(page.locator(".row[aria-current]")).to_contain_text("Rested, 1?")
    expect(page).to_have_url(re.compile("/interactions/"))
    preview(page, "j", "Rested, 2?")
    preview(page, "k", "Rested, 1?")
    assert page.evaluate("history.length") == before


def test_presence_is_not_announced_until_the_marker_has_rested(
    listed: Callable[..., Listed],
) -> None:
    page, _ = listed("Unannounced")
    posts = told(page)
    preview(page, "j", "Unannounced, 0?")
    page.clock.run_for(SEEN_MS - 2 * SETTLE_MS)
    read_again(page)
    expect(page.locator("#detail")).to_have_attribute("data-preview", "")
    assert posts == []
    with page.expect_request(re.compile("/presence$")):
        page.clock.run_for(2 * SETTLE_MS)
    expect(page.locator("#detail")).not_to_have_attribute("data-preview", "")


def test_addresses_that_a_page_reads_by_itself_contain_no_token(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Read by itself?", target=GROUP)
    open_item(page, "Read by itself?")
    read: list[str] = []
    page.on("request", lambda request: read.append(request.url))
    with page.expect_request(lambda each: each.method == "GET" and "/presence" in each.url):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('resync'))")
    assert not [url for url in read if "csrf" in url]


def test_enter_opens_the_previewed_question_and_only_then_goes_to_its_form(
    listed: Callable[..., Listed],
) -> None:
    page, _ = listed("Walked into", viewport={"width": 1280, "height": 300})
    heading = page.locator("#question")
    before = page.evaluate("history.length")
    preview(page, "j", "Walked into, 0?")
    preview(page, "j", "Walked into, 1?")
    with page.expect_request(re.compile("/presence$")):
        page.keyboard.press("Enter")
    expect(heading).to_be_focused()
    expect(page.locator("#detail")).not_to_have_attribute("data-preview", "")
    assert page.evaluate("history.length") == before + 1
    page.keyboard.press("PageDown")
    expect(heading).not_to_be_in_viewport()

    preview(page, "j", "Walked into, 2?")
    page.clock.run_for(SEEN_MS)
    page.keyboard.press("Enter")
    expect(heading).to_be_focused()
    page.keyboard.press("a")
    expect(page.locator(ARMED)).to_be_focused()
    page.keyboard.press("Escape")
    heading.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Comment")).to_be_focused()

    page.go_back()
    shown(page, "Walked into, 1?")
    page.go_back()
    expect(page).to_have_url(re.compile(r"/inbox/\?q=Walked"))


def test_keys_that_answer_act_once_the_question_has_been_in_the_pane_for_a_moment(
    listed: Callable[..., Listed], api: httpx.Client
) -> None:
    page, runs = listed("Acted")
    step, heading = page.locator(ARMED), page.locator("#question")
    preview(page, "j", "Acted, 0?")
    page.clock.run_for(GUARD_MS)
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(heading).to_have_text("Acted, 1?")
    expect(step).to_have_count(0)
    page.clock.run_for(GUARD_MS)

    preview(page, "j", "Acted, 2?")
    page.clock.run_for(GUARD_MS - 2 * SETTLE_MS)
    page.keyboard.press("a")
    expect(step).to_have_count(0)
    page.clock.run_for(GUARD_MS)
    page.keyboard.press("r")
    expect(step).to_be_focused()
    page.keyboard.press("j")
    expect(step).to_have_count(0)
    assert [interaction_of(api, run)["status"] for run in runs[-3:]] == ["pending"] * 3


def test_a_preview_that_comes_late_does_not_take_the_place_of_a_later_one(
    listed: Callable[..., Listed], api: httpx.Client
) -> None:
    page, runs = listed("Tardy")
    late = interaction_of(api, runs[-3])["id"]
    held = hold(page, late)
    with page.expect_request(re.compile(f"/interactions/{late}/")):
        page.keyboard.press("j")
        page.clock.run_for(REST_MS)
    preview(page, "j", "Tardy, 1?")
    held.first().continue_()
    page.clock.run_for(SEEN_MS)
    expect(page.locator("#question")).to_have_text("Tardy, 1?")


def test_a_preview_on_its_way_does_not_take_the_pane_from_someone_who_goes_into_it(
    listed: Callable[..., Listed],
) -> None:
    page, _ = listed("Colugo")
    preview(page, "j", "Colugo, 0?")
    id_ = page.locator(".row").nth(1).get_attribute("data-interaction-id") or ""
    held = hold(page, id_)
    page.keyboard.press("j")
    with page.expect_request(re.compile(f"/interactions/{id_}/")):
        page.clock.run_for(REST_MS)
    with page.expect_event("requestfailed"):
        page.get_by_label("Comment").click()
    assert len(held) == 1
    page.clock.run_for(SETTLE_MS)
    page.keyboard.type("Mine")
    expect(page.locator("#question")).to_have_text("Colugo, 0?")
    expect(page.get_by_label("Comment")).to_have_value("Mine")


def test_enter_on_a_preview_that_is_on_its_way_opens_the_question(
    listed: Callable[..., Listed], api: httpx.Client
) -> None:
    page, runs = listed("Unlocked")
    first = interaction_of(api, runs[-3])["id"]
    held = hold(page, first)
    before = page.evaluate("history.length")
    with page.expect_request(re.compile(f"/interactions/{first}/")):
        page.keyboard.press("j")
        page.clock.run_for(REST_MS)
    page.keyboard.press("Enter")
    held.first().continue_()
    shown(page, "Unlocked, 0?")
    expect(page.locator("#question")).to_be_focused()
    expect(page.locator("#detail")).not_to_have_attribute("data-preview", "")
    assert page.evaluate("history.length") == before + 1


def test_below_1100_px_there_is_no_preview(listed: Callable[..., Listed]) -> None:
    page, _ = listed("Unpreviewed", viewport={"width": 1000, "height": 800})
    page.keyboard.press("j")
    page.clock.run_for(SEEN_MS)
    expect(page.locator(".row", has_text="Unpreviewed, 0?")).to_be_focused()
    expect(page.locator("#question")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/inbox/\?q=Unpreviewed$"))


def test_it_can_be_switched_off(sign_in: SignIn, listed: Callable[..., Listed]) -> None:
    account = sign_in("rina")
    account.goto("/account/")
    account.get_by_role("switch", name="Preview as you move through the list").uncheck()
    expect(account.locator("#toasts")).to_contain_text("Previews are off.")
    try:
        page, _ = listed("Switched off")
        page.keyboard.press("j")
        page.clock.run_for(SEEN_MS)
        expect(page.locator(".row", has_text="Switched off, 0?")).to_be_focused()
        expect(page.locator("#question")).to_have_count(0)
    finally:
        account.get_by_role("switch", name="Preview as you move through the list").check()
        expect(account.locator("#toasts")).to_contain_text("Previews are on.")


def test_two_rows_clicked_quickly_open_the_last_one(
    listed: Callable[..., Listed], api: httpx.Client
) -> None:
    page, runs = listed("Quickly")
    first, second = (str(interaction_of(api, run)["id"]) for run in runs[:2])
    of_first, of_second = hold(page, first), hold(page, second)
    with page.expect_request(re.compile(f"/interactions/{first}/")):
        page.locator(".row", has_text="Quickly, 0?").click()
    with (
        page.expect_event("requestfailed", lambda sent: f"/interactions/{first}/" in sent.url),
        page.expect_request(re.compile(f"/interactions/{second}/")),
    ):
        page.locator(".row", has_text="Quickly, 1?").click()
    expect(page.locator("#question")).to_have_count(0)
    assert len(of_first) == 1
    of_second[0].continue_()
    expect(page.locator("#question")).to_have_text("Quickly, 1?")
    expect(page).to_have_url(re.compile(second))
