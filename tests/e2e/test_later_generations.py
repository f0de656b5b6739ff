"""The main job where Mobius is of a generation after the guide's: the embedded engine as B and C,
and a scripted server of each dialect, which refuses what isn't published for it.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from inbox.people import demo
from tests.e2e.arrivals import arrived
from tests.e2e.conftest import SignIn
from tests.support.databases import environment
from tests.support.later_items import LEE, RINA, SAM
from tests.support.pages import ARMED, approve, confirm, press, reject
from tests.support.product import Product
from tests.upstream import LaterServer

pytestmark = pytest.mark.browser

PASSWORD = "a quiet harbour"
PEOPLE = (RINA, SAM, LEE)
SEVERAL: list[dict[str, Any]] = [
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


@dataclass
class Mobius:
    """``http`` calls as the installation. ``create`` takes the body of a new interaction.
    ``server`` is None for the engine.
    """

    dialect: str
    product: Product
    password: str
    http: httpx.Client
    create: Callable[[dict[str, Any]], str]
    server: LaterServer | None = None

    def ask(self, title: str, *to: str, mode: str = "confirm", **fields: Any) -> str:
        form: dict[str, Any] = {"mode": mode}
        if self.dialect == "c":
            form = {"questions": [{"id": "go", "prompt": title, **form}]}
        body = {"kind": "request_approval", "title": title, "target_user_ids": list(to)}
        return self.create(body | {"spec": form} | fields)

    def item(self, id: str) -> dict[str, Any]:
        return made(self.http.get(f"/interactions/{id}"))


def made(response: httpx.Response) -> dict[str, Any]:
    assert response.is_success, response.text
    return dict(response.json())


@pytest.fixture(params=["engine-b", "engine-c", "server-b", "server-c1", "server-c"])
def mobius(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mobius]:
    kind, dialect = request.param.split("-")
    folder = tmp_path_factory.mktemp(request.param)
    with ExitStack() as ending:
        if kind == "engine":
            yield _engine(folder, dialect, ending)
        else:
            yield _server(folder, ending.enter_context(LaterServer(dialect)), ending)


def _engine(folder: Path, api: str, ending: ExitStack) -> Mobius:
    settings = environment(folder, f"engine_{api}", installed=True) | {"ENGINE_API": api}
    product = Product(folder, settings)
    product.start()
    ending.callback(product.kill)
    exports = product.exports()
    url = f"{exports['MOBIUS_BASE_URL']}/v1"
    if api == "b":
        url += f"/projects/{exports['PROJECT']}"
    http = ending.enter_context(_client(url, exports["MOBIUS_API_KEY"]))

    def create(body: dict[str, Any]) -> str:
        return str(made(http.post("/interactions", json=body))["id"])

    return Mobius(api, product, demo.PASSWORD, http, create)


def _server(folder: Path, server: LaterServer, ending: ExitStack) -> Mobius:
    settings = environment(folder, f"server_{server.dialect}", installed=True) | {
        "MOBIUS_BASE_URL": server.base_url,
        "MOBIUS_PROJECT": "demo",
        "MOBIUS_API_KEY": server.key,
    }
    product = Product(folder, settings)
    tokens = {person: server.state.token_of(person) for person in PEOPLE}
    # Beside another Mobius, nobody may have the demo's password.
    people = f"""
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from inbox.people.demo import make_demo
make_demo(tokens={tokens!r})
get_user_model().objects.update(password=make_password({PASSWORD!r}))
"""
    product.manage("shell", "--no-imports", "-c", people)
    product.start()
    ending.callback(product.kill)
    url = f"{server.base_url}/v1" + ("/projects/demo" if server.dialect == "b" else "")
    http = ending.enter_context(_client(url, server.key))

    def create(body: dict[str, Any]) -> str:
        fields = dict(body)
        return server.state.ask(*fields.pop("target_user_ids"), **fields)

    return Mobius(server.dialect, product, PASSWORD, http, create, server)


def _client(url: str, token: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60)


@pytest.fixture
def product(mobius: Mobius) -> Product:
    return mobius.product


def test_the_main_job(sign_in: SignIn, mobius: Mobius) -> None:
    rina, sam, lee = (sign_in(name, password=mobius.password) for name in ("rina", "sam", "lee"))
    if mobius.dialect == "c":
        several_questions_are_answered_by_keyboard(mobius, rina)
    else:
        a_question_is_answered(mobius, rina)
    a_quorum_is_completed_by_the_second_answer(mobius, rina, sam)
    a_task_goes_back_and_forth(mobius, rina, lee)
    if mobius.dialect == "b":
        the_run_goes_on(mobius, rina)


def a_question_is_answered(mobius: Mobius, rina: Page) -> None:
    id_ = mobius.ask("Take the corner place?", RINA)
    arrived(rina, "Take the corner place?").click()
    rina.get_by_label("Comment").fill("Two open sides.")
    approve(rina)
    expect(rina.locator(".row", has_text="Take the corner place?")).to_have_count(0)
    (response,) = mobius.item(id_)["responses"]
    assert (response["value"], response["comment"]) == (True, "Two open sides.")


def several_questions_are_answered_by_keyboard(mobius: Mobius, rina: Page) -> None:
    title, kind = "What do we take to the fair?", "request_information"
    id_ = mobius.ask(title, RINA, kind=kind, spec={"questions": SEVERAL})
    expect(arrived(rina, title)).to_be_visible()
    keys = open_question(rina, id_).keyboard
    rina.locator("#answer:not([data-fresh])").wait_for()
    keys.press("2")
    expect(rina.get_by_label("Row")).to_be_checked()
    keys.press("Tab")
    keys.press("1")
    expect(rina.get_by_label("Pens")).to_be_checked()
    keys.press("3")
    keys.type("Paper")
    expect(rina.get_by_text("2 of 3 selected")).to_be_visible()
    keys.press("Tab")
    keys.press("3")
    keys.type("Ada")
    expect(rina.locator("#answer-value-host-field [type=radio]:checked")).to_have_value("…")
    keys.press("Control+Enter")
    expect(rina.locator("#answer-value-slogan_error")).to_have_text("Enter your answer.")
    expect(rina.get_by_label("Slogan")).to_be_focused()
    expect(rina.locator("#answer-other-host")).to_have_value("Ada")
    rina.locator("#answer:not([data-fresh])").wait_for()
    keys.type("Write here")
    expect(rina.get_by_text("Characters left: 0")).to_be_visible()
    keys.press("Control+Enter")
    rina.locator(ARMED).wait_for()
    keys.press("Control+Enter")
    expect(rina.locator("#detail")).not_to_have_attribute("data-interaction-id", id_)
    (response,) = mobius.item(id_)["responses"]
    assert response["answers"] == [
        {"question_id": "place", "value": "row"},
        {"question_id": "show", "values": ["pens"], "other": "Paper"},
        {"question_id": "host", "other": "Ada"},
        {"question_id": "slogan", "text": "Write here"},
    ]


def a_quorum_is_completed_by_the_second_answer(mobius: Mobius, rina: Page, sam: Page) -> None:
    policy = {"type": "quorum", "threshold": 2}
    id_ = mobius.ask("Close the old shop?", *PEOPLE, resolution_policy=policy)
    expect(arrived(sam, "Close the old shop?")).to_be_visible()
    for page in (rina, sam):
        open_question(page, id_)
    approve(rina)
    expect(sam.locator("#members")).to_contain_text("1 of 2 answered")
    open_question(rina, id_)
    expect(rina.locator("#answered")).to_be_visible()
    reject(sam)
    expect(rina.locator("#members")).to_contain_text("2 of 2 answered")
    item = mobius.item(id_)
    assert item["status"] == "completed"
    assert [one["responder_user_id"] for one in item["responses"]] == [RINA, SAM]


def a_task_goes_back_and_forth(mobius: Mobius, rina: Page, lee: Page) -> None:
    policy = {"type": "any_of", "review": {"reviewer_user_ids": [LEE]}}
    id_ = mobius.ask(
        "Write the report", RINA, mode="input", kind="assign_work", resolution_policy=policy
    )
    rina.goto("/inbox/")
    expect(arrived(rina, "Write the report")).to_be_visible()
    text = open_question(rina, id_).locator("#answer [name=value]")
    text.fill("All went well.")
    submit(rina)
    expect(rina.locator("#detail")).not_to_have_attribute("data-interaction-id", id_)
    open_question(rina, id_)
    open_question(lee, id_).get_by_label("Comment").fill("Please add the totals.")
    review(lee, "Request changes")
    expect(rina.locator("#change-request")).to_contain_text("Please add the totals.")
    expect(text).to_have_value("All went well.")
    text.fill("All went well: 118 orders.")
    submit(rina)
    expect(rina.locator("#detail")).not_to_have_attribute("data-interaction-id", id_)
    open_question(rina, id_)
    expect(open_question(lee, id_).locator("#detail")).to_contain_text("118 orders")
    review(lee, "Accept")
    expect(rina.get_by_text("Round 2 · Lee accepted this")).to_be_visible()
    item = mobius.item(id_)
    assert (item["status"], item["responder"]) == ("completed", {"user_id": RINA})


def the_run_goes_on(mobius: Mobius, rina: Page) -> None:
    """The demo's in the engine. That of the scripted server takes its last step when told to."""
    title, server = "Refund €4,180.00 for order Q-48213?", mobius.server
    if server is not None:
        title = "Ship 4.2?"
        server.state.run_that_asks(title=title)
    rina.goto("/inbox/")
    arrived(rina, title).click()
    watching = rina.context.new_page()
    watching.goto(rina.locator("#detail header a").get_attribute("href") or "")
    status = watching.locator(".run-head [data-run-status]")
    expect(status).to_have_attribute("data-run-status", "suspended")
    watching.evaluate("window.sameDocument = true")
    approve(rina)
    if server is not None:
        expect(status).to_have_attribute("data-run-status", "running")
        expect(watching.locator("body")).to_contain_text("Roll it out")
        server.state.finish(next(iter(server.state.runs)))
    expect(status).to_have_attribute("data-run-status", "completed")
    assert watching.evaluate("window.sameDocument"), "the page followed without a reload"


def open_question(page: Page, id: str) -> Page:
    page.goto(f"/interactions/{id}/")
    return page


def submit(page: Page) -> None:
    press(page.get_by_role("button", name="Submit the result"))
    confirm(page)


def review(page: Page, decision: str) -> None:
    asked = page.locator("#answer [data-asks]")
    press(asked.get_by_role("button", name=decision))
    confirm(page)
