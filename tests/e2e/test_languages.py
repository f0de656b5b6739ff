from itertools import pairwise

import httpx
import pytest
from django.utils import translation
from playwright.sync_api import expect

from inbox.web.ui.labels import run_status
from tests.e2e.arrivals import open_item
from tests.e2e.conftest import SignIn
from tests.e2e.test_monitor import opened_run
from tests.support.pages import box_of
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


def test_the_buttons_above_a_question_do_not_overlap_in_german(
    api: httpx.Client, sign_in: SignIn
) -> None:
    page = sign_in("rina", locale="de-DE", viewport={"width": 1120, "height": 800})
    ask(api, "Long words above it?")
    open_item(page, "Long words above it?")
    buttons = [box_of(button) for button in page.locator(".bar--detail .btn:visible").all()]
    assert len(buttons) == 5
    for left, right in pairwise(buttons):
        assert left["x"] + left["width"] <= right["x"]
