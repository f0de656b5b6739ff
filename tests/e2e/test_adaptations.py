import re
from itertools import groupby, pairwise
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.arrivals import arrived, open_item
from tests.e2e.conftest import Choose, SignIn
from tests.support.pages import approve, press, presses
from tests.support.product import ask, interaction_of

pytestmark = pytest.mark.browser

CHOICE = {"mode": "select", "options": [{"value": n, "label": f"Carrier {n}"} for n in "abc"]}


def test_at_400_per_cent_every_page_can_be_used(sign_in: SignIn, api: httpx.Client) -> None:
    # A window of 1280 × 1024.
    page = sign_in("rina", viewport={"width": 320, "height": 256}, device_scale_factor=4)
    assert page.evaluate("[innerWidth, innerHeight, devicePixelRatio]") == [320, 256, 4]
    asked = [
        ask(api, "Zoomed in, in words?", type="input", spec={"mode": "input"}),
        ask(api, "Zoomed in, which one?", type="review", spec=CHOICE),
        ask(api, "Zoomed in, yes or no?"),
    ]
    questions = [f"/interactions/{interaction_of(api, run)['id']}/" for run in asked]
    for path in (
        "/inbox/",
        "/inbox/filters/",
        "/inbox/focus/",
        "/search/?q=refund",
        "/runs/",
        f"/runs/{asked[0]}/",
        "/groups/approvers/",
        "/notifications/",
        "/drafts/",
        "/account/",
        "/account/notifications/",
        "/account/sessions/",
        "/account/second-factor/",
        "/views/new/",
        *questions,
    ):
        page.goto(path)
        expect(page.locator("main")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        presses(page, "main :is(.bar, form, .filter-line) :is(a, button, select):not(.vh)")
    approve(page)
    expect(page.locator("#toasts")).to_contain_text("Approved.")


def test_the_navigation_is_two_stops_away_where_it_comes_last(sign_in: SignIn) -> None:
    page = sign_in("rina", viewport={"width": 320, "height": 256})
    page.goto("/notifications/")
    skip = page.get_by_role("link", name="Skip to navigation")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(".tabs a").first).to_be_focused()
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(skip).to_be_hidden()


