"""With *Ask first*, an answer is armed in the place of its buttons, and sent by a second press."""

import re
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from inbox.web.questions.forms import LONGEST
from tests.e2e import arrivals
from tests.e2e.arrivals import arrived
from tests.e2e.axe import violations
from tests.e2e.conftest import SignIn
from tests.support.pages import (
    ARMED,
    GUARD_MS,
    HINT,
    box_of,
    press,
    send_by_key,
    stop_clock,
)
from tests.support.product import answered, ask, interaction_of

pytestmark = pytest.mark.browser

OPTIONS = [{"value": f"o{n}", "label": f"Option {n}"} for n in range(3)]
SELECT = {"type": "review", "spec": {"mode": "select", "options": OPTIONS}}
SEVERAL = {"type": "input", "spec": {"mode": "multi_select", "options": OPTIONS}}
LINE = {"type": "input", "spec": {"mode": "input"}}
TEXT = {"type": "input", "spec": {"mode": "input", "multiline": True}}
NEEDS_REASON = {"context": {"require_reason_on_reject": True}}

WIDE = {"viewport": {"width": 1440, "height": 900}}
NARROW = {"viewport": {"width": 320, "height": 640}}
ZOOMED = {"viewport": {"width": 360, "height": 225}, "device_scale_factor": 4}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

PLACES = """() => {
  const named = "#question, .evidence, #history, #answer-card, [data-asks], [data-step]";
  const shown = document.querySelectorAll(`${named}, #answer :is(textarea, .form-foot)`);
  const places = [...shown].filter((each) => each.checkVisibility()).map((each) => {
    const { x, y, width, height } = each.getBoundingClientRect();
    return [x, y, width, height].map(Math.round);
  });
  return [scrollY, document.querySelector(".detail-scroll").scrollTop, ...places];
}"""
"""Where everything is, with the buttons or the step that takes their place."""


def open_item(page: Page, message: str) -> None:
    arrivals.open_item(page, message)
    page.wait_for_timeout(GUARD_MS + 20)


def step(page: Page) -> Locator:
    return page.locator(ARMED)


def button(page: Page, name: str) -> Locator:
    return page.locator(f"#answer [data-asks] {name}")


APPROVE, REJECT, SEND = "[data-key=a]", "[data-key=r]", "[data-send]"


@pytest.mark.parametrize("locale", ["en", "de"])
@pytest.mark.parametrize(
    "device", [WIDE, NARROW, ZOOMED, PHONE], ids=["wide", "narrow", "zoomed", "phone"]
)
def test_the_step_takes_the_place_of_the_buttons_and_nothing_else_moves(
    sign_in: SignIn, api: httpx.Client, device: dict[str, Any], locale: str
) -> None:
    page = sign_in("rina", **device, locale=locale)
    place = f"at {device['viewport']['width']}, {locale}?"
    approval, text = ask(api, f"Refund {place}"), ask(api, f"Reason {place}", **TEXT)
    # Opening what the mirror lacks reads it from Mobius, which a person may do ten times a minute.
    page.goto(f"/inbox/?{urlencode({'q': place})}")
    for message in (f"Refund {place}", f"Reason {place}"):
        arrived(page, message).wait_for()
    for run_id, fields, names in ((approval, {}, [APPROVE, REJECT]), (text, TEXT, [SEND])):
        page.goto(f"/interactions/{interaction_of(api, run_id)['id']}/")
        page.get_by_role("textbox").last.fill("Agreed with Sam.")
        if fields:
            page.locator("#answer-value").fill("By the label printer.")
        expect(page.locator("[data-saved][data-state=ok]")).to_be_visible()
        for name in names:
            pressed = button(page, name)
            pressed.scroll_into_view_if_needed()
            page.wait_for_timeout(GUARD_MS)
            before, area = page.evaluate(PLACES), box_of(pressed)
            pressed.tap() if "has_touch" in device else pressed.click()
            expect(step(page)).to_be_focused()
            assert page.evaluate(PLACES) == before
            sure = box_of(page.locator(f"{ARMED} [data-confirms]"))
            assert sure["x"] >= area["x"] + area["width"] or sure["x"] + sure["width"] <= area["x"]
            cut = "(all) => all.filter((one) => one.scrollWidth > one.clientWidth).length"
            assert page.locator(f"{ARMED} .btn").evaluate_all(cut) == 0
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            page.keyboard.press("Escape")
            expect(step(page)).to_have_count(0)


@pytest.mark.parametrize("device", [WIDE, PHONE], ids=["mouse", "touch"])
def test_presses_in_the_first_moment_are_ignored_and_not_queued(
    sign_in: SignIn, api: httpx.Client, device: dict[str, Any]
) -> None:
    page = sign_in("rina", **device)
    name = f"Pressed {'on the phone' if 'has_touch' in device else 'with the mouse'}?"
    run_id = ask(api, name)
    page.clock.install()
    open_item(page, name)
    stop_clock(page)

    def hit(button: Locator) -> None:
        button.tap() if "has_touch" in device else button.click()

    hit(button(page, APPROVE))
    sure = page.locator(f"{ARMED} [data-confirms]")
    expect(step(page)).to_have_attribute("data-fresh", "")
    hit(sure)
    page.clock.run_for(GUARD_MS - 50)
    hit(sure)
    page.clock.run_for(100)
    expect(step(page)).not_to_have_attribute("data-fresh", "")
    assert interaction_of(api, run_id)["status"] == "pending"
    with page.expect_response(re.compile("/respond$")):
        hit(sure)
    assert answered(api, run_id)["response"]["value"] is True


