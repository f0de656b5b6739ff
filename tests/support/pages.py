"""How a person acts on a page in a browser."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic

from playwright.sync_api import FloatRect, Locator, Page, Request, Route, expect

GUARD_MS = 400
"""How long what has just appeared ignores presses, and an answer form keys too."""

ARMED = "[data-step]:not([hidden])"
"""The confirm step of the answer that is armed."""

LONGEST_S = 30
"""How many seconds ``Intercepted.first`` waits for a request."""

HINT = "#answer [data-hint]"
"""Where an answer form says what the last key or press did."""


_WATCH_SHIFTS = """() => {
  window.shifts = [];
  window.shiftsSeen = new PerformanceObserver((list) => window.shifts.push(...list.getEntries()));
  window.shiftsSeen.observe({ type: "layout-shift" });
}"""

_SHIFTS = """(within) => {
  window.shifts.push(...window.shiftsSeen.takeRecords());
  const places = [...document.querySelectorAll(within)];
  return window.shifts.flatMap(({ sources }) => sources.map(({ node }) => node))
    .filter((node) => places.some((place) => place.contains(node)))
    .map((node) => (node.outerHTML ?? node.data).slice(0, 200));
}"""


def watch_layout_shifts(page: Page) -> None:
    page.evaluate(_WATCH_SHIFTS)


def layout_shifts(page: Page, within: str) -> list[str]:
    return list(page.evaluate(_SHIFTS, within))


def box_of(locator: Locator) -> FloatRect:
    box = locator.bounding_box()
    while box is None:
        expect(locator).to_be_visible()
        box = locator.bounding_box()
    return box


def presses(page: Page, selector: str) -> None:
    """Look whether each of these controls would get a press in its middle."""
    for control in page.locator(selector).all():
        if control.is_visible():
            control.click(trial=True, timeout=2_000)


def stop_clock(page: Page) -> None:
    """From then on only ``page.clock.run_for`` takes time, however busy the machine is."""
    page.clock.pause_at(page.evaluate("Date.now() / 1000 + 10"))


def type_text(page: Page, text: str, gap_ms: int) -> None:
    """Type with that long between the keys, by the page's clock, which has been stopped."""
    for letter in text:
        page.keyboard.type(letter)
        page.clock.run_for(gap_ms)


class Intercepted(list[Route]):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page = page

    def first(self) -> Route:
        """The first one, which may still be on its way here: ``expect_request`` ends before it."""
        until = monotonic() + LONGEST_S
        while not self:
            assert monotonic() < until, "nothing was requested"
            self._page.wait_for_timeout(10)
        return self[0]


def intercept(
    page: Page,
    url: str | re.Pattern[str],
    *,
    where: Callable[[Request], bool] = lambda _request: True,
    once: bool = False,
) -> Intercepted:
    """Each request waits until the test continues or ends it. ``once``: later ones pass."""
    held = Intercepted(page)

    def handle(route: Route) -> None:
        if where(route.request) and not (once and held):
            held.append(route)
        else:
            route.continue_()

    page.route(url, handle)
    return held


_READ_AGAIN = """() => new Promise((done) => {
  document.addEventListener("htmx:after:swap", ({ detail }) => {
    if (detail.ctx?.target?.id === "detail") done();
  });
  document.body.dispatchEvent(new CustomEvent("resync"));
})"""


def read_again(page: Page) -> None:
    """Let a page bring all of itself up to date, and wait until the open question has done so."""
    page.evaluate(_READ_AGAIN)


def put_off(page: Page, id_: str, **length: float) -> None:
    """Snooze a question as another tab would, also for less time than the dialog offers."""
    token = page.locator("#list-act [name=csrfmiddlewaretoken]").get_attribute("value") or ""
    until = (datetime.now(UTC) + timedelta(**length)).isoformat()
    form = {"preset": until, "csrfmiddlewaretoken": token}
    sent = page.request.post(
        f"/interactions/{id_}/snooze", form=form, headers={"Referer": page.url}, max_redirects=0
    )
    assert sent.status == 303


def approve(page: Page) -> None:
    _answer(page, "Approve")


def confirm_as_of_another_version(page: Page) -> None:
    """The press itself changes the field, because live updates replace the form until then."""
    send = page.locator(f"{ARMED} [data-confirms]")
    send.evaluate(
        """button => button.addEventListener("click", () => {
            document.querySelector("#answer [name=shown_version]").value += "of another";
        }, { capture: true, once: true })"""
    )
    press(send)


def reject(page: Page) -> None:
    _answer(page, "Reject")


def send(page: Page) -> None:
    _answer(page, "Send answer")


def send_by_key(page: Page) -> None:
    page.wait_for_timeout(GUARD_MS + 20)
    page.keyboard.press("Control+Enter")
    page.locator(ARMED).wait_for()
    page.keyboard.press("Control+Enter")


def wait_for_paint(page: Page) -> None:
    """Wait until a page that was loaded shows something: the guards' times count from then."""
    page.wait_for_load_state()
    page.evaluate(
        """() => new Promise((done) => {
          new PerformanceObserver(() => done()).observe({ type: "paint", buffered: true });
        })"""
    )


def press(button: Locator, after_ms: int = GUARD_MS) -> None:
    """Press it once it is certain to count: no event tells, for the page looks as usual before.
    What is updated meanwhile counts from then.
    """
    button.wait_for()
    button.page.wait_for_load_state()  # with the scripts that count from now
    button.page.wait_for_timeout(after_ms + 20)
    expect(button.locator("xpath=ancestor::form[@data-fresh]")).to_have_count(0)
    button.click()


def _answer(page: Page, name: str) -> None:
    press(page.locator("#answer [data-asks]").get_by_role("button", name=name, exact=True))
    confirm(page)


def confirm(page: Page) -> None:
    press(page.locator(f"{ARMED} [data-confirms]"))
