"""With *Ask first*, a choice or a text is shown once more before it is sent, as an approval is."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from inbox.web.interactions.forms import LONGEST
from tests.e2e import arrivals
from tests.e2e.axe import violations
from tests.e2e.conftest import SignIn
from tests.support.pages import (
    ANSWER_GUARD_MS,
    HINT,
    STEP_GUARD_MS,
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


def open_item(page: Page, message: str) -> None:
    arrivals.open_item(page, message)
    page.wait_for_timeout(ANSWER_GUARD_MS + 20)


def step(page: Page) -> Locator:
    return page.locator("#answer [data-step]")


def press_send(page: Page) -> None:
    press(page.get_by_role("button", name="Send answer"))


@pytest.mark.parametrize(
    ("fields", "keys", "answer"),
    [
        (SELECT, "2", ("Option 1", "o1")),
        (SEVERAL, "13", ("Option 0, Option 2", ["o0", "o2"])),
        (SEVERAL, "", ("None of these", [])),
    ],
    ids=["one", "several", "none"],
)
def test_a_choice_is_shown_before_it_is_sent(
    sign_in: SignIn, api: httpx.Client, fields: dict[str, Any], keys: str, answer: tuple[str, Any]
) -> None:
    words, value = answer
    page = sign_in("rina")
    message = f"Shown before it is sent, {keys or 'none'}?"
    run_id = ask(api, message, **fields)
    open_item(page, message)
    for key in keys:
        page.keyboard.press(key)
    page.get_by_label("Comment").fill("As agreed")
    page.keyboard.press("Control+Enter")
    expect(step(page)).to_have_accessible_name(f"Send your answer to “{message[:-1]}”?")
    expect(step(page)).to_contain_text(f"Your answer: {words}")
    expect(step(page)).to_contain_text("With your comment: “As agreed”")
    assert violations(page) == []
    assert interaction_of(api, run_id)["status"] == "pending"
    page.wait_for_timeout(STEP_GUARD_MS + 20)
    page.keyboard.press("Enter")
    expect(page.locator(".row", has_text=message)).to_have_count(0)
    response = answered(api, run_id)["response"]
    assert (response["value"], response["comment"]) == (value, "As agreed")


@pytest.mark.parametrize("width", [320, 390, 820, 1440])
@pytest.mark.parametrize("locale", ["en", "de"])
def test_its_buttons_are_not_cut(
    sign_in: SignIn, api: httpx.Client, width: int, locale: str
) -> None:
    page = sign_in("rina", viewport={"width": width, "height": 900}, locale=locale)
    run_id = ask(api, f"Not cut, {width}, {locale}?")
    page.goto(f"/interactions/{interaction_of(api, run_id)['id']}/")
    press(page.locator("#answer button[data-key=a]"))
    buttons = step(page).locator("button")
    expect(buttons).to_have_count(2)
    assert (
        buttons.evaluate_all("(all) => all.filter((one) => one.scrollWidth > one.clientWidth)")
        == []
    )
    card = box_of(page.locator("#answer-card"))
    for button in buttons.all():
        box = box_of(button)
        assert card["x"] < box["x"]
        assert box["x"] + box["width"] < card["x"] + card["width"]


@pytest.mark.parametrize(("fields", "name"), [(LINE, "line"), (TEXT, "text")], ids=["line", "text"])
def test_a_text_is_quoted_and_may_still_be_changed(
    sign_in: SignIn, api: httpx.Client, fields: dict[str, Any], name: str
) -> None:
    page = sign_in("rina")
    message = f"Quoted before it is sent, a {name}?"
    run_id = ask(api, message, **fields)
    open_item(page, message)
    field = page.get_by_role("textbox", name="Your answer")
    field.fill("It was the wind. " + "w" * 1000)
    page.keyboard.press("Control+Enter")
    expect(step(page)).to_contain_text(re.compile("Your answer: It was the wind. w+…"))
    field.fill("It was the rain.")
    expect(step(page)).to_contain_text("Your answer: It was the rain.")
    page.wait_for_timeout(STEP_GUARD_MS + 20)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".row", has_text=message)).to_have_count(0)
    assert answered(api, run_id)["response"]["value"] == "It was the rain."


def test_two_presses_in_quick_succession_send_nothing(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    page.clock.install()
    run_id = ask(api, "Pressed twice in a hurry?", **SELECT)
    open_item(page, "Pressed twice in a hurry?")
    page.keyboard.press("1")
    stop_clock(page)
    for key in ("Control+Enter", "Control+Enter", "Enter", "Space"):
        page.keyboard.press(key)
        page.clock.run_for(90)
    expect(step(page)).to_be_visible()
    expect(page.locator(HINT)).to_have_text(
        "That was too soon: this had only just appeared. Nothing changed."
    )
    assert interaction_of(api, run_id)["status"] == "pending"
    page.keyboard.press("Escape")
    expect(page.locator(HINT)).to_have_text("")
    expect(step(page)).to_have_count(0)
    expect(page.get_by_role("button", name="Send answer")).to_be_focused()


def test_a_digit_leaves_the_step_and_changes_the_answer_in_the_form(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    page.clock.install()
    run_id = ask(api, "Changed under the step?", **SELECT)
    open_item(page, "Changed under the step?")
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    expect(step(page)).to_contain_text("Your answer: Option 0")
    stop_clock(page)
    page.keyboard.press("3")
    expect(step(page)).to_have_count(0)
    expect(page.get_by_role("radio", name="Option 2")).to_be_focused()
    expect(page.get_by_role("radio", name="Option 2")).to_be_checked()
    page.keyboard.press("Enter")
    assert interaction_of(api, run_id)["status"] == "pending"

    page.keyboard.press("Control+Enter")
    expect(step(page)).to_contain_text("Your answer: Option 2")
    page.keyboard.press("2")
    page.clock.run_for(STEP_GUARD_MS + 20)
    for key in ("Control+Enter", "Enter"):
        page.keyboard.press(key)
    expect(step(page)).to_contain_text("Your answer: Option 2")
    expect(page.locator(HINT)).to_contain_text("Choose your answer again.")
    page.keyboard.press("2")
    expect(step(page)).to_have_count(0)
    page.keyboard.press("Control+Enter")
    expect(step(page)).to_contain_text("Your answer: Option 1")
    page.clock.run_for(STEP_GUARD_MS + 20)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".row", has_text="Changed under the step?")).to_have_count(0)
    assert answered(api, run_id)["response"]["value"] == "o1"


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [(SELECT, "Choose an answer."), (LINE, "Enter your answer."), (TEXT, "Enter your answer.")],
    ids=["select", "line", "text"],
)
def test_a_missing_answer_is_complained_about_and_not_asked_about(
    sign_in: SignIn, api: httpx.Client, fields: dict[str, Any], complaint: str
) -> None:
    page = sign_in("rina")
    message = f"Sent without an answer, {fields['spec'].get('multiline', fields['type'])}?"
    ask(api, message, **fields)
    open_item(page, message)
    page.get_by_label("Comment").fill("The comment stays.")
    press_send(page)
    expect(page.locator("#answer .error:visible")).to_have_text(complaint)
    expect(step(page)).to_have_count(0)
    expect(page.get_by_label("Comment")).to_have_value("The comment stays.")


def test_an_answer_that_is_taken_out_under_the_step_is_complained_about(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Taken out again?", **LINE)
    open_item(page, "Taken out again?")
    field = page.get_by_role("textbox", name="Your answer")
    for again in ("Yes, send", "Send answer"):
        field.fill("Something")
        press_send(page)
        expect(step(page)).to_contain_text("Your answer: Something")
        field.fill("")
        expect(step(page)).not_to_contain_text("Your answer")
        press(page.get_by_role("button", name=again))
        expect(page.locator("#answer .error:visible")).to_have_text("Enter your answer.")
        expect(step(page)).to_have_count(0)


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
    expect(page.locator(".row", has_text="Too long to be sent?")).to_have_count(0)
    assert answered(api, run_id)["response"]["value"] == "In short."


def test_removing_a_token_asks_first(sign_in: SignIn) -> None:
    page = sign_in("rina")
    page.goto("/account/")
    remove = page.get_by_role("button", name="Remove", exact=True)
    remove.click()
    asked = page.locator("[data-step]")
    expect(asked).to_contain_text("Remove your token?")
    asked.get_by_role("button", name="Go back").click()
    expect(asked).to_have_count(0)
    expect(remove).to_be_focused()
