import re

import httpx
import pytest
from playwright.sync_api import expect

from inbox.web.ui.labels import run_status
from tests.e2e.arrivals import arrived, open_item
from tests.e2e.conftest import SignIn
from tests.support.pages import (
    GUARD_MS,
    approve,
    press,
    reject,
    send,
    stop_clock,
)
from tests.support.product import answered, ask, interaction_of

OPTIONS = [{"value": f"o{n}", "label": f"Option {n}", "description": f"Is {n}"} for n in range(3)]


@pytest.mark.story
def test_an_approval_is_found_read_and_answered_and_the_run_resumes(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina", by_form=True)
    run_id = ask(api, "Ship the **blue** paint?", context={"amount": "12 cans"})
    open_item(page, "Ship the blue paint?")
    expect(page.locator("#detail")).to_contain_text("12 cans")
    watching = page.context.new_page()
    watching.goto(f"/runs/{run_id}/")
    pill = watching.locator(f"[data-run-id='{run_id}'][data-run-status]")
    expect(pill).to_have_attribute("data-run-status", "suspended")
    watching.evaluate("window.sameDocument = true")

    page.get_by_label("Comment").fill("Two coats, please.")
    approve(page)

    expect(pill).to_have_attribute("data-run-status", "completed")
    expect(watching.locator("body")).to_contain_text(run_status("completed").label)
    expect(watching.locator(".run-head")).to_contain_text("took")
    assert watching.evaluate("window.sameDocument"), "the page followed without a reload"
    expect(page.locator("#detail")).not_to_contain_text("blue paint")
    # The next question, or that none is left: a long list was searched for this one.
    expect(page.locator(":is(#detail h1, .empty h2):visible").first).to_be_visible()
    expect(page.locator(".row", has_text="Ship the blue paint?")).to_have_count(0)
    item = answered(api, run_id)
    assert item["status"] == "completed"
    assert item["response"]["value"] is True
    assert item["response"]["comment"] == "Two coats, please."
    assert item["responder"] == {"type": "user", "id": "user_rina"}


@pytest.mark.story
def test_a_second_browser_sees_the_item_come_and_go(sign_in: SignIn, api: httpx.Client) -> None:
    first, second = sign_in("rina"), sign_in("rina")
    ask(api, "Seen by both?")
    for page in (first, second):
        expect(arrived(page, "Seen by both?")).to_be_visible()
    open_item(first, "Seen by both?")
    reject(first)
    expect(first.locator(".row", has_text="Seen by both?")).to_have_count(0)
    expect(second.locator("[data-over]", has_text="Seen by both?")).to_contain_text("Rejected")


def test_a_hidden_tab_catches_up_when_it_is_shown(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    page.add_init_script(
        "window.streaming = new Promise((resolve) => document.addEventListener("
        "'htmx:sse:after:connection', () => resolve(true), {once: true}))"
    )
    page.clock.install()
    page.reload()
    page.evaluate("window.streaming")
    show = "document.dispatchEvent(new Event('visibilitychange'))"
    page.evaluate(
        "Object.defineProperty(document, 'hidden', {configurable: true, get: () => window.away})"
    )
    with page.expect_event("requestfailed", lambda sent: "/live/" in sent.url):
        page.evaluate(f"window.away = true; {show}")
    ask(api, "Asked while away?")
    # With its clock stopped, a page that waits before it connects again would wait forever.
    stop_clock(page)
    with page.expect_request(re.compile("/live/")):
        page.evaluate(f"window.away = false; {show}")
    page.clock.resume()
    expect(arrived(page, "Asked while away?")).to_be_visible()


def test_a_select_question_is_answered(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    run_id = ask(api, "Which verdict?", type="review", spec={"mode": "select", "options": OPTIONS})
    open_item(page, "Which verdict?")
    press(page.get_by_role("radio", name="Option 1"))
    send(page)
    expect(page.locator(".row", has_text="Which verdict?")).to_have_count(0)
    assert answered(api, run_id)["response"]["value"] == "o1"


def test_several_are_chosen_and_counted(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    run_id = ask(
        api, "Which of them?", type="input", spec={"mode": "multi_select", "options": OPTIONS}
    )
    open_item(page, "Which of them?")
    press(page.get_by_role("checkbox", name="Option 0"))
    page.get_by_role("checkbox", name="Option 2").check()
    expect(page.locator("#answer")).to_contain_text("2 of 3 selected")
    send(page)
    expect(page.locator(".row", has_text="Which of them?")).to_have_count(0)
    assert answered(api, run_id)["response"]["value"] == ["o0", "o2"]


@pytest.mark.parametrize("multiline", [False, True])
def test_a_text_is_written(sign_in: SignIn, api: httpx.Client, multiline: bool) -> None:
    page = sign_in("rina")
    message = f"What happened, {'at length' if multiline else 'in a line'}?"
    run_id = ask(api, message, type="input", spec={"mode": "input", "multiline": multiline})
    open_item(page, message)
    page.locator("#detail form [name=value]").fill("It was the wind.")
    send(page)
    expect(page.locator(".row", has_text=message)).to_have_count(0)
    assert answered(api, run_id)["response"]["value"] == "It was the wind."


def test_a_list_of_many_options_can_be_searched(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    towns = [{"value": f"t{n}", "label": f"Town {n}"} for n in range(30)]
    run_id = ask(api, "Which town?", type="review", spec={"mode": "select", "options": towns})
    open_item(page, "Which town?")
    page.locator("#detail form input[type=search]").fill("town 17")
    expect(page.get_by_text("Town 3", exact=True)).to_be_hidden()
    press(page.get_by_text("Town 17"))
    send(page)
    expect(page.locator(".row", has_text="Which town?")).to_have_count(0)
    assert answered(api, run_id)["response"]["value"] == "t17"


@pytest.mark.story
def test_typed_text_is_available_on_another_device(sign_in: SignIn, api: httpx.Client) -> None:
    first, second = sign_in("rina"), sign_in("rina")
    ask(api, "Half typed?", type="input", spec={"mode": "input", "multiline": True})
    open_item(first, "Half typed?")
    with first.expect_response(re.compile("/draft$")) as saved:
        first.locator("#detail form [name=value]").fill("Half a")
    assert saved.value.status == 204
    open_item(second, "Half typed?")
    expect(second.locator("#detail form [name=value]")).to_have_value("Half a")


@pytest.mark.story
def test_the_second_to_answer_sees_the_first_answer_and_keeps_their_text(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    run_id = ask(api, "Both at once?", type="input", spec={"mode": "input", "multiline": True})
    open_item(page, "Both at once?")
    page.locator("#detail form [name=value]").fill("My long answer")
    item = interaction_of(api, run_id)
    answer = {"value": "From elsewhere", "comment": "by a script"}
    api.post(f"/interactions/{item['id']}/respond", json=answer)
    expect(page.locator("#detail")).to_contain_text("From elsewhere")
    expect(page.locator("#detail form [name=value]")).to_have_value("My long answer")
    expect(page.get_by_role("button", name="Send answer")).to_have_count(0)


@pytest.mark.story
def test_the_row_of_a_group_item_says_who_answered_it(sign_in: SignIn, api: httpx.Client) -> None:
    rina, sam = sign_in("rina"), sign_in("sam")
    ask(api, "Who of you?", target={"type": "group", "id": "approvers"})
    expect(arrived(sam, "Who of you?")).to_be_visible()
    open_item(rina, "Who of you?")
    approve(rina)
    expect(sam.locator(".row", has_text="Who of you?")).to_contain_text("Rina approved")


def test_the_keyboard_is_enough(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("sam")
    target = {"type": "user", "id": "user_sam"}
    run_id = ask(api, "By keyboard alone?", target=target, timeout="2m")
    expect(arrived(page, "By keyboard alone?")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("keyboard alone")
    page.keyboard.press("Enter")
    expect(page.locator(".row")).to_have_count(1)
    found = page.locator(".row")
    expect(found).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="By keyboard alone?")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Comment")).to_be_focused()
    page.keyboard.type("a and r are only letters here")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(found).to_be_focused()
    page.wait_for_timeout(GUARD_MS + 20)
    page.keyboard.press("a")
    expect(page.get_by_role("group", name="Approve “By keyboard alone”?")).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".row", has_text="By keyboard alone?")).to_have_count(0)
    item = answered(api, run_id)
    assert item["response"]["value"] is True
    assert item["response"]["comment"] == "a and r are only letters here"


ENTER_AS_SOON_AS_IT_IS_SHOWN = """() => new MutationObserver((_, observer) => {
  if (document.getElementById("question")?.textContent !== "Entered at once?") return;
  observer.disconnect();
  const options = { key: "Enter", bubbles: true, cancelable: true };
  document.activeElement.dispatchEvent(new KeyboardEvent("keydown", options));
}).observe(document.body, { childList: true, subtree: true })"""


def test_enter_goes_on_to_the_form_as_soon_as_the_question_is_shown(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("sam")
    ask(api, "Entered at once?", target={"type": "user", "id": "user_sam"}, timeout="2m")
    row = arrived(page, "Entered at once?")
    row.focus()
    page.evaluate(ENTER_AS_SOON_AS_IT_IS_SHOWN)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Comment")).to_be_focused()


def test_everything_works_without_scripts(sign_in: SignIn, api: httpx.Client) -> None:
    run_id = ask(api, "Story, scriptless?", timeout="3m")
    with_scripts = sign_in("rina")
    expect(arrived(with_scripts, "Story, scriptless?")).to_be_visible()
    page = sign_in("rina", java_script_enabled=False)
    page.goto("/inbox/?q=story+scriptless")
    page.locator(".row", has_text="Story, scriptless?").click()
    expect(page.locator("#freshness")).to_be_hidden()
    expect(page.locator("kbd:visible")).to_have_count(0)
    page.get_by_label("Comment").fill("Plainly.")
    page.get_by_role("button", name="Approve").click()
    page.locator("[data-confirms]:enabled").click()
    page.wait_for_url("**/i**")
    expect(page.locator("body")).to_contain_text(re.compile("Sent|Approved|answer"))
    item = answered(api, run_id)
    assert item["response"]["comment"] == "Plainly."
    # Without scripts, a page that comes too early does not follow.
    for each in (with_scripts, page):
        each.goto(f"/runs/{run_id}/")
        expect(each.locator("[data-run-status='completed']").first).to_be_visible()
