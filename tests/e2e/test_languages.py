"""Pages in two languages and time zones, side by side."""

import httpx
import pytest
from django.utils import translation
from playwright.sync_api import expect

from inbox.web.ui.words import run_status
from tests.e2e.conftest import SignIn
from tests.e2e.test_monitor import opened_run
from tests.support.product import ask, interaction_of

pytestmark = pytest.mark.browser


def label(status: str, language: str) -> str:
    with translation.override(language):
        return run_status(status).label


def test_stream_updates_appear_in_the_language_of_each_page(
    api: httpx.Client, sign_in: SignIn
) -> None:
    run_id = ask(api, "In how many languages?")
    item = interaction_of(api, run_id)
    german = sign_in("tess", locale="de-DE", timezone_id="Asia/Tokyo")
    english = sign_in("tess")
    for page, language in ((german, "de"), (english, "en")):
        opened_run(page, run_id)
        suspended = label("suspended", language)
        expect(page.locator("#run-now [data-run-status]")).to_have_text(suspended)
        expect(page.locator("html[data-live=on]")).to_be_attached()
    expect(german.locator("html[lang=de]")).to_have_attribute("data-time-zone", "Asia/Tokyo")
    assert api.post(f"/interactions/{item['id']}/respond", json={"value": True}).is_success
    expect(german.locator("#run-now [data-run-status]")).to_have_text(label("completed", "de"))
    expect(english.locator("#run-now [data-run-status]")).to_have_text(label("completed", "en"))
