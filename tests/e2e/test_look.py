import re
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from inbox.web.ui import when
from tests.e2e.arrivals import arrived, open_item
from tests.e2e.axe import violations
from tests.e2e.conftest import Choose, SignIn
from tests.support.pages import (
    ARMED,
    GUARD_MS,
    approve,
    box_of,
    confirm_as_of_another_version,
    intercept,
    press,
    read_again,
    send,
    stop_clock,
)
from tests.support.product import answered, ask, interaction_of

pytestmark = pytest.mark.browser

TEXT = {"type": "input", "spec": {"mode": "input", "multiline": True}}
NARROW = {"viewport": {"width": 320, "height": 640}}
PHONE = {"viewport": {"width": 390, "height": 844}}


def save(page: Page, text: str) -> None:
    with page.expect_response(re.compile("/draft$")) as saved:
        page.locator("#answer [name=value]").fill(text)
    assert saved.value.ok


@pytest.fixture
def offline(sign_in: SignIn) -> Page:
    """Rina, whose drafts do not arrive until ``page.unroute_all()``."""
    page = sign_in("rina")
    page.route(re.compile("/draft$"), lambda route: route.abort())
    return page


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_reject_asks_once_more_and_may_be_taken_back(
    sign_in: SignIn, api: httpx.Client, theme: str
) -> None:
    page = sign_in("rina", color_scheme=theme)
    ask(api, f"Throw it away when it's {theme}?")
    open_item(page, f"Throw it away when it's {theme}?")
    page.get_by_label("Comment").fill("It is broken.")
    page.wait_for_timeout(GUARD_MS)
    page.keyboard.press("Control+Enter")
    how = page.get_by_text("press Esc, then A to approve or R to reject")
    expect(how).to_be_visible()
    expect(page.locator(ARMED)).to_have_count(0)
    press(page.get_by_role("button", name="Reject"))
    expect(how).to_have_count(0)
    expect(page.locator(ARMED)).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.locator(ARMED)).to_have_count(0)
    expect(page.get_by_role("button", name="Reject")).to_be_focused()
    expect(page.get_by_label("Comment")).to_have_value("It is broken.")


