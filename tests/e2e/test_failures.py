import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.e2e.arrivals import arrived, open_item
from tests.support.pages import (
    ARMED,
    GUARD_MS,
    approve,
    box_of,
    intercept,
    press,
    read_again,
    send,
    stop_clock,
)
from tests.support.product import Product, answered, ask, interaction_of, question
from tests.support.scripted_server import (
    CutAfterRead,
    Dribble,
    Never,
    PassThenCut,
    PassThenNever,
    Reply,
    ScriptedServer,
)

pytestmark = pytest.mark.browser

AGAIN = re.compile("^(Approve|Send) again$")
HTML = {"content-type": "text/html"}
COUNTS = "/notifications/counts/$"
PROXY_SAYS = (
    (502, "A proxy returned an error"),
    (503, "A proxy returned an error"),
    (413, "too large to send"),
    (429, "Too many requests"),
    (200, "A proxy returned an error"),
)


@pytest.fixture(scope="module")
def gateway(product: Product) -> Iterator[ScriptedServer]:
    with ScriptedServer(product.web, keep_host=True) as server:
        yield server


@pytest.fixture
def proxy(gateway: ScriptedServer) -> Iterator[ScriptedServer]:
    gateway.requests.clear()
    yield gateway
    gateway.forget()


def signed_in(browser: Browser, proxy: ScriptedServer) -> BrowserContext:
    context = browser.new_context(base_url=proxy.base_url, service_workers="block")
    page = context.new_page()
    sign_in(page)
    page.close()
    return context


def sign_in(page: Page) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Name").fill("rina")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/inbox/**")


@pytest.fixture(scope="module")
def context(browser: Browser, gateway: ScriptedServer) -> Iterator[BrowserContext]:
    context = signed_in(browser, gateway)
    yield context
    context.close()


@pytest.fixture(scope="module")
def inbox(context: BrowserContext) -> Page:
    page = context.new_page()
    page.goto("/inbox/")
    return page


@pytest.fixture
def page(inbox: Page, proxy: ScriptedServer) -> Page:
    """Her inbox, reloaded only where the test before it left a report."""
    if failed(inbox).count():
        inbox.goto("/inbox/")
    return inbox


def failed(page: Page) -> Any:
    return page.locator("#request-status .notice")


def send_again(page: Page) -> None:
    press(page.get_by_role("button", name=AGAIN))


def approve_with(page: Page, comment: str) -> None:
    page.get_by_label("Comment").fill(comment)
    approve(page)


def test_an_answer_that_never_left_is_sent_again_after_the_question_was_read(
    page: Page, api: httpx.Client
) -> None:
    run_id = ask(api, "Sent while offline?")
    open_item(page, "Sent while offline?")
    page.context.set_offline(True)
    approve_with(page, "Typed before the tunnel.")
    expect(failed(page)).to_contain_text("You're offline")
    wide = page.viewport_size
    page.set_viewport_size({"width": 320, "height": 640})
    page.evaluate("scrollTo(0, 0)")
    notice, title = box_of(failed(page)), box_of(page.locator("#question"))
    assert notice["y"] + notice["height"] <= title["y"]
    assert wide is not None
    page.set_viewport_size(wide)
    expect(failed(page)).to_contain_text("couldn't confirm that your answer was sent")
    expect(page.locator("#answer")).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("#freshness")).to_contain_text("Not live")
    expect(page.get_by_role("button", name=AGAIN)).to_have_count(0)

    look = failed(page).get_by_role("button", name="Check the question")
    look.press("Enter")
    expect(failed(page)).to_contain_text("couldn't check the question")
    expect(failed(page)).to_contain_text("couldn't confirm that your answer was sent")
    expect(look).to_be_focused()

    page.context.set_offline(False)
    expect(failed(page)).to_contain_text("The question is still open. Your answer wasn't recorded.")
    expect(page.locator("#freshness")).to_have_text("Live")
    expect(page.get_by_label("Comment")).to_have_value("Typed before the tunnel.")
    send_again(page)
    expect(page.locator(".row", has_text="Sent while offline?")).to_have_count(0)
    answer = answered(api, run_id)["response"]
    assert (answer["value"], answer["comment"]) == (True, "Typed before the tunnel.")


