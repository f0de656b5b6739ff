"""The inbox and a question on a touch screen: swipes, *Next*, and what a finger can hit."""

import re
from itertools import pairwise
from operator import itemgetter

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.arrivals import arrived, open_item
from tests.e2e.conftest import SignIn
from tests.support.pages import (
    ARMED,
    approve,
    box_of,
    press,
    presses,
)
from tests.support.product import ask, interaction_of

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

BECOME_STALE = """() => {
  document.getElementById("freshness").className = "fresh fresh--stale";
  document.documentElement.dataset.live = "on";
}"""
"""As after the event that Mobius sends nothing any more, which needs an outage of 20 s."""

HEIGHTS = """async () => {
  for (const _ of [1, 2]) await new Promise(requestAnimationFrame);
  const mark = document.getElementById("freshness");
  return [mark.scrollHeight, mark.offsetHeight];
}"""
"""What the text of the freshness mark needs and what it has, in the next frame."""


def swipe(page: Page, start: Locator, *, by: float, x: float = 200, down: float = 0) -> int:
    """Drag one finger from ``x`` and return how many animations ran meanwhile."""
    box = box_of(start)
    y = box["y"] + box["height"] / 2
    session = page.context.new_cdp_session(page)

    def touch(kind: str, part: float) -> None:
        points = [] if kind == "touchEnd" else [{"x": x + by * part, "y": y + down * part}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0)
    for step in range(1, 11):
        touch("touchMove", step / 10)
    running = page.evaluate("document.getAnimations().length")
    touch("touchEnd", 1)
    return int(running)


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_a_swipe_over_the_head_goes_to_the_next_question_and_back(
    sign_in: SignIn, api: httpx.Client, motion: str
) -> None:
    page = sign_in("rina", **PHONE, reduced_motion=motion)
    assert page.evaluate("matchMedia('(pointer: coarse)').matches")
    run_ids = [ask(api, f"Swiped, {motion}, {number}?", timeout="3m") for number in (1, 2)]
    page.goto(f"/inbox/?q=swiped+{motion}")
    arrived(page, f"Swiped, {motion}, 2?").wait_for()
    open_item(page, f"Swiped, {motion}, 1?")
    head = page.locator("#question")
    moved = swipe(page, head, by=-160)
    expect(head).to_have_text(f"Swiped, {motion}, 2?")
    expect(head).to_be_focused()
    assert (moved > 0) == (motion == "no-preference")
    swipe(page, head, by=160)
    expect(head).to_have_text(f"Swiped, {motion}, 1?")
    page.get_by_role("link", name="Next question").click()
    expect(head).to_have_text(f"Swiped, {motion}, 2?")
    assert [interaction_of(api, run_id)["status"] for run_id in run_ids] == ["pending"] * 2


