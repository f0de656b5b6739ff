"""Questions that arrive while an inbox is open wait behind a bar."""

from urllib.parse import urlencode

from playwright.sync_api import Locator, Page, expect

LONGEST_S = 60

_REVEAL = """([message, longest]) => new Promise((done, fail) => {
  const searched = (new URL(location).searchParams.get("q") ?? "").toLowerCase().split(" ");
  if (!searched.every((word) => message.toLowerCase().includes(word))) return done(false);
  const rows = () => [...document.querySelectorAll(".row")];
  const look = () => {
    const found = rows().some((row) => row.textContent.includes(message));
    if (found || document.querySelector("#inbox-list .pager a")) {
      observer.disconnect();
      done(found);
    } else document.querySelector("#show-arrivals:not(.htmx-request)")?.click();
  };
  const observer = new MutationObserver(look);
  observer.observe(document.body, { subtree: true, childList: true, attributes: true });
  const late = () => fail(new Error(`"${message}" is not in: ${document.body.innerText}`));
  setTimeout(late, longest);
  look();
})"""


def arrived(page: Page, message: str) -> Locator:
    """Press the bar and return the question's row. In a list of several pages, and in one that was
    searched for something else, it is searched for.
    """
    wanted = [message, LONGEST_S * 1000]
    if not page.evaluate(_REVEAL, wanted):
        page.goto(f"/inbox/?{urlencode({'q': message})}")
        page.evaluate(_REVEAL, wanted)
    return page.locator(".row", has_text=message)


# At the click: until then, an answer's response may bring another pane.
_MARK = """() => addEventListener("click", () => {
  document.getElementById("detail").wasThere = true;
}, { capture: true, once: true })"""

_OPENED = """() => {
  const pane = document.getElementById("detail");
  return pane && !pane.wasThere && !pane.matches(".htmx-added");
}"""


def open_item(page: Page, message: str) -> None:
    """Open a question from the list, also again, and wait until htmx has finished with it."""
    row = arrived(page, message)
    page.evaluate(_MARK)
    row.click()
    page.wait_for_function(_OPENED)
    page.wait_for_load_state()
    expect(page.get_by_role("heading", name=message)).to_be_visible()