def test_a_press_that_only_checks_the_question_does_not_leave_the_form_sending(
    page: Page, proxy: ScriptedServer, api: httpx.Client
) -> None:
    ask(api, "Pressed once more?")
    open_item(page, "Pressed once more?")
    saved = page.locator("#answer [data-saved]")
    proxy.on("POST", "/respond$", Reply(502))
    approve_with(page, "Held up")
    expect(failed(page)).to_contain_text("couldn't confirm that your answer was sent")
    press(page.locator(f"{ARMED} [data-confirms]"))
    expect(failed(page)).to_contain_text("The question is still open.")
    page.wait_for_timeout(1_000)  # no event tells: a form says that it is sending after a while
    assert saved.text_content() != "Sending…"
    expect(page.locator("#answer[aria-busy]")).to_have_count(0)


def test_an_answer_that_arrived_is_shown_as_sent_and_goes_out_once(
    page: Page, proxy: ScriptedServer, api: httpx.Client
) -> None:
    run_id = ask(api, "Arrived unheard?")
    open_item(page, "Arrived unheard?")
    # So that the page doesn't hear of it by itself.
    for path in ("/live/", "/interactions/"):
        proxy.on("GET", path, Reply(502), always=True)
    proxy.break_all()
    proxy.on("POST", "/respond$", PassThenCut())
    approve_with(page, "Heard?")
    expect(failed(page)).to_contain_text("The connection failed")
    failed(page).get_by_role("button", name="Check the question").click()
    expect(page.locator("#toasts")).to_contain_text("Approved")
    assert len(proxy.seen("POST", "/respond$")) == 1
    assert answered(api, run_id)["response"]["comment"] == "Heard?"


SEND_AGAIN_AS_SOON_AS_IT_IS_SHOWN = """() => new MutationObserver((_, observer) => {
  const button = document.querySelector("#request-status button[data-sends]");
  if (!button) return;
  observer.disconnect();
  button.click();
  window.pressedAgain = true;
}).observe(document.body, { childList: true, subtree: true })"""


def test_a_double_press_on_the_check_button_sends_nothing(
    page: Page, proxy: ScriptedServer, api: httpx.Client
) -> None:
    ask(api, "Pressed in haste?")
    open_item(page, "Pressed in haste?")
    proxy.on("POST", "/respond$", CutAfterRead())
    approve_with(page, "Once.")
    page.evaluate(SEND_AGAIN_AS_SOON_AS_IT_IS_SHOWN)
    failed(page).get_by_role("button", name="Check the question").click()
    page.wait_for_function("() => window.pressedAgain")
    page.wait_for_function(
        "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0, true)))"
    )
    assert len(proxy.seen("POST", "/respond$")) == 1
    expect(page.get_by_role("button", name=AGAIN)).to_be_visible()


def test_a_toast_takes_the_place_of_the_one_before(page: Page, api: httpx.Client) -> None:
    for number in (1, 2):
        ask(api, f"Toasted {number}?")
        open_item(page, f"Toasted {number}?")
        approve(page)
        expect(page.get_by_role("heading", name=f"Toasted {number}?")).to_have_count(0)
    expect(page.locator("[data-toast]")).to_have_count(1)


def test_the_notice_goes_when_the_page_shows_that_the_answer_arrived(
    page: Page, proxy: ScriptedServer, api: httpx.Client
) -> None:
    ask(api, "Heard through the stream?")
    open_item(page, "Heard through the stream?")
    proxy.on("POST", "/respond$", PassThenCut())
    approve_with(page, "Over the other wire.")
    expect(page.locator("#outcome")).to_contain_text("You answered this")
    expect(failed(page)).to_have_count(0)
    assert len(proxy.seen("POST", "/respond$")) == 1


def test_pressing_the_answer_button_after_a_failure_reads_the_question_first(
    page: Page, proxy: ScriptedServer, api: httpx.Client
) -> None:
    ask(api, "Pressed again?")
    open_item(page, "Pressed again?")
    proxy.on("POST", "/respond$", CutAfterRead())
    approve_with(page, "Once.")
    expect(failed(page)).to_be_visible()
    press(page.locator(f"{ARMED} [data-confirms]"))
    expect(page.get_by_role("button", name=AGAIN)).to_be_visible()
    assert len(proxy.seen("POST", "/respond$")) == 1


