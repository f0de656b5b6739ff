"""Pictures of every page and state: `python -m tests.bench.screens [folder]`.

It starts the product with its demo and 40 days of history, brings each page into each state that is
worth seeing, and takes a picture at each width in both themes; with `--language de`, in German, on
a phone and a desktop, by day. The pictures, and labelled sheets of them (`sheet-….png`), go to the
folder; by default it is `reviewer-screens-<language>` beside other temporary files. `--only inbox
runs` takes some subjects alone, `--widths 1100` another width. A subject that fails does not keep
the others from being taken.
"""

import argparse
import html
import os
import re
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import httpx
from playwright.sync_api import Error, Locator, Page, Route, expect, sync_playwright

from tests.bench.album import LOCALES, Album
from tests.e2e.arrivals import arrived
from tests.support import chromium
from tests.support.databases import environment
from tests.support.pages import STEP_GUARD_MS, press
from tests.support.product import Product, ask, interaction_of
from tests.upstream import GuideServer

expect.set_options(timeout=30_000)

WIDTHS = {"en": [390, 768, 1440], "de": [390, 1440]}
THEMES = {"en": ["light", "dark"], "de": ["light"]}
TEXT = {"type": "input", "spec": {"mode": "input", "multiline": True}}
CHOICE = {
    "mode": "select",
    "options": [
        {"value": "now", "label": "Now", "description": "Everyone is here."},
        {"value": "later", "label": "Tonight, when the shop is closed"},
    ],
}
CONTEXT = {
    "api_key": "a key that is masked",
    "amount": 1284050,
    "started_at": "2026-11-24T09:30:00Z",
    "restore_script": "set -e\npg_restore --clean --if-exists backup.dump\nexit 0",
    "change": "--- a/shop.py\n+++ b/shop.py\n@@ -1,2 +1,2 @@\n def total(cart):\n"
    "-    return sum(cart)\n+    return round(sum(cart), 2)",
    "plan": {
        "owner": {"team": "Storefront", "people": ["user_rina", "user_lee"]},
        "stages": [{"name": f"Stage {n}", "checks": {"p95_ms": 400 + n}} for n in range(3)],
    },
    "invoices": [{"number": f"2026-{n}", "total": f"€{n}.00"} for n in range(100, 130)],
    "report": "https://files.example/report.pdf",
}
"""A card of each kind, and a masked value."""
NOT_USED = """() => {
  navigator.credentials.create = navigator.credentials.get = () => Promise.reject(new Error());
}"""
"""The person closes the dialog for a passkey, which a headless browser doesn't show."""


def answer_buttons(page: Page, key: str) -> Locator:
    return page.locator(f"#answer [data-key={key}]:not([data-step] *)")


def approve(page: Page) -> None:
    """Press Approve, then confirm it."""
    press(answer_buttons(page, "a"))
    press(page.locator("[data-step] [data-send]"), STEP_GUARD_MS)


def question_of(api: httpx.Client, words: str) -> str:
    """The address of the demo's open question with these words."""
    items = api.get("/interactions", params={"status": "pending", "limit": 200}).json()["items"]
    return next(f"/interactions/{item['id']}/" for item in items if words in item["message"])


