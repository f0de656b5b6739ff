"""Questions that come while an inbox is open wait behind a bar."""

from playwright.sync_api import Locator, Page

_REVEAL = """(message) => new Promise((done) => {
  const rows = () => [...document.querySelectorAll(".row")];
  const look = () => {
    if (rows().some((row) => row.textContent.includes(message))) {
      observer.disconnect();
      done();
    } else document.querySelector("#show-arrivals:not(.htmx-request)")?.click();
  };
  const observer = new MutationObserver(look);
  observer.observe(document.body, { subtree: true, childList: true, attributes: true });
  look();
})"""


def arrived(page: Page, message: str) -> Locator:
    """The row of a question, once it has come; the bar is pressed for it."""
    page.evaluate(_REVEAL, message)
    return page.locator(".row", has_text=message)
