"""No decision is made by accident: what typed text, double taps and a moved marker must not do."""

import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.e2e.arrivals import arrived, open_item
from tests.e2e.conftest import SignIn
from tests.support.pages import (
    ANSWER_GUARD_MS,
    HINT,
    STEP_GUARD_MS,
    approve,
    box_of,
    intercept,
    press,
    put_off,
    read_again,
    send_by_key,
    stop_clock,
    type_text,
)
from tests.support.product import Product, answered, ask, interaction_of

pytestmark = pytest.mark.browser

GROUP = {"type": "group", "id": "approvers"}
TYPING_MS = 60
READ_THE_LIST_AGAIN = """() => new Promise((done) => {
  document.addEventListener("htmx:after:swap", ({ detail }) => {
    if (detail.ctx?.target?.id === "inbox-list") done();
  });
  document.body.dispatchEvent(new CustomEvent("resync"));
})"""

PAINT_LATE_AND_PRESS = """() => {
  const unpainted = new CSSStyleSheet();
  unpainted.replaceSync("html { display: none }");
  document.adoptedStyleSheets = [unpainted];
  document.addEventListener("DOMContentLoaded", () => {
    setTimeout(() => { document.adoptedStyleSheets = []; }, 700);
  });
  new PerformanceObserver(() => setTimeout(() => {
    const press = { key: "a", bubbles: true, cancelable: true };
    document.body.dispatchEvent(new KeyboardEvent("keydown", press));
  })).observe({ type: "paint", buffered: true });
}"""
"""A page that is shown 0.7 s after its scripts have run, and A right after that."""

Listed = tuple[Page, list[str]]


def cancel(api: httpx.Client, run_id: str) -> None:
    api.post(f"/runs/{run_id}/cancellations")


def claim(page: Page) -> None:
    press(page.locator("#claiming").get_by_role("button", name="Claim"))


def is_empty_draft(request: Request) -> bool:
    return request.url.endswith("/draft") and "Half" not in (request.post_data or "")


def is_of_bar(request: Request) -> bool:
    return request.headers.get("hx-source") == "a#show-arrivals"


@pytest.mark.parametrize("close", [approve, claim])
def test_a_text_field_outlives_its_question(
    sign_in: SignIn, api: httpx.Client, close: Callable[[Page], None]
) -> None:
    message = f"Who comes first to {close.__name__}?"
    rina, sam = sign_in("rina"), sign_in("sam")
    other = ask(api, "Never approved by accident?", timeout="5m")
    ask(api, message, target=GROUP)
    open_item(rina, message)
    open_item(sam, message)
    rina.keyboard.press("m")
    rina.keyboard.type("I am against", delay=TYPING_MS)
    close(sam)
    expect(rina.get_by_role("button", name="Discard")).to_be_visible()
    rina.keyboard.type(" a rash answer 1 2 3 jnan", delay=TYPING_MS)
    rina.keyboard.press("Control+Enter")

    comment = rina.get_by_label("Comment")
    expect(comment).to_be_focused()
    expect(comment).to_have_value("I am against a rash answer 1 2 3 jnan")
    expect(rina.locator("#answer-card").get_by_role("heading", name="Sam")).to_be_visible()
    expect(rina.get_by_role("button", name="Approve")).to_have_count(0)
    expect(rina.get_by_role("button", name="Copy", exact=True)).to_be_visible()
    assert interaction_of(api, other)["status"] == "pending"

    expect(rina.locator("[data-saved]")).to_contain_text("Draft saved")
    # Only the form says where its text is.
    expect(rina.locator("#detail")).not_to_contain_text("Your draft is saved")
    rina.reload()
    expect(rina.locator("#detail")).to_contain_text("1 2 3 jnan")


def test_a_field_that_was_left_after_its_question_expired_can_be_discarded(
    sign_in: SignIn, api: httpx.Client, product: Product
) -> None:
    page = sign_in("rina")
    run_id = ask(api, "Expired while typing?")
    open_item(page, "Expired while typing?")
    page.keyboard.press("m")
    page.keyboard.type("Half a sen")
    product.expire(interaction_of(api, run_id)["id"])
    expect(page.get_by_role("button", name="Discard")).to_be_visible()
    held = intercept(page, "**/draft", once=True)
    with page.expect_request("**/draft"):
        page.keyboard.type("tence")
    page.keyboard.press("Escape")
    expect(page.get_by_label("Comment")).not_to_be_focused()
    expect(page.get_by_label("Comment")).to_have_value("Half a sentence")
    # While the text is still being saved.
    press(page.get_by_role("button", name="Discard"))
    expect(page.get_by_label("Comment")).to_have_count(0)
    with page.expect_response(lambda sent: is_empty_draft(sent.request)):
        held.first().continue_()
    expect(page.locator("#outcome")).to_contain_text("expired")
    expect(page.locator("#detail")).not_to_contain_text("Half a sen")
    page.reload()
    expect(page.locator("#outcome")).to_contain_text("expired")
    expect(page.locator("#detail")).not_to_contain_text("Half a sentence")