@pytest.mark.parametrize("change", ["typing", "choosing"])
def test_what_failed_is_not_sent_again_once_the_answer_has_changed(
    page: Page, proxy: ScriptedServer, api: httpx.Client, change: str
) -> None:
    message = f"Altered by {change}?"
    run_id = ask(api, message)
    open_item(page, message)
    proxy.on("POST", "/respond$", CutAfterRead())
    approve_with(page, "Yes")
    failed(page).get_by_role("button", name="Check the question").click()
    expect(page.get_by_role("button", name="Approve again")).to_be_visible()
    if change == "typing":
        page.get_by_label("Comment").press_sequentially(", but not today")
    else:
        press(page.locator("#answer").get_by_role("button", name="Reject", exact=True))
    expect(failed(page)).to_have_count(0)
    assert interaction_of(api, run_id)["status"] == "pending"


def test_another_answer_than_the_one_that_failed_is_asked_about_first(
    page: Page, proxy: ScriptedServer, api: httpx.Client
) -> None:
    options = [{"value": value, "label": value.title()} for value in ("today", "tomorrow")]
    ask(
        api, "Changed, then sent again?", type="review", spec={"mode": "select", "options": options}
    )
    open_item(page, "Changed, then sent again?")
    proxy.on("POST", "/respond$", CutAfterRead())
    press(page.get_by_role("radio", name="Today"))
    send(page)
    failed(page).get_by_role("button", name="Check the question").click()
    expect(page.get_by_role("button", name=AGAIN)).to_be_visible()
    page.get_by_role("radio", name="Tomorrow").check()
    expect(failed(page)).to_have_count(0)
    page.get_by_role("button", name="Send answer").click()
    expect(page.locator(ARMED)).to_be_visible()
    assert len(proxy.seen("POST", "/respond$")) == 1


@pytest.mark.parametrize("refused", [False, True])
def test_an_answer_that_fails_once_another_question_is_open_is_checked_with_its_own_text(
    page: Page, api: httpx.Client, refused: bool
) -> None:
    kind = "Refused" if refused else "Cut"
    first, second = f"Pangolin, {kind} first?", f"Pangolin, {kind} second?"
    run_id = ask(api, first, timeout="20m")
    ask(api, second, timeout="21m")
    arrived(page, second)
    # A list in which both are on the page: from one to the other it isn't loaded.
    page.goto(f"/inbox/?q=pangolin+{kind}")
    open_item(page, first)
    page.get_by_label("Comment").fill("Of the first")
    held = intercept(page, "**/respond")
    with page.expect_request("**/respond"):
        approve(page)
    open_item(page, second)
    page.get_by_label("Comment").fill("Of the second")
    if refused:
        api.post(f"/runs/{run_id}/cancellations")
        held.first().continue_()
    else:
        held.first().abort()
    page.unroute("**/respond")
    expect(failed(page)).to_contain_text("couldn't confirm that your answer was sent")
    read_again(page)
    failed(page).get_by_role("button", name="Check the question").click()
    expect(page.locator("#question")).to_have_text(first)
    expect(failed(page)).to_have_count(0)
    expect(page.locator("#detail")).not_to_contain_text("Of the second")
    if refused:
        expect(page.locator("#detail")).to_contain_text("Of the first")
    else:
        expect(page.get_by_label("Comment")).to_have_value("Of the first")
    open_item(page, second)
    expect(page.get_by_label("Comment")).to_have_value("Of the second")


def test_a_proxys_page_is_never_swapped_in(
    page: Page, proxy: ScriptedServer, api: httpx.Client
) -> None:
    ask(api, "Behind a proxy?")
    open_item(page, "Behind a proxy?")
    page.get_by_label("Comment").fill("Still here.")
    for status, sentence in PROXY_SAYS:
        proxy.on("POST", "/respond$", Reply(status, "<h1>nginx</h1>", HTML))
        approve(page)
        expect(failed(page)).to_contain_text(sentence)
        expect(page.locator("body")).not_to_contain_text("nginx")
        failed(page).get_by_role("button", name="Check the question").click()
        expect(failed(page)).to_contain_text("still open")
        expect(page.get_by_role("heading", name="Behind a proxy?")).to_be_visible()
        expect(page.get_by_label("Comment")).to_have_value("Still here.")


