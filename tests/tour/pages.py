import html
import json
import os
import re
import signal
import tempfile
from functools import partial
from pathlib import Path

import httpx
from playwright.sync_api import Page, Route, expect

from tests.support import chromium
from tests.support.databases import environment
from tests.support.product import Product, ask
from tests.tour.tour import Subject, Tour, question_of
from tests.upstream import GuideServer

NOT_USED = """() => {
  navigator.credentials.create = navigator.credentials.get = () => Promise.reject(new Error());
}"""
"""The person closes the dialog for a passkey, which a headless browser doesn't show."""


def signed_out(tour: Tour, api: httpx.Client) -> None:
    page = tour.page()
    tour.visit(
        page,
        {
            "login": "/accounts/login/",
            "login-next": "/runs/",
            "login-signed-out": "/accounts/login/?signed-out",
        },
    )
    page.locator("[name=username]").fill("rina")
    page.locator("[name=password]").fill("not this")
    page.locator(".login [type=submit]").click()
    expect(page.locator("#login-error")).to_be_visible()
    tour.show(page, "login-wrong")
    while not page.locator("#locked-name").count():
        page.locator("[name=username]").fill("nobody")
        page.locator("[name=password]").fill("not this")
        page.locator(".login [type=submit]").click()
    tour.show(page, "login-locked")
    tour.visit(page, {"link-over": "/accounts/link/?token=over"})


def second_factor(tour: Tour, api: httpx.Client) -> None:
    with tempfile.TemporaryDirectory() as name:
        given = environment(Path(name), "tour_factor", installed=True)
        product = Product(Path(name), {**given, "PUBLIC_URL": "http://localhost"})
        product.start()
        product.web = product.web.replace("127.0.0.1", "localhost")
        try:
            factors(tour.beside(product))
        finally:
            product.kill()


def factors(tour: Tour) -> None:
    rina, pages = tour.person("rina"), "/account/second-factor/"
    tour.beside(tour.product).person("rina")
    tour.visit(rina, {"sessions": "/account/sessions/", "second-factor-none": pages})
    tour.visit(rina, {"second-factor-app": f"{pages}app/"})
    rina.locator("[name=code]").fill("000000")
    rina.locator("[name=password]").fill("not this")
    rina.locator("form.card [type=submit]").click()
    expect(rina.locator(".error").first).to_be_visible()
    tour.show(rina, "second-factor-app-error")
    chromium.add_authenticator(rina)
    tour.visit(rina, {"second-factor-passkey": f"{pages}passkey/"})
    for works in (False, True):
        rina.goto(f"{pages}passkey/")
        rina.locator("[name=name]").fill("Laptop")
        rina.locator("[name=password]").fill("demo")
        if not works:
            rina.evaluate(NOT_USED)
        rina.locator("[data-passkey] [type=submit]").click()
        if not works:
            expect(rina.locator("[data-passkey-failed]")).to_be_visible()
            tour.show(rina, "second-factor-passkey-failed")
    rina.wait_for_url("**/codes/")
    tour.show(rina, "second-factor-codes")

    page = tour.page()
    page.goto("/accounts/login/")
    page.locator("[name=username]").fill("rina")
    page.locator("[name=password]").fill("demo")
    page.locator(".login [type=submit]").click()
    expect(page.locator("[data-passkey]")).to_be_visible()
    tour.show(page, "second-step-passkey")
    page.evaluate(NOT_USED)
    page.locator("[data-passkey] [type=submit]").click()
    expect(page.locator("[data-passkey-failed]")).to_be_visible()
    tour.show(page, "second-step-passkey-failed")
    tour.product.manage(
        "shell",
        "--no-imports",
        "-c",
        "from allauth.mfa.models import Authenticator;"
        "from inbox.models import Reviewer;"
        "from inbox.people import vault;"
        "rina = Reviewer.objects.get(user__username='rina').user;"
        "secret = vault.seal('A' * 32).decode();"
        "Authenticator.objects.create(user=rina, type='totp', data={'secret': secret})",
    )
    page.reload()
    tour.show(page, "second-step")
    page.locator("[name=code]").fill("000000")
    page.locator("form:has([name=code]) [type=submit]").click()
    expect(page.locator(".error").last).to_be_visible()
    tour.show(page, "second-step-wrong")

    tour.visit(rina, {"second-factor": pages})
    rina.locator("#codes-password").fill("not this")
    rina.locator("form:has(#codes-password) [type=submit]").click()
    expect(rina.locator(".error").first).to_be_visible()
    tour.show(rina, "second-factor-password-error")


