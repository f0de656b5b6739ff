"""A form of several questions in a browser, against an engine that speaks generation C."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import SignIn
from tests.support.databases import environment
from tests.support.pages import ARMED
from tests.support.product import Product

pytestmark = pytest.mark.browser

QUESTIONS: list[dict[str, Any]] = [
    {
        "id": "place",
        "prompt": "Which place?",
        "mode": "select",
        "options": [{"value": "corner", "label": "Corner"}, {"value": "row", "label": "Row"}],
    },
    {
        "id": "show",
        "prompt": "What do we show?",
        "mode": "multi_select",
        "allow_other": True,
        "options": [{"value": "pens", "label": "Pens"}, {"value": "inks", "label": "Inks"}],
    },
    {
        "id": "host",
        "prompt": "Who is there?",
        "mode": "select",
        "allow_other": True,
        "options": [{"value": "sam", "label": "Sam"}, {"value": "lee", "label": "Lee"}],
    },
    {"id": "slogan", "prompt": "Slogan", "mode": "input", "max_length": 10},
]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder: Path = tmp_path_factory.mktemp("face-c")
    product = Product(folder, environment(folder, "face_c") | {"ENGINE_API": "c"})
    product.start()
    yield product
    product.stop()


@pytest.fixture
def api(product: Product) -> Iterator[httpx.Client]:
    given = product.exports()
    headers = {"Authorization": f"Bearer {given['MOBIUS_API_KEY']}"}
    with httpx.Client(base_url=f"{given['MOBIUS_BASE_URL']}/v1", headers=headers) as client:
        yield client


def ask(api: httpx.Client, title: str) -> str:
    body = {
        "kind": "request_information",
        "title": title,
        "target_user_ids": ["user_rina"],
        "spec": {"questions": QUESTIONS},
    }
    made = api.post("/interactions", json=body)
    assert made.is_success, made.text
    return str(made.json()["id"])


def test_several_questions_are_answered_by_keyboard(sign_in: SignIn, api: httpx.Client) -> None:
    id_ = ask(api, "What do we take to the fair?")
    page: Page = sign_in("rina")
    page.goto(f"/interactions/{id_}/")
    page.locator("#answer:not([data-fresh])").wait_for()
    page.keyboard.press("2")
    expect(page.get_by_label("Row")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("1")
    expect(page.get_by_label("Pens")).to_be_checked()
    page.keyboard.press("3")
    page.keyboard.type("Paper")
    expect(page.get_by_text("2 of 3 selected")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("3")
    page.keyboard.type("Ada")
    expect(page.locator("#answer-value-host-field [type=radio]:checked")).to_have_value("…")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#answer-value-slogan_error")).to_have_text("Enter your answer.")
    expect(page.get_by_label("Slogan")).to_be_focused()
    expect(page.locator("#answer-other-host")).to_have_value("Ada")
    page.locator("#answer:not([data-fresh])").wait_for()
    page.keyboard.type("Write here")
    expect(page.get_by_text("Characters left: 0")).to_be_visible()
    page.keyboard.press("Control+Enter")
    page.locator(ARMED).wait_for()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#detail")).not_to_have_attribute("data-interaction-id", id_)
    item = api.get(f"/interactions/{id_}").json()
    assert item["status"] == "completed"
    assert item["responses"][0]["answers"] == [
        {"question_id": "place", "value": "row"},
        {"question_id": "show", "values": ["pens"], "other": "Paper"},
        {"question_id": "host", "other": "Ada"},
        {"question_id": "slogan", "text": "Write here"},
    ]