def test_a_claim_that_failed_is_checked_and_sent_again(
    page: Page, proxy: ScriptedServer, api: httpx.Client
) -> None:
    run_id = ask(api, "Claimed unheard?", target={"type": "group", "id": "approvers"})
    open_item(page, "Claimed unheard?")
    proxy.on("POST", "/claim$", Reply(502, "<h1>nginx</h1>", HTML))
    press(page.get_by_role("button", name="Claim", exact=False).last)
    expect(failed(page)).to_contain_text("couldn't confirm that you claimed this question")
    failed(page).get_by_role("button", name="Check the question").click()
    expect(failed(page)).to_contain_text("still open")
    send_again(page)
    expect(page.locator("#claiming")).to_contain_text("Release")
    assert interaction_of(api, run_id)["claimed_by"] == "user_rina"

    proxy.on("POST", "/release$", PassThenCut())
    press(page.locator("#claiming").get_by_role("button"))
    expect(page.locator("#claiming").get_by_role("button", name="Claim")).to_be_visible()
    expect(failed(page)).to_have_count(0)
    assert len(proxy.seen("POST", "/release$")) == 1


def test_a_release_that_is_cut_after_the_page_has_heard_of_it_needs_no_check(
    page: Page, proxy: ScriptedServer, api: httpx.Client
) -> None:
    ask(api, "Released unheard?", target={"type": "group", "id": "approvers"})
    open_item(page, "Released unheard?")
    claiming = page.locator("#claiming").get_by_role("button")
    press(claiming)
    expect(claiming).to_have_accessible_name("Release")
    proxy.on("POST", "/release$", PassThenNever())
    press(claiming)
    expect(claiming).to_have_accessible_name("Claim")
    # Whatever the page reads again would end the notice.
    proxy.on("GET", "/", Reply(502, "<h1>nginx</h1>", HTML), always=True)
    proxy.break_all()
    expect(failed(page)).to_contain_text("couldn't confirm that you released this question")
    proxy.forget()
    page.evaluate("document.body.dispatchEvent(new CustomEvent('resync'))")
    expect(failed(page)).to_have_count(0)


def test_a_claim_in_the_list_is_checked_in_the_list(
    page: Page, proxy: ScriptedServer, api: httpx.Client
) -> None:
    ask(api, "Claimed in the list?", target={"type": "group", "id": "approvers"})
    arrived(page, "Claimed in the list?")
    row = page.locator(".row-with", has_text="Claimed in the list?")
    proxy.on("POST", "/claim$", CutAfterRead())
    row.hover()
    press(row.get_by_role("button"))
    failed(page).get_by_role("button", name="Check the question").click()
    expect(failed(page)).to_contain_text("still open")
    send_again(page)
    expect(row.get_by_role("button")).to_have_text("Release")


def claim_then_search(page: Page, message: str, search: str) -> Route:
    expect(arrived(page, message)).to_be_visible()
    entry = page.locator(".row-with", has_text=message)
    held = intercept(page, "**/claim", once=True)
    entry.hover()
    with page.expect_request("**/claim"):
        press(entry.get_by_role("button", name="Claim"))
    page.get_by_role("searchbox").fill(search)
    page.wait_for_url(f"**q={quote_plus(search)}**")
    return held.first()


def test_a_claim_that_arrives_after_the_list_was_filtered_leaves_the_filter(
    page: Page, api: httpx.Client
) -> None:
    run_id = ask(api, "Claimed, then filtered?", target={"type": "group", "id": "approvers"})
    claim = claim_then_search(page, "Claimed, then filtered?", "then filtered")
    row = page.locator(".row-with")
    expect(row).to_have_count(1)
    claim.continue_()
    expect(row.get_by_role("button", name="Release")).to_be_attached()
    expect(row).to_have_count(1)
    assert interaction_of(api, run_id)["claimed_by"] == "user_rina"
    page.goto("/inbox/")


def test_a_claim_that_is_refused_after_the_list_was_filtered_can_be_checked(
    page: Page, api: httpx.Client
) -> None:
    run_id = ask(api, "Refused, then filtered?", target={"type": "group", "id": "approvers"})
    claim = claim_then_search(page, "Refused, then filtered?", "nothing like it")
    api.post(f"/runs/{run_id}/cancellations").raise_for_status()
    claim.continue_()
    expect(failed(page)).to_contain_text("couldn't confirm that you claimed")
    failed(page).get_by_role("button", name="Check the question").click()
    expect(failed(page)).to_have_count(0)
    expect(page.locator("#list-outcome")).to_be_visible()
    page.goto("/inbox/")


