"""A question that closes while someone reads it or writes an answer moves nothing."""

from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.arrivals import arrived, open_item
from tests.e2e.conftest import SignIn
from tests.support.pages import ARMED, approve, layout_shifts, press, watch_layout_shifts
from tests.support.product import ask, interaction_of

pytestmark = pytest.mark.browser

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
OPTIONS = [{"value": f"o{n}", "label": f"Choice {n}"} for n in range(30)]
GROUP = {"target": {"type": "group", "id": "approvers"}}
APPROVAL = {"context": {"amount": "€120"}}
SELECT = {**APPROVAL, "type": "review", "spec": {"mode": "select", "options": OPTIONS[:3]}}
MANY = {**APPROVAL, "type": "input", "spec": {"mode": "multi_select", "options": OPTIONS}}
TEXT = {**APPROVAL, "type": "input", "spec": {"mode": "input", "multiline": True}}

sizes = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


def opened(page: Page, api: httpx.Client, message: str, fields: dict[str, Any]) -> str:
    run_id = ask(api, f"{message}\n\n" + "There is much to read before. " * 40, **fields)
    open_item(page, message)
    watch_layout_shifts(page)
    return str(interaction_of(api, run_id)["id"])


def answer(api: httpx.Client, id_: str, value: Any) -> None:
    api.post(f"/interactions/{id_}/respond", json={"value": value}).raise_for_status()


def tops(page: Page, *selectors: str) -> list[float]:
    top = "element => element.getBoundingClientRect().top"
    return [page.locator(selector).evaluate(top) for selector in selectors]


def unmoved(tops: list[float]) -> Any:
    return pytest.approx(tops, abs=0.9)


@sizes
@pytest.mark.parametrize(("fields", "value"), [(APPROVAL, True), (SELECT, "o1")])
def test_the_text_being_read_stays_in_place_when_someone_else_answers(
    sign_in: SignIn,
    api: httpx.Client,
    size: dict[str, int],
    fields: dict[str, Any],
    value: Any,
) -> None:
    page = sign_in("rina", viewport=size)
    id_ = opened(page, api, f"Read, {fields.get('type')} at {size['width']}?", fields)
    read = ["#question", ".evidence"]
    before = tops(page, *read)
    answer(api, id_, value)
    outcome = page.locator("#outcome")
    expect(outcome).to_contain_text("answered this")
    expect(outcome).to_be_in_viewport(ratio=1)
    # The history gains a line, below all that decides.
    assert layout_shifts(page, "#question, .evidence, .answer-place") == []
    assert tops(page, *read) == unmoved(before)


@pytest.mark.parametrize(
    ("focused", "then"),
    [("body", "body"), ("#inbox-list", "#inbox-list"), ("#answer [data-key=a]", "#outcome")],
)
def test_only_a_focus_that_would_be_lost_moves_when_someone_else_answers(
    sign_in: SignIn, api: httpx.Client, focused: str, then: str
) -> None:
    page = sign_in("rina")
    id_ = opened(page, api, f"Focused, {focused.strip('#')}?", APPROVAL)
    page.evaluate("document.activeElement.blur()")
    if focused != "body":
        page.locator(focused).focus()
    answer(api, id_, value=True)
    expect(page.locator("#outcome")).to_contain_text("answered this")
    expect(page.locator(then)).to_be_focused()


def test_what_happened_is_visible_beside_the_end_of_a_long_form(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina", viewport={**DESKTOP, "height": 640})
    id_ = opened(page, api, "Which of these?", MANY)
    press(page.get_by_label("Choice 29"))
    page.get_by_role("button", name="Send answer").click()
    expect(page.locator(ARMED)).to_be_in_viewport(ratio=1)
    answer(api, id_, ["o1"])
    expect(page.locator("#outcome")).to_contain_text("answered this")
    expect(page.locator("#outcome")).to_be_in_viewport(ratio=1)


def test_the_room_of_the_form_is_given_up_at_the_next_click(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina", viewport=DESKTOP)
    id_ = opened(page, api, "Roomy?", SELECT)
    history = ".decide h2:text-is('History')"
    before = tops(page, history)
    answer(api, id_, "o1")
    expect(page.locator("#outcome")).to_contain_text("answered this")
    assert tops(page, history) == unmoved(before)
    page.get_by_role("heading", name="Roomy?").click()
    assert tops(page, history)[0] < before[0] - 100


@sizes
@pytest.mark.parametrize(("fields", "field"), [(APPROVAL, "comment"), (TEXT, "value")])
def test_the_field_stays_under_the_cursor_when_someone_else_answers(
    sign_in: SignIn, api: httpx.Client, size: dict[str, int], fields: dict[str, Any], field: str
) -> None:
    page = sign_in("rina", viewport=size)
    id_ = opened(page, api, f"Written, {field} at {size['width']}?", fields)
    typed = f"#answer [name={field}]"
    page.locator(typed).fill("Half a sentence")
    expect(page.locator("[data-saved]")).to_contain_text("Draft saved")
    before = tops(page, typed, ".evidence")
    answer(api, id_, True if field == "comment" else "By somebody else")
    expect(page.locator("#outcome")).to_contain_text("answered this")
    assert tops(page, typed, ".evidence") == unmoved(before)
    expect(page.locator(typed)).to_be_focused()


@sizes
def test_the_text_being_read_stays_in_place_when_someone_claims_it(
    sign_in: SignIn, api: httpx.Client, size: dict[str, int]
) -> None:
    page, sam = sign_in("rina", viewport=size), sign_in("sam")
    message = f"Claimed at {size['width']}?"
    opened(page, api, message, {**APPROVAL, **GROUP})
    before = tops(page, "#question", ".evidence")
    arrived(sam, message).click()
    press(sam.locator("#claiming").get_by_role("button", name="Claim"))
    claimed = page.locator("#claimed-by-another")
    expect(claimed).to_contain_text("claimed this")
    expect(claimed).to_be_in_viewport(ratio=1)
    assert tops(page, "#question", ".evidence") == unmoved(before)


def test_a_form_whose_text_was_sent_in_another_tab_is_replaced(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page, other = sign_in("rina"), sign_in("rina")
    opened(page, api, "Sent by the other tab?", APPROVAL)
    page.locator("#answer [name=comment]").fill("One line\nAnother")
    expect(page.locator("[data-saved]")).to_contain_text("Draft saved")
    open_item(other, "Sent by the other tab?")
    expect(other.locator("#answer [name=comment]")).to_have_value("One line\nAnother")
    approve(other)
    expect(page.locator("#outcome")).to_contain_text("You answered this")
    expect(page.locator("#answer-card")).to_have_count(0)
