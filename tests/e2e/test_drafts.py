import contextlib
import re

import httpx
import pytest
from playwright.sync_api import Error, Page, Request, expect

from tests.e2e.arrivals import open_item
from tests.e2e.conftest import Choose, SignIn
from tests.support.pages import (
    ARMED,
    GUARD_MS,
    Intercepted,
    box_of,
    confirm,
    intercept,
    press,
    read_again,
    stop_clock,
)
from tests.support.product import ask, interaction_of

pytestmark = pytest.mark.browser

DRAFT = re.compile("/draft$")

SIGN_OUTS = {"/account/": "Sign out", "/account/sessions/": "Sign out everywhere"}
"""The pages that sign out, with their buttons."""


def is_blank_draft(request: Request) -> bool:
    return request.url.endswith("/draft") and "Half" not in (request.post_data or "")


def write(page: Page, text: str) -> None:
    with page.expect_response(DRAFT):
        page.locator("#answer-value").fill(text)


def type_and_leave(page: Page, text: str, to: str) -> None:
    page.evaluate("navigator.sendBeacon = () => true")
    page.locator("#answer-value").fill(text)
    page.goto(to)


def sign_out(page: Page, at: str = "/account/") -> None:
    page.get_by_role("button", name=SIGN_OUTS[at], exact=True).click()


def sign_in_again(page: Page, address: str) -> None:
    page.goto("/accounts/login/?next=" + address)
    page.get_by_label("Name").fill("rina")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#question")).to_be_visible()


def open_and_write(page: Page, api: httpx.Client, title: str) -> str:
    ask(api, title, type="input", spec={"mode": "input", "multiline": True})
    open_item(page, title)
    write(page, "What the server has")
    return page.url


def restores(page: Page) -> Intercepted:
    restored = "hx-history-restore-request"
    return intercept(page, "**/*", where=lambda request: restored in request.headers)