def test_a_click_on_a_row_says_that_nothing_was_loaded(
    page: Page, proxy: ScriptedServer, api: httpx.Client
) -> None:
    ask(api, "Opened at last?")
    row = arrived(page, "Opened at last?")
    path = f"/interactions/{row.get_attribute('data-interaction-id')}/$"
    proxy.on("GET", path, Reply(502, "<h1>nginx</h1>", HTML))
    row.click()
    expect(failed(page)).to_contain_text("couldn't be loaded")
    failed(page).get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Opened at last?")).to_be_visible()
    expect(failed(page)).to_have_count(0)
    page.wait_for_url(re.compile("/interactions/"))


def test_a_preview_that_could_not_be_loaded_says_so_until_one_is_shown(
    page: Page, proxy: ScriptedServer, api: httpx.Client
) -> None:
    for n in range(2):
        ask(api, f"Loris, {n}?", timeout=f"{20 + n}m")
    expect(arrived(page, "Loris, 1?")).to_be_visible()
    page.goto("/inbox/?q=loris")
    proxy.on("GET", "/interactions/[^/]+/$", Reply(502, "<h1>nginx</h1>", HTML))
    page.keyboard.press("j")
    expect(failed(page)).to_contain_text("couldn't be loaded")
    page.keyboard.press("j")
    expect(page.locator("#question")).to_have_text("Loris, 1?")
    expect(failed(page)).to_have_count(0)

    # A message about an answer takes precedence over one about a preview.
    proxy.on("POST", "/respond$", Reply(502, "<h1>nginx</h1>", HTML))
    approve(page)
    expect(failed(page)).to_contain_text("couldn't confirm")
    proxy.on("GET", "/interactions/[^/]+/$", Reply(502, "<h1>nginx</h1>", HTML))
    page.locator(".row", has_text="Loris, 1?").focus()
    with page.expect_response(re.compile(r"/interactions/[^/]+/(\?|$)")):
        page.keyboard.press("k")
    page.keyboard.press("j")
    expect(page.locator(".row:focus")).to_contain_text("Loris, 1?")
    expect(failed(page)).to_contain_text("couldn't confirm")


def test_a_background_refresh_that_fails_only_changes_the_mark(
    page: Page, proxy: ScriptedServer, api: httpx.Client
) -> None:
    ask(api, "Refreshed behind?")
    open_item(page, "Refreshed behind?")
    expect(page.locator("#freshness")).to_have_text("Live")
    proxy.on("GET", r"/interactions/[^/]+/$", Reply(502, "<h1>nginx</h1>", HTML), always=True)
    page.evaluate("document.body.dispatchEvent(new CustomEvent('item'))")
    expect(page.locator("#freshness")).to_contain_text("Not live")
    expect(page.get_by_role("heading", name="Refreshed behind?")).to_be_visible()
    expect(failed(page)).to_have_count(0)
    proxy.forget()
    expect(page.locator("#freshness")).to_have_text("Live")


def test_while_one_address_keeps_failing_the_page_tries_again_after_growing_pauses(
    browser: Browser, proxy: ScriptedServer
) -> None:
    context = signed_in(browser, proxy)
    page = context.new_page()
    page.clock.install()
    page.goto("/inbox/")
    expect(page.locator("#freshness")).to_have_text("Live")
    proxy.on("GET", COUNTS, Reply(502, "<h1>nginx</h1>", HTML), always=True)
    stop_clock(page)
    with page.expect_response(lambda response: response.status == 502):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('notices'))")
    expect(page.locator("#freshness")).to_contain_text("Not live")
    with page.expect_response("**/freshness/"):
        page.clock.run_for(1_400)
    for _ in range(20):
        page.evaluate("fetch('/freshness/').then(response => response.status)")
    # One or two more may be for what other tests' questions did. Without pauses there were dozens.
    assert len(proxy.seen("GET", COUNTS)) <= 6
    with page.expect_response("**/notifications/counts/"):
        page.clock.run_for(40_000)
    proxy.forget()
    # How often it tries until then depends on when each response arrives.
    page.clock.resume()
    expect(page.locator("#freshness")).to_have_text("Live")
    context.close()