def test_nothing_else_that_a_finger_does_leaves_the_question(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina", **PHONE)
    ask(api, "Not left by accident?\n\n" + "There is much to read. " * 120, timeout="3m")
    open_item(page, "Not left by accident?")
    head, address = page.locator("#question"), page.url
    itself = re.escape(address.partition("?")[0])
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    swipe(page, head, by=-160, x=385)
    swipe(page, head, by=160, x=10)
    swipe(page, head, by=-40)
    swipe(page, head, by=-100, down=90)
    swipe(page, page.locator(".prose p").first, by=-160)
    swipe(page, page.get_by_role("button", name="Approve"), by=-100)
    # A request would have been made by now: this one comes after all of them.
    page.evaluate("fetch('/healthz').then((response) => response.text())")
    assert [line for line in asked if re.match(f"GET (?!{itself}).*/interactions/", line)] == []
    assert page.url == address
    # The page itself scrolls, so that pulling it down reloads it.
    assert page.evaluate(
        "document.scrollingElement.scrollHeight > innerHeight"
        " && getComputedStyle(document.body).overscrollBehaviorY === 'auto'"
        " && getComputedStyle(document.documentElement).overscrollBehaviorY === 'auto'"
    )


def test_the_checkbox_of_a_row_is_large_enough_for_a_thumb(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina", **PHONE)
    ask(api, "Ticked by a thumb?")
    row = arrived(page, "Ticked by a thumb?")
    icon = box_of(row.locator("svg").first)
    tick = box_of(page.get_by_role("checkbox", name="Ticked by a thumb"))
    assert min(tick["width"], tick["height"]) >= 44
    middle = icon["x"] + icon["width"] / 2, icon["y"] + icon["height"] / 2
    assert middle == pytest.approx((tick["x"] + 22, tick["y"] + 22), abs=2)


@pytest.mark.parametrize(("width", "height"), [(390, 844), (844, 390), (1180, 820)])
def test_a_button_shows_the_checkboxes_and_a_tap_on_a_row_then_selects_it(
    sign_in: SignIn, api: httpx.Client, width: int, height: int
) -> None:
    page = sign_in("rina", **{**PHONE, "viewport": {"width": width, "height": height}})
    message = f"Potoroo, by tap, {width}?"
    ask(api, message)
    row = arrived(page, message)
    page.goto(f"/inbox/?q=potoroo+{width}")
    button = page.get_by_role("button", name="Select questions")
    tick = page.get_by_role("checkbox", name=message[:-1])
    button.tap()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(tick).to_have_css("opacity", "1")
    row.tap()
    expect(tick).to_be_checked()
    expect(page.locator("#list-select")).to_be_visible()
    row.tap()
    expect(tick).not_to_be_checked()
    button.tap()
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(tick).to_have_css("opacity", "0")
    row.tap()
    expect(page.get_by_role("heading", name=message)).to_be_visible()
    # A touch screen keeps the last tap as :hover.
    for beside in tick.all():
        expect(beside).to_have_css("opacity", "0")


SIZES = [(320, 640), (390, 844), (740, 360), (844, 390), (1024, 768), (1180, 820)]

IS_HIT = """(control) => {
  control.scrollIntoView({ block: "center", inline: "center" });
  const { x, y, width, height } = control.getBoundingClientRect();
  const at = (down) => document.elementFromPoint(x + width / 2, y + height / 2 + down);
  return [-21.5, 0, 21.5].every((down) => control.contains(at(down)));
}"""
"""Whether a control gets a press up to 22 px above and below its middle."""


def fits(page: Page, controls: str) -> None:
    missed = [
        f"{control.text_content()} {control.get_attribute('aria-label')} {page.viewport_size}"
        for control in page.locator(controls).all()
        if control.is_visible() and not control.evaluate(IS_HIT)
    ]
    assert missed == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.viewport_size
    expect(page.locator("kbd:visible")).to_have_count(0)


def test_at_any_width_a_finger_hits_what_it_is_meant_to(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina", **PHONE)
    ask(api, "Is the cassowary wide?", timeout="4h")
    arrived(page, "Is the cassowary wide?").wait_for()
    page.goto("/inbox/?q=cassowary")
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        fits(
            page, ":is(.list > .bar, .nav, .filter-line, .tabs) :is(a, button), .search, .row-tick"
        )
    open_item(page, "Is the cassowary wide?")
    approves, rejects = (page.get_by_role("button", name=name) for name in ("Approve", "Reject"))
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        assert box_of(rejects)["x"] < box_of(approves)["x"], (
            "the same place in portrait and landscape"
        )
    press(approves)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        fits(page, ":is(.bar--detail, #answer) :is(a, button, textarea)")
    press(page.locator(f"{ARMED} [data-disarms]"))
    page.locator("#detail").get_by_role("link", name="Snooze").tap()
    page.get_by_role("button", name="In 1 hour").tap()
    undo = page.locator("#toasts").get_by_role("button", name="Undo")
    undo.wait_for()
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        fits(page, "#toasts .btn")


def test_focus_mode_has_room_for_all_its_buttons_in_german(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina", **PHONE, locale="de")
    for n in (1, 2):
        ask(api, f"Is tamarin {n} in focus?", timeout=f"{20 + n}m")
    arrived(page, "Is tamarin 2 in focus?").wait_for()
    page.goto("/inbox/focus/?q=tamarin")
    place = page.locator("#focus-words")
    expect(place).to_have_text("1 von 2")
    first = box_of(place)
    page.locator("#detail [data-key=j]").tap()
    expect(place).to_have_text("2 von 2")
    assert box_of(place) == first, "Back moves nothing"
    for width, height in [*SIZES, (360, 740)]:
        page.set_viewport_size({"width": width, "height": height})
        fits(page, ".bar--detail :is(a, button)")
        boxes = [box_of(button) for button in page.locator(".bar--detail :is(a, button)").all()]
        assert min(box["width"] for box in boxes) >= 44
        for one, other in pairwise(sorted(boxes, key=itemgetter("x"))):
            assert one["x"] + one["width"] <= other["x"] + 0.5, "no overlap"


def test_a_title_has_the_lines_that_it_needs_and_as_many_once_it_is_read(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina", **PHONE)
    titles = ["Brief, about lines?", "About lines, one that the smallest of phones has to break?"]
    for title in titles:
        ask(api, title)
        arrived(page, title).wait_for()
    page.goto("/inbox/?q=about+lines")
    rows = [page.locator(".row", has_text=title) for title in titles]

    def lines() -> list[float]:
        return [box_of(row.locator(".row-title"))["height"] / 20 for row in rows]

    found = set()
    for width in (320, 390, 400, 410, 420, 430, 440, 700):
        page.set_viewport_size({"width": width, "height": 844})
        unread, heights = lines(), [box_of(row)["height"] for row in rows]
        assert heights[1] - heights[0] == 20 * (unread[1] - unread[0])
        for row in rows:
            row.evaluate("row => row.classList.toggle('row--unread')")
        assert lines() == unread
        found.add(tuple(unread))
    assert found == {(1, 1), (1, 2)}


def test_the_message_after_an_answer_covers_nothing_of_the_next_question(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina", **PHONE)
    for number in (1, 2):
        ask(api, f"Uncovered, {number}?", timeout="3m")
    page.clock.install()
    page.goto("/inbox/?q=uncovered")
    arrived(page, "Uncovered, 2?").wait_for()
    arrived(page, "Uncovered, 1?").click()
    approve(page)
    expect(page.locator("#question")).to_have_text("Uncovered, 2?")
    toast, head = box_of(page.locator("#toasts .toast")), page.locator(".detail-scroll > header")
    assert toast["y"] + toast["height"] <= box_of(head)["y"]
    presses(page, ":is(#detail .bar--detail, #answer .btns, #toasts) :is(a, button)")
    top = box_of(head)["y"]
    # A tap on it does not keep it.
    page.locator("#toasts .toast span").tap()
    page.clock.fast_forward(8000)
    expect(page.locator("#toasts .toast")).to_have_count(0)
    assert box_of(head)["y"] == top
    # The room is given up with the question.
    page.get_by_role("link", name="Back to the list").click()
    page.locator(".row", has_text="Uncovered, 2?").click()
    expect(page.locator("#question")).to_have_text("Uncovered, 2?")
    assert box_of(head)["y"] < top


def test_a_window_that_becomes_narrow_gives_the_freshness_mark_its_whole_height(
    sign_in: SignIn,
) -> None:
    page = sign_in("rina")
    expect(page.locator("html")).to_have_attribute("data-live", "on")
    page.evaluate(BECOME_STALE)
    page.set_viewport_size({"width": 390, "height": 844})
    needed, given = page.evaluate(HEIGHTS)
    assert needed == given > 0


@pytest.mark.parametrize("width", [390, 320])
def test_a_message_over_the_list_covers_no_control(
    sign_in: SignIn, api: httpx.Client, width: int
) -> None:
    shape = {**PHONE, "viewport": {"width": width, "height": 844}}
    page = sign_in("rina", **shape)
    ask(api, f"Uncovered at {width}?", timeout="3m")
    page.goto(f"/inbox/?q=uncovered+at+{width}")
    arrived(page, f"Uncovered at {width}?").click()
    approve(page)
    toast, tools = page.locator("#toasts .toast"), page.locator(".list-tools")
    expect(toast).to_contain_text("Approved")
    expect(tools).to_be_visible()
    box, bar = box_of(toast), box_of(page.locator(".list > .bar"))
    assert bar["y"] + bar["height"] <= box["y"]
    assert box["y"] + box["height"] <= box_of(tools)["y"]
    presses(page, ":is(.list > .bar, .list-tools, .tabs, #toasts) :is(a, button, input)")


def test_a_message_that_comes_by_itself_moves_nothing_of_the_question(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina", **PHONE)
    message = "Read meanwhile?\n\n" + "There is much to read. " * 120
    ask(api, message, timeout="3m")
    open_item(page, "Read meanwhile?")
    text = page.locator(".prose p").first
    for scrolled in (0, 200):
        page.evaluate("by => scrollTo(0, by)", scrolled)
        before = box_of(text)
        page.evaluate(SAY, "Your answer to another question wasn't sent. " * 4)
        expect(page.locator("#toasts .toast")).to_have_count(1)
        assert box_of(text) == before
        bar, toast = box_of(page.locator(".bar--detail")), box_of(page.locator("#toasts .toast"))
        assert toast["y"] == pytest.approx(bar["y"] + bar["height"], abs=1)
        assert toast["height"] > 3 * 16
        # The next one has as much room as it needs.
        page.evaluate(SAY, "Undone.")
        assert box_of(page.locator("#toasts .toast"))["height"] < 3 * 16
        assert box_of(text) == before
        page.reload()


SAY = """(text) => {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.dataset.toast = "";
  toast.append(Object.assign(document.createElement("span"), { textContent: text }));
  document.getElementById("toasts").append(toast);
  document.dispatchEvent(new CustomEvent("htmx:after:swap", { detail: { ctx: {} } }));
}"""


@pytest.mark.parametrize("path", ["/inbox/", "/runs/", "/decisions/"])
def test_what_failed_leaves_the_bar_of_a_page_free(sign_in: SignIn, path: str) -> None:
    page = sign_in("tess", **PHONE)
    page.route("**/nowhere", lambda route: route.fulfill(body="No proxy has it."))
    page.goto(path)
    page.evaluate("document.body.style.minHeight = '3000px'")
    page.evaluate("htmx.ajax('GET', '/nowhere', { source: document.body, target: '#main' })")
    notice = page.locator("#request-status")
    expect(notice).to_contain_text("A proxy returned an error")
    bar = page.locator("main .bar").filter(visible=True)
    for scrolled in (0, 400):
        page.evaluate("by => scrollTo(0, by)", scrolled)
        expect(notice).to_be_in_viewport(ratio=1)
        box = box_of(notice)
        assert box_of(bar)["y"] == pytest.approx(box["y"] + box["height"], abs=1)
        presses(page, ":is(main .bar, #request-status) :is(a, button, summary)")


@pytest.mark.parametrize("path", ["/inbox/?unread=yes", "/runs/", "/notifications/"])
def test_a_page_with_filters_opens_at_its_top(
    sign_in: SignIn, api: httpx.Client, path: str
) -> None:
    page = sign_in("rina", **PHONE)
    for number in range(12):
        ask(api, f"At the top of {path}, {number}?", timeout="2m")
    arrived(page, f"At the top of {path}, 11?").wait_for()
    page.goto(path)
    expect(page.locator("html[data-live=on]")).to_be_attached()
    assert page.evaluate("scrollY") == 0


TABLET = {"viewport": {"width": 800, "height": 1000}, "has_touch": True}

PLACES = """() => [...document.querySelectorAll("#main :is(h1, .row, .btn, .choice, .input)")]
  .filter((each) => each.checkVisibility())
  .map((each) => JSON.stringify(each.getBoundingClientRect()))"""


@pytest.mark.parametrize("device", [PHONE, TABLET])
def test_nothing_moves_when_the_connection_is_lost_or_comes_back(
    sign_in: SignIn, api: httpx.Client, device: dict[str, object]
) -> None:
    run_id = ask(api, "Does the tapir move?")
    page = sign_in("rina", **device)
    only = f"q=tapir&run={run_id}"
    page.goto(f"/inbox/?{only}")
    question = arrived(page, "Does the tapir move?").get_attribute("href")
    focus = f"/inbox/focus/?{only}"
    # Not the whole inbox: questions that other tests have asked expire there meanwhile.
    lists = [f"/inbox/?{only}"] if device is PHONE else []
    mark = page.locator("#freshness")
    for path in [*lists, str(question), focus]:
        page.goto(path)
        expect(page.locator("html")).to_have_attribute("data-live", "on")
        expect(mark).to_be_hidden()
        before = page.evaluate(PLACES)
        page.context.set_offline(True)
        expect(mark).to_have_text("Not live. Reconnecting…")
        expect(mark).to_be_in_viewport(ratio=1)
        assert page.evaluate(PLACES) == before, path
        page.context.set_offline(False)
        expect(mark).to_be_hidden()
        assert page.evaluate(PLACES) == before, path
    api.post(f"/runs/{run_id}/cancellations").raise_for_status()