def sign_in_at_mobius(tour: Tour, api: httpx.Client) -> None:
    with tempfile.TemporaryDirectory() as name:
        given = environment(Path(name), "tour_device") | {"ENGINE_API": "c"}
        product = Product(Path(name), given)
        product.start()
        beside = tour.beside(product)
        try:
            rina = beside.person("rina")
            beside.visit(rina, {"account-sign-in": "/account/?replace=1"})
            rina.locator("[action='/account/sign-in'] [type=submit]").click()
            expect(rina.locator(".device-code")).to_be_visible()
            beside.show(rina, "account-sign-in-code")
            page = {"code": rina.locator(".device-code").inner_text(), "decision": "deny"}
            httpx.post(f"{product.engine}/device", data=page)
            expect(rina.locator("[formaction='/account/sign-in']")).to_be_visible()
            beside.show(rina, "account-sign-in-ended")
        finally:
            product.kill()


def provider(tour: Tour, api: httpx.Client) -> None:
    with tempfile.TemporaryDirectory() as name:
        given = {
            "OIDC_ISSUER": "http://127.0.0.1:9",
            "OIDC_CLIENT_ID": "inbox",
            "OIDC_CLIENT_SECRET": "secret",
            "OIDC_NAME": "Acme",
            "OIDC_ALLOWED_DOMAINS": "acme.example",
            "OIDC_BREAK_GLASS": "admin",
        }
        product = Product(
            Path(name), {**environment(Path(name), "tour_provider", installed=True), **given}
        )
        product.start()
        beside = tour.beside(product)
        try:
            page = beside.page()
            beside.visit(page, {"provider": "/accounts/login/"})
            page.locator("details summary").click()
            beside.show(page, "provider-password")
            page.locator("details [name=username]").fill("rina")
            page.locator("details [name=password]").fill("demo")
            page.locator("details [type=submit]").click()
            expect(page.locator("#login-error")).to_be_visible()
            beside.show(page, "provider-password-wrong")
            page.locator("[action$='/oidc/login/'] [type=submit]").click()
            expect(page.locator("h1 + p.soft")).to_be_visible()
            beside.show(page, "provider-unreachable")
            made = product.manage("add_person", "sam", "--update")
            link = re.search(r"/accounts/link/\?token=\S+", made)
            assert link is not None
            beside.visit(page, {"provider-link": link[0]})
        finally:
            product.kill()


def runs(tour: Tour, api: httpx.Client) -> None:
    rina, tess = tour.person("rina"), tour.person("tess")
    released = run_of(tess, "q=storefront")
    cancelled = ask(api, "Cancelled soon?", context={"amount": "€120"})
    api.post(f"/runs/{cancelled}/cancellations").raise_for_status()
    tour.visit(rina, {"runs-reviewer": "/runs/", "run-reviewer": released})
    tour.visit(
        tess,
        {
            "runs": "/runs/",
            "runs-no-match": "/runs/?q=nothing-has-this",
            "runs-filters": "/runs/filters/",
            "run-suspended": released,
            "run-cancel": f"{released}cancel",
            "run-signal": f"{released}signal",
            "run-completed": run_of(tess, "status=completed"),
            "run-failed": run_of(tess, "status=failed"),
            "run-cancelled": f"/runs/{cancelled}/",
        },
    )
    tess.set_viewport_size({"width": 1440, "height": 900})
    tess.goto(f"{released}signal")
    tess.locator("form:has(#act-name) [type=submit]").click()
    expect(tess.locator(".error").first).to_be_visible()
    tour.show(tess, "run-signal-error")
    tess.goto("/runs/?status=suspended")
    tess.locator("#list-view-link").click()
    expect(tess.locator("#list-panel [name=name]")).to_be_visible()
    tour.show(tess, "runs-save-view")


def run_of(page: Page, query: str) -> str:
    page.goto(f"/runs/?{query}")
    return str(page.locator("a[href^='/runs/run_']").first.get_attribute("href"))


def lead(tour: Tour, api: httpx.Client) -> None:
    tess = tour.person("tess")
    tour.visit(
        tess,
        {
            "inbox-lead": "/inbox/",
            "blocked": "/runs/blocked/",
            "insights": "/insights/",
            "decisions": "/decisions/",
            "decisions-no-match": "/decisions/?q=nothing-has-this",
            "decision": "/decisions/1/",
        },
    )
    tess.set_viewport_size({"width": 1440, "height": 900})
    tess.goto("/runs/blocked/")
    tess.locator("[data-nudge] button").first.click()
    expect(tess.locator(".nudged")).to_be_visible()
    tour.show(tess, "blocked-nudged")


def groups(tour: Tour, api: httpx.Client) -> None:
    tour.visit(
        tour.person("rina"),
        {"groups": "/groups/", "group": "/groups/approvers/"},
    )
    tour.visit(
        tour.person("tess"),
        {
            "groups-lead": "/groups/",
            "group-lead": "/groups/approvers/",
            "group-add-unknown": "/groups/approvers/?add=somebody",
            "group-remove": "/groups/approvers/?remove=user_sam",
        },
    )