def test_after_twenty_seconds_without_a_response_the_page_says_so(
    browser: Browser, proxy: ScriptedServer, api: httpx.Client
) -> None:
    context = signed_in(browser, proxy)
    page = context.new_page()
    page.goto("/inbox/")
    ask(api, "Hanging?")
    page.clock.install()
    open_item(page, "Hanging?")
    proxy.on("POST", "/respond$", Never())
    page.get_by_label("Comment").fill("Waiting.")
    press(page.get_by_role("button", name="Approve", exact=True))
    page.locator(ARMED).wait_for()
    page.wait_for_timeout(GUARD_MS)
    stop_clock(page)
    page.locator(f"{ARMED} [data-confirms]").click()
    proxy.wait_for("POST", "/respond$")
    page.clock.run_for(19_000)
    expect(failed(page)).to_have_count(0)
    page.clock.run_for(2000)
    expect(failed(page)).to_contain_text("no response for 20 seconds")
    page.clock.resume()
    failed(page).get_by_role("button", name="Check the question").click()
    expect(page.get_by_role("button", name=AGAIN)).to_be_visible()
    send_again(page)
    expect(page.locator(".row", has_text="Hanging?")).to_have_count(0)
    context.close()


def test_a_stream_that_has_fallen_silent_is_not_live_and_is_replaced(
    browser: Browser, proxy: ScriptedServer
) -> None:
    context = signed_in(browser, proxy)
    page = context.new_page()
    page.clock.install()
    proxy.on("GET", "/live/", Dribble(["event: live\nid: 1\ndata: \n\n"]), Never())
    page.goto("/inbox/")
    expect(page.locator("html")).to_have_attribute("data-live", "on")
    with page.expect_request(re.compile("/live/")):
        page.clock.fast_forward(36_000)
    expect(page.locator("#freshness")).to_contain_text("Not live")
    context.close()


def test_a_stream_that_died_while_offline_is_replaced_at_once(
    browser: Browser, proxy: ScriptedServer, api: httpx.Client
) -> None:
    context = signed_in(browser, proxy)
    page = context.new_page()
    page.clock.install()
    page.goto("/inbox/")
    expect(page.locator("html")).to_have_attribute("data-live", "on")
    context.set_offline(True)
    expect(page.locator("#freshness")).to_contain_text("Not live")
    # With its clock stopped, a page that waits before it connects again would wait forever.
    stop_clock(page)
    with page.expect_request(re.compile("/live/")):
        context.set_offline(False)
    page.clock.resume()
    expect(page.locator("#freshness")).to_have_text("Live")
    ask(api, "Asked after the tunnel?")
    expect(arrived(page, "Asked after the tunnel?")).to_be_visible()
    context.close()


def test_back_online_while_a_connection_fails_the_next_one_comes_at_once(
    browser: Browser, proxy: ScriptedServer
) -> None:
    context = signed_in(browser, proxy)
    page = context.new_page()
    page.clock.install()
    page.goto("/inbox/")
    expect(page.locator("html")).to_have_attribute("data-live", "on")
    held = intercept(page, re.compile("/live/"))
    with page.expect_request(re.compile("/live/")):
        proxy.break_all()
    stop_clock(page)
    page.evaluate("dispatchEvent(new Event('online'))")
    with page.expect_request(re.compile("/live/")):
        held.first().abort()
    context.close()


def test_a_draft_counts_as_saved_only_when_this_app_says_so(
    page: Page, proxy: ScriptedServer, api: httpx.Client
) -> None:
    ask(api, "Saved by whom?")
    open_item(page, "Saved by whom?")
    proxy.on("POST", "/draft$", Reply(200, "<h1>Welcome to the Wi-Fi</h1>", HTML), always=True)
    page.get_by_label("Comment").fill("Not yet")
    expect(page.locator("[data-saved]")).to_contain_text("Not saved yet")
    proxy.forget()
    expect(page.locator("[data-saved]")).to_contain_text("Draft saved")


def test_the_dialog_closes_when_the_person_signs_in_elsewhere(
    page: Page, api: httpx.Client
) -> None:
    ask(api, "Signed out?")
    open_item(page, "Signed out?")
    page.context.clear_cookies(name="sessionid")
    page.get_by_label("Comment").fill("Kept meanwhile")
    expect(page.locator("#signed-out")).to_be_visible()
    elsewhere = page.context.new_page()
    sign_in(elsewhere)
    page.bring_to_front()
    expect(page.locator("#signed-out")).to_be_hidden()
    expect(page.get_by_label("Comment")).to_have_value("Kept meanwhile")
    expect(page.locator("[data-saved]")).to_contain_text("Draft saved")


