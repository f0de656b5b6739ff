"""Reading a long context: a tree that is searched, a table in pages, a diff, code, the raw JSON."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.arrivals import open_item
from tests.e2e.conftest import SignIn
from tests.support.pages import ARMED, intercept, read_again, stop_clock
from tests.support.product import ask

pytestmark = pytest.mark.browser

BEFORE = [f"setting {n} = on" for n in range(40)]
AFTER = [*BEFORE[:20], "setting 20 = off", *BEFORE[21:]]
CONTEXT: dict[str, Any] = {
    "catalogue": [{"sku": f"QM-{n}", "stock": n} for n in range(1, 121)],
    "policy": {"before": "\n".join(BEFORE), "after": "\n".join(AFTER)},
    "restore_script": "set -e\npg_restore a.dump",
    "amount": 1284050,
    "plan": {
        "owner": {"team": "Tréfle", "people": [f"user_{n}" for n in range(20)]},
        "stages": [{"name": f"stage {n}", "checks": {"p95_ms": 400 + n}} for n in range(15)],
    },
}


def opened(page: Page, api: httpx.Client, message: str, **fields: Any) -> str:
    ask(api, message, context=CONTEXT, **fields)
    open_item(page, message)
    expect_script(page)
    return str(page.locator("#detail").get_attribute("data-interaction-id"))


def expect_script(page: Page) -> None:
    expect(page.locator("[data-pager]")).to_be_visible()


def card(page: Page, name: str) -> Locator:
    return page.locator("[data-card]").filter(has=page.get_by_role("heading", name=name))


def test_a_tree_is_searched_and_keeps_its_search_when_the_question_is_reloaded(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    opened(page, api, "Reading, a tree?")
    plan = card(page, "Plan")
    field = plan.get_by_role("searchbox", name="Search Plan")
    expect(plan.get_by_text("p95_ms").first).to_be_hidden()

    field.fill("P95_MS")
    expect(plan.get_by_role("status")).to_have_text("Matches: 15")
    expect(plan.get_by_text("p95_ms").nth(14)).to_be_visible()
    expect(plan.get_by_text('"stage 3"')).to_be_hidden()

    field.fill("trefle")
    expect(plan.get_by_role("status")).to_have_text("Matches: 1")
    read_again(page)
    expect(field).to_have_value("trefle")
    expect(plan.get_by_text('"stage 3"')).to_be_hidden()

    field.fill("")
    expect(plan.get_by_role("status")).to_have_text("")
    expect(plan.get_by_text("p95_ms").first).to_be_hidden()
    expect(plan.get_by_text('"Tréfle"')).to_be_visible()


def test_what_was_typed_and_chosen_before_the_script_came_counts(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Reading, in haste?", context=CONTEXT)
    held = intercept(page, re.compile(r"/js/reading\."), once=True)
    with page.expect_request(re.compile(r"/js/reading\.")):
        open_item(page, "Reading, in haste?")
    card(page, "Plan").get_by_role("searchbox").fill("trefle")
    page.get_by_text("Side by side").check()
    held.first().continue_()
    expect(card(page, "Plan").get_by_role("status")).to_have_text("Matches: 1")
    page.reload()
    expect(page.get_by_label("Side by side")).to_be_checked()


def test_control_and_enter_in_a_search_do_not_send_the_answer_beside_it(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    id_ = opened(page, api, "Reading, a search?", type="input", spec={"mode": "input"})
    page.locator("#answer [name=value]").fill("Not yet")
    for field in (card(page, "Plan").get_by_role("searchbox"), page.locator(".list [type=search]")):
        field.press("Control+Enter")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    expect(page.locator(ARMED)).to_have_count(0)
    assert api.get(f"/interactions/{id_}").json()["status"] == "pending"
    expect(page.locator("#answer [name=value]")).to_have_value("Not yet")


def test_a_long_table_has_pages_and_its_header_stays(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    opened(page, api, "Reading, a table?")
    region = page.get_by_role("region", name="Catalogue")
    rows = region.get_by_role("row")
    expect(rows).to_have_count(51)
    page.get_by_role("button", name="Next rows").click()
    expect(rows.nth(1)).to_contain_text("QM-51")
    expect(page.get_by_text("51–100 of 120 rows")).to_be_visible()
    page.emulate_media(media="print")
    expect(rows).to_have_count(121)
    page.emulate_media(media="screen")
    expect(rows).to_have_count(51)

    region.focus()
    page.keyboard.press("End")
    expect(rows.nth(50)).to_be_in_viewport()
    expect(region.get_by_role("columnheader", name="Sku")).to_be_in_viewport()
    everything = page.get_by_role("button", name="Show all")
    everything.click()
    expect(rows).to_have_count(121)
    expect(everything).to_have_attribute("aria-pressed", "true")
    everything.click()
    expect(rows).to_have_count(51)
    expect(page.get_by_role("button", name="Next rows")).to_be_enabled()


def test_the_layout_of_diffs_is_remembered(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    opened(page, api, "Reading, a diff?")
    removed = page.locator(".line-del").get_by_text("setting 20 = on")
    added = page.locator(".line-add").get_by_text("setting 20 = off")

    def beside() -> bool:
        left, right = removed.bounding_box(), added.bounding_box()
        return bool(left and right and left["y"] == right["y"] and left["x"] < right["x"])

    assert not beside()
    page.get_by_text("Side by side").check()
    assert beside()
    page.reload()
    assert beside()
    expect_script(page)
    page.get_by_text("Inline", exact=True).check()
    page.reload()
    assert not beside()
    expect_script(page)

    policy = card(page, "Policy")
    expect(policy.get_by_text("setting 2 = on").last).to_be_hidden()
    policy.get_by_role("button", name="Whole file").click()
    expect(policy.get_by_text("setting 2 = on").last).to_be_visible()


def test_code_is_copied_as_it_was_sent(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina", permissions=["clipboard-read", "clipboard-write"])
    opened(page, api, "Reading, to copy?")
    # The buttons say so for a moment only.
    page.clock.install()
    stop_clock(page)
    script = card(page, "Restore script")
    script.get_by_role("button", name="Copy").click()
    expect(script.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "set -e\npg_restore a.dump\n"


def test_all_of_it_is_read_without_scripts(sign_in: SignIn, api: httpx.Client) -> None:
    id_ = opened(sign_in("rina"), api, "Reading, without scripts?")
    page = sign_in("rina", java_script_enabled=False)
    page.goto(f"/interactions/{id_}/")
    expect(page.get_by_role("region", name="Catalogue").get_by_role("row")).to_have_count(121)
    hidden = page.locator(".tree details:not([open]) li").first
    expect(hidden).to_be_hidden()
    page.locator(".tree details:not([open]) > summary").first.click()
    expect(page.locator(".tree li:visible", has_text="p95_ms").first).to_be_visible()
    page.locator(".fold summary").first.click()
    expect(page.get_by_text("setting 2 = on").last).to_be_visible()
    expect(page.locator(".twin", has_text="setting 2 = on")).to_be_hidden()
    page.get_by_text("Side by side").check()
    expect(page.locator(".twin", has_text="setting 2 = on")).to_be_visible()
    page.get_by_text("1,284,050").click()
    expect(page.get_by_text("1284050")).to_be_visible()
    expect(page.get_by_role("searchbox", name="Search Plan")).to_be_hidden()
