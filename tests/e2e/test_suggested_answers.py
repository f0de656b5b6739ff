import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.arrivals import arrived, open_item
from tests.e2e.conftest import SignIn
from tests.support.pages import ARMED, approve, press, read_again, send
from tests.support.product import answered, ask, interaction_of

pytestmark = pytest.mark.browser

FROM_LINK = "Filled in from the link you opened"
FROM_DRAFT = "Your draft is shown, not what the link suggests"


def follow(page: Page, api: httpx.Client, run_id: str, query: str) -> str:
    """Open the link to the question of a run; its address without the query."""
    path = f"/interactions/{interaction_of(api, run_id)['id']}/"
    page.goto(f"{path}?{query}")
    return path


def test_opening_it_sends_nothing_and_the_next_question_has_none_of_it(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    run_id = ask(api, "Suggested, first?", timeout="4m")
    ask(api, "Suggested, second?", timeout="5m")
    expect(arrived(page, "Suggested, second?")).to_be_visible()
    follow(page, api, run_id, "q=suggested&answer=true&comment=As+agreed")
    expect(page.get_by_role("heading", name=FROM_LINK)).to_be_visible()
    expect(page.get_by_role("button", name="Approve", exact=True)).to_have_accessible_description(
        "Suggested by the link: Approve"
    )
    expect(page.locator(ARMED)).to_have_count(0)
    with page.expect_response(re.compile("/interactions/[^/]+/[?].*answer=true")):
        read_again(page)
    expect(page.get_by_label("Comment")).to_have_value("As agreed")
    expect(page.get_by_role("heading", name=FROM_LINK)).to_be_visible()
    assert interaction_of(api, run_id)["status"] == "pending"

    approve(page)
    expect(page.locator("#question")).to_have_text("Suggested, second?")
    expect(page.get_by_label("Comment")).to_have_value("")
    expect(page.get_by_role("heading", name=FROM_LINK)).to_have_count(0)
    expect(page.locator("#answer [name=suggested]")).to_have_value("")
    assert answered(api, run_id)["response"]["comment"] == "As agreed"


def test_an_option_is_chosen_and_sent_by_the_person(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    options = [{"value": f"o{n}", "label": f"Option {n}"} for n in range(3)]
    run_id = ask(
        api, "Suggested, which?", type="review", spec={"mode": "select", "options": options}
    )
    expect(arrived(page, "Suggested, which?")).to_be_visible()
    follow(page, api, run_id, "answer=o1")
    expect(page.get_by_role("radio", name="Option 1")).to_be_checked()
    send(page)
    expect(page.locator(".row", has_text="Suggested, which?")).to_have_count(0)
    assert answered(api, run_id)["response"]["value"] == "o1"


@pytest.mark.parametrize("mode", ["select", "input"])
def test_what_the_workflow_filled_in_is_called_so_until_it_is_changed(
    sign_in: SignIn, api: httpx.Client, mode: str
) -> None:
    page = sign_in("rina")
    message = f"Filled in by the workflow, {mode}?"
    if mode == "select":
        options = [{"value": f"o{n}", "label": f"Option {n}"} for n in range(3)]
        spec = {"mode": mode, "options": options, "default_value": "o1"}
        ask(api, message, type="review", spec=spec)
    else:
        ask(api, message, type="input", spec={"mode": mode, "default_text": "Net 30"})
    open_item(page, message)
    said = page.get_by_text("Filled in by the workflow", exact=True)
    expect(said).to_be_visible()
    page.get_by_label("Comment").fill("As always")
    expect(said).to_be_visible()
    if mode == "select":
        press(page.get_by_role("radio", name="Option 2"))
    else:
        page.get_by_role("textbox", name="Your answer").fill("Net 60")
    expect(said).to_be_hidden()


def test_a_text_that_only_this_tab_has_comes_before_the_suggestion(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    run_id = ask(api, "Suggested, typed?", type="input", spec={"mode": "input"})
    expect(arrived(page, "Suggested, typed?")).to_be_visible()
    path = follow(page, api, run_id, "")
    page.route(re.compile("/draft$"), lambda route: route.abort())
    field = page.get_by_role("textbox", name="Your answer")
    field.fill("My own words")
    page.goto(f"{path}?answer=Theirs")
    expect(field).to_have_value("My own words")
    expect(page.get_by_text(FROM_DRAFT)).to_be_visible()
    expect(page.get_by_role("heading", name=FROM_LINK)).to_be_hidden()

    page.unroute(re.compile("/draft$"))
    expect(page.locator("[data-saved]")).to_contain_text("Draft saved")
    page.get_by_role("link", name="Use what the link suggests").click()
    expect(field).to_have_value("Theirs")
    expect(page.get_by_role("heading", name=FROM_LINK)).to_be_visible()
    page.reload()
    expect(field).to_have_value("Theirs")
    page.get_by_role("button", name="Put it back").click()
    expect(field).to_have_value("My own words")
