"""How a person acts on a page in a browser."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic

from playwright.sync_api import FloatRect, Locator, Page, Request, Route, expect

ANSWER_GUARD_MS = 600
"""How long the answer form of a question that has just appeared ignores keys and presses."""

STEP_GUARD_MS = 400
"""The same of a confirm step."""

LONGEST_S = 30
"""How many seconds ``Intercepted.first`` waits for a request."""

HINT = "#answer [data-step] [data-hint], #answer:not(:has([data-step])) [data-hint]"
"""Where an answer form says that it has ignored a key or press."""


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
    """Note from now on what moves without having been asked to."""
    page.evaluate(_WATCH_SHIFTS)


def layout_shifts(page: Page, within: str) -> list[str]:
    """What has moved inside the elements of that selector."""
    return list(page.evaluate(_SHIFTS, within))


def box_of(locator: Locator) -> FloatRect:
    """Where an element is. Should a live page replace it at that moment, the new one is taken."""
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
    """Stop the page's clock, which has been installed, in a while from now.

    From then on only ``page.clock.run_for`` takes time, however busy the machine is.
    """
    page.clock.pause_at(page.evaluate("Date.now() / 1000 + 10"))


def type_text(page: Page, text: str, gap_ms: int) -> None:
    """Type with that long between the keys, by the page's clock, which has been stopped."""
    for letter in text:
        page.keyboard.type(letter)
        page.clock.run_for(gap_ms)


class Intercepted(list[Route]):
    """Requests of a page that wait, oldest first."""

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
    """The page's requests to ``url`` from now on; each waits until the test continues or ends it.

    ``once``: later ones pass.
    """
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
    """Press Approve, then confirm it, at a person's pace."""
    _answer(page, "Approve", "Yes, approve")


def confirm_as_of_another_version(page: Page) -> None:
    """Press the confirm step's button as if the page still showed an earlier version.

    The field is changed by the press itself, because live updates replace the form until then.
    """
    send = page.locator("[data-step] [data-send]")
    send.evaluate(
        """button => button.addEventListener("click", () => {
            document.querySelector("#answer [name=seen]").value += "of another";
        }, { capture: true, once: true })"""
    )
    press(send, STEP_GUARD_MS)


def reject(page: Page) -> None:
    """Press Reject, then confirm it, at a person's pace."""
    _answer(page, "Reject", "Yes, reject")


def send(page: Page) -> None:
    """Press Send answer, then confirm it, at a person's pace."""
    _answer(page, "Send answer", "Yes, send")


def send_by_key(page: Page) -> None:
    """The same by Ctrl Enter."""
    page.wait_for_timeout(ANSWER_GUARD_MS + 20)
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Yes, send").wait_for()
    page.wait_for_timeout(STEP_GUARD_MS + 20)
    page.keyboard.press("Control+Enter")


def wait_for_paint(page: Page) -> None:
    """Wait until a page that was loaded shows something: the guards' times count from then."""
    page.wait_for_load_state()
    page.evaluate(
        """() => new Promise((done) => {
          new PerformanceObserver(() => done()).observe({ type: "paint", buffered: true });
        })"""
    )


def press(button: Locator, after_ms: int = ANSWER_GUARD_MS) -> None:
    """Press it once it is certain to count: no event tells, for the page looks as usual before."""
    button.wait_for()
    button.page.wait_for_load_state()  # with the scripts that count from now
    button.page.wait_for_timeout(after_ms + 20)
    button.click()


def _answer(page: Page, name: str, yes: str) -> None:
    press(page.locator("#answer").get_by_role("button", name=name, exact=True))
    press(page.get_by_role("button", name=yes), STEP_GUARD_MS)