def test_a_question_that_was_answered_here_does_not_come_back_when_the_list_is_read_again(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Answered once and for all?")
    page.goto("/inbox/")
    open_item(page, "Answered once and for all?")
    approve(page)
    row = page.locator(".row", has_text="Answered once and for all?")
    expect(row).to_have_count(0)
    page.evaluate(READ_THE_LIST_AGAIN)
    expect(row).to_have_count(0)


def test_a_question_that_is_released_takes_the_text_up_again(
    sign_in: SignIn, api: httpx.Client
) -> None:
    rina, sam = sign_in("rina"), sign_in("sam")
    run_id = ask(api, "Claimed and released?", target=GROUP)
    open_item(rina, "Claimed and released?")
    open_item(sam, "Claimed and released?")
    rina.get_by_label("Comment").fill("Kept all along")
    claim(sam)
    expect(rina.get_by_role("button", name="Discard")).to_be_visible()
    press(sam.locator("#claiming").get_by_role("button", name="Release"))
    expect(rina.get_by_role("button", name="Discard")).to_be_hidden()
    approve(rina)
    expect(rina.locator(".row", has_text="Claimed and released?")).to_have_count(0)
    assert answered(api, run_id)["response"]["comment"] == "Kept all along"


def test_a_text_field_outlives_a_question_that_is_no_longer_there(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Deleted while typing?")
    open_item(page, "Deleted while typing?")
    page.keyboard.press("m")
    page.keyboard.type("Half a sen")
    missing = re.sub("/interactions/[^/]+/", "/interactions/int_none/", page.url)
    # With another status, for a 404 is a complaint on the console.
    page.route(
        re.compile(r"/interactions/[^/]+/(\?|$)"),
        lambda route: route.fulfill(response=route.fetch(url=missing), status=200),
    )
    page.evaluate("document.body.dispatchEvent(new CustomEvent('resync'))")
    expect(page.get_by_role("button", name="Discard")).to_be_visible()
    expect(page.get_by_role("heading", name="Deleted while typing?")).to_have_count(0)
    page.keyboard.type("tence")
    expect(page.get_by_label("Comment")).to_have_value("Half a sentence")


def test_keys_work_at_once_after_the_persons_own_answer(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    for name in ("first", "second"):
        ask(api, f"Own answer, {name}?", type="input", spec={"mode": "input", "multiline": True})
        expect(arrived(page, f"Own answer, {name}?")).to_be_visible()
    page.goto("/inbox/?q=own+answer")
    open_item(page, "Own answer, first?")
    page.get_by_role("textbox", name="Your answer").fill("Sent by key")
    send_by_key(page)
    expect(page.get_by_role("heading", name="Own answer, second?")).to_be_focused()
    page.keyboard.press("m")
    expect(page.get_by_label("Comment")).to_be_focused()


def test_a_row_that_is_opened_while_an_answer_is_on_its_way_is_shown(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    for name in ("answered", "next", "opened"):
        ask(api, f"On its way, {name}?")
    expect(arrived(page, "On its way, opened?")).to_be_visible()
    page.goto("/inbox/?q=on+its+way")
    open_item(page, "On its way, answered?")
    row = page.locator(".row", has_text="On its way, opened?")
    opened = re.compile(rf"/interactions/{row.get_attribute('data-interaction-id')}/\?")
    held = intercept(page, re.compile("/respond$"))
    with page.expect_request(re.compile("/respond$")):
        approve(page)
    following = intercept(page, opened)
    with page.expect_request(opened):
        row.click()
    held.first().continue_()
    expect(page.locator("#question")).to_have_text("On its way, next?")
    following.first().continue_()
    expect(page.locator("#question")).to_have_text("On its way, opened?")
    page.wait_for_url(opened)


def test_an_answer_that_the_workflow_suggests_is_sent_from_its_field_only(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    spec = {"mode": "input", "multiline": True, "default_text": "As the workflow says. "}
    run_id = ask(api, "Suggested, and not looked at?", type="input", spec=spec)
    open_item(page, "Suggested, and not looked at?")
    page.wait_for_timeout(ANSWER_GUARD_MS)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#answer-value")).to_be_focused()
    assert interaction_of(api, run_id)["status"] == "pending"
    send_by_key(page)
    expect(page.locator("#toasts")).to_contain_text(
        "Answer sent: “As the workflow says”. The run has resumed."
    )


def test_a_field_takes_no_text_while_its_answer_is_on_its_way(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Typed while sending?")
    open_item(page, "Typed while sending?")
    comment = page.get_by_label("Comment")
    comment.fill("Sent")
    held = intercept(page, re.compile("/respond$"))
    with page.expect_request(re.compile("/respond$")):
        approve(page)
    comment.click()
    page.keyboard.type(" and lost")
    expect(comment).to_have_value("Sent")
    held.first().fulfill(status=409)
    expect(page.get_by_role("button", name="Check the question")).to_be_visible()
    comment.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" or not")
    expect(comment).to_have_value("Sent or not")


def test_text_typed_on_after_the_persons_own_answer_decides_nothing(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    page.clock.install()
    ask(api, "Typed on, an input?", type="input", spec={"mode": "input"}, timeout="4m")
    run_id = ask(api, "Typed on, an approval?", timeout="5m")
    expect(arrived(page, "Typed on, an approval?")).to_be_visible()
    page.goto("/inbox/?q=typed+on")
    open_item(page, "Typed on, an input?")
    page.get_by_role("textbox", name="Your answer").fill("Sent by key")
    send_by_key(page)
    expect(page.get_by_role("heading", name="Typed on, an approval?")).to_be_focused()
    stop_clock(page)
    type_text(page, " a strange range 12345 a large rear area ", TYPING_MS)
    assert interaction_of(api, run_id)["status"] == "pending"


def test_text_for_a_field_that_is_no_longer_there_is_no_shortcut(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina", viewport={"width": 1000, "height": 800})
    page.clock.install()
    ask(api, "Never opened by accident?", timeout="5m")
    run_id = ask(api, "Closed a moment ago?", timeout="4m")
    open_item(page, "Closed a moment ago?")
    api.post(f"/interactions/{interaction_of(api, run_id)['id']}/respond", json={"value": True})
    expect(page.locator("#outcome")).to_be_visible()
    stop_clock(page)
    for key in ("m", "Enter", "/"):
        page.locator("#question").click()
        page.keyboard.press(key)
        type_text(page, "not a chance", TYPING_MS)
        expect(page.get_by_role("heading", name="Closed a moment ago?")).to_be_visible()
        expect(page.locator("[data-step]")).to_have_count(0)


def test_text_for_a_choice_that_has_just_closed_is_no_shortcut(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    page.clock.install()
    options = [{"value": f"o{n}", "label": f"Choice {n}"} for n in range(3)]
    spec = {"mode": "select", "options": options}
    closed = ask(api, "Chosen elsewhere, first?", timeout="5m", type="review", spec=spec)
    other = ask(api, "Chosen elsewhere, second?", timeout="6m")
    expect(arrived(page, "Chosen elsewhere, second?")).to_be_visible()
    page.goto("/inbox/?q=chosen+elsewhere")
    open_item(page, "Chosen elsewhere, first?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio").first).to_be_focused()
    stop_clock(page)
    api.post(f"/interactions/{interaction_of(api, closed)['id']}/respond", json={"value": "o1"})
    while not page.locator("#outcome").count():
        page.clock.run_for(20)
    type_text(page, "narrow error near a river", TYPING_MS)
    expect(page.get_by_role("heading", name="Chosen elsewhere, first?")).to_be_visible()
    expect(page.locator("[data-step]")).to_have_count(0)
    assert interaction_of(api, other)["status"] == "pending"


@pytest.mark.parametrize(
    ("begins", "focused"),
    [("so the", ".choice input"), ("the", ":is(#comment-templates *, #answer-comment)")],
)
def test_text_that_is_typed_on_a_choice_answers_no_other_question(
    sign_in: SignIn, api: httpx.Client, begins: str, focused: str
) -> None:
    """T, which a text may begin with, opens the templates there; Space then inserts one."""
    page = sign_in("rina")
    page.clock.install()
    name = f"Typed on a choice, {begins}"
    other = ask(api, f"{name}, above?", timeout="4m")
    options = [{"value": f"o{n}", "label": f"Choice {n}"} for n in range(3)]
    spec = {"mode": "select", "options": options}
    here = ask(api, f"{name}, here?", timeout="5m", type="review", spec=spec)
    expect(arrived(page, f"{name}, here?")).to_be_visible()
    page.goto(f"/inbox/?q=typed+on+a+choice+{begins.replace(' ', '+')}")
    open_item(page, f"{name}, here?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio").first).to_be_focused()
    stop_clock(page)
    text = " backup ran late; a restart at three has cured it, and all that ran was fine"
    type_text(page, begins + text, 100)
    expect(page.get_by_role("heading", name=f"{name}, here?")).to_be_visible()
    expect(page.locator(f"#answer {focused}:focus")).to_have_count(1)
    expect(page.locator("[data-step]")).to_have_count(0)
    assert [interaction_of(api, run)["status"] for run in (other, here)] == ["pending", "pending"]


def test_enter_goes_on_where_the_text_ends(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    spec = {"mode": "input", "multiline": True, "default_text": "As before"}
    ask(api, "Anything to add?", type="input", spec=spec)
    open_item(page, "Anything to add?")
    page.keyboard.press("Enter")
    page.keyboard.type(", and more")
    expect(page.locator("#answer [name=value]")).to_have_value("As before, and more")


def test_keys_rest_after_the_field_was_taken_away_until_the_person_has_paused(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    page.clock.install()
    ask(api, "Taken away?")
    open_item(page, "Taken away?")
    stop_clock(page)
    step = page.locator("[data-step]")

    def lose_the_field() -> None:
        page.get_by_label("Comment").focus()
        # The browser takes the focus from a hidden field only when it renders the next frame, which
        # a screenshot makes it do. A swap at that moment moves the focus to the question, and one
        # just before it shows the field again.
        while page.locator("textarea[name=comment]:focus").count():
            page.locator(".field").evaluate("field => { field.hidden = true; }")
            page.screenshot()
        page.locator(".field").evaluate("field => { field.hidden = false; }")

    lose_the_field()
    for _ in range(3):
        page.keyboard.press("a")
        page.clock.run_for(1400)
    expect(step).to_have_count(0)
    page.clock.run_for(200)
    page.keyboard.press("a")
    expect(step).to_be_visible()

    for end in (lambda: page.keyboard.press("Tab"), lambda: page.locator("#question").click()):
        page.get_by_role("button", name="Go back").click()
        lose_the_field()
        page.keyboard.press("a")
        expect(step).to_have_count(0)
        end()
        page.keyboard.press("a")
        expect(step).to_be_visible()


def taps(page: Page, times: int, gap_ms: int) -> None:
    """Tap where Approve is now, again and again in that place."""
    box = box_of(page.get_by_role("button", name="Approve", exact=True))
    for _ in range(times):
        page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_timeout(gap_ms)


@pytest.mark.parametrize("times", [2, 4])
@pytest.mark.parametrize("gap_ms", [120, ANSWER_GUARD_MS])
def test_taps_in_one_place_approve_nothing(
    sign_in: SignIn, api: httpx.Client, times: int, gap_ms: int
) -> None:
    page = sign_in("rina", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    name = f"{times} taps, one every {gap_ms} ms"
    runs = [ask(api, f"{name}, {part}?", timeout="3m") for part in ("first", "second")]
    open_item(page, f"{name}, first?")
    page.wait_for_timeout(ANSWER_GUARD_MS)
    before = box_of(page.get_by_role("button", name="Approve", exact=True))
    taps(page, times, gap_ms)
    expect(page.get_by_role("group", name=f"Approve “{name}, first”?")).to_be_visible()
    assert [interaction_of(api, run)["status"] for run in runs] == ["pending", "pending"]

    sure = page.get_by_role("button", name="Yes, approve")
    expect(sure).to_be_in_viewport(ratio=1)
    after = box_of(sure)
    assert after["y"] + after["height"] <= before["y"], "in a row of its own above the bar"


def test_a_double_tap_claims_and_does_not_release(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    run_id = ask(api, "Claimed by a double tap?", target=GROUP)
    page.clock.install()
    open_item(page, "Claimed by a double tap?")
    page.wait_for_timeout(ANSWER_GUARD_MS)
    stop_clock(page)
    buttons = page.locator("#claiming").get_by_role("button")
    buttons.tap()
    expect(buttons).to_have_accessible_name("Release")
    page.clock.run_for(ANSWER_GUARD_MS - 50)
    buttons.tap()
    page.clock.run_for(50)
    expect(buttons).to_have_accessible_name("Release")
    assert interaction_of(api, run_id)["claimed_by"] == "user_rina"
    with page.expect_response(re.compile("/release$")):
        buttons.tap()
    assert interaction_of(api, run_id)["claimed_by"] is None


def test_a_tap_that_opened_a_question_does_not_claim_it(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    run_id = ask(api, "Opened by a double tap?", target=GROUP)
    row = arrived(page, "Opened by a double tap?")
    page.clock.install()
    stop_clock(page)
    row.tap()
    claim = page.locator("#claiming").get_by_role("button", name="Claim")
    expect(claim).to_be_visible()
    page.clock.run_for(ANSWER_GUARD_MS - 50)
    claim.tap()
    page.clock.run_for(50)
    assert interaction_of(api, run_id)["claimed_by"] is None
    with page.expect_response(re.compile("/claim$")):
        claim.tap()
    assert interaction_of(api, run_id)["claimed_by"] == "user_rina"


@pytest.mark.parametrize("width", [1440, 390])
def test_after_the_last_answer_the_focus_is_where_the_reader_goes_on(
    sign_in: SignIn, api: httpx.Client, width: int
) -> None:
    page = sign_in("rina", viewport={"width": width, "height": 844})
    ask(api, f"The last one at {width}?")
    expect(arrived(page, f"The last one at {width}?")).to_be_visible()
    page.goto(f"/inbox/?q=the+last+one+at+{width}")
    open_item(page, f"The last one at {width}?")
    approve(page)
    page.wait_for_url(f"**/inbox/?q=the+last+one+at+{width}")
    expect(page.locator("#inbox-list")).to_be_focused()
    expect(page.get_by_role("heading", name="Select a question")).to_have_count(0)


def test_a_double_tap_on_the_confirm_step_does_not_reach_the_next_question(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    runs = [ask(api, f"Confirmed twice, {part}?", timeout="4m") for part in ("one", "two")]
    expect(arrived(page, "Confirmed twice, two?")).to_be_visible()
    page.clock.install()
    page.goto("/inbox/?q=confirmed+twice")
    open_item(page, "Confirmed twice, one?")
    press(page.get_by_role("button", name="Approve", exact=True))
    sure = page.get_by_role("button", name="Yes, approve")
    box = box_of(sure)
    stop_clock(page)
    with page.expect_response(re.compile("/respond$")):
        page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.get_by_role("heading", name="Confirmed twice, one?")).to_have_count(0)
    taps(page, 2, 0)
    page.clock.run_for(ANSWER_GUARD_MS - 50)
    taps(page, 2, 0)
    expect(page.locator("[data-step]")).to_have_count(0)
    assert [interaction_of(api, run)["status"] for run in runs] == ["completed", "pending"]


def test_a_question_that_has_just_appeared_takes_no_answer_and_looks_as_usual(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    run_id = ask(api, "Just shown?")
    row = arrived(page, "Just shown?")
    page.clock.install()
    stop_clock(page)
    row.click()
    approval = page.get_by_role("button", name="Approve", exact=True)
    expect(approval).to_be_enabled()
    assert page.locator("#detail [inert]").count() == 0
    step = page.locator("[data-step]")

    page.clock.run_for(ANSWER_GUARD_MS - 50)
    approval.click()
    approval.focus()
    for key in ("a", "r", "Enter", "Space", "Control+Enter"):
        page.keyboard.press(key)
    expect(step).to_have_count(0)
    page.clock.run_for(100)
    page.keyboard.press("r")
    expect(page.get_by_role("button", name="Yes, reject")).to_be_focused()
    page.keyboard.press("Escape")
    approval.click()
    sure = page.get_by_role("button", name="Yes, approve")
    expect(sure).to_be_focused()

    page.clock.run_for(380)
    sure.click()
    for key in ("a", "Enter", "Control+Enter"):
        page.keyboard.press(key)
    expect(hint(page)).to_have_text(TOO_SOON)
    assert interaction_of(api, run_id)["status"] == "pending"
    page.clock.run_for(100)
    with page.expect_response(re.compile("/respond$")):
        page.keyboard.press("a")
    assert interaction_of(api, run_id)["status"] == "completed"


TOO_SOON = "That was too soon: this had only just appeared. Nothing changed."
OPTIONS = [{"value": f"o{n}", "label": f"Choice {n}"} for n in range(3)]
DEFAULT = {
    "type": "review",
    "spec": {"mode": "select", "options": OPTIONS, "default_value": "o0"},
}


def hint(page: Page) -> Locator:
    return page.locator(HINT)


@pytest.mark.parametrize(
    ("name", "go_on"),
    [
        ("by a digit", lambda page: page.keyboard.press("2")),
        ("by a click", lambda page: page.locator(".choice", has_text="Choice 1").click()),
    ],
)
def test_a_choice_that_was_too_early_is_told_and_its_default_is_not_sent(
    sign_in: SignIn, api: httpx.Client, name: str, go_on: Callable[[Page], None]
) -> None:
    page = sign_in("rina")
    ask(api, f"Chosen too early, {name}?", **DEFAULT)
    row = arrived(page, f"Chosen too early, {name}?")
    page.clock.install()
    stop_clock(page)
    row.click()
    expect(page.get_by_role("radio", name="Choice 0")).to_be_checked()
    expect(hint(page)).to_have_text("")
    page.clock.run_for(200)
    page.keyboard.press("2")
    told = f"{TOO_SOON} Choose your answer again."
    expect(hint(page)).to_have_text(told)
    page.clock.run_for(ANSWER_GUARD_MS)
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Send answer").focus()
    for key in ("Enter", "Space", "Control+Enter"):
        page.keyboard.press(key)
    expect(page.locator("[data-step]")).to_have_count(0)
    expect(page.get_by_role("radio", name="Choice 0")).to_be_checked()
    # Where the choice is made that the hint asks for.
    expect(page.get_by_role("radio", name="Choice 0")).to_be_focused()
    read_again(page)
    expect(hint(page)).to_have_text(told)
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-step]")).to_have_count(0)

    go_on(page)
    expect(hint(page)).to_have_text("")
    expect(page.get_by_role("radio", name="Choice 1")).to_be_checked()
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-step]")).to_contain_text("Your answer: Choice 1")


def test_a_page_that_has_been_loaded_counts_from_when_it_is_painted(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Is the tarsier painted late?")
    open_item(page, "Is the tarsier painted late?")
    page.add_init_script(f"({PAINT_LATE_AND_PRESS})()")
    page.reload()
    expect(hint(page)).to_have_text(TOO_SOON)
    expect(page.locator("[data-step]")).to_have_count(0)


def test_a_digit_that_is_taken_for_typing_is_asked_for_again(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Typed on a choice?", **DEFAULT)
    row = arrived(page, "Typed on a choice?")
    page.clock.install()
    stop_clock(page)
    row.click()
    chosen = page.get_by_role("radio", name="Choice 0")
    expect(chosen).to_be_checked()
    page.clock.run_for(ANSWER_GUARD_MS + 50)
    page.keyboard.press("1")
    expect(chosen).to_be_focused()
    page.keyboard.press("h")
    expect(hint(page)).to_have_text(
        "That key was treated as typing. To use shortcuts, press Esc first."
    )
    page.clock.run_for(900)
    page.keyboard.press("2")
    expect(chosen).to_be_checked()
    told = "That key was treated as typing. Nothing changed. Choose your answer again."
    expect(hint(page)).to_have_text(told)
    page.clock.run_for(2_000)
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-step]")).to_have_count(0)
    page.keyboard.press("2")
    expect(page.get_by_role("radio", name="Choice 1")).to_be_checked()
    expect(hint(page)).to_have_text("")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-step]")).to_contain_text("Your answer: Choice 1")


def test_a_question_that_changes_while_it_is_open_asks_for_the_answer_again(
    sign_in: SignIn, api: httpx.Client, product: Product
) -> None:
    page = sign_in("rina")
    run_id = ask(api, "Does the ocelot change?", **DEFAULT)
    open_item(page, "Does the ocelot change?")
    with page.expect_response(re.compile("/draft$")):
        press(page.locator(".choice", has_text="Choice 1"))
    id_ = interaction_of(api, run_id)["id"]
    first = "item.questions[0]['options'].insert(0, {'value': 'new', 'label': 'New choice'})"
    product.manage(
        "shell",
        "-c",
        f"item = Interaction.objects.get(mobius_id='{id_}'); {first}; item.save()",
    )
    read_again(page)
    expect(page.get_by_role("radio", name="New choice")).not_to_be_checked()
    expect(page.get_by_role("radio", name="Choice 1")).to_be_checked()
    told = "This question has just changed. Read it again, then choose your answer again."
    expect(hint(page)).to_have_text(told)
    page.wait_for_timeout(ANSWER_GUARD_MS)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("radio", name="Choice 1")).to_be_focused()
    expect(page.locator("[data-step]")).to_have_count(0)
    page.keyboard.press("3")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-step]")).to_contain_text("Your answer: Choice 1")


def test_m_on_another_row_leads_to_the_comment_of_its_question(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    page.clock.install()
    for n in range(2):
        ask(api, f"Margay, {n}?", timeout=f"{20 + n}m")
        expect(arrived(page, f"Margay, {n}?")).to_be_visible()
    page.goto("/inbox/?q=margay")
    rows = page.locator(".row")
    rows.first.click()
    expect(page.locator("#question")).to_have_text("Margay, 0?")
    page.clock.run_for(ANSWER_GUARD_MS)
    stop_clock(page)
    page.keyboard.press("j")
    page.keyboard.press("m")
    expect(page.locator("#question")).to_have_text("Margay, 1?")
    comment = page.get_by_label("Comment")
    expect(comment).to_be_focused()
    type_text(page, "a fair price", TYPING_MS)
    expect(comment).to_have_value("a fair price")
    expect(page.locator("[data-step]")).to_have_count(0)


def test_a_tap_on_an_option_that_has_just_appeared_changes_nothing(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    ask(api, "Which one is under the thumb?", **DEFAULT)
    row = arrived(page, "Which one is under the thumb?")
    page.clock.install()
    stop_clock(page)
    row.tap()
    suggested, other = (page.get_by_role("radio", name=f"Choice {n}") for n in (0, 1))
    expect(suggested).to_be_checked()
    page.clock.run_for(ANSWER_GUARD_MS - 50)
    page.get_by_text("Choice 1", exact=True).tap()
    other.tap(force=True)
    expect(suggested).to_be_checked()
    told = f"{TOO_SOON} Choose your answer again."
    expect(hint(page)).to_have_text(told)
    page.clock.run_for(100)
    # It would send the option that was chosen before.
    page.get_by_role("button", name="Send answer").tap()
    expect(page.locator("[data-step]")).to_have_count(0)
    expect(hint(page)).to_have_text(told)
    page.get_by_text("Choice 1", exact=True).tap()
    expect(other).to_be_checked()
    expect(hint(page)).to_have_text("")
    page.get_by_role("button", name="Send answer").tap()
    expect(page.locator("[data-step]")).to_contain_text("Your answer: Choice 1")


def test_a_press_counts_from_its_beginning(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    ask(api, "Pressed and held?")
    row = arrived(page, "Pressed and held?")
    page.clock.install()
    stop_clock(page)
    row.click()
    expect(page.locator("#question")).to_have_text("Pressed and held?")
    page.get_by_role("button", name="Approve", exact=True).hover()
    page.clock.run_for(ANSWER_GUARD_MS - 100)
    page.mouse.down()
    page.clock.run_for(500)
    page.mouse.up()
    expect(hint(page)).to_have_text(TOO_SOON)
    expect(page.locator("[data-step]")).to_have_count(0)
    page.mouse.down()
    page.mouse.up()
    expect(page.locator("[data-step]")).to_be_visible()


def test_a_key_that_was_too_early_to_approve_is_told_and_may_be_pressed_again(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Approved too early?")
    row = arrived(page, "Approved too early?")
    page.clock.install()
    stop_clock(page)
    row.click()
    expect(page.get_by_role("button", name="Approve", exact=True)).to_be_enabled()
    page.keyboard.press("1")
    expect(hint(page)).to_have_text("")
    page.keyboard.press("a")
    expect(hint(page)).to_have_text(TOO_SOON)
    page.clock.run_for(ANSWER_GUARD_MS + 20)
    page.keyboard.press("a")
    expect(page.locator("[data-step]")).to_be_visible()
    expect(hint(page)).to_have_text("")


@pytest.mark.parametrize(("word", "gap_ms"), [("gar", 50), ("ga", 1500)])
def test_a_letter_after_g_leads_to_a_page_and_answers_nothing(
    sign_in: SignIn, api: httpx.Client, word: str, gap_ms: int
) -> None:
    page = sign_in("rina")
    ask(api, f"Left for the runs after {gap_ms}?")
    row = arrived(page, f"Left for the runs after {gap_ms}?")
    page.clock.install()
    stop_clock(page)
    row.click()
    expect(page.get_by_role("button", name="Reject", exact=True)).to_be_enabled()
    page.clock.run_for(ANSWER_GUARD_MS + 20)
    type_text(page, word, gap_ms)
    expect(page.locator("[data-step]")).to_have_count(0)
    page.clock.run_for(3000)
    type_text(page, "gr", gap_ms)
    page.wait_for_url("**/runs/")


def test_keys_that_answer_only_open_a_row_that_is_marked(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    options = [{"value": f"o{n}", "label": f"Choice {n}"} for n in range(3)]
    ask(api, "Marked, a first?", timeout="10m")
    ask(
        api,
        "Marked, b second?",
        timeout="11m",
        type="review",
        spec={"mode": "select", "options": options},
    )
    claimed = ask(api, "Marked, c third?", timeout="12m", target=GROUP)
    expect(arrived(page, "Marked, c third?")).to_be_visible()
    page.goto("/inbox/?q=marked")
    page.evaluate("document.body.dataset.preview = 'off'")
    open_item(page, "Marked, a first?")
    page.wait_for_timeout(ANSWER_GUARD_MS)
    heading = page.locator("#question")

    page.keyboard.press("j")
    page.keyboard.press("1")
    expect(heading).to_have_text("Marked, b second?")
    expect(page.get_by_role("radio", checked=True)).to_have_count(0)
    page.wait_for_timeout(ANSWER_GUARD_MS)
    page.keyboard.press("1")
    expect(page.get_by_role("radio", name="Choice 0")).to_be_checked()

    page.locator(".row", has_text="Marked, b second?").focus()
    page.keyboard.press("k")
    page.keyboard.press("Control+Enter")
    expect(heading).to_have_text("Marked, a first?")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("c")
    expect(page.locator(".row", has_text="Marked, c third?").get_by_label("You")).to_be_visible()
    expect(heading).to_have_text("Marked, a first?")
    assert interaction_of(api, claimed)["claimed_by"] == "user_rina"
    for key in ("a", "r"):
        page.wait_for_timeout(ANSWER_GUARD_MS)
        page.locator(".row", has_text="Marked, c third?").focus()
        page.keyboard.press(key)
        expect(heading).to_have_text("Marked, c third?")
        expect(page.locator("[data-step]")).to_have_count(0)
        page.locator(".row", has_text="Marked, a first?").click()
        expect(heading).to_have_text("Marked, a first?")


@pytest.fixture
def listed(sign_in: SignIn, api: httpx.Client) -> Iterator[Callable[[str, int], Listed]]:
    """``listed("Word", 3)``: Rina's list of three questions, the first one open, and their runs."""
    runs: list[str] = []

    def enter(word: str, number: int) -> Listed:
        page = sign_in("rina")
        page.clock.install()
        for place in range(number):
            message, timeout = f"{word}, {place}?", f"{20 + place}m"
            runs.append(ask(api, message, target=GROUP, timeout=timeout))
        expect(arrived(page, f"{word}, {number - 1}?")).to_be_visible()
        page.goto(f"/inbox/?q={word.replace(' ', '+')}")
        open_item(page, f"{word}, 0?")
        return page, runs

    yield enter
    for run_id in runs:
        cancel(api, run_id)


def lose(page: Page, shown: Locator, id_: str) -> None:
    """Snooze a question, until its row has left the list, by the clock, which has been stopped."""
    put_off(page, id_, minutes=10)
    while shown.count():
        page.clock.run_for(20)


def test_keys_that_were_meant_for_a_row_that_left_do_nothing_to_its_neighbour(
    listed: Callable[[str, int], Listed], api: httpx.Client
) -> None:
    page, runs = listed("Departed above", 6)
    row = [page.locator(".row", has_text=f"Departed above, {place}?") for place in range(6)]
    stop_clock(page)

    def lose_and_go_on(place: int) -> None:
        row[place].focus()
        lose(page, row[place], interaction_of(api, runs[place])["id"])
        expect(row[place + 1]).to_be_focused()

    lose_and_go_on(1)
    for key in ("c", "e", "a", "1", "Enter", "Control+Enter", "c"):
        page.keyboard.press(key)
        page.clock.run_for(1400)
    expect(page.locator("#question")).to_have_text("Departed above, 0?")
    page.clock.run_for(200)
    page.keyboard.press("c")
    expect(row[2].get_by_label("You")).to_be_visible()

    lose_and_go_on(2)
    page.keyboard.press("j")
    page.keyboard.press("c")
    page.clock.run_for(ANSWER_GUARD_MS)
    page.keyboard.press("k")
    page.keyboard.press("c")
    expect(row[3].get_by_label("You")).to_be_visible()

    lose_and_go_on(4)
    page.keyboard.press("Enter")
    page.locator("#question").click()
    row[5].focus()
    page.keyboard.press("Enter")
    expect(page.locator("#question")).to_have_text("Departed above, 5?")
    claims = [interaction_of(api, run)["claimed_by"] for run in runs]
    assert claims == [None, None, "user_rina", "user_rina", None, None]


def test_keys_that_were_meant_for_a_row_that_left_do_not_answer_the_open_question(
    listed: Callable[[str, int], Listed], api: httpx.Client
) -> None:
    page, runs = listed("Departed below", 2)
    stop_clock(page)
    page.keyboard.press("j")
    row = page.locator(".row", has_text="Departed below, 1?")
    lose(page, row, interaction_of(api, runs[1])["id"])
    expect(page.locator(".row", has_text="Departed below, 0?")).to_be_focused()
    for key in ("a", "a", "c"):
        page.keyboard.press(key)
        page.clock.run_for(STEP_GUARD_MS)
    expect(page.locator("[data-step]")).to_have_count(0)
    assert interaction_of(api, runs[0])["status"] == "pending"
    assert interaction_of(api, runs[0])["claimed_by"] is None


def test_a_click_on_claim_does_not_claim_the_row_that_moved_up(
    listed: Callable[[str, int], Listed], api: httpx.Client
) -> None:
    page, runs = listed("Moved up", 3)
    claiming = page.get_by_role("button", name="Claim: Moved up, 1?")
    page.locator(".row", has_text="Moved up, 1?").hover()
    claiming.hover()
    box = box_of(claiming)
    stop_clock(page)
    lose(page, claiming, interaction_of(api, runs[1])["id"])
    at = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    moved_up = page.get_by_role("button", name="Claim: Moved up, 2?")
    expect(moved_up).to_have_css("opacity", "1")
    page.mouse.click(*at)
    page.clock.run_for(ANSWER_GUARD_MS - 50)
    page.mouse.click(*at)
    page.clock.run_for(50)
    assert interaction_of(api, runs[2])["claimed_by"] is None
    with page.expect_response(re.compile("/claim$")):
        page.mouse.click(*at)
    assert interaction_of(api, runs[2])["claimed_by"] == "user_rina"


def test_a_row_that_was_marked_meanwhile_stays_so_when_new_rows_come(
    listed: Callable[[str, int], Listed], api: httpx.Client
) -> None:
    page, runs = listed("Marked meanwhile", 3)
    runs.append(ask(api, "Marked meanwhile, new?", timeout="9m"))
    bar = page.locator("#show-arrivals")
    expect(bar).to_have_text("1 new")
    held = intercept(page, re.compile(r"/inbox/\?"), where=is_of_bar)
    with page.expect_request(is_of_bar):
        bar.click()
    page.locator(".row", has_text="Marked meanwhile, 1?").focus()
    page.keyboard.press("j")
    held.first().continue_()
    expect(page.locator(".row", has_text="Marked meanwhile, new?")).to_be_visible()
    expect(page.locator(".row", has_text="Marked meanwhile, 2?")).to_be_focused()


@pytest.mark.parametrize("suggested", [True, False])
def test_approve_and_reject_keep_their_places_whatever_is_suggested(
    sign_in: SignIn, api: httpx.Client, suggested: bool
) -> None:
    page = sign_in("rina")
    message = f"Suggested {suggested}?"
    ask(api, message, spec={"mode": "confirm", "default_confirmed": suggested})
    open_item(page, message)
    approval = page.get_by_role("button", name="Approve", exact=True)
    rejection = page.get_by_role("button", name="Reject", exact=True)
    words = "Suggested by the workflow: " + ("Approve" if suggested else "Reject")
    expect(approval if suggested else rejection).to_have_accessible_description(words)
    expect(rejection if suggested else approval).to_have_accessible_description("")
    expect(page.get_by_text(words)).to_be_visible()
    left, right = box_of(approval), box_of(rejection)
    assert left["x"] < right["x"]


def test_enter_opens_a_row_and_goes_on_to_its_form_and_escape_comes_back(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Reached by Enter?", type="input", spec={"mode": "input"})
    # Without a search, the questions of other tests would fill more than a page.
    page.goto("/inbox/?type=input")
    row = arrived(page, "Reached by Enter?")
    row.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Reached by Enter?")).to_be_focused()
    page.keyboard.press("Enter")
    field = page.get_by_role("textbox", name="Your answer")
    expect(field).to_be_focused()
    page.keyboard.type("Half")
    page.keyboard.press("Enter")
    expect(field).to_be_focused()
    expect(page.locator("#answer-errors, #outcome, [data-toast]")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("form", name="Your answer")).to_be_focused()
    page.keyboard.press("Escape")
    expect(row).to_be_focused()

    page.keyboard.press("/")
    search = page.get_by_label("Search questions")
    page.keyboard.type("nothing like it")
    expect(page.locator(".row")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(search).to_have_value("")
    expect(row).to_be_visible()
    page.keyboard.press("Escape")
    expect(row).to_be_focused()


def test_key_letters_are_no_part_of_a_name(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    ask(api, "Named without letters?", target=GROUP)
    open_item(page, "Named without letters?")
    for name, key in (("Approve", "a"), ("Reject", "r"), ("Claim", "c")):
        button = page.locator("#detail").get_by_role("button", name=name, exact=True)
        expect(button).to_have_attribute("aria-keyshortcuts", key)
    expect(page.get_by_role("searchbox", name="Search questions", exact=True)).to_be_visible()


def test_a_rejection_without_its_reason_leads_to_the_comment(
    sign_in: SignIn, api: httpx.Client
) -> None:
    message = "Rejected only with a reason?"
    ask(api, message, context={"require_reason_on_reject": True})
    rina = sign_in("rina")
    open_item(rina, message)
    press(rina.get_by_role("button", name="Reject", exact=True))
    comment = rina.get_by_label("Comment")
    expect(comment).to_be_focused()
    expect(comment).to_have_accessible_description("Enter a reason to reject this.")
    rina.keyboard.type("Too expensive")
    press(rina.get_by_role("button", name="Reject", exact=True))
    press(rina.get_by_role("button", name="Yes, reject"))
    expect(rina.get_by_role("heading", name=message)).to_be_hidden()


def test_the_error_of_a_missing_reason_goes_once_there_is_text_or_another_answer(
    sign_in: SignIn, api: httpx.Client
) -> None:
    message = "Marked only beside its error?"
    ask(api, message, context={"require_reason_on_reject": True})
    rina = sign_in("rina")
    open_item(rina, message)
    comment, error = rina.get_by_label("Comment"), rina.locator("#answer-comment-error")
    reject = rina.get_by_role("button", name="Reject", exact=True)
    read_again(rina)
    expect(comment).not_to_have_attribute("aria-invalid", "true")
    press(reject)
    expect(error).to_be_visible()
    read_again(rina)
    expect(error).to_be_visible()
    expect(comment).to_have_attribute("aria-invalid", "true")
    comment.fill("Too")
    expect(error).to_be_hidden()
    expect(comment).not_to_have_attribute("aria-invalid", "true")
    comment.fill("")
    press(reject)
    expect(error).to_be_visible()
    press(rina.get_by_role("button", name="Approve", exact=True))
    expect(rina.get_by_role("button", name="Yes, approve")).to_be_visible()
    expect(error).to_be_hidden()
    expect(comment).not_to_have_attribute("aria-invalid", "true")


def test_errors_from_the_server_stay_while_the_question_reloads_itself(
    sign_in: SignIn, api: httpx.Client
) -> None:
    message = "Sent without an answer?"
    options = [{"value": "now", "label": "Now"}, {"value": "later", "label": "Later"}]
    ask(api, message, type="input", spec={"mode": "select", "options": options})
    rina = sign_in("rina")
    open_item(rina, message)
    press(rina.get_by_role("button", name="Send answer"))
    summary, error = rina.locator("#answer-errors"), rina.locator("#answer-value-error")
    for _ in range(2):
        expect(summary).to_contain_text("one thing to fix")
        expect(error).to_be_visible()
        read_again(rina)
    rina.get_by_role("radio", name="Later").check()
    expect(error).to_be_hidden()
