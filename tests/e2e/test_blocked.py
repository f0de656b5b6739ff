from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import SignIn
from tests.support.pages import layout_shifts, watch_layout_shifts
from tests.support.product import ask, interaction_of

pytestmark = pytest.mark.browser

WORDS = count(1)


def rows(page: Page) -> list[str]:
    return page.locator("#blocked tr[data-interaction-id] strong").all_inner_texts()


@pytest.fixture
def two(sign_in: SignIn, api: httpx.Client) -> Iterator[tuple[Page, str, list[str]]]:
    word = f"dam{next(WORDS)}"
    runs = [ask(api, f"{word} {number}?", timeout="90m") for number in (1, 2)]
    page = sign_in("tess")
    page.goto(f"/runs/blocked/?q={word}")
    page.wait_for_function(
        """() => {
          document.querySelector("#show-blocked:not([hidden], .htmx-request)")?.click();
          return document.querySelectorAll("#blocked tr[data-interaction-id]").length === 2;
        }"""
    )
    yield page, word, runs
    for run in runs:
        api.post(f"/runs/{run}/cancellations")


@pytest.mark.parametrize("width", [1440, 390])
def test_rows_that_come_and_go_move_nothing_until_the_person_asks(
    two: tuple[Page, str, list[str]], api: httpx.Client, width: int
) -> None:
    page, word, runs = two
    page.set_viewport_size({"width": width, "height": 900})
    page.mouse.move(5, 500)
    page.reload()
    watch_layout_shifts(page)
    bar = page.locator("#show-blocked")
    expect(bar).to_be_hidden()
    runs.append(ask(api, f"{word} 3?", timeout="10m"))
    expect(page.locator("#counter-waiting")).to_contain_text("3")
    expect(bar).to_be_visible()
    api.post(f"/interactions/{interaction_of(api, runs[0])['id']}/respond", json={"value": True})
    over = page.locator("#blocked tr[data-over]")
    expect(over).to_contain_text(f"{word} 1?")
    expect(over).to_contain_text("No longer waiting")
    expect(over.get_by_role("button", name="Nudge")).to_have_count(0)
    expect(page.locator("#counter-waiting")).to_contain_text("2")
    assert rows(page) == [f"{word} 1?", f"{word} 2?"]
    assert layout_shifts(page, "body") == []
    bar.press("Enter")
    expect(over).to_have_count(0)
    expect(page.locator("#blocked [data-stop]").first).to_be_focused()
    assert rows(page) == [f"{word} 2?", f"{word} 3?"]
    expect(bar).to_be_hidden()


def test_a_row_that_an_overdue_question_takes_the_place_of_is_not_called_over(
    two: tuple[Page, str, list[str]], api: httpx.Client
) -> None:
    page, word, runs = two
    runs.extend(ask(api, f"{word} {number}?", timeout="90m") for number in range(3, 9))
    bar = page.locator("#show-blocked")
    expect(page.locator("#counter-waiting")).to_contain_text("8")
    page.reload()
    before = rows(page)
    assert len(before) == 8
    due = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    runs.append(ask(api, f"{word} 9?", timeout="90m", context={"due_at": due}))
    expect(bar).to_be_visible()
    expect(page.locator("#blocked [data-over]:not(#show-blocked)")).to_have_count(0)
    assert rows(page) == before
    page.keyboard.press("n")
    expect(bar).to_be_hidden()
    assert rows(page) == [f"{word} 9?", *before[:7]]


def test_j_and_k_move_through_the_rows_and_esc_leaves_the_search_and_closes_a_menu(
    two: tuple[Page, str, list[str]],
) -> None:
    page, word, _runs = two
    links = page.locator("#blocked tr[data-interaction-id] td:first-child a")
    page.keyboard.press("j")
    expect(links.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(links.nth(0)).to_be_focused()
    page.keyboard.press("/")
    search = page.get_by_role("searchbox")
    expect(search).to_be_focused()
    page.keyboard.press("Escape")
    expect(search).to_have_value("")
    expect(links.nth(0)).to_be_focused()
    menu = page.locator("#by-over")
    menu.locator("summary").click()
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(menu.locator("summary")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#question")).to_contain_text(word)


def test_one_menu_is_open_at_a_time_and_a_click_elsewhere_closes_it(sign_in: SignIn) -> None:
    page = sign_in("tess")
    page.goto("/runs/blocked/")
    opened = page.locator("details.menu[open]")
    for menu in page.locator("#blocked details.menu").all()[:2]:
        menu.locator("summary").click()
        expect(menu).to_have_attribute("open", "")
        expect(opened).to_have_count(1)
    page.get_by_role("heading", level=1).click()
    expect(opened).to_have_count(0)


@pytest.mark.parametrize("path", ["/runs/blocked/", "/runs/"])
def test_back_on_a_page_it_is_where_it_was(sign_in: SignIn, path: str) -> None:
    page = sign_in("tess", viewport={"width": 1440, "height": 500})
    page.goto(path)
    row = page.locator(".page-scroll tbody tr[role=row] a").nth(7)
    row.scroll_into_view_if_needed()
    scrolled = page.evaluate("document.querySelector('.page-scroll').scrollTop")
    row.click()
    page.wait_for_url(lambda url: not url.endswith(path))
    page.go_back()
    page.wait_for_function(
        "(top) => document.querySelector('.page-scroll')?.scrollTop === top", arg=scrolled
    )
    assert scrolled > 0