def test_someone_who_stays_signed_out_can_go_on_typing(page: Page, api: httpx.Client) -> None:
    ask(api, "Stayed signed out?")
    open_item(page, "Stayed signed out?")
    page.context.clear_cookies(name="sessionid")
    page.get_by_label("Comment").fill("Half a reason")
    page.get_by_role("button", name="Stay here").click()
    with page.expect_response(lambda response: response.status == 401):
        page.get_by_label("Comment").fill("Half a reason, and the rest")
    expect(page.locator("[data-saved]")).to_contain_text("you're signed out")
    expect(page.locator("#signed-out")).to_be_hidden()
    sign_in(page)


def test_an_answer_that_is_too_large_says_what_to_do(page: Page, api: httpx.Client) -> None:
    run_id = ask(api, "Answered at far too much length?")
    open_item(page, "Answered at far too much length?")
    approve_with(page, "x" * 3_000_000)
    expect(failed(page)).to_contain_text("too large to send")
    expect(failed(page)).to_contain_text("Nothing was sent. Shorten your text")
    expect(failed(page).get_by_role("button")).to_have_text("Dismiss")
    assert len(page.get_by_label("Comment").input_value()) == 3_000_000
    page.get_by_label("Comment").fill("In short.")
    expect(page.locator("[data-saved]")).to_contain_text("Draft saved")
    approve(page)
    expect(page.locator(".row", has_text="Answered at far too much length?")).to_have_count(0)
    assert answered(api, run_id)["response"]["comment"] == "In short."


def test_a_selection_that_cannot_be_sent_stays_on_its_page_and_is_sent_once(
    page: Page, proxy: ScriptedServer, api: httpx.Client
) -> None:
    runs = [ask(api, f"Gorge {number}?", timeout=f"{20 + number}m") for number in range(2)]
    expect(arrived(page, "Gorge 1?")).to_be_visible()
    page.goto("/inbox/?q=gorge")
    ticks = page.locator(".row-tick")
    expect(ticks).to_have_count(2)
    for tick in ticks.all():
        tick.check(force=True)
    page.locator(".row").first.focus()
    page.context.set_offline(True)
    page.keyboard.press("a")
    expect(failed(page)).to_contain_text("You're offline")
    expect(failed(page)).to_contain_text("Nothing was sent. Your selection is still here.")
    expect(failed(page).get_by_role("button")).to_have_text("Dismiss")
    expect(page.locator(".row-tick:checked")).to_have_count(2)
    expect(page).to_have_url(re.compile("/inbox/"))
    page.context.set_offline(False)

    page.get_by_role("form", name="Selected questions").get_by_role(
        "button", name="Approve"
    ).click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Approve 2 questions?")
    page.get_by_label("Comment for all").fill("Across")
    send, unchanged = (
        page.locator(".batch-foot [type=submit]"),
        page.get_by_text("Nothing has changed"),
    )
    expect(unchanged).to_have_text("Nothing has changed yet.")
    press_offline(page, "Approve 2 questions", "Nothing has changed. It's safe to try again.")
    proxy.on("POST", "/send$", PassThenCut())
    send.click()
    expect(failed(page)).to_contain_text("couldn't confirm that this was done. It's safe")
    expect(unchanged).to_have_count(0)
    expect(page.get_by_label("Comment for all")).to_have_value("Across")
    send.click()
    expect(heading).to_have_text("2 questions approved")
    assert [answered(api, run_id)["response"]["comment"] for run_id in runs] == ["Across"] * 2
    page.goto("/inbox/")
    expect(page.locator(".row-tick:checked")).to_have_count(0)


def press_offline(page: Page, name: str, says: str) -> None:
    """Press it without a connection: the page stays, and says so."""
    address = page.url
    page.context.set_offline(True)
    try:
        press(page.locator("#batch, .toasts").get_by_role("button", name=name, exact=True).first)
        expect(failed(page)).to_contain_text("You're offline")
    finally:
        page.context.set_offline(False)
    expect(failed(page)).to_contain_text(says)
    expect(page).to_have_url(address)
    failed(page).get_by_role("button", name="Dismiss").click()