def test_back_and_forward_at_once_leave_the_comment_to_who_types(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    run = ask(api, "Left and back at once?")
    page.goto("/inbox/?q=back+at+once")
    open_item(page, "Left and back at once?")
    held, comment = restores(page), page.locator("#answer-comment")
    with page.expect_event("request", lambda request: "/inbox/" in request.url):
        page.evaluate("history.back()")
    address = page.evaluate(
        """() => new Promise((done) => {
          document.addEventListener("htmx:before:history:restore", (event) => {
            setTimeout(() => done(event.detail.path));
          });
          history.forward();
        })"""
    )
    assert page.url.endswith(address)
    assert len(held) == 1
    comment.click()
    page.keyboard.type("We were careful")
    with contextlib.suppress(Error):  # htmx has ended it
        held.first().continue_()
    expect(comment).to_have_value("We were careful")
    expect(comment).to_be_focused()
    api.post(f"/runs/{run}/cancellations").raise_for_status()


def test_what_back_has_fetched_does_not_replace_a_question_opened_since(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    runs = [ask(api, f"Opened since, {number}?") for number in (1, 2, 3)]
    page.goto("/inbox/?q=opened+since")
    open_item(page, "Opened since, 1?")
    open_item(page, "Opened since, 2?")
    held = restores(page)
    with page.expect_event("request", lambda request: "/interactions/" in request.url):
        page.evaluate("history.back()")
    open_item(page, "Opened since, 3?")
    page.locator("#answer-comment").fill("Still typing")
    ended = page.evaluate_handle(
        """() => ({ swap: new Promise((done) => {
          document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
            if (ctx.request.headers["HX-History-Restore-Request"]) setTimeout(done);
          });
        }) })"""
    )
    held.first().continue_()
    ended.evaluate("({ swap }) => swap")
    expect(page.locator("#question")).to_have_text("Opened since, 3?")
    expect(page.locator("#answer-comment")).to_be_focused()
    for run in runs:
        api.post(f"/runs/{run}/cancellations").raise_for_status()


def test_text_from_elsewhere_waits_until_the_confirm_step_is_closed(
    sign_in: SignIn, api: httpx.Client
) -> None:
    desk, phone = sign_in("rina"), sign_in("rina")
    ask(api, "Is the caracal asked twice?")
    for page in (desk, phone):
        page.clock.install()
        open_item(page, "Is the caracal asked twice?")
    with desk.expect_response(DRAFT):
        desk.get_by_label("Comment").fill("From the desk")
    stop_clock(phone)
    phone.clock.run_for(GUARD_MS + 50)
    phone.get_by_label("Comment").fill("From the phone")
    phone.locator("#answer").get_by_role("button", name="Approve").click()
    send_button = phone.locator(f"{ARMED} [data-confirms]")
    before = box_of(send_button)
    with phone.expect_response(DRAFT):
        phone.clock.run_for(1_000)
    expect(phone.locator("[data-saved]")).to_contain_text("Draft saved")
    assert box_of(send_button) == before
    phone.keyboard.press("Escape")
    expect(phone.locator("#earlier-text")).to_contain_text("From the desk")


def test_the_earlier_text_is_put_back_after_what_replaces_it_is_saved(
    sign_in: SignIn, api: httpx.Client
) -> None:
    desk, phone = sign_in("rina"), sign_in("rina")
    phone.clock.install()
    ask(api, "Replaced while it is saved?", type="input", spec={"mode": "input"})
    for page in (desk, phone):
        open_item(page, "Replaced while it is saved?")
    write(desk, "From the desk")
    expect(desk.locator(".row", has_text="Replaced while it is saved?")).to_contain_text("Draft")
    write(phone, "From the phone")
    earlier = phone.locator("#earlier-text")
    expect(earlier).to_contain_text("From the desk")
    stop_clock(phone)
    sent: list[str] = []
    phone.on("request", lambda request: sent.append(request.url))
    held = intercept(phone, DRAFT, once=True)
    phone.locator("#answer-value").fill("From the phone, to the end")
    with phone.expect_request(DRAFT):
        phone.clock.run_for(1000)
    earlier.get_by_role("button", name="Put it back").click()
    # A request would have been made by now: this one comes after it.
    phone.evaluate("fetch('/healthz').then((response) => response.text())")
    assert len([url for url in sent if DRAFT.search(url)]) == 1
    held.first().continue_()
    expect(phone.locator("#answer-value")).to_have_value("From the desk")
    expect(earlier).to_contain_text("From the phone, to the end")


def test_text_that_is_discarded_while_it_is_saved_does_not_come_back(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    run_id = ask(api, "Discarded while it is saved?")
    open_item(page, "Discarded while it is saved?")
    held = intercept(page, DRAFT, once=True)
    with page.expect_request(DRAFT):
        page.get_by_label("Comment").fill("Half a thought")
    id_ = interaction_of(api, run_id)["id"]
    api.post(f"/interactions/{id_}/respond", json={"value": True}).raise_for_status()
    press(page.get_by_role("button", name="Discard"))
    expect(page.get_by_label("Comment")).to_have_count(0)
    with page.expect_response(lambda saved: is_blank_draft(saved.request)):
        held.first().continue_()
    page.reload()
    expect(page.locator("#outcome")).to_contain_text("answered this")
    expect(page.locator("#detail")).not_to_contain_text("Half a thought")


def test_a_tab_in_which_nothing_was_typed_takes_over_what_another_one_saves(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    open_and_write(page, api, "Open in two tabs?")
    second = page.context.new_page()
    second.goto(page.url)
    text = second.locator("#answer-value")
    expect(text).to_have_value("What the server has")
    write(page, "What the server has, and more")
    expect(text).to_have_value("What the server has, and more")
    # It goes on in the same draft, and its text is not replaced once it was typed there.
    write(second, "What the second tab makes of it")
    expect(second.locator("#earlier-text")).to_be_hidden()
    write(page, "The first tab goes on")
    expect(page.locator("#earlier-text")).to_contain_text("What the second tab makes of it")
    read_again(second)
    expect(text).to_have_value("What the second tab makes of it")
    expect(second.locator("#earlier-text")).to_contain_text("The first tab goes on")


def test_leaving_a_field_whose_text_is_saved_saves_nothing_again(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    open_and_write(page, api, "Left for the list?")
    expect(page.locator("[data-saved]")).to_contain_text("Draft saved")
    saves: list[Request] = []
    page.on("request", lambda request: DRAFT.search(request.url) and saves.append(request))
    page.keyboard.press("Escape")
    expect(page.locator("#answer-value")).not_to_be_focused()
    page.wait_for_timeout(1000)
    assert saves == []
    with page.expect_request(DRAFT):
        page.locator("#answer-value").press_sequentially("!")


def test_text_of_a_tab_that_ended_before_it_was_saved_is_back_in_the_next(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Typed in a tunnel?", type="input", spec={"mode": "input", "multiline": True})
    page.route(DRAFT, lambda route: route.abort())
    open_item(page, "Typed in a tunnel?")
    page.locator("#answer-value").fill("Before the tunnel ended")
    expect(page.locator("[data-saved]")).to_contain_text("Not saved yet")
    another = page.context.new_page()
    another.goto(page.url)
    expect(another.locator("#answer-value")).to_have_value("")
    address = page.url
    # As a phone ends a tab that it has no room for
    with contextlib.suppress(Error):
        page.goto("chrome://crash")
    # The browser releases the lock of the crashed tab a moment later
    another.wait_for_function("async () => (await navigator.locks.query()).held.length === 1")
    later = page.context.new_page()
    with later.expect_response(DRAFT) as saved:
        later.goto(address)
    assert saved.value.ok
    expect(later.locator("#answer-value")).to_have_value("Before the tunnel ended")
    expect(later.locator("[data-saved]")).to_contain_text("Draft saved")
    assert later.evaluate("Object.keys(localStorage)") == []


def test_text_that_is_saved_while_a_reload_is_on_its_way_is_in_the_new_page(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Reloaded meanwhile?", type="input", spec={"mode": "input", "multiline": True})
    open_item(page, "Reloaded meanwhile?")
    drafts, reloads = intercept(page, DRAFT, once=True), intercept(page, page.url, once=True)
    page.locator("#answer-value").fill("Saved too late for it")
    page.evaluate("setTimeout(() => location.reload())")
    response = reloads.first().fetch()
    assert "Saved too late for it" not in response.text()
    with page.expect_response(DRAFT):
        drafts.first().continue_()
    with page.expect_response(DRAFT):
        reloads.first().fulfill(response=response)
    expect(page.locator("#answer-value")).to_have_value("Saved too late for it")
    page.goto("/drafts/")
    expect(page.get_by_text("Saved too late for it")).to_have_count(1)


def test_unsent_text_is_its_accounts_alone_and_erased_when_it_signs_out(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    group = {"type": "group", "id": "approvers"}
    spec = {"mode": "input", "multiline": True}
    ask(api, "Who types on this computer?", type="input", spec=spec, target=group)
    page.context.route(DRAFT, lambda route: route.abort())
    open_item(page, "Who types on this computer?")
    address = page.url
    page.locator("#answer-value").fill("Only Rina may see this")
    expect(page.locator("[data-saved]")).to_contain_text("Not saved yet")

    def come_back(name: str) -> None:
        page.goto("/accounts/login/?next=" + address)
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill("demo")
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("#question")).to_have_text("Who types on this computer?")

    page.context.clear_cookies(name="sessionid")
    come_back("sam")
    expect(page.locator("#answer-value")).to_have_value("")
    assert "Only Rina" not in page.content()
    page.context.clear_cookies(name="sessionid")
    come_back("rina")
    expect(page.locator("#answer-value")).to_have_value("Only Rina may see this")
    page.goto("/account/")
    sign_out(page)
    expect(page.get_by_role("alert")).to_contain_text("Some of your text couldn't be saved")
    sign_out(page)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage)") == []


@pytest.mark.parametrize("at", SIGN_OUTS)
def test_text_typed_just_before_signing_out_is_saved_first(
    sign_in: SignIn, api: httpx.Client, at: str
) -> None:
    page = sign_in("rina")
    address = open_and_write(page, api, f"Left for {at}?")
    type_and_leave(page, "What was typed last", at)
    sign_out(page, at)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage)") == []
    sign_in_again(page, address)
    expect(page.locator("#answer-value")).to_have_value("What was typed last")
    expect(page.locator("#earlier-text")).to_be_hidden()


@pytest.mark.parametrize("guard", ["undo", "confirm"])
def test_text_that_is_sent_before_it_is_saved_is_left_nowhere(
    sign_in: SignIn, undoing: Choose, api: httpx.Client, guard: str
) -> None:
    page = undoing() if guard == "undo" else sign_in("lee")
    places = {
        "pane": "",
        "page": "/interactions/{id}/",
        "focus mode": f"/inbox/focus/?q=left+nowhere+{guard}",
    }
    for name, address in places.items():
        title = f"Left nowhere, {guard}, {name}?"
        lee = {"type": "user", "id": "user_lee"}
        run_id = ask(api, title, type="input", spec={"mode": "input"}, target=lee)
        id_ = interaction_of(api, run_id)["id"]
        open_item(page, title)
        if address:
            page.goto(address.format(id=id_))
        expect(page.locator("#question")).to_have_text(title)
        page.wait_for_timeout(GUARD_MS + 50)
        page.locator("#answer-value").fill("A quiet word")
        page.keyboard.press("Control+Enter")
        if guard == "confirm":
            page.locator(ARMED).wait_for()
            page.keyboard.press("Control+Enter")
        expect(page.locator(f"#detail[data-interaction-id='{id_}'] #answer")).to_have_count(0)
        page.wait_for_timeout(200)
        assert page.evaluate("Object.keys(localStorage)") == []


def test_text_that_another_tab_has_not_saved_yet_is_saved_before_signing_out(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    address = open_and_write(page, api, "Typed in the other tab?")
    late = intercept(page, DRAFT, once=True)
    with page.expect_request(DRAFT):
        page.locator("#answer-value").fill("What was typed last")
    here = page.context.new_page()
    here.goto("/account/")
    sign_out(here)
    expect(here.get_by_role("heading", name="Sign in")).to_be_visible()
    with page.expect_response(DRAFT) as refused:
        late.first().continue_()
    assert refused.value.status == 401
    page.close()
    sign_in_again(here, address)
    expect(here.locator("#answer-value")).to_have_value("What was typed last")


def test_signing_out_says_which_text_is_not_saved_and_then_erases_it(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    address = open_and_write(page, api, "Signed out of a slow server?")
    type_and_leave(page, "What was typed last", "/account/")
    # The server doesn't respond.
    held = intercept(page, DRAFT)
    sign_out(page)
    unsaved = page.get_by_role("alert")
    expect(unsaved).to_contain_text("Some of your text couldn't be saved")
    held.first().abort()
    page.unroute(DRAFT)
    unsaved.get_by_role("link", name="Open the question").click()
    expect(page.locator("#answer-value")).to_have_value("What was typed last")
    expect(page.locator("[data-saved]")).to_contain_text("Draft saved")

    type_and_leave(page, "What only the browser has", "/account/")
    intercept(page, DRAFT)
    sign_out(page)
    expect(unsaved).to_be_visible()
    sign_out(page)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage)") == []
    page.unroute(DRAFT)
    sign_in_again(page, address)
    expect(page.locator("#answer-value")).to_have_value("What was typed last")


def test_signing_out_of_a_session_that_has_ended_does_not_lose_text(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    open_and_write(page, api, "Signed out already?")
    type_and_leave(page, "What was typed last", "/account/")
    page.context.clear_cookies(name="sessionid")
    sign_out(page)
    unsaved = page.get_by_role("alert")
    expect(unsaved).to_contain_text("Some of your text couldn't be saved")
    address = unsaved.get_by_role("link", name="Open the question").get_attribute("href")
    sign_in_again(page, address or "")
    expect(page.locator("#answer-value")).to_have_value("What was typed last")
    expect(page.locator("[data-saved]")).to_contain_text("Draft saved")


def test_a_draft_in_the_list_is_discarded_only_after_a_second_press(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    open_and_write(page, api, "Listed among the drafts?")
    page.goto("/drafts/")
    draft = page.get_by_role("listitem").filter(has_text="Listed among the drafts?")
    draft.get_by_role("button", name="Discard").click()
    press(draft.get_by_role("link", name="Cancel"))
    expect(draft).to_contain_text("What the server has")
    draft.get_by_role("button", name="Discard").click()
    confirm(page)
    expect(draft).to_have_count(0)


def test_only_the_draft_pressed_last_asks_whether_to_discard_it(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    for which in ("first", "second"):
        open_and_write(page, api, f"Pressed {which}?")
    page.goto("/drafts/")
    drafts = [
        page.get_by_role("listitem").filter(has_text=f"Pressed {which}?")
        for which in ("first", "second")
    ]
    for draft in drafts:
        draft.get_by_role("button", name="Discard").click()
    expect(page.locator(ARMED)).to_have_count(1)
    expect(drafts[1].locator(ARMED)).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(drafts[1]).to_have_count(0)
    expect(drafts[0]).to_be_visible()


def test_a_reload_goes_on_saying_that_the_draft_is_saved(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    page.clock.install()
    open_and_write(page, api, "Said again?")
    saved = page.locator("[data-saved]")
    expect(saved).to_contain_text("Draft saved")
    stop_clock(page)
    read_again(page)
    assert "Draft saved" in saved.inner_text()


def test_after_a_day_a_page_says_when_instead_of_how_long_ago(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    page.clock.install()
    open_and_write(page, api, "Left open overnight?")
    page.goto("/drafts/")
    draft = page.get_by_role("listitem").filter(has_text="Left open overnight?")
    typed = draft.locator("[data-ago]")
    expect(typed).to_have_text(re.compile("just now| ago"))
    stop_clock(page)
    page.clock.fast_forward("24:01:00")
    expect(typed).to_have_text(re.compile(r"^\w{3} \d\d:\d\d$"))
