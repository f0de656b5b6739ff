from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.arrivals import arrived
from tests.e2e.conftest import SignIn
from tests.support.databases import environment
from tests.support.pages import approve, read_again
from tests.support.product import Product
from tests.upstream import GuideServer

PASSWORD = "a quiet harbour"


@pytest.fixture(scope="module")
def server() -> Iterator[GuideServer]:
    with GuideServer(closes_after=1.0) as server:
        yield server


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, server: GuideServer) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("guide")
    upstream = {
        "MOBIUS_BASE_URL": server.base_url,
        "MOBIUS_PROJECT": "demo",
        "MOBIUS_API_KEY": server.key,
    }
    product = Product(folder, environment(folder, "guide", installed=True) | upstream)
    rina = ("rina", "--mobius-id", "user_rina", "--role", "lead", "--admin")
    sam = ("sam", "--mobius-id", "user_sam", "--full-name", "Sam Ito")
    for person in (rina, sam):
        product.manage("add_person", *person, "--password-stdin", told=f"{PASSWORD}\n")
    product.start()
    yield product
    product.kill()


def test_a_question_appears_is_answered_and_its_run_completes_live(
    server: GuideServer, sign_in: SignIn
) -> None:
    rina = sign_in("rina", password=PASSWORD)
    rina.goto("/account/")
    rina.get_by_role("textbox", name="Member token").fill(server.state.token_of("user_rina"))
    rina.get_by_role("button", name="Check and save").click()
    expect(rina.locator("#token")).to_contain_text("user_rina")
    rina.goto("/inbox/")
    expect(rina.locator("#freshness")).to_have_text("Live")
    run_id = server.state.run_that_asks(message="Ship 4.2?")
    arrived(rina, "Ship 4.2?").click()
    run = rina.context.new_page()
    run.goto(f"/runs/{run_id}/")
    pill = run.locator(f"[data-run-id='{run_id}'][data-run-status]")
    expect(pill).to_have_attribute("data-run-status", "suspended")
    run.evaluate("window.sameDocument = true")
    # Its stream has been closed, and opened again, meanwhile.
    server.wait_for("run_events", len(server.requests("run_events")) + 2)
    expect(run.locator("#freshness")).to_have_text("Live")

    approve(rina)
    expect(pill).to_have_attribute("data-run-status", "completed")
    assert run.evaluate("window.sameDocument"), "the page followed without a reload"
    answered = server.state.interaction(server.state.question_of(run_id))
    assert answered["responder"] == {"type": "user", "id": "user_rina"}

    server.state.groups["approvers"] = ["user_rina", "user_sam"]
    server.state.ask(to="group:approvers", message="Pay the invoice?")
    arrived(rina, "Pay the invoice?").click()
    expect(rina.locator("#detail")).to_contain_text("Pay the invoice?")
    # Sam has no token: the service key answers, and Mobius names its principal.
    server.offers.responder = "key"
    sam = sign_in("sam", password=PASSWORD)
    arrived(sam, "Pay the invoice?").click()
    expect(sam.locator("#detail")).to_contain_text("service key. Mobius may not show your name")
    server.offers.refuses["respond"] = 422
    approve(sam)
    refusal = sam.locator("#outcome")
    expect(refusal).to_contain_text("Mobius didn't accept this answer")
    read_again(sam)
    expect(refusal).to_contain_text("Mobius didn't accept this answer")
    server.offers.refuses.clear()
    approve(sam)
    expect(rina.locator("#detail")).to_contain_text("Sam Ito answered this")
    (paid,) = [
        one for one in server.state.interactions.values() if one["target"]["id"] == "approvers"
    ]
    assert paid["responder"] == {"type": "user", "id": "svc_installation"}


def test_on_a_phone_an_administrator_sees_what_keeps_mobius_away(
    server: GuideServer, sign_in: SignIn
) -> None:
    rina = sign_in("rina", password=PASSWORD, viewport={"width": 390, "height": 800})
    server.stop()
    stale = rina.locator("[data-stale]")
    expect(stale).to_contain_text("Answering is paused")
    said = rina.locator(".rail").get_by_text("MOBIUS_BASE_URL")
    while not said.count():
        rina.reload()
    expect(said).to_be_visible()
    expect(stale).to_be_visible()
    expect(rina.locator("#freshness")).to_be_hidden()
    server.start()
    expect(stale).to_have_count(0)
    expect(said).to_be_hidden()