def test_forced_colours_keep_what_is_chosen_and_focused(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina", forced_colors="active")
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    ask(api, "Which one, in few colours?", type="review", spec=CHOICE)
    open_item(page, "Which one, in few colours?")
    choice = page.locator("#answer .choice").first
    press(choice.locator("input"))
    outline = """(element) => {
      const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element);
      return [outlineStyle, parseFloat(outlineWidth) > 0, outlineColor !== "rgba(0, 0, 0, 0)"];
    }"""
    page.locator("#answer [data-send]").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    for drawn in (
        page.locator(".row[aria-current]"),
        page.locator(".nav a[aria-current]"),
        page.locator(".filter[aria-current]").first,
        choice,
        page.locator("#answer [data-send]:focus-visible"),
    ):
        assert drawn.evaluate(outline) == ["solid", True, True], drawn


MOVEMENTS = """() => {
  window.moved = [];
  const note = ({ target }) => {
    const long = target.getAnimations().filter((one) => one.effect.getComputedTiming().duration);
    if (long.length) window.moved.push(target.outerHTML.slice(0, 100));
  };
  for (const event of ["transitionrun", "animationstart"]) document.addEventListener(event, note);
}"""


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_reduced_motion_moves_nothing(sign_in: SignIn, api: httpx.Client, motion: str) -> None:
    page = sign_in("rina", reduced_motion=motion)
    reduced = page.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches")
    assert reduced == (motion == "reduce")
    ask(api, f"Still, {motion}?")
    arrived(page, f"Still, {motion}?")
    page.evaluate(MOVEMENTS)
    open_item(page, f"Still, {motion}?")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.press("Escape")
    approve(page)
    expect(page.locator("#toasts")).to_contain_text("Approved.")
    assert (page.evaluate("moved") == []) == reduced


STOPS = """() => {
  window.stops = new Set();
  document.querySelector(".skip").focus();
}"""
STOP = """() => {
  const element = document.activeElement;
  const outside = element === document.body || element.matches("[tabindex='-1']");
  if (outside || stops.has(element)) return null;
  stops.add(element);
  const { left, top, right, bottom } = element.getBoundingClientRect();
  const place = element.closest(".skip, .rail, #inbox-list, #detail, .tabs, main") ?? element;
  const across = [left + 2, (left + right) / 2, right - 2];
  const down = [top + 2, (top + bottom) / 2, bottom - 2];
  const found = across.flatMap((x) => down.map((y) => document.elementFromPoint(x, y)));
  const seen = found.some((other) => element.contains(other) || element.labels?.[0] === other);
  const form = element.closest(".form--bar");
  const pinned = form && getComputedStyle(form).position === "sticky";
  const name = element.outerHTML.slice(0, 120);
  return { name, place: place.id || place.className, left, top, right, bottom, seen, pinned };
}"""
"""What has the focus, unless it has had it before. ``seen``: a part of it isn't covered.

After the last element Tab leaves the page, and an update that comes then moves the focus to the
heading.
"""
UNREACHED = """() => [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden], [type=radio]), select, textarea, summary, [tabindex]"
  )].filter((element) => element.tabIndex >= 0 && !element.disabled && !stops.has(element)
    && element.checkVisibility({ visibilityProperty: true }))
  .map((element) => element.outerHTML.slice(0, 120))"""


def stops(page: Page, key: str = "Tab") -> list[dict[str, Any]]:
    found = []
    while stop := page.evaluate(STOP):
        found.append(stop)
        page.keyboard.press(key)
    return found


@pytest.fixture
def long_question(api: httpx.Client) -> str:
    links = "\n\n".join(
        f"See [page {n}](https://example.com/{n}). {'Much. ' * 30}" for n in range(9)
    )
    similar = interaction_of(api, ask(api, "Decided before?"))["id"]
    api.post(f"/interactions/{similar}/respond", json={"value": True}).raise_for_status()
    runs = [ask(api, f"Tabbed through, number {n}?\n\n{links}") for n in (1, 2, 3)]
    item = interaction_of(api, runs[0])["id"]
    return f"/inbox/?q=tabbed+through&item={item}"


def open_whole(page: Page, question: str) -> None:
    page.goto(question)
    page.locator("#similar-title").evaluate("(title) => title.scrollIntoView()")
    expect(page.get_by_role("heading", name="Similar decisions")).to_be_visible()


@pytest.mark.parametrize(
    ("width", "places"),
    [(1440, ["skip", "rail", "inbox-list", "detail"]), (390, ["skip", "detail"])],
)
def test_the_focus_goes_in_the_order_in_which_one_reads(
    sign_in: SignIn, long_question: str, width: int, places: list[str]
) -> None:
    # Higher than any page, so that nothing scrolls.
    page = sign_in("rina", viewport={"width": width, "height": 6000})
    open_whole(page, long_question)
    assert page.locator("[tabindex]").evaluate_all("all => all.filter((e) => e.tabIndex > 0)") == []
    page.evaluate(STOPS)
    found = stops(page)
    assert [place for place, _ in groupby(stop["place"] for stop in found)] == places
    assert page.evaluate(UNREACHED) == []
    # On a phone, the answer is pinned within reach of the thumb, beside what it comes before.
    found = [stop for stop in found if not stop["pinned"]]
    for one, then in pairwise(found):
        if one["place"] == then["place"]:
            beside = then["left"] >= one["right"]
            assert beside or then["bottom"] > one["top"], (one, then)


@pytest.mark.parametrize("size", [(1440, 900), (390, 844), (320, 256)])
def test_no_bar_hides_the_focus(sign_in: SignIn, long_question: str, size: tuple[int, int]) -> None:
    page = sign_in("rina", viewport={"width": size[0], "height": size[1]})
    for path in (long_question, "/inbox/", "/account/"):
        if path == long_question:
            open_whole(page, path)
        else:
            page.goto(path)
        page.evaluate(STOPS)
        there = stops(page)
        page.evaluate("""() => {
          const last = [...stops].findLast((element) => element.isConnected);
          stops.clear();
          last.focus();
        }""")
        back = stops(page, "Shift+Tab")
        assert len(there) > 10, path
        assert back[-1]["place"] == "skip", path
        assert [stop for stop in there + back if not stop["seen"]] == [], path


HEARD = """() => {
  const regions = "[role=status], [role=alert], [aria-live]";
  const there = new Set(document.querySelectorAll(regions));
  window.heard = [];
  new MutationObserver((records) => {
    for (const { target } of records) {
      const region = (target instanceof Element ? target : target.parentElement)?.closest(regions);
      if (there.has(region)) heard.push(region.innerText);
    }
    document.querySelectorAll(regions).forEach((region) => there.add(region));
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


def hear(page: Page, words: str) -> None:
    """Wait until a screen reader says this: a live region that was there before its words."""
    page.wait_for_function(
        "(words) => window.heard.some((text) => text.includes(words))", arg=words
    )
    page.evaluate("heard.length = 0")


def test_a_screen_reader_says_what_comes_and_what_has_become_of_an_answer(
    undoing: Choose, api: httpx.Client
) -> None:
    page = undoing()
    lee = {"target": {"type": "user", "id": "user_lee"}}
    ask(api, "Heard, one?", **lee)
    arrived(page, "Heard, one?")
    page.goto("/inbox/?q=heard")
    page.evaluate(HEARD)
    run = ask(api, "Heard, two?", **lee)
    hear(page, "1 new")
    open_item(page, "Heard, one?")
    page.route(re.compile("/respond$"), lambda route: route.abort())
    press(page.locator("#answer").get_by_role("button", name="Approve", exact=True))
    hear(page, "The connection failed")
    page.unroute_all()
    page.get_by_role("button", name="Check the question").click()
    press(page.get_by_role("button", name="Approve again"))
    hear(page, "Your answer to “Heard, one?” will be sent in a moment. You can undo it.")
    press(page.locator("#held-answers").get_by_role("button", name="Undo"))
    hear(page, "Undone. Your answer to “Heard, one?” wasn't sent.")
    open_item(page, "Heard, two?")
    api.post(f"/runs/{run}/cancellations").raise_for_status()
    hear(page, "cancelled")
