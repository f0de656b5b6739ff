"""Several questions answered together, in a browser; and 200 of them through a kill."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from inbox.web.ui.lists import PAGE
from reviewer_site.environment import ROOT
from tests.e2e.arrivals import arrived, open_item
from tests.e2e.axe import violations
from tests.e2e.conftest import SignIn
from tests.support.browserless import Person
from tests.support.databases import environment
from tests.support.pages import (
    ARMED,
    GUARD_MS,
    box_of,
    intercept,
    press,
    stop_clock,
    wait_for_paint,
)
from tests.support.product import Product, answered, ask, interaction_of, question

_NOTE_SWAPS = """() => document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  window.listSwapped ||= ctx?.target?.id === "inbox-list";
})"""


def listed(page: Page, api: httpx.Client, word: str, count: int = 3) -> list[str]:
    runs = [ask(api, f"{word}, {n}?", timeout=f"{20 + n}m") for n in range(count)]
    expect(arrived(page, f"{word}, {count - 1}?")).to_be_visible()
    page.goto(f"/inbox/?q={word}")
    expect(page.locator(".row")).to_have_count(count)
    return runs


def dismiss_results(page: Page) -> None:
    page.goto("/inbox/")
    results = page.locator("#batches")
    for name in ("Dismiss all", "Dismiss"):
        button = results.get_by_role("button", name=name, exact=True)
        if button.count():
            button.click()
            expect(results.get_by_role("button")).to_have_count(0)


def confirm_and_leave(page: Page, address: str) -> None:
    token = page.locator(".batch-foot [name=csrfmiddlewaretoken]").get_attribute("value") or ""
    form = {"csrfmiddlewaretoken": token, "comment": ""}
    page.request.post(f"{page.url}send", form=form, headers={"Referer": page.url}, max_redirects=0)
    page.goto(address)


def confirm(page: Page) -> None:
    press(page.locator(".batch-foot [type=submit]"))


@pytest.mark.any_database
def test_keys_select_rows_and_the_preview_asks_before_anything_is_sent(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    dismiss_results(page)
    page.clock.install()
    runs = listed(page, api, "Tamandua")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("Shift+J")
    said = page.locator("#selection-status")
    expect(said).to_have_text("2 selected")
    expect(page.locator("#question")).to_have_text("Tamandua, 1?")
    # An update of the list leaves the selection alone.
    api.post(f"/runs/{runs[2]}/cancellations")
    expect(page.locator(".row-with:not([data-over])")).to_have_count(2)
    expect(said).to_have_text("2 selected")
    expect(page.locator(".row-tick:checked")).to_have_count(2)
    assert violations(page) == []
    stop_clock(page)
    page.keyboard.press("k")
    page.clock.run_for(200)
    expect(page.locator("#question")).to_have_text("Tamandua, 0?")
    # The form beside the list has only just appeared, but the keys are for the selection.
    for key in ("x", "x", "a"):
        page.keyboard.press(key)
    page.wait_for_url("**/batches/*/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Approve 2 questions?")
    page.wait_for_load_state()
    # Without time passing, so too early, however long the page has taken to load.
    page.locator(".batch-foot .btn--primary").evaluate("button => button.click()")
    page.clock.resume()
    expect(page.get_by_role("heading", level=1)).to_have_text("Approve 2 questions?")
    expect(page.locator(".batch-row")).to_have_count(2)
    assert violations(page) == []
    page.get_by_label("Comment for all").fill("As agreed")
    confirm(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("2 questions approved")
    assert violations(page) == []
    for run_id in runs[:2]:
        response = answered(api, run_id)["response"]
        assert (response["value"], response["comment"]) == (True, "As agreed")


@pytest.mark.browser
def test_dismissing_a_result_leaves_the_text_and_the_focus_where_they_are(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    dismiss_results(page)
    listed(page, api, "Pademelon", 1)
    page.locator(".row-tick").check(force=True)
    page.locator("#list-select").get_by_role("button", name="Approve").click()
    page.wait_for_url("**/batches/*/")
    confirm_and_leave(page, "/inbox/")
    expect(page.locator("#batches")).to_contain_text("1 question approved")
    ask(api, "Pademelon, again?")
    arrived(page, "Pademelon, again?").click()
    comment = page.get_by_label("Comment", exact=False).first
    comment.fill("Still typing")
    address = page.url
    page.locator("#batches").get_by_role("button", name="Dismiss").click()
    expect(page.locator("#batches")).not_to_contain_text("approved")
    expect(page).to_have_url(address)
    expect(comment).to_have_value("Still typing")
    expect(comment).to_be_focused()


@pytest.mark.browser
def test_ctrl_enter_confirms_and_esc_dismisses_the_result(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    dismiss_results(page)
    listed(page, api, "Nutria")
    page.locator(".row").first.focus()
    page.keyboard.press("x")
    page.keyboard.press("r")
    expect(page.get_by_role("heading", level=1)).to_have_text("Reject 1 question?")
    wait_for_paint(page)
    page.wait_for_timeout(GUARD_MS + 20)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("1 question rejected")
    page.goto("/inbox/?q=nutria")
    page.locator(".row").first.focus()
    page.keyboard.press("x")
    page.keyboard.press("a")
    page.wait_for_url("**/batches/*/")
    confirm_and_leave(page, "/inbox/?q=nutria")
    expect(page.locator("#batches").get_by_role("button")).to_have_count(1)
    page.locator(".row").first.focus()
    page.keyboard.press("k")
    page.keyboard.press("Escape")
    expect(page.locator("#batches")).not_to_contain_text("approved")
    expect(page.locator(".row").first).to_be_focused()


@pytest.mark.browser
def test_all_results_are_dismissed_by_one_key_and_the_list_has_the_focus(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    listed(page, api, "Bilby", 2)
    another = page.context.new_page()
    another.goto(page.url)
    for place, tab in enumerate((page, another)):
        tab.locator(".row-tick").nth(place).check(force=True)
        tab.locator("#list-select").get_by_role("button", name="Approve").click()
        tab.wait_for_url("**/batches/*/")
    confirm_and_leave(another, "about:blank")
    confirm_and_leave(page, "/inbox/?q=bilby")
    results = page.locator("#batches")
    expect(results.get_by_role("button", name="Dismiss", exact=True)).to_have_count(2)
    together = results.get_by_role("button", name="Dismiss all")
    assert violations(page) == []
    together.press("Enter")
    expect(results.get_by_role("button")).to_have_count(0)
    expect(page.locator("#inbox-list")).to_be_focused()


@pytest.mark.browser
def test_a_dismissed_result_does_not_return_with_a_list_that_was_read_before(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    dismiss_results(page)
    listed(page, api, "Kinkajou", 1)
    page.locator(".row-tick").check(force=True)
    page.locator("#list-select").get_by_role("button", name="Approve").click()
    page.wait_for_url("**/batches/*/")
    confirm_and_leave(page, "/inbox/?q=kinkajou")
    expect(page.locator("#batches")).to_contain_text("1 question approved")
    held = intercept(page, re.compile(r"/inbox/\?"), once=True)
    page.evaluate("document.body.dispatchEvent(new CustomEvent('resync'))")
    earlier = held.first().fetch()
    results = page.locator("#batches")
    with page.expect_response("**/held/"):
        results.get_by_role("button", name="Dismiss", exact=True).click()
    expect(results.get_by_role("button")).to_have_count(0)
    page.evaluate(_NOTE_SWAPS)
    held.first().fulfill(response=earlier)
    page.wait_for_function("window.listSwapped")
    expect(results.get_by_role("button")).to_have_count(0)


@pytest.mark.browser
def test_the_key_for_the_open_question_pressed_twice_confirms_no_forgotten_selection(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    runs = listed(page, api, "Echidna")
    open_item(page, "Echidna, 0?")
    key = page.locator("#detail [data-key=a] kbd")
    expect(key).to_be_visible()
    page.locator(".row-tick").nth(1).check(force=True)
    page.locator(".row-tick").nth(2).check(force=True)
    expect(key).to_be_hidden()
    page.wait_for_timeout(GUARD_MS)
    page.keyboard.press("a")
    page.wait_for_url("**/batches/*/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Approve 2 questions?")
    page.wait_for_load_state()
    page.wait_for_timeout(GUARD_MS + 20)
    page.keyboard.press("a")
    press(page.get_by_role("link", name="Go back"))
    expect(page.locator(".row-tick:checked")).to_have_count(2)
    assert {interaction_of(api, run)["status"] for run in runs} == {"pending"}

    page.set_viewport_size({"width": 760, "height": 800})
    open_item(page, "Echidna, 0?")
    page.wait_for_timeout(GUARD_MS)
    page.keyboard.press("a")
    expect(page.locator(ARMED)).to_be_visible()


@pytest.mark.browser
@pytest.mark.parametrize(("width", "locale"), [(1440, "en"), (390, "en"), (320, "de")])
def test_the_button_that_confirms_lies_where_no_button_of_the_selection_was(
    sign_in: SignIn, api: httpx.Client, width: int, locale: str
) -> None:
    page = sign_in("rina", viewport={"width": width, "height": 844}, locale=locale)
    word = f"Tapir{width}{locale}"
    listed(page, api, word, 1)
    for verb in ("approve", "reject"):
        page.goto(f"/inbox/?q={word}")
        page.locator(".row-tick").check(force=True)
        buttons = page.locator("#list-select .btns button")
        before = [box_of(button) for button in buttons.all()]
        page.locator(f"#list-select [value={verb}]").click()
        page.wait_for_url("**/batches/*/")
        sure = page.locator(".batch-foot [type=submit]")
        expect(sure).to_be_in_viewport(ratio=1)
        after = box_of(sure)
        for box in before:
            assert after["y"] + after["height"] <= box["y"], "in a row of its own above the bar"


@pytest.mark.browser
def test_the_second_tap_of_a_double_tap_on_approve_leaves_the_preview_as_it_is(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    run = ask(api, "Kakapo, 0?", timeout="20m")
    expect(arrived(page, "Kakapo, 0?")).to_be_visible()
    page.clock.install()
    page.goto("/inbox/?q=kakapo")
    page.locator(".row-tick").check(force=True)
    stop_clock(page)
    # Where the way back is then.
    box = box_of(page.locator("#list-select [value=approve]"))
    page.locator("#list-select [value=approve]").tap()
    page.wait_for_url("**/batches/*/")
    page.wait_for_load_state()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.locator(".batch-foot [type=submit]").tap()
    page.get_by_label("Comment for all").fill("Agreed")
    page.get_by_label("Comment for all").press("Control+Enter")
    assert interaction_of(api, run)["status"] == "pending"
    page.clock.resume()
    assert violations(page) == []
    confirm(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("1 question approved")


_PRESS_A_AGAIN = """() => {
  const a = new KeyboardEvent("keydown", { key: "a", bubbles: true });
  const press = () => document.activeElement.dispatchEvent(a);
  document.addEventListener("htmx:finally:request", () => setTimeout(press), { once: true });
}"""


@pytest.mark.browser
def test_a_key_pressed_again_while_the_preview_loads_requests_no_second_one(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    listed(page, api, "Fossa", 2)
    page.locator(".row-tick").first.check(force=True)
    page.locator(".row").first.focus()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    # Pressed again at once, and when the browser has begun to load the preview.
    page.evaluate(_PRESS_A_AGAIN)
    page.keyboard.press("a")
    page.keyboard.press("a")
    expect(page.get_by_role("heading", level=1)).to_have_text("Approve 1 question?")
    assert len([each for each in requests if each.endswith("/batches/new")]) == 1
    # Back in the list, the buttons can be used again.
    page.go_back()
    expect(page.locator("#selection-status")).to_have_text("1 selected")
    page.locator("#list-select [value=reject]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Reject 1 question?")


@pytest.mark.browser
def test_shift_click_selects_a_range_and_esc_clears_it(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    runs = listed(page, api, "Quoll")
    page.locator(".row-tick").first.check(force=True)
    page.locator(".row").nth(2).click(modifiers=["Shift"])
    expect(page.locator(".row-tick:checked")).to_have_count(3)
    bar = page.get_by_role("form", name="Selected questions")
    said = page.locator("#selection-status")
    api.post(f"/runs/{runs[0]}/cancellations")
    expect(said).to_have_text("2 selected · 1 no longer available")
    expect(bar.locator(".select-why")).to_have_text("1 no longer available")
    page.locator(".row").first.focus()
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    expect(page.locator(".row-tick:checked")).to_have_count(0)


@pytest.mark.browser
def test_the_list_and_the_bar_show_that_questions_of_two_steps_cannot_be_approved_together(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    for name in ("check", "approve"):
        step = {"name": name, "interaction": {"timeout": "1h", **question(f"Numbat, {name}?")}}
        api.post("/runs", json={"spec": {"name": "checkout", "steps": [step]}})
        expect(arrived(page, f"Numbat, {name}?")).to_be_visible()
    page.goto("/inbox/?q=Numbat")
    expect(page.locator(".row-tick")).to_have_count(2)
    first, second = page.locator(".row-tick").all()
    first.check(force=True)
    expect(second).to_have_accessible_description(
        re.compile("select questions that have the same workflow")
    )
    expect(second).to_have_attribute("data-differs", "")
    expect(first).to_have_accessible_description("")
    second.check(force=True)
    expect(second).to_have_accessible_description("")
    bar = page.get_by_role("form", name="Selected questions")
    expect(bar).to_contain_text("select questions that have the same workflow, step, type")
    approve = bar.get_by_role("button", name="Approve")
    expect(approve).to_have_attribute("aria-disabled", "true")
    why = bar.locator(".select-why")
    expect(why).not_to_have_class(re.compile("tone-bad"))
    page.keyboard.press("a")
    expect(why).to_have_class(re.compile("tone-bad"))
    expect(page.locator("#selection-status")).to_contain_text("select questions that have the same")
    expect(page).to_have_url(re.compile("/inbox/"))
    page.locator(".row-tick").last.uncheck(force=True)
    expect(approve).not_to_have_attribute("aria-disabled", "true")


@pytest.mark.browser
def test_a_selection_goes_on_to_the_next_page_and_ends_with_the_batch_or_other_filters(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    for n in range(PAGE + 2):
        ask(api, f"Gharial {'river' if n < 3 else 'sea'}, {n}?", timeout=f"{60 + n}m")
    page.goto(f"/inbox/?q=gharial {PAGE + 1}")
    expect(arrived(page, f"Gharial sea, {PAGE + 1}?")).to_be_visible()
    page.goto("/inbox/?q=gharial")
    ticks, said = page.locator(".row-tick:checked"), page.locator("#selection-status")
    page.locator(".row-tick").first.check(force=True)
    page.get_by_role("link", name="Next 50").click()
    expect(page.locator(".row")).to_have_count(2)
    expect(said).to_have_text("1 selected on several pages")
    page.locator(".row-tick").first.check(force=True)
    page.reload()
    expect(said).to_have_text("2 selected on several pages")
    expect(ticks).to_have_count(1)
    bar = page.get_by_role("form", name="Selected questions")
    bar.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Approve 2 questions?")
    press(page.get_by_role("link", name="Go back"))
    expect(said).to_have_text("2 selected on several pages")
    expect(ticks).to_have_count(1)
    # Other filters begin anew.
    page.get_by_label("Search questions").fill("gharial river")
    expect(page.locator(".row")).to_have_count(3)
    expect(bar).to_be_hidden()
    expect(ticks).to_have_count(0)
    page.locator(".row-tick").first.check(force=True)
    bar.get_by_role("button", name="Approve").click()
    confirm(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("1 question approved")
    page.goto("/inbox/?q=gharial+river")
    expect(page.locator(".row")).to_have_count(2)
    expect(bar).to_be_hidden()


@pytest.mark.browser
def test_a_comment_stays_with_a_batch_that_is_left_to_read_a_question(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    listed(page, api, "Jerboa", 2)
    page.locator(".row-tick").first.check(force=True)
    every = page.get_by_label("All matching")
    place = box_of(every)
    every.check()
    assert box_of(every) == place, "a second press takes it back"
    expect(page.locator(".select-count")).to_have_text("2 selected")
    page.locator("#list-select").get_by_role("button", name="Reject").click()
    comment = page.get_by_label("Comment for all")
    comment.wait_for()
    page.wait_for_load_state()  # with the script that saves it
    with page.expect_response("**/comment"):
        comment.fill("Too small")
    page.get_by_role("link", name="Jerboa, 1?").click()
    expect(page.locator("#question")).to_have_text("Jerboa, 1?")
    page.go_back()
    expect(comment).to_have_value("Too small")


@pytest.mark.browser
def test_without_scripts_rows_are_selected_by_their_checkboxes(
    sign_in: SignIn, api: httpx.Client
) -> None:
    with_scripts = sign_in("rina")
    runs = listed(with_scripts, api, "Axolotl", 2)
    page = sign_in("rina", java_script_enabled=False)
    page.goto("/inbox/?q=axolotl")
    for tick in page.locator(".row-tick").all():
        tick.check()
    page.locator("#list-select").get_by_role("button", name="Approve").click()
    page.get_by_role("button", name="Approve 2 questions").click()
    with_scripts.goto(page.url)
    expect(with_scripts.get_by_role("heading", level=1)).to_have_text("2 questions approved")
    assert {interaction_of(api, run_id)["status"] for run_id in runs} == {"completed"}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Product]:
    product = Product(tmp_path, environment(tmp_path, "batches", installed=True))
    product.start()
    yield product
    product.kill()


def decided(product: Product) -> list[str]:
    code = (
        "from inbox.models import Decision;"
        "print(*Decision.objects.filter(verb='respond').values_list('interaction_id', flat=True))"
    )
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "shell", "--no-imports", "-c", code],
        cwd=ROOT,
        env=product.environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_200_answers_with_failures_in_the_middle_survive_a_kill(own: Product) -> None:
    rina, sam = Person(own.web, "rina"), Person(own.web, "sam")
    rina.sign_in()
    sam.sign_in()
    group = {"type": "group", "id": "approvers"}
    with own.api() as api:
        ids = [
            str(api.post("/interactions", json=question(f"Bulk {n}?", target=group)).json()["id"])
            for n in range(200)
        ]
    path = ""
    while not path:
        # The sync may not have all of them yet.
        made = rina.post("/batches/new", verb="approve", all="yes", list="q=bulk")
        if "Approve 200 questions" in rina.get(made.headers["Location"]).text:
            path = made.headers["Location"]
    taken = ids[90:95]
    for id_ in taken:
        assert sam.post(f"/interactions/{id_}/claim").status_code == 303
    assert rina.post(f"{path}send", comment="All at once").status_code == 303
    done = 0
    while done < 40:
        shown = rina.get(path).text
        found = re.search(r"(\d+) of 200", shown)
        done = int(found[1]) if found else 200
    os.kill(own.pid, signal.SIGKILL)
    own.wait()
    own.start()
    rina.web = own.web
    while "questions approved" not in (page := rina.get(path).text):
        pass
    with own.api() as api:
        states = {id_: api.get(f"/interactions/{id_}").json()["status"] for id_ in ids}
    completed = [id_ for id_ in ids if states[id_] == "completed"]
    # What was on its way when the process was killed is not sent again, so at most four are open.
    assert len(completed) >= 200 - len(taken) - 4
    assert not set(taken) & set(completed)
    log = [id_ for id_ in decided(own) if id_ in states]
    assert sorted(log) == sorted(completed)
    assert f"{200 - len(completed)} failed" in page
    assert page.count("Someone else claimed the question first.") == len(taken)
    for person in (rina, sam):
        person.close()