def test_the_other_buttons_of_a_batch_stay_on_its_page_without_a_connection(
    page: Page, product: Product, api: httpx.Client
) -> None:
    for part in ("one", "two"):
        step = {"name": part, "interaction": {"timeout": "20m", **question(f"Fjord {part}?")}}
        api.post("/runs", json={"spec": {"name": "checkout", "steps": [step]}})
        expect(arrived(page, f"Fjord {part}?")).to_be_visible()
    page.goto("/inbox/?q=fjord")
    expect(page.locator(".row")).to_have_count(2)
    heading = page.get_by_role("heading", level=1)

    page.locator(".row-tick").first.check(force=True)
    page.get_by_label("All matching").check()
    page.locator("#list-select [value=approve]").click()
    expect(page.locator("#batch-mixed")).to_be_visible()
    press_offline(page, "Approve 1 question", "Nothing was sent.")
    page.get_by_role("button", name="Approve 1 question").first.click()
    expect(heading).to_have_text("Approve 1 question?")

    choose = "from inbox.models import Reviewer; Reviewer.objects.filter(user__username='rina')"
    product.manage("shell", "-c", f"{choose}.update(answer_guard='undo', undo_seconds=60)")
    try:
        press(page.locator(".batch-foot [type=submit]"))
        expect(page.locator("#held-answers")).to_contain_text("Approving 1 question")
        press_offline(page, "Undo", "It's safe to try again.")
        press(page.locator("#held-answers").get_by_role("button", name="Undo"))
        expect(heading).to_have_text("Approve 1 question?")
        expect(page.locator("#toasts")).to_contain_text("Undone. Nothing was sent.")
    finally:
        product.manage("shell", "-c", f"{choose}.update(answer_guard='', undo_seconds=None)")
    page.goto("/inbox/")


def test_trying_again_and_dismissing_a_batch_stay_on_its_page_without_a_connection(
    page: Page, product: Product, api: httpx.Client
) -> None:
    # Everyone answers, so that it stays open and can be tried again.
    ask(api, "Isthmus?", target={"type": "group", "id": "change-board"}, timeout="20m")
    expect(arrived(page, "Isthmus?")).to_be_visible()
    page.goto("/inbox/?q=isthmus")
    page.locator(".row-tick").check(force=True)
    page.locator("#list-select [value=approve]").click()
    press(page.locator(".batch-foot [type=submit]"))
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("1 question approved")
    number = page.url.split("/")[-2]
    items = f"from inbox.models import BatchItem; BatchItem.objects.filter(batch={number})"
    product.manage("shell", "-c", f"{items}.update(state='failed', outcome='unreachable')")
    page.reload()
    again = "Retry selected questions"
    press_offline(page, again, "Nothing was sent. Your selection is still here.")
    press_offline(page, "Dismiss", "It's safe to try again.")
    results = page.url
    page.get_by_role("button", name=again).click()
    expect(heading).not_to_have_text("0 questions approved")
    expect(page.locator(".batch-row")).to_contain_text("Isthmus?")
    page.goto(results)
    page.locator(".batch-foot").get_by_role("button", name="Dismiss").click()
    page.wait_for_url("**/inbox/?q=isthmus")
    expect(page.locator("#batches")).not_to_contain_text("approved")
    page.goto("/inbox/")


def test_a_draft_that_is_too_large_is_not_tried_again_until_it_changes(
    page: Page, proxy: ScriptedServer, api: httpx.Client
) -> None:
    ask(api, "Typed at far too much length?")
    open_item(page, "Typed at far too much length?")
    saved = page.locator("[data-saved]")
    proxy.on("POST", "/draft$", Reply(413, "<h1>Too large</h1>", HTML))
    page.get_by_label("Comment").fill("Imagine a log file here.")
    expect(saved).to_have_text("Not saved: this is too large. Your text is still in this tab.")
    held = intercept(page, "**/draft")
    with page.expect_request("**/draft"):
        page.get_by_label("Comment").fill("In short.")
    # The line keeps its height, so that no button moves under the pointer.
    page.get_by_label("Comment").press("Tab")
    expect(saved).to_have_text("Not saved: this is too large. Your text is still in this tab.")
    held.first().continue_()
    expect(saved).to_contain_text("Draft saved")
