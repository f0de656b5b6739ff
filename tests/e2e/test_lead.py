import subprocess
import sys

import httpx
import pytest
from playwright.sync_api import expect

from reviewer_site.environment import ROOT
from tests.e2e.arrivals import arrived
from tests.e2e.conftest import SignIn
from tests.support.pages import approve
from tests.support.product import Product, ask, interaction_of


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


@pytest.mark.parametrize("width", [1101, 1180])
def test_the_table_of_decisions_fits_beside_the_rail(sign_in: SignIn, width: int) -> None:
    page = sign_in("tess", viewport={"width": width, "height": 800})
    page.goto("/decisions/")
    table = page.get_by_role("table", name="Decisions, newest first")
    assert table.evaluate("(all) => all.scrollWidth <= all.parentElement.clientWidth")


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

    notifications = rina.locator(".rail a[href='/notifications/']")
    count = rina.locator("#count-notices")
    expect(count).not_to_have_text("")
    notifications.click()
    rina.wait_for_url("**/notifications/")
    expect(rina.locator("main")).to_contain_text("Tess nudged you")
    unread = count.inner_text()
    rina.get_by_role("link", name="Held up since when?").first.click()
    expect(rina.locator("#question")).to_contain_text("Held up since when?")
    # The bell has other questions too.
    expect(count).not_to_have_text(unread)

    tess.goto(f"/runs/{run_id}/")
    rina.get_by_label("Comment").fill("Only since this morning.")
    approve(rina)
    expect(rina.locator("#toasts")).to_contain_text("Approved")
    expect(tess.locator("[data-run-status='completed']").first).to_be_visible()

    item = interaction_of(api, run_id)
    tess.goto(f"/interactions/{item['id']}/receipt")
    expect(tess.locator("body")).to_contain_text("Only since this morning.")
    tess.evaluate("() => { window.print = () => { document.title = 'Printed'; }; }")
    tess.get_by_role("button", name="Print").click()
    expect(tess).to_have_title("Printed")
    tess.goto("/decisions/")
    expect(tess.locator("body")).to_contain_text("Intact")
    exported = tess.request.get("/decisions/export.csv")
    assert exported.status == 200
    assert "Only since this morning." in exported.text()

    done = manage(product, "verify_decisions")
    assert done.returncode == 0
    assert done.stdout.startswith("intact, ")


def test_the_buttons_of_an_import_show_that_they_work(sign_in: SignIn) -> None:
    page = sign_in("admin")
    page.goto("/people/import/")
    file = {
        "name": "people.csv",
        "mimeType": "text/csv",
        "buffer": b"name,mobius_id\nida,user_ida\n",
    }
    page.get_by_label("CSV file").set_input_files(file)
    for name, working in (("Preview", "Checking…"), ("Add 1 person", "Adding…")):
        button = page.get_by_role("button", name=name)
        # Playwright looks at nothing while a page is on its way, so it isn't sent the first time.
        page.locator("#import").evaluate(
            "(form) => form.addEventListener("
            "'submit', (event) => event.preventDefault(), { once: true })"
        )
        button.click()
        expect(page.locator("#import [data-busy]")).to_have_text(working)
        expect(page.locator("#import")).to_have_attribute("aria-busy", "true")
        page.get_by_role("button", name=working).click()
    expect(page.locator("main")).to_contain_text("user_ida")