@pytest.mark.parametrize(
    ("fields", "keys", "value"),
    [(SELECT, "2", "o1"), (SEVERAL, "13", ["o0", "o2"]), (SEVERAL, "", [])],
    ids=["one", "several", "none"],
)
def test_a_digit_chooses_and_control_and_enter_arms_and_sends(
    sign_in: SignIn, api: httpx.Client, fields: dict[str, Any], keys: str, value: Any
) -> None:
    page = sign_in("rina")
    message = f"Chosen by key, {keys or 'none'}?"
    run_id = ask(api, message, **fields)
    open_item(page, message)
    for key in keys:
        page.keyboard.press(key)
    page.get_by_label("Comment").fill("As agreed")
    expect(step(page)).to_have_count(0)
    page.keyboard.press("Control+Enter")
    expect(step(page)).to_be_focused()
    for label in ("Option 0", "Option 1", "Option 2"):
        expect(page.get_by_label(label)).to_be_visible()
    expect(page.get_by_label("Comment")).to_have_value("As agreed")
    assert violations(page) == []
    assert interaction_of(api, run_id)["status"] == "pending"
    page.keyboard.press("Control+Enter")
    response = answered(api, run_id)["response"]
    assert (response["value"], response["comment"]) == (value, "As agreed")


def test_a_press_or_the_focus_elsewhere_disarms(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    ask(api, "Disarmed from elsewhere?")
    open_item(page, "Disarmed from elsewhere?")
    for leave in (
        page.locator("#question").click,
        page.get_by_label("Comment").click,
        page.locator(".list [type=search]").focus,
        lambda: page.keyboard.press("x"),
    ):
        button(page, APPROVE).click()
        expect(step(page)).to_be_focused()
        leave()
        expect(step(page)).to_have_count(0)
        expect(page.locator(HINT)).to_have_text("Cancelled. Nothing was sent.")
        expect(button(page, APPROVE)).to_be_visible()
    page.get_by_label("Comment").fill("Not yet")
    expect(page.locator(HINT)).to_have_text("")


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_tab_stays_within_the_step_and_then_enter_and_space_press(
    sign_in: SignIn, api: httpx.Client, key: str
) -> None:
    page = sign_in("rina")
    run_id = ask(api, f"Tabbed to, then {key}?")
    open_item(page, f"Tabbed to, then {key}?")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    expect(step(page)).to_be_focused()
    sure, cancel = (page.locator(f"{ARMED} {each}") for each in ("button", "a"))
    for keys, focused in (("Tab", cancel), ("Tab", sure), ("Tab", cancel), ("Shift+Tab", sure)):
        page.keyboard.press(keys)
        expect(focused).to_be_focused()
    assert interaction_of(api, run_id)["status"] == "pending"
    page.keyboard.press(key)
    assert answered(api, run_id)["response"]["value"] is True


def test_a_rejection_that_needs_a_reason_is_armed_from_its_field(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    run_id = ask(api, "Rejected with a reason?", **NEEDS_REASON)
    open_item(page, "Rejected with a reason?")
    comment = page.get_by_label("Comment")
    page.keyboard.press("r")
    expect(comment).to_be_focused()
    expect(comment).to_have_accessible_description("Enter a reason to reject this.")
    page.keyboard.type("Too expensive")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(step(page)).to_have_count(0)
    expect(comment).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(step(page)).to_have_accessible_name("Reject “Rejected with a reason”?")
    page.keyboard.press("Control+Enter")
    response = answered(api, run_id)["response"]
    assert (response["value"], response["comment"]) == (False, "Too expensive")


def test_a_screen_reader_hears_which_question_is_armed(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    title = "Refund €4,180 to Brightwater, " + "which has asked for it again and again, " * 4
    ask(api, f"{title.strip(', ')}?")
    open_item(page, "Refund €4,180 to Brightwater")
    page.keyboard.press("a")
    group = page.get_by_role("group", name=f"Approve “{title.strip(', ')}”?", exact=True)
    expect(group).to_be_focused()
    expect(group.get_by_role("button", name="Approve", exact=True)).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [(SELECT, "Choose an answer."), (LINE, "Enter your answer."), (TEXT, "Enter your answer.")],
    ids=["select", "line", "text"],
)
def test_a_missing_answer_is_complained_about_and_not_armed(
    sign_in: SignIn, api: httpx.Client, fields: dict[str, Any], complaint: str
) -> None:
    page = sign_in("rina")
    message = f"Sent without an answer, {fields['spec'].get('multiline', fields['type'])}?"
    ask(api, message, **fields)
    open_item(page, message)
    page.get_by_label("Comment").fill("The comment stays.")
    press(button(page, SEND))
    expect(page.locator("#answer .error:visible")).to_have_text(complaint)
    expect(step(page)).to_have_count(0)
    expect(page.get_by_label("Comment")).to_have_value("The comment stays.")


def test_an_answer_that_the_server_refuses_is_complained_about_at_its_field(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    run_id = ask(api, "Too long to be sent?", **TEXT)
    open_item(page, "Too long to be sent?")
    field = page.get_by_role("textbox", name="Your answer")
    field.fill("x" * (LONGEST + 1))
    send_by_key(page)
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(re.compile("over the limit"))
    expect(step(page)).to_have_count(0)
    assert len(field.input_value()) == LONGEST + 1
    field.fill("In short.")
    send_by_key(page)
    assert answered(api, run_id)["response"]["value"] == "In short."


def test_removing_a_token_asks_first(sign_in: SignIn) -> None:
    page = sign_in("rina")
    page.goto("/account/")
    remove = page.get_by_role("button", name="Remove", exact=True)
    press(remove)
    expect(page.get_by_role("group", name="Remove your token?")).to_be_focused()
    page.keyboard.press("Escape")
    expect(step(page)).to_have_count(0)
    expect(remove).to_be_focused()
