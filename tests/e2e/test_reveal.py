import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.arrivals import arrived, open_item
from tests.e2e.conftest import SignIn
from tests.support.product import ask, interaction_of

pytestmark = pytest.mark.browser


def test_a_value_is_revealed_in_place_until_the_page_is_loaded_again(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    context = {"api_key": "kestrel-1", "server": {"db": {"password": "kestrel-2"}}}
    ask(api, "Reveal the kestrel?", timeout="4m", context=context)
    open_item(page, "Reveal the kestrel?")
    assert "kestrel-" not in page.content()
    page.get_by_label("Comment").fill("Checked with")
    reveal = page.locator("#detail").get_by_role("button", name="Reveal")
    expect(reveal).to_have_count(2)

    page.get_by_role("button", name="Reveal /context/api_key").press("Enter")
    expect(page.get_by_text("kestrel-1", exact=True)).to_be_focused()
    expect(reveal).to_have_count(1)
    assert "kestrel-2" not in page.content()
    expect(page.get_by_label("Comment")).to_have_value("Checked with")

    page.reload()
    expect(reveal).to_have_count(2)
    assert "kestrel-" not in page.content()


def test_without_scripts_it_opens_beside_what_is_being_typed(
    sign_in: SignIn, api: httpx.Client
) -> None:
    run_id = ask(api, "Reveal the merlin?", timeout="4m", context={"api_key": "merlin-1"})
    expect(arrived(sign_in("rina"), "Reveal the merlin?")).to_be_visible()
    page = sign_in("rina", java_script_enabled=False)
    page.goto(f"/interactions/{interaction_of(api, run_id)['id']}/")
    page.get_by_label("Comment").fill("Checked with")
    with page.context.expect_page() as opened:
        page.locator("#detail").get_by_role("button", name="Reveal").click()
    expect(opened.value.get_by_text("merlin-1", exact=True)).to_be_visible()
    expect(page.get_by_label("Comment")).to_have_value("Checked with")
