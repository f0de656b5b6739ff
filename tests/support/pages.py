"""How a person acts on a page in a browser."""

from playwright.sync_api import Locator, Page

ANSWER_GUARD_MS = 600
"""What the buttons of a question that has just appeared ignore presses for."""

STEP_GUARD_MS = 400
"""The same of a confirm step, and of keys."""


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


def approve(page: Page) -> None:
    """Press Approve, then confirm it, at a person's pace."""
    _answer(page, "Approve")


def reject(page: Page) -> None:
    """Press Reject, then confirm it, at a person's pace."""
    _answer(page, "Reject")


def press(button: Locator, after_ms: int = ANSWER_GUARD_MS) -> None:
    """Press it once it is certain to count: no event tells, for the page looks as usual before."""
    button.wait_for()
    button.page.wait_for_timeout(after_ms + 20)
    button.click()


def _answer(page: Page, name: str) -> None:
    press(page.locator("#answer").get_by_role("button", name=name, exact=True))
    press(page.get_by_role("button", name=f"Yes, {name.lower()}"), STEP_GUARD_MS)