def signed_out(album: Album, api: httpx.Client) -> None:
    page = album.page()
    album.visit(
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
    album.take(page, "login-wrong")
    while not page.locator("#locked-name").count():
        page.locator("[name=username]").fill("nobody")
        page.locator("[name=password]").fill("not this")
        page.locator(".login [type=submit]").click()
    album.take(page, "login-locked")
    album.visit(page, {"link-over": "/accounts/link/?token=over"})


def second_factor(album: Album, api: httpx.Client) -> None:
    """Passkeys, which need a host name, an app, recovery codes, and the sessions."""
    with tempfile.TemporaryDirectory() as name:
        given = environment(Path(name), "screens_factor")
        product = Product(Path(name), {**given, "PUBLIC_URL": "http://localhost"})
        product.start()
        product.web = product.web.replace("127.0.0.1", "localhost")
        try:
            factors(album.beside(product))
        finally:
            product.kill()


def factors(album: Album) -> None:
    rina, pages = album.person("rina"), "/account/second-factor/"
    album.beside(album.product).person("rina")
    album.visit(rina, {"sessions": "/account/sessions/", "second-factor-none": pages})
    album.visit(rina, {"second-factor-app": f"{pages}app/"})
    rina.locator("[name=code]").fill("000000")
    rina.locator("[name=password]").fill("not this")
    rina.locator("form.card [type=submit]").click()
    expect(rina.locator(".error").first).to_be_visible()
    album.take(rina, "second-factor-app-error")
    chromium.add_authenticator(rina)
    album.visit(rina, {"second-factor-passkey": f"{pages}passkey/"})
    for works in (False, True):
        rina.goto(f"{pages}passkey/")
        rina.locator("[name=name]").fill("Laptop")
        rina.locator("[name=password]").fill("demo")
        if not works:
            rina.evaluate(NOT_USED)
        rina.locator("[data-passkey] [type=submit]").click()
        if not works:
            expect(rina.locator("[data-passkey-failed]")).to_be_visible()
            album.take(rina, "second-factor-passkey-failed")
    rina.wait_for_url("**/codes/")
    album.take(rina, "second-factor-codes")

    page = album.page()
    page.goto("/accounts/login/")
    page.locator("[name=username]").fill("rina")
    page.locator("[name=password]").fill("demo")
    page.locator(".login [type=submit]").click()
    expect(page.locator("[data-passkey]")).to_be_visible()
    album.take(page, "second-step-passkey")
    page.evaluate(NOT_USED)
    page.locator("[data-passkey] [type=submit]").click()
    expect(page.locator("[data-passkey-failed]")).to_be_visible()
    album.take(page, "second-step-passkey-failed")
    album.product.manage(
        "shell",
        "--no-imports",
        "-c",
        "from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret;"
        "from inbox.models import Reviewer;"
        "rina = Reviewer.objects.get(user__username='rina').user;"
        "TOTP.activate(rina, generate_totp_secret())",
    )
    page.reload()
    album.take(page, "second-step")
    page.locator("[name=code]").fill("000000")
    page.locator("form.stack [type=submit]").click()
    expect(page.locator(".error").last).to_be_visible()
    album.take(page, "second-step-wrong")

    album.visit(rina, {"second-factor": pages})
    rina.locator("#codes-password").fill("not this")
    rina.locator("form:has(#codes-password) [type=submit]").click()
    expect(rina.locator(".error").first).to_be_visible()
    album.take(rina, "second-factor-password-error")


def provider(album: Album, api: httpx.Client) -> None:
    """Signing in with an identity provider, which can't be reached."""
    with tempfile.TemporaryDirectory() as name:
        given = {
            "OIDC_ISSUER": "http://127.0.0.1:9",
            "OIDC_CLIENT_ID": "inbox",
            "OIDC_CLIENT_SECRET": "secret",
            "OIDC_NAME": "Acme",
            "OIDC_ALLOWED_DOMAINS": "acme.example",
            "OIDC_BREAK_GLASS": "admin",
        }
        product = Product(Path(name), {**environment(Path(name), "screens_provider"), **given})
        product.start()
        own = album.beside(product)
        try:
            page = own.page()
            own.visit(page, {"provider": "/accounts/login/"})
            page.locator("details summary").click()
            own.take(page, "provider-password")
            page.locator("details [name=username]").fill("rina")
            page.locator("details [name=password]").fill("demo")
            page.locator("details [type=submit]").click()
            expect(page.locator("#login-error")).to_be_visible()
            own.take(page, "provider-password-wrong")
            page.locator("[action$='/oidc/login/'] [type=submit]").click()
            expect(page.locator("h1 + p.soft")).to_be_visible()
            own.take(page, "provider-unreachable")
            made = product.manage("add_person", "sam", "--update")
            link = re.search(r"/accounts/link/\?token=\S+", made)
            assert link is not None
            own.visit(page, {"provider-link": link[0]})
        finally:
            product.kill()


def inbox(album: Album, api: httpx.Client) -> None:
    rina = album.person("rina")
    album.visit(
        rina,
        {
            "inbox": "/inbox/",
            "inbox-filtered": "/inbox/?type=review",
            "inbox-no-match": "/inbox/?q=nothing-has-this",
            "inbox-done": "/inbox/?scope=done",
            "inbox-claimed-none": "/inbox/?scope=claimed",
            "inbox-waiting-others": "/inbox/?scope=waiting-others",
            "inbox-focus": "/inbox/focus/",
        },
    )
    rina.set_viewport_size({"width": 1440, "height": 900})
    rina.goto("/inbox/")
    ask(api, "Come while the list is open?")
    expect(rina.locator("#show-arrivals")).to_be_visible()
    album.take(rina, "inbox-arrivals")
    rina.keyboard.press("?")
    album.take(rina, "inbox-keys")


def narrow(page: Page, api: httpx.Client, word: str, number: int) -> list[str]:
    """The list of so many approvals for Rina, with that word; their runs."""
    page.goto("/inbox/")
    asked = [ask(api, f"{word} {n}?", context={"amount": "€120"}) for n in range(1, number + 1)]
    expect(arrived(page, f"{word} {number}?")).to_be_visible()
    page.goto(f"/inbox/?q={word.rsplit(maxsplit=1)[-1]}")
    return asked


def batches(album: Album, api: httpx.Client) -> None:
    """Several questions at once: selecting them, the preview, the progress, the results."""
    rina = album.person("rina")
    asked = narrow(rina, api, "Pay the invoice of Tanglewood", 6)
    rina.locator(".row-tick").first.check(force=True)
    album.take(rina, "inbox-selected")
    rina.locator("#list-select [name=all]").check()
    rina.locator("#list-select [value=approve]").click()
    expect(rina.locator(".batch-row")).to_have_count(len(asked))
    rina.locator(".batch-foot [name=comment]").fill("As ordered.")
    album.take(rina, "batch-preview")
    api.post(f"/runs/{asked[2]}/cancellations")
    engine = album.product.engine_pid()
    os.kill(engine, signal.SIGSTOP)
    try:
        press(rina.locator(".batch-foot .btn--primary"))
        expect(rina.locator(".batch-progress")).to_be_visible()
        album.take(rina, "batch-progress")
    finally:
        os.kill(engine, signal.SIGCONT)
    expect(rina.locator(".batch-progress")).to_have_count(0)
    album.take(rina, "batch-results")
    album.visit(rina, {"inbox-batch": "/inbox/"})


def held(album: Album, api: httpx.Client) -> None:
    """Send with undo: a held answer, and one that could not be sent."""
    sam = album.person("sam")
    choose_undo(album, seconds=60)
    mine = {"target": {"type": "user", "id": "user_sam"}, "context": {"amount": "€120"}}
    runs = [ask(api, f"Held, number {n}?", **mine) for n in (1, 2, 3)]
    first, second, _third = (f"/interactions/{interaction_of(api, run)['id']}/" for run in runs)
    sam.goto("/inbox/")
    expect(arrived(sam, "Held, number 3?")).to_be_visible()
    sam.goto(first)
    sam.locator("#answer-comment").fill("Agreed on Monday.")
    press(answer_buttons(sam, "a"))
    expect(sam.locator("#held-answers .toast")).to_be_visible()
    album.take(sam, "held-next")
    album.visit(sam, {"held-question": first})
    choose_undo(album, seconds=10)
    sam.goto(second)
    sam.locator("#answer-comment").fill("No longer needed.")
    press(answer_buttons(sam, "a"))
    expect(sam.locator("#held-answers .toast")).to_be_visible()
    api.post(f"/runs/{runs[1]}/cancellations").raise_for_status()
    expect(sam.locator("#returned-answers .notice")).to_be_visible(timeout=90_000)
    album.take(sam, "held-returned")


def choose_undo(album: Album, *, seconds: int) -> None:
    """Let Sam send with undo."""
    album.product.manage(
        "shell",
        "--no-imports",
        "-c",
        "from inbox.models import Reviewer;"
        "Reviewer.objects.filter(user__username='sam')"
        f".update(answer_guard='undo', undo_seconds={seconds})",
    )


def finding(album: Album, api: httpx.Client) -> None:
    """Search, filters, saved views, the command palette."""
    rina = album.person("rina")
    album.visit(
        rina,
        {
            "search": "/search/?q=refund",
            "search-nothing": "/search/?q=nothing-has-this",
            "inbox-found": "/inbox/?q=refund",
            "inbox-chips": "/inbox/?due=today&sort=workflow&claimed=no",
            "inbox-filters": "/inbox/filters/",
            "inbox-drafts": "/inbox/?drafts=yes",
            "done-filtered": "/inbox/?scope=done&answer=approved&span=7",
            "done-failed": "/inbox/?scope=done&failed=yes",
            "view-new": "/views/new/?sort=workflow",
        },
    )
    rina.goto("/views/new/?sort=workflow")
    rina.locator("#view-form [name=name]").fill("By workflow")
    rina.locator("#view-form [type=submit]").first.click()
    rina.wait_for_url("**/inbox/**")
    album.take(rina, "inbox-view")
    rina.goto("/inbox/")
    rina.locator("#list-filter-link").first.click()
    album.take(rina, "inbox-filters-panel")
    rina.goto(question_of(api, "Refund €4,180"))
    rina.keyboard.press("Control+k")
    expect(rina.locator("#palette")).to_be_visible()
    album.take(rina, "palette")
    rina.locator("#palette-input").fill("invoice")
    expect(rina.locator("#palette-found [role=option]").first).to_be_visible()
    album.take(rina, "palette-found")


def memory(album: Album, api: httpx.Client) -> None:
    """Snooze, templates, similar decisions, focus mode, and what the inbox remembers."""
    rina, tess = album.person("rina"), album.person("tess")
    tess.goto("/templates/")
    album.take(tess, "templates-none")
    for text in ("Approved. The amount is within the limit.", "Please add the supplier's invoice."):
        tess.locator("form[aria-labelledby=add-template] textarea").fill(text)
        tess.locator("form[aria-labelledby=add-template] [type=submit]").click()
        expect(tess.locator(".said", has_text=text)).to_be_visible()
    album.take(tess, "templates")
    narrow(rina, api, "Later today, pelican", 3)
    rina.locator(".row").first.click()
    expect(rina.locator("#answer")).to_be_visible()
    rina.locator("#answer [data-templates]").click()
    expect(rina.locator("#comment-templates [role=menuitem]").first).to_be_visible()
    album.take(rina, "question-templates")
    rina.keyboard.press("Escape")
    rina.locator(".row").first.focus()
    rina.keyboard.press("h")
    expect(rina.locator("#snooze")).to_be_visible()
    album.take(rina, "snooze-dialog")
    rina.locator("#snooze [name=until]").evaluate("(f) => { f.value = f.min; f.stepUp(5); }")
    rina.locator("#snooze .btn--primary").click()
    expect(rina.locator("#toasts .toast")).to_be_visible()
    album.take(rina, "snooze-toast")
    album.visit(rina, {"inbox-snoozed": "/inbox/?snoozed=yes"})

    rina.goto("/inbox/focus/?q=pelican")
    expect(rina.locator("#answer")).to_be_visible()
    album.take(rina, "focus")
    for number in (1, 2):
        expect(rina.locator("#focus-words")).to_contain_text(str(number))
        press(rina.locator("#detail [data-key=j]"))
    expect(rina.locator("#detail .empty")).to_be_visible()
    album.take(rina, "focus-end")

    rina.goto("/inbox/")
    closed, asked = (ask(api, f"Pelican, {which}?") for which in ("closed", "asked"))
    expect(arrived(rina, "Pelican, asked?")).to_be_visible()
    item = interaction_of(api, closed)["id"]
    rina.goto(f"/inbox/?q=pelican&item={item}")
    api.post(f"/interactions/{item}/respond", json={"value": True}).raise_for_status()
    expect(rina.locator("#outcome")).to_be_visible()
    album.take(rina, "inbox-answered-by-another")
    path = f"/interactions/{interaction_of(api, asked)['id']}/"
    album.visit(
        rina,
        {
            "question-suggested": f"{path}?answer=approve&comment=As+discussed.",
            "similar": f"{path}similar",
        },
    )


def questions(album: Album, api: httpx.Client) -> None:
    rina = album.person("rina")
    album.visit(
        rina,
        {
            "question-approval": question_of(api, "Refund €4,180"),
            "question-release": question_of(api, "Release storefront"),
            "question-review": question_of(api, "Is the text for the Meridian"),
            "question-select": question_of(api, "Which carrier"),
            "question-multi": question_of(api, "What should we delete"),
            "question-input": question_of(api, "Who owns the follow-up"),
            "question-report": question_of(api, "Is the report on Monday"),
            "question-group-multi": question_of(api, "Which checks should block"),
        },
    )
    run = ask(api, "What happened on Monday?\n\nTell it in your own words.", **TEXT)
    text = f"/interactions/{interaction_of(api, run)['id']}/"
    rina.goto(text)
    rina.locator("#answer [name=value]").fill("The label printer lost its network.\nFor an hour.")
    expect(rina.locator("[data-saved][data-state=ok]")).to_be_visible()
    album.take(rina, "question-text-draft")
    run = ask(api, "What happened on Tuesday?", **TEXT)
    rina.goto(f"/interactions/{interaction_of(api, run)['id']}/")
    press(rina.locator("#answer [data-send]"))
    expect(rina.locator("#answer-errors")).to_be_visible()
    album.take(rina, "question-error")
    run = ask(api, "Which plan do we follow?", context=CONTEXT, type="review", spec=CHOICE)
    rina.goto(f"/interactions/{interaction_of(api, run)['id']}/")
    album.take(rina, "question-context")
    rina.locator("[form=reveal-form]").first.click()
    album.take(rina, "question-revealed")
    run = ask(api, "Reject it without a reason?", context={"require_reason_on_reject": True})
    rina.goto(f"/interactions/{interaction_of(api, run)['id']}/")
    press(answer_buttons(rina, "r"))
    album.take(rina, "question-reason-needed")


def answering(album: Album, api: httpx.Client) -> None:
    rina = album.person("rina")
    rina.goto(question_of(api, "Refund €4,180"))
    rina.locator("#answer-comment").fill("The bank confirmed the account.")
    press(answer_buttons(rina, "a"))
    expect(rina.locator("[data-step]")).to_be_visible()
    album.take(rina, "answer-step-approve")
    album.person("rina")
    rina.keyboard.press("Escape")
    press(answer_buttons(rina, "r"))
    expect(rina.locator("[data-step]")).to_be_visible()
    album.take(rina, "answer-step-reject")
    rina = album.person("rina")
    rina.goto(question_of(api, "Which carrier"))
    press(rina.locator("#answer .choice input").first)
    press(rina.locator("#answer [data-send]"))
    expect(rina.locator("[data-step]")).to_be_visible()
    album.take(rina, "answer-step-choice")
    rina = album.person("rina")
    run = ask(api, "What do we tell the suppliers?", **TEXT)
    rina.goto(f"/interactions/{interaction_of(api, run)['id']}/")
    rina.locator("#answer [name=value]").fill("That we are sorry.\nAnd what we have changed.")
    rina.locator("#answer-comment").fill("As discussed on Monday.")
    press(rina.locator("#answer [data-send]"))
    expect(rina.locator("[data-step]")).to_be_visible()
    album.take(rina, "answer-step-text")

    album.person("rina")
    run = ask(api, "Still the same question?", context={"amount": "€120"})
    rina.goto(f"/interactions/{interaction_of(api, run)['id']}/")
    rina.locator("#answer-comment").fill("I've read it.")
    rina.locator("#answer [name=seen]").evaluate("field => field.value += 'of another'")
    approve(rina)
    expect(rina.locator("#outcome")).to_be_visible()
    album.take(rina, "answer-changed")

    album.person("rina")
    run = ask(api, "Sent from a tunnel?", context={"amount": "€120"})
    rina.goto(f"/interactions/{interaction_of(api, run)['id']}/")
    rina.locator("#answer-comment").fill("From the train.")
    rina.context.set_offline(True)
    approve(rina)
    expect(rina.locator("#request-status .notice")).to_be_visible()
    album.take(rina, "answer-offline")
    rina.context.set_offline(False)

    album.person("rina")
    run = ask(api, "Answer me and go on?", timeout="2m", context={"amount": "€120"})
    rina.goto(f"/interactions/{interaction_of(api, run)['id']}/")
    approve(rina)
    expect(rina.locator("[data-toast]")).to_be_visible()
    album.take(rina, "answer-toast")

    album.person("rina")
    run = ask(api, "What do we tell the customers?", **TEXT)
    item = interaction_of(api, run)["id"]
    rina.goto(f"/interactions/{item}/")
    rina.locator("#answer [name=value]").fill("That we are sorry, and what we have changed.")
    expect(rina.locator("[data-saved][data-state=ok]")).to_be_visible()
    answer = {"value": "We are sorry.", "comment": "Short is better."}
    api.post(f"/interactions/{item}/respond", json=answer).raise_for_status()
    expect(rina.locator("#outcome")).to_be_visible()
    album.take(rina, "answer-closed-while-typing")
    album.visit(rina, {"answer-closed-kept": f"/interactions/{item}/"})

    album.person("rina")
    run = ask(api, "Signed out while typing?", **TEXT)
    rina.goto(f"/interactions/{interaction_of(api, run)['id']}/")
    cookies = rina.context.cookies()
    rina.context.clear_cookies(name="sessionid")
    rina.locator("#answer [name=value]").fill("The first half.")
    expect(rina.locator("#signed-out")).to_be_visible()
    album.take(rina, "answer-signed-out")
    rina.context.add_cookies(cookies)

    plain = album.page(java_script_enabled=False)
    plain.context.add_cookies(cookies)
    plain.goto(f"/interactions/{interaction_of(api, run)['id']}/")
    plain.locator("#answer [name=value]").fill("The first half, without scripts.")
    plain.context.clear_cookies(name="sessionid")
    plain.locator("#answer [data-send]").click()
    plain.locator("[name=password]").wait_for()
    album.take(plain_copy(album, plain), "answer-kept")


def plain_copy(album: Album, plain: Page) -> Page:
    """The same page where scripts may look at it."""
    page = album.page(bypass_csp=True)
    page.goto("/accounts/login/")
    page.set_content(plain.content())
    return page


def shared(album: Album, api: httpx.Client) -> None:
    """A group's questions: claimed by someone, by oneself, answered by some."""
    rina, lee, tess = album.person("rina"), album.person("lee"), album.person("tess")
    invoice = question_of(api, "Pay invoice")
    lee.goto(invoice)
    press(lee.locator("#claiming [data-sends=claim]"))
    expect(lee.locator("#claiming [data-sends=release]")).to_be_visible()
    album.visit(rina, {"group-claimed-by-lee": invoice})
    access = question_of(api, "Which service accounts")
    rina.set_viewport_size({"width": 1440, "height": 900})
    rina.goto(access)
    press(rina.locator("#claiming [data-sends=claim]"))
    expect(rina.locator("#claiming [data-sends=release]")).to_be_visible()
    album.take(rina, "group-claimed-by-me")
    album.visit(
        rina, {"inbox-claimed": "/inbox/?scope=claimed", "inbox-with-claims": "/inbox/?scope="}
    )
    lee.goto(question_of(api, "Release storefront"))
    approve(lee)
    expect(lee.locator("[data-toast]")).to_be_visible()
    release = question_of(api, "Release storefront")
    album.visit(rina, {"group-one-of-three": release})
    album.visit(tess, {"view-only": release, "view-only-mine": question_of(api, "Refund €4,180")})
    rina.set_viewport_size({"width": 1440, "height": 900})
    rina.goto(release)
    approve(rina)
    expect(rina.locator("[data-toast]")).to_be_visible()
    album.visit(rina, {"group-after-mine": release})


def closed(album: Album, api: httpx.Client) -> None:
    rina = album.person("rina")
    done = api.get("/interactions", params={"status": "completed", "limit": 50}).json()["items"]
    mine = next(one["id"] for one in done if one["target"]["id"] == "user_rina")
    expired = interaction_of(api, ask(api, "Nobody came?", context={"amount": "€120"}))["id"]
    run = ask(api, "Cancelled meanwhile?", context={"amount": "€120"})
    cancelled = interaction_of(api, run)["id"]
    rina.goto(f"/interactions/{cancelled}/")
    api.post(f"/runs/{run}/cancellations").raise_for_status()
    expect(rina.locator("#outcome")).to_be_visible()
    album.take(rina, "closed-cancelled")
    rina.goto(f"/interactions/{expired}/")
    album.product.expire(expired)
    expect(rina.locator("#outcome")).to_be_visible()
    album.take(rina, "closed-expired")
    album.visit(
        rina,
        {"closed-mine": f"/interactions/{mine}/", "receipt": f"/interactions/{mine}/receipt"},
    )


def runs(album: Album, api: httpx.Client) -> None:
    rina, tess = album.person("rina"), album.person("tess")
    released = run_of(tess, "q=storefront")
    cancelled = ask(api, "Cancelled soon?", context={"amount": "€120"})
    api.post(f"/runs/{cancelled}/cancellations").raise_for_status()
    album.visit(rina, {"runs-reviewer": "/runs/", "run-reviewer": released})
    album.visit(
        tess,
        {
            "runs": "/runs/",
            "runs-no-match": "/runs/?q=nothing-has-this",
            "runs-filters": "/runs/filters/",
            "run-suspended": released,
            "run-cancel": f"{released}cancel",
            "run-signal": f"{released}signal",
            "run-replay": f"{released}?nth=4",
            "run-completed": run_of(tess, "status=completed"),
            "run-failed": run_of(tess, "status=failed"),
            "run-cancelled": f"/runs/{cancelled}/",
        },
    )
    tess.set_viewport_size({"width": 1440, "height": 900})
    tess.goto("/runs/?status=suspended")
    tess.locator("#list-view-link").click()
    expect(tess.locator("#list-panel [name=name]")).to_be_visible()
    album.take(tess, "runs-save-view")


def run_of(page: Page, query: str) -> str:
    """The address of the first run that matches."""
    page.goto(f"/runs/?{query}")
    return str(page.locator("a[href^='/runs/run_']").first.get_attribute("href"))


def lead(album: Album, api: httpx.Client) -> None:
    tess = album.person("tess")
    album.visit(
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
    album.take(tess, "blocked-nudged")


def groups(album: Album, api: httpx.Client) -> None:
    album.visit(
        album.person("rina"),
        {"groups": "/groups/", "group": "/groups/approvers/"},
    )
    album.visit(
        album.person("tess"),
        {
            "groups-lead": "/groups/",
            "group-lead": "/groups/approvers/",
            "group-add-unknown": "/groups/approvers/?add=somebody",
            "group-remove": "/groups/approvers/?remove=user_sam",
        },
    )


def account(album: Album, api: httpx.Client) -> None:
    rina = album.person("rina")
    album.visit(
        rina,
        {"notifications": "/notifications/", "drafts": "/drafts/", "account": "/account/"},
    )
    with rina.expect_response("**/account/look"):
        rina.locator("[name=density][value=compact]").check(force=True)
    album.visit(rina, {"inbox-compact": "/inbox/", "runs-compact": "/runs/"})
    rina.goto("/account/")
    with rina.expect_response("**/account/look"):
        rina.locator("[name=density][value=comfortable]").check(force=True)
    rina.set_viewport_size({"width": 1440, "height": 900})
    rina.locator("[name=old_password]").fill("not this")
    rina.locator("[name=new_password1]").fill("short")
    rina.locator("[name=new_password2]").fill("other")
    rina.locator("#password [type=submit]").click()
    album.take(rina, "account-password-error")


def administration(album: Album, api: httpx.Client) -> None:
    admin = album.person("admin")
    album.visit(
        admin,
        {"inbox-admin": "/inbox/", "connection": "/connection/", "permissions": "/permissions/"},
    )
    admin.goto("/connection/")
    sam = admin.locator("tr", has_text="user_sam")
    path = sam.locator("a[href$='/deactivate']").get_attribute("href")
    album.visit(admin, {"connection-deactivate": str(path)})
    admin.goto("/connection/")
    admin.set_viewport_size({"width": 1440, "height": 900})
    admin.locator("tr", has_text="user_sam").locator("form[action$='/link'] button").click()
    expect(admin.locator("body")).to_contain_text("/accounts/link/?token=")
    album.take(admin, "connection-link")
    link = re.search(r"/accounts/link/\?token=[^\"<\s]+", admin.content())
    assert link is not None
    album.visit(album.page(), {"link": html.unescape(link[0])})
    album.visit(
        admin,
        {
            "admin": "/admin/",
            "admin-people": "/admin/auth/user/",
            "admin-person": "/admin/auth/user/1/change/",
        },
    )
    album.product.manage(
        "add_person",
        "nora",
        "--mobius-id",
        "user_nora",
        "--password-stdin",
        told="a quiet harbour\n",
    )
    nora = album.person("nora", password="a quiet harbour")
    album.visit(
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


def errors(album: Album, api: httpx.Client) -> None:
    rina = album.person("rina")
    album.visit(
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
    album.visit(rina, {"error-offline": "/inbox/"})
    rina.context.set_offline(False)
    page = album.page()
    for name in ("400", "403_csrf", "413", "500", "503"):
        page.route(f"**/{name}", partial(show, text=rendered(album, name)))
        album.visit(page, {f"error-{name}": f"/{name}"})


def show(route: Route, text: str) -> None:
    route.fulfill(body=text, content_type="text/html")


def rendered(album: Album, name: str) -> str:
    """The page of a fault that no one can bring about."""
    return album.product.manage(
        "shell",
        "--no-imports",
        "-c",
        "from django.template.loader import render_to_string;"
        "from django.utils import translation;"
        "from django.test import RequestFactory;"
        f"translation.activate({album.language!r});"
        "context = {'request': RequestFactory().get('/runs/'), 'page': '/connection/'};"
        f"print(render_to_string('{name}.html', context))",
    )


def outages(album: Album, api: httpx.Client) -> None:
    """The last ones: the engine stands still, then the database is away."""
    rina, admin = album.person("rina"), album.person("admin")
    address = question_of(api, "Who owns the follow-up")
    engine = album.product.engine_pid()
    os.kill(engine, signal.SIGSTOP)
    try:
        rina.goto("/inbox/")
        expect(rina.locator("[data-stale]")).to_be_visible(timeout=120_000)
        album.visit(rina, {"down-inbox": "/inbox/", "down-question": address})
        album.visit(admin, {"down-connection": "/connection/"})
    finally:
        os.kill(engine, signal.SIGCONT)


def setup(album: Album, api: httpx.Client) -> None:
    """The first minutes beside a Mobius that offers what the guide names."""
    with GuideServer() as server, tempfile.TemporaryDirectory() as name:
        upstream = {
            "MOBIUS_BASE_URL": server.base_url,
            "MOBIUS_PROJECT": "demo",
            "MOBIUS_API_KEY": server.key,
        }
        product = Product(Path(name), {**environment(Path(name), "screens_setup"), **upstream})
        product.start()
        first = album.beside(product)
        try:
            page = first.page()
            link = product.manage("setup_link").strip().splitlines()[-1]
            first.visit(page, {"setup-link": link})
            page.locator("[name=username]").fill("ada")
            page.locator("[name$=password1]").fill("a quiet harbour")
            page.locator("[name$=password2]").fill("a quiet harbour")
            page.locator(".login [type=submit]").click()
            page.wait_for_url("**/connection/")
            first.take(page, "setup-connection")
            first.visit(page, {"setup-inbox": "/inbox/"})
        finally:
            product.kill()


SUBJECTS: tuple[Callable[[Album, httpx.Client], None], ...] = (
    signed_out,
    second_factor,
    provider,
    inbox,
    questions,
    finding,
    memory,
    answering,
    held,
    batches,
    shared,
    closed,
    runs,
    lead,
    groups,
    account,
    administration,
    errors,
    outages,
    setup,
)


def take_all(album: Album, only: list[str] | None) -> bool:
    """Take each subject; whether none failed."""
    succeeded = True
    with album.product.api() as api:
        for subject in SUBJECTS:
            if only and subject.__name__ not in only:
                continue
            try:
                subject(album, api)
            except (AssertionError, Error, StopIteration, httpx.HTTPError):
                traceback.print_exc()
                succeeded = False
    return succeeded


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--language", choices=LOCALES, default="en")
    parser.add_argument("--only", nargs="+", choices=[one.__name__ for one in SUBJECTS])
    parser.add_argument("--widths", nargs="+", type=int)
    given = parser.parse_args()
    language = given.language
    folder = given.folder or Path(tempfile.gettempdir()) / f"reviewer-screens-{language}"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        product = Product(Path(data), environment(Path(data), "screens"))
        product.start()
        browser = chromium.launch(playwright)
        try:
            product.manage("demo", "--history", "40", "--seed", "1")
            # The service worker is fetched in the browser's own language, not in that of a page.
            product.manage(
                "shell",
                "--no-imports",
                "-c",
                f"from inbox.models import Reviewer;Reviewer.objects.update(language={language!r})",
            )
            album = Album(
                browser,
                product,
                folder,
                widths=given.widths or WIDTHS[language],
                themes=THEMES[language],
                language=language,
            )
            succeeded = take_all(album, given.only)
            album.sheets()
        finally:
            browser.close()
            product.kill()
    print(folder)
    return 0 if succeeded else 1


if __name__ == "__main__":
    sys.exit(main())
