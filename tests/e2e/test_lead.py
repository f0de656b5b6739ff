"""A team lead's morning, from blocked questions to the decision log."""

import subprocess
import sys

import httpx
import pytest
from playwright.sync_api import Browser, expect

from reviewer_site.environment import ROOT
from tests.e2e.arrivals import arrived
from tests.e2e.conftest import SignIn
from tests.support.databases import environment
from tests.support.pages import approve
from tests.support.product import Product, ask, interaction_of

pytestmark = pytest.mark.any_database

TAMPER = """
from django.db import connection
from tests.support.tampering import lift_triggers
lift_triggers()
with connection.cursor() as cursor:
    cursor.execute("UPDATE inbox_decision SET comment = 'Never said' WHERE number = 2")
    assert cursor.rowcount == 1
"""


def manage(product: Product, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *words],
        cwd=ROOT,
        env=product.environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_from_a_blocked_run_to_who_decided_it(
    sign_in: SignIn, api: httpx.Client, product: Product
) -> None:
    tess, rina = sign_in("tess"), sign_in("rina")
    run_id = ask(api, "Held up since when?", timeout="90m")
    expect(arrived(rina, "Held up since when?")).to_be_visible()

    tess.goto("/runs/")
    expect(tess.locator(f"[data-run-id='{run_id}']").first).to_be_visible()
    tess.goto("/runs/blocked/?q=Held+up")
    expect(tess.locator("main")).to_contain_text("Held up since when?")
    tess.get_by_role("button", name="Nudge").first.click()
    expect(tess.locator("main")).to_contain_text("Nudged")

    bell = rina.locator(".rail a[href='/notifications/']")
    expect(bell).to_contain_text("1")
    bell.click()
    rina.wait_for_url("**/notifications/")
    expect(rina.locator("main")).to_contain_text("Tess")
    rina.get_by_role("link", name="Held up since when?").first.click()
    expect(rina.locator("#question")).to_contain_text("Held up since when?")
    expect(rina.locator("#count-notices")).to_have_text("")

    tess.goto(f"/runs/{run_id}/")
    rina.get_by_label("Comment").fill("Only since this morning.")
    approve(rina)
    expect(rina.locator("#toasts")).to_contain_text("Approved")
    expect(tess.locator("[data-run-status='completed']").first).to_be_visible()

    item = interaction_of(api, run_id)
    tess.goto(f"/interactions/{item['id']}/receipt")
    expect(tess.locator("body")).to_contain_text("Only since this morning.")
    tess.goto("/decisions/")
    expect(tess.locator("body")).to_contain_text("Intact")
    exported = tess.request.get("/decisions/export.csv")
    assert exported.status == 200
    assert "Only since this morning." in exported.text()
    assert "Never said" not in exported.text()

    done = manage(product, "verify_decisions")
    assert done.returncode == 0
    assert done.stdout.startswith("intact, ")


@pytest.mark.parametrize(
    "path",
    ["/runs/blocked/", "/insights/", "/decisions/", "/decisions/export.csv", "/decisions/1/"],
)
def test_a_reviewer_does_not_find_what_is_a_leads(sign_in: SignIn, path: str) -> None:
    assert sign_in("lee").request.get(path).status == 404


def test_a_changed_entry_is_named(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> None:
    folder = tmp_path_factory.mktemp("tampered")
    product = Product(folder, environment(folder, "tampered", installed=True))
    product.start()
    try:
        # The demo's answers are entered as the mirror hears of them.
        page = browser.new_page(base_url=product.web)
        page.goto("/accounts/login/?next=/decisions/")
        page.get_by_label("Name").fill("tess")
        page.get_by_label("Password").fill("demo")
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/decisions/")
        while page.get_by_role("link", name="Entry 2").count() == 0:
            page.reload()
        assert manage(product, "shell", "--no-imports", "-c", TAMPER).returncode == 0
        done = manage(product, "verify_decisions")
    finally:
        product.stop()
    assert done.returncode == 1
    assert "Entry 2 doesn't match" in done.stderr