def administration(tour: Tour, api: httpx.Client) -> None:
    admin = tour.person("admin")
    tour.visit(
        admin,
        {
            "inbox-admin": "/inbox/",
            "connection": "/connection/",
            "people": "/people/",
            "person-add": "/people/add/",
            "people-import": "/people/import/",
            "permissions": "/permissions/",
        },
    )
    admin.goto("/people/")
    sam = admin.locator("tr", has_text="user_sam")
    path = sam.locator("a[href$='/deactivate']").get_attribute("href")
    tour.visit(admin, {"person-deactivate": str(path)})
    admin.goto("/people/")
    admin.set_viewport_size({"width": 1440, "height": 900})
    sam.locator("summary").click()
    sam.locator("form[action$='/link'] button").click()
    expect(admin.locator("body")).to_contain_text("/accounts/link/?token=")
    tour.show(admin, "person-link")
    link = re.search(r"/accounts/link/\?token=[^\"<\s]+", admin.content())
    assert link is not None
    tour.visit(tour.page(), {"link": html.unescape(link[0])})
    tour.product.manage(
        "add_person",
        "nora",
        "--mobius-id",
        "user_nora",
        "--password-stdin",
        told="a quiet harbour\n",
    )
    nora = tour.person("nora", password="a quiet harbour")
    tour.visit(
        nora,
        {
            "nora-inbox-zero": "/inbox/",
            "nora-focus-zero": "/inbox/focus/",
            "nora-done": "/inbox/?scope=done",
            "nora-runs": "/runs/",
            "nora-groups": "/groups/",
            "nora-notifications": "/notifications/",
            "nora-drafts": "/drafts/",
            "nora-account": "/account/",
        },
    )


def django_admin(tour: Tour, api: httpx.Client) -> None:
    tour.visit(
        tour.person("admin"),
        {
            "admin": "/admin/",
            "admin-people": "/admin/auth/user/",
            "admin-person": "/admin/auth/user/1/change/",
        },
    )


def errors(tour: Tour, api: httpx.Client) -> None:
    rina = tour.person("rina")
    tour.visit(
        rina,
        {
            "error-404": "/nothing-here/",
            "error-404-question": "/interactions/int_nothing/",
            "error-403": "/connection/",
            "error-405": "/account/keys",
        },
    )
    rina.evaluate("navigator.serviceWorker.ready.then(() => {})")
    rina.context.set_offline(True)
    tour.visit(rina, {"error-offline": "/inbox/"})
    rina.context.set_offline(False)
    page = tour.page()
    for name, text in rendered(tour, "400", "403_csrf", "413", "500", "503").items():
        page.route(f"**/{name}", partial(answer, text=text))
        tour.visit(page, {f"error-{name}": f"/{name}"})


def answer(route: Route, text: str) -> None:
    route.fulfill(body=text, content_type="text/html")


def rendered(tour: Tour, *names: str) -> dict[str, str]:
    printed = tour.product.manage(
        "shell",
        "--no-imports",
        "-c",
        "import json;"
        "from django.template.loader import render_to_string;"
        "from django.utils import translation;"
        "from django.test import RequestFactory;"
        f"translation.activate({tour.language!r});"
        "context = {'request': RequestFactory().get('/runs/'), 'page': '/connection/'};"
        f"pages = {{name: render_to_string(f'{{name}}.html', context) for name in {names!r}}};"
        "print(json.dumps(pages))",
    )
    pages: dict[str, str] = json.loads(printed)
    return pages


def outages(tour: Tour, api: httpx.Client) -> None:
    rina, admin = tour.person("rina"), tour.person("admin")
    address = question_of(api, "Who owns the follow-up")
    engine = tour.product.engine_pid()
    os.kill(engine, signal.SIGSTOP)
    try:
        rina.goto("/inbox/")
        expect(rina.locator("[data-stale]")).to_be_visible(timeout=120_000)
        tour.visit(rina, {"down-inbox": "/inbox/", "down-question": address})
        tour.visit(admin, {"down-connection": "/connection/"})
    finally:
        os.kill(engine, signal.SIGCONT)


def setup(tour: Tour, api: httpx.Client) -> None:
    with GuideServer() as server, tempfile.TemporaryDirectory() as name:
        upstream = {
            "MOBIUS_BASE_URL": server.base_url,
            "MOBIUS_PROJECT": "demo",
            "MOBIUS_API_KEY": server.key,
        }
        product = Product(
            Path(name), {**environment(Path(name), "tour_setup", installed=True), **upstream}
        )
        product.start()
        first = tour.beside(product)
        try:
            page = first.page()
            link = product.manage("setup_link").strip().splitlines()[-1]
            first.visit(page, {"setup-link": link})
            page.locator("[name=username]").fill("ada")
            page.locator("[name$=password1]").fill("a quiet harbour")
            page.locator("[name$=password2]").fill("a quiet harbour")
            page.locator(".login [type=submit]").click()
            page.wait_for_url("**/connection/")
            first.show(page, "setup-connection")
            first.visit(page, {"setup-inbox": "/inbox/"})
        finally:
            product.kill()


SUBJECTS: tuple[Subject, ...] = (
    signed_out,
    second_factor,
    sign_in_at_mobius,
    provider,
    runs,
    lead,
    groups,
    administration,
    django_admin,
    errors,
    outages,
    setup,
)