def test_a_key_that_is_held_answers_nothing(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    run_id = ask(api, "Held down?")
    open_item(page, "Held down?")
    page.wait_for_timeout(GUARD_MS)
    for key, focus in (("a", "#question"), ("Enter", "#answer [data-key=a]")):
        page.locator(focus).evaluate("element => { element.tabIndex = 0; element.focus(); }")
        for _ in range(3):
            page.keyboard.down(key)
        page.keyboard.up(key)
        expect(page.locator(ARMED)).to_be_focused()
        page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.keyboard.down("Control")
    for _ in range(3):
        page.keyboard.down("Enter")
    page.keyboard.up("Control")
    assert answered(api, run_id)["response"]["value"] is True


@pytest.mark.parametrize("size", [NARROW, {"viewport": {"width": 1000, "height": 800}}])
def test_escape_takes_one_step_back_where_the_question_covers_the_list(
    sign_in: SignIn, api: httpx.Client, size: dict[str, Any]
) -> None:
    page = sign_in("rina", **size)
    message = f"One step at {size['viewport']['width']}?"
    ask(api, message)
    open_item(page, message)
    press(page.get_by_role("button", name="Approve"))
    expect(page.locator(ARMED)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(ARMED)).to_have_count(0)
    expect(page.get_by_role("button", name="Approve")).to_be_focused()


def test_a_field_that_was_dragged_taller_breaks_no_policy_on_the_next_question(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    for name in ("Taller", "As tall as ever"):
        ask(api, f"{name}?")
        arrived(page, f"{name}?")
    open_item(page, "Taller?")
    field = page.get_by_label("Comment")
    box = box_of(field)
    corner = box["x"] + box["width"] - 4, box["y"] + box["height"] - 4
    page.mouse.move(*corner)
    page.mouse.down()
    page.mouse.move(corner[0], corner[1] + 60)
    page.mouse.up()
    expect(field).to_have_attribute("style", re.compile("height"))
    open_item(page, "As tall as ever?")
    assert box_of(field)["height"] == box["height"]
    # The fixture hears what the console says.


def test_on_a_phone_the_last_step_is_in_sight_however_long_the_comment(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina", **NARROW)
    ask(api, "Said at length?")
    open_item(page, "Said at length?")
    page.get_by_label("Comment").fill("word " * 300)
    press(page.get_by_role("button", name="Approve"))
    expect(page.locator("#answer-card > p").first).to_be_in_viewport(ratio=1)
    expect(page.locator(ARMED)).to_be_in_viewport(ratio=1)


def test_a_tick_says_that_the_draft_is_saved_and_nothing_else(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Ticked off?", **TEXT)
    open_item(page, "Ticked off?")
    mark = page.locator("[data-saved]")

    def tick() -> str:
        return str(mark.evaluate("(mark) => getComputedStyle(mark, '::before').content"))

    save(page, "First")
    expect(mark).to_have_text("Draft saved")
    assert "✓" in tick()
    held = intercept(page, re.compile("/(draft|respond)$"))
    with page.expect_request(re.compile("/draft$")):
        page.locator("#answer [name=value]").fill("Second")
    expect(mark).to_have_text("")
    assert tick() == "none"
    held.first().continue_()
    expect(mark).to_have_text("Draft saved")
    send(page)
    expect(mark).to_have_text("Sending…")
    assert tick() == "none"


@pytest.mark.parametrize(("fields", "name"), [({}, "Approve"), (TEXT, "Send answer")])
def test_on_a_phone_nothing_moves_under_the_thumb_when_the_draft_is_saved(
    sign_in: SignIn, api: httpx.Client, fields: dict[str, Any], name: str
) -> None:
    page = sign_in("rina", **PHONE)
    ask(api, f"Saved, then {name}?", **fields)
    open_item(page, f"Saved, then {name}?")
    shown = [
        page.get_by_label("Comment"),
        page.get_by_role("button", name=name),
        page.locator("#history"),
    ]
    # The head of the question, which is above them, is as it stays.
    expect(page.locator("#run-live [data-run-status=suspended]")).to_be_attached()
    shown[0].fill("Looks good.")
    before = [box_of(each) for each in shown]
    expect(page.locator("[data-saved]")).to_contain_text("Draft saved")
    assert [box_of(each) for each in shown] == before


def test_on_a_phone_the_link_to_a_longer_form_leads_into_it_and_disappears(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina", **NARROW)
    message = "Far below?\n\n" + "There is much to read before. " * 60
    ask(api, message, **TEXT)
    open_item(page, "Far below?")
    jump = page.locator(".answerjump")
    expect(jump).to_be_visible()
    address = page.url
    jump.click()
    expect(page.locator("#answer [name=value]")).to_be_focused()
    expect(page.locator("#answer [name=value]")).to_be_in_viewport()
    expect(jump).to_be_hidden()
    read_again(page)
    expect(jump).to_be_hidden()
    assert page.url == address


def test_on_a_phone_a_longer_form_does_not_cover_the_way_back(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina", **NARROW)
    options = [{"value": f"o{n}", "label": f"Choice {n}"} for n in range(9)]
    ask(api, "Nine choices?", type="review", spec={"mode": "select", "options": options})
    open_item(page, "Nine choices?")
    box = box_of(page.get_by_role("link", name="Back to the list"))
    page.get_by_role("radio").last.evaluate("radio => radio.closest('label').scrollIntoView()")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.get_by_role("heading", name="Nine choices?")).to_be_hidden()


@pytest.mark.parametrize("answered", ["It did arrive.", "Something else."])
def test_text_kept_in_the_tab_is_shown_unless_it_is_the_answer(
    offline: Page, api: httpx.Client, answered: str
) -> None:
    run_id = ask(api, f"Nobody knows: {answered}", **TEXT)
    open_item(offline, f"Nobody knows: {answered}")
    offline.locator("#answer [name=value]").fill("It did arrive.")
    expect(offline.locator("[data-saved]")).to_contain_text("Not saved")
    path = f"/interactions/{interaction_of(api, run_id)['id']}/respond"
    api.post(path, json={"value": answered}).raise_for_status()
    expect(offline.locator("#outcome")).to_contain_text("answered this")
    field = offline.locator("#answer [name=value]")
    if answered == "It did arrive.":
        expect(field).to_have_count(0)
    else:
        expect(field).to_have_value("It did arrive.")
        offline.reload()
        expect(offline.locator("#kept")).to_contain_text("It did arrive.")


def test_a_question_that_changed_under_the_last_step_can_be_answered_as_it_is_now(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Still the same?")
    open_item(page, "Still the same?")
    page.get_by_label("Comment").fill("Read again.")
    press(page.get_by_role("button", name="Approve"))
    confirm_as_of_another_version(page)
    expect(page.locator("#outcome")).to_contain_text("has changed")
    expect(page.locator("#outcome")).to_be_focused()
    expect(page.get_by_label("Comment")).to_have_value("Read again.")
    approve(page)
    expect(page.locator(".row", has_text="Still the same?")).to_have_count(0)


def test_an_invalid_value_is_reported_at_its_field(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    ask(api, "Left empty?", **TEXT)
    open_item(page, "Left empty?")
    page.get_by_label("Comment").fill("The comment stays.")
    press(page.get_by_role("button", name="Send answer"))
    field = page.get_by_role("textbox", name="Your answer")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description("Enter your answer.")
    expect(page.get_by_label("Comment")).to_have_value("The comment stays.")


def test_single_keys_can_be_switched_off(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("lee")
    ask(api, "Keys off?", target={"type": "user", "id": "user_lee"})
    page.goto("/account/")
    page.get_by_role("switch", name="Single-key shortcuts").uncheck()
    expect(
        page.get_by_role("status").filter(has_text="Single-key shortcuts are off.")
    ).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_have_count(0)
    palette = page.get_by_role("link", name="Search", exact=True)
    expect(palette).to_have_attribute("aria-keyshortcuts", "Control+K Meta+K")
    page.goto("/inbox/")
    open_item(page, "Keys off?")
    page.wait_for_timeout(GUARD_MS)
    page.keyboard.press("a")
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator(ARMED)).to_have_count(0)
    page.goto("/account/")
    page.get_by_role("switch", name="Single-key shortcuts").check()
    expect(
        page.get_by_role("status").filter(has_text="Single-key shortcuts are on.")
    ).to_be_visible()


def test_a_sheet_shows_the_keys(sign_in: SignIn) -> None:
    page = sign_in("rina")
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_be_visible()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    page.clock.install()
    stop_clock(page)
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.wait_for_url("**/runs/")


def test_g_and_a_letter_lead_to_a_page(sign_in: SignIn) -> None:
    page = sign_in("tess")
    page.clock.install()
    stop_clock(page)
    for letter, path in (
        ("b", "/runs/blocked/"),
        ("s", "/insights/"),
        ("l", "/decisions/"),
        ("n", "/notifications/"),
        ("d", "/inbox/?scope=done"),
        ("i", "/inbox/"),
    ):
        page.keyboard.press("g")
        page.keyboard.press(letter)
        page.wait_for_url(lambda url, path=path: url.endswith(path))


def test_a_draft_that_is_not_saved_says_so_until_it_is(offline: Page, api: httpx.Client) -> None:
    page = offline
    ask(api, "Saved yet?", **TEXT)
    open_item(page, "Saved yet?")
    page.locator("#answer [name=value]").fill("Not yet")
    saved = page.locator("[data-saved]")
    expect(saved).to_contain_text("Not saved yet. Trying again in")
    page.unroute_all()
    expect(saved).to_contain_text("Draft saved")
    expect(saved).not_to_contain_text("Not saved")


def test_nothing_typed_is_lost_when_the_session_ends(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    ask(api, "Signed out while typing?", **TEXT)
    open_item(page, "Signed out while typing?")
    save(page, "The first half.")

    page.context.clear_cookies(name="sessionid")
    page.locator("#answer [name=value]").fill("The first half. The second half.")
    dialog = page.get_by_role("dialog", name="You were signed out")
    expect(dialog).to_be_visible()
    dialog.get_by_role("link", name="Sign in").click()
    page.get_by_label("Name").fill("rina")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Signed out while typing?")).to_be_visible()
    expect(page.locator("#answer [name=value]")).to_have_value("The first half. The second half.")


def test_an_answer_that_came_after_the_session_ended_is_not_sent_and_waits_in_the_form(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    run_id = ask(api, "Answered after the session?", timeout="4m")
    page.route(re.compile("/draft$"), lambda route: route.abort())
    open_item(page, "Answered after the session?")
    page.get_by_label("Comment").fill("Decided before signing in again.")
    page.context.clear_cookies(name="sessionid")
    approve(page)
    expect(page.get_by_label("Password")).to_be_visible()
    page.unroute_all()
    page.get_by_label("Name").fill("rina")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#question")).to_have_text("Answered after the session?")
    expect(page.get_by_label("Comment")).to_have_value("Decided before signing in again.")
    assert interaction_of(api, run_id)["status"] == "pending"
    approve(page)
    expect(page.locator("#toasts")).to_contain_text("Approved")
    assert answered(api, run_id)["response"]["comment"] == "Decided before signing in again."


def test_someone_else_who_signs_in_meanwhile_sees_nothing_of_the_text(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Signed in as whom?", target={"type": "group", "id": "approvers"}, **TEXT)
    open_item(page, "Signed in as whom?")
    page.context.clear_cookies(name="sessionid")
    rina = page.locator("body").get_attribute("data-viewer")
    page.locator("#answer [name=value]").fill("For the eyes of Rina")
    expect(page.get_by_role("dialog", name="You were signed out")).to_be_visible()
    # What the page still sends as Rina would be refused in Sam's session.
    page.route(re.compile("/(seen|draft|presence)"), lambda route: route.abort())
    elsewhere = page.context.new_page()
    elsewhere.goto("/accounts/login/")
    elsewhere.get_by_label("Name").fill("sam")
    elsewhere.get_by_label("Password").fill("demo")
    elsewhere.get_by_role("button", name="Sign in").click()
    elsewhere.wait_for_url("**/inbox/**")
    page.bring_to_front()
    expect(page.locator("body")).not_to_have_attribute("data-viewer", str(rina))
    expect(page.locator("#question")).to_have_text("Signed in as whom?")
    expect(page.locator("#answer [name=value]")).to_have_value("")
    assert "For the eyes of Rina" not in page.content()


def colour(mark: Locator) -> str:
    return str(mark.locator("svg").evaluate("icon => getComputedStyle(icon).color"))


def test_a_page_is_no_longer_live_within_seconds_of_signing_out_elsewhere(
    undoing: Choose, api: httpx.Client
) -> None:
    page = undoing()
    mark = page.locator("#freshness")
    ask(api, "Held at the end?", target={"type": "user", "id": "user_lee"})
    open_item(page, "Held at the end?")
    page.wait_for_timeout(GUARD_MS + 20)
    page.keyboard.press("a")
    expect(page.locator("#held-answers")).to_contain_text("Held at the end?")
    expect(page.locator("html[data-live=on]")).to_be_attached()
    expect(mark).to_have_text("Live")
    live = colour(mark)
    elsewhere = page.context.new_page()
    elsewhere.goto("/account/")
    elsewhere.get_by_role("button", name="Sign out").click()
    elsewhere.get_by_role("button", name="Sign out and send").click()
    expect(mark).to_have_text("No longer live. Reload the page.")
    assert colour(mark) != live
    expect(page.locator("#held-answers")).to_be_hidden()


def test_a_deadline_counts_down_to_the_second(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    page.clock.install()
    ask(api, "Nearly over?", timeout="5m")
    due = arrived(page, "Nearly over?").locator(".due")
    expect(due).to_have_class(re.compile("due--soon"))
    shown, spoken = due.locator("[data-words]"), due.locator("[data-spoken]")
    deadline = datetime.fromisoformat(str(due.get_attribute("datetime")))
    # A stream that is still being opened would time out as the clock jumps.
    expect(page.locator("#freshness")).to_have_text("Live")
    page.clock.pause_at(deadline - timedelta(seconds=11))
    expect(shown).to_have_text("11 s")
    expect(spoken).to_have_text("Expires in 11 seconds")
    page.clock.run_for(2000)
    expect(shown).to_have_text("9 s")


def test_theme_and_density_are_shown_as_they_are_chosen_and_stay(sign_in: SignIn) -> None:
    page = sign_in("sam", color_scheme="light")
    height = "document.querySelector('.row, .nav a').getBoundingClientRect().height"
    comfortable = page.evaluate(height)

    def choose(*choices: str) -> None:
        page.goto("/account/")
        for choice in choices:
            with page.expect_response(re.compile("/account/look")) as saved:
                page.get_by_text(choice, exact=True).click()
            assert saved.value.status == 204

    choose("Dark", "Compact")
    scheme = "getComputedStyle(document.body).colorScheme"
    assert page.evaluate(scheme) == "dark"
    expect(page.get_by_role("radio", name="Compact")).to_be_focused()
    page.goto("/inbox/")
    assert page.evaluate(scheme) == "dark"
    assert page.evaluate(height) < comfortable
    choose("System", "Comfortable")
    assert page.evaluate(scheme) == "light dark"


def test_on_a_phone_the_question_covers_the_list(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina", **PHONE)
    ask(api, "In the hand?")
    expect(arrived(page, "In the hand?")).to_be_visible()
    open_item(page, "In the hand?")
    expect(page.locator(".list")).to_be_hidden()
    expect(page.get_by_role("button", name="Approve")).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="Reject")).to_be_in_viewport(ratio=1)
    page.get_by_role("link", name="Back to the list").click()
    expect(page.locator(".list")).to_be_visible()


def test_a_question_opened_by_its_address_is_in_view_in_the_list(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina", viewport={"width": 1440, "height": 600})
    runs = [ask(api, f"Ladder, {number}?", timeout=f"{number}m") for number in range(5, 20)]
    expect(arrived(page, "Ladder, 19?")).to_be_visible()
    page.goto(f"/interactions/{interaction_of(api, runs[-1])['id']}/?q=ladder")
    expect(page.locator(".row")).to_have_count(len(runs))
    expect(page.locator(".row", has_text="Ladder, 19?")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("width", [1000, 1440])
def test_what_an_empty_list_says_stands_in_the_place_of_the_question(
    sign_in: SignIn, api: httpx.Client, width: int
) -> None:
    page = sign_in("rina", viewport={"width": width, "height": 800})
    said = page.get_by_role("heading", name="No matching questions")
    page.goto("/inbox/?q=nothing-has-this")
    search = box_of(page.get_by_role("searchbox", name="Search questions"))
    beside = width > 1100
    assert (box_of(said)["x"] > search["x"] + search["width"]) == beside
    run_id = ask(api, "Beside an empty list?")
    page.goto(f"/interactions/{interaction_of(api, run_id)['id']}/?q=nothing-has-this")
    expect(page.locator("#question")).to_be_visible()
    if beside:
        assert box_of(said)["x"] + box_of(said)["width"] <= search["x"] + search["width"]


def test_on_a_tablet_what_is_asked_has_more_room_than_the_answer(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina", viewport={"width": 768, "height": 1024})
    ask(api, "On a tablet?", context={"amount": "€120"})
    open_item(page, "On a tablet?")
    asked, answer = box_of(page.locator(".evidence")), box_of(page.locator(".decide"))
    assert asked["width"] > answer["width"]
    expect(page.get_by_role("button", name="Approve")).to_be_in_viewport(ratio=1)
    page.get_by_role("link", name="Back to the list").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    page.goto("/inbox/focus/")
    focus = box_of(page.get_by_role("main"))
    assert focus["height"] == 1024


def test_no_page_scrolls_sideways_at_320_pixels(sign_in: SignIn, api: httpx.Client) -> None:
    patch = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-" + "long " * 60 + "\n+" + "short " * 60
    context = {
        "address": "https://files.example/" + "a" * 300,
        "change": patch,
        "word": "b" * 400,
        "table": [{"what": "c" * 200, "level": "high", "guard": "d" * 200}],
        "deep": {"k" * 80: {"l" * 80: ["m" * 200]}},
    }
    page = sign_in("rina", **NARROW)
    message = "Narrow " + "w" * 120
    run_id = ask(api, f"{message}\n\n`{'e' * 300}`\n\n    {'f' * 300}", context=context)
    narrow = arrived(page, "Narrow")
    paths = [
        "/inbox/",
        narrow.get_attribute("href"),
        "/runs/",
        f"/runs/{run_id}/",
        "/account/",
    ]
    for path in paths:
        page.goto(str(path))
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path


def test_the_comment_key_goes_on_where_the_comment_ended(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Which part comes first?")
    open_item(page, "Which part comes first?")
    comment = page.get_by_label("Comment")
    for part in ("first", " second"):
        page.keyboard.press("m")
        page.keyboard.type(part)
        page.keyboard.press("Escape")
    expect(comment).to_have_value("first second")


def test_scripts_write_durations_as_the_server_does(sign_in: SignIn) -> None:
    page = sign_in("rina")
    seconds = [0, 1, 59, 60, 61, 3599, 3600, 3660, 4800, 86399, 86400, 176400, 864000, 900000]
    written = page.evaluate(
        """async (seconds) => {
          const loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
          const script = await import(loaded.find((name) => name.includes("/js/words.")));
          return seconds.map((number) => [script.duration(number), script.spelledDuration(number)]);
        }""",
        seconds,
    )
    assert written == [[when.span(number), when.spelled_span(number)] for number in seconds]
