import os
import signal

import httpx
from playwright.sync_api import Page, expect

from tests.e2e.arrivals import arrived
from tests.support.pages import ARMED, confirm_as_of_another_version, press
from tests.support.product import ask, interaction_of
from tests.tour.tour import Subject, Tour, answer_buttons, approve, question_of

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


def inbox(tour: Tour, api: httpx.Client) -> None:
    rina = tour.person("rina")
    tour.visit(
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
    tour.show(rina, "inbox-arrivals")
    rina.keyboard.press("?")
    tour.show(rina, "inbox-keys")


def questions(tour: Tour, api: httpx.Client) -> None:
    rina = tour.person("rina")
    tour.visit(
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
    tour.show(rina, "question-text-draft")
    run = ask(api, "What happened on Tuesday?", **TEXT)
    rina.goto(f"/interactions/{interaction_of(api, run)['id']}/")
    press(rina.locator("#answer [data-send]"))
    expect(rina.locator("#answer-errors")).to_be_visible()
    tour.show(rina, "question-error")
    run = ask(api, "Which plan do we follow?", context=CONTEXT, type="review", spec=CHOICE)
    rina.goto(f"/interactions/{interaction_of(api, run)['id']}/")
    tour.show(rina, "question-context")
    rina.locator("[form=reveal-form]").first.click()
    tour.show(rina, "question-revealed")
    run = ask(api, "Reject it without a reason?", context={"require_reason_on_reject": True})
    rina.goto(f"/interactions/{interaction_of(api, run)['id']}/")
    press(answer_buttons(rina, "r"))
    tour.show(rina, "question-reason-needed")


def finding(tour: Tour, api: httpx.Client) -> None:
    rina = tour.person("rina")
    tour.visit(
        rina,
        {
            "search": "/search/?q=refund",
            "search-nothing": "/search/?q=nothing-has-this",
            "inbox-found": "/inbox/?q=refund",
            "inbox-chips": "/inbox/?due=today&sort=workflow&claimed=no",
            "inbox-filters": "/inbox/filters/",
            "inbox-drafts": "/inbox/?drafts=yes",
            "done-filtered": "/inbox/?scope=done&answer=approved&closed=7",
            "done-failed": "/inbox/?scope=done&failed=yes",
            "view-new": "/views/new/?sort=workflow",
        },
    )
    rina.goto("/views/new/?sort=workflow")
    rina.locator("#view-form [name=name]").fill("By workflow")
    rina.locator("#view-form [type=submit]").first.click()
    rina.wait_for_url("**/inbox/**")
    tour.show(rina, "inbox-view")
    rina.goto("/inbox/")
    rina.locator("#list-filter-link").first.click()
    tour.show(rina, "inbox-filters-panel")
    rina.goto(question_of(api, "Which carrier"))
    rina.keyboard.press("Control+k")
    expect(rina.locator("#palette")).to_be_visible()
    tour.show(rina, "palette")
    rina.locator("#palette-input").fill("invoice")
    expect(rina.locator("#palette-found [role=option]").first).to_be_visible()
    tour.show(rina, "palette-found")


def memory(tour: Tour, api: httpx.Client) -> None:
    rina, tess = tour.person("rina"), tour.person("tess")
    tess.goto("/templates/")
    tour.show(tess, "templates-none")
    for text in ("Approved. The amount is within the limit.", "Please add the supplier's invoice."):
        tess.locator("form[aria-labelledby=add-template] textarea").fill(text)
        tess.locator("form[aria-labelledby=add-template] [type=submit]").click()
        expect(tess.locator(".said", has_text=text)).to_be_visible()
    tour.show(tess, "templates")
    tess.locator(".templates").get_by_role("link", name="Edit").first.click()
    expect(tess.locator("form[aria-labelledby=edit-template]")).to_be_visible()
    tour.show(tess, "template-edit")
    narrow(rina, api, "Later today, pelican", 3)
    rina.locator(".row").first.click()
    expect(rina.locator("#answer")).to_be_visible()
    rina.locator("#answer [data-templates]").click()
    expect(rina.locator("#comment-templates [role=menuitem]").first).to_be_visible()
    tour.show(rina, "question-templates")
    rina.keyboard.press("Escape")
    rina.locator(".row").first.focus()
    rina.keyboard.press("h")
    expect(rina.locator("#snooze")).to_be_visible()
    tour.show(rina, "snooze-dialog")
    rina.locator("#snooze [name=until]").evaluate("(f) => { f.value = f.min; f.stepUp(5); }")
    rina.locator("#snooze .btn--primary").click()
    expect(rina.locator("#toasts .toast")).to_be_visible()
    tour.show(rina, "snooze-toast")
    tour.visit(rina, {"inbox-snoozed": "/inbox/?snoozed=yes"})

    rina.goto("/inbox/focus/?q=pelican")
    expect(rina.locator("#answer")).to_be_visible()
    tour.show(rina, "focus")
    for number in (1, 2):
        expect(rina.locator("#focus-words")).to_contain_text(str(number))
        press(rina.locator("#detail [data-key=j]"))
    expect(rina.locator("#detail .empty")).to_be_visible()
    tour.show(rina, "focus-end")

    rina.goto("/inbox/")
    closed, asked = (ask(api, f"Pelican, {which}?") for which in ("closed", "asked"))
    expect(arrived(rina, "Pelican, asked?")).to_be_visible()
    item = interaction_of(api, closed)["id"]
    rina.goto(f"/inbox/?q=pelican&item={item}")
    api.post(f"/interactions/{item}/respond", json={"value": True}).raise_for_status()
    expect(rina.locator("#outcome")).to_be_visible()
    tour.show(rina, "inbox-answered-by-another")
    path = f"/interactions/{interaction_of(api, asked)['id']}/"
    tour.visit(
        rina,
        {
            "question-suggested": f"{path}?answer=true&comment=As+discussed.",
            "question-suggestion-left-out": f"{path}?answer=approve&comment=As+discussed.",
            "similar": f"{path}similar",
        },
    )


def answering(tour: Tour, api: httpx.Client) -> None:
    rina = tour.person("rina")
    run = ask(api, "Refund €1,860 for order Q-48211?", context={"amount": "€1,860.00"})
    rina.goto(f"/interactions/{interaction_of(api, run)['id']}/")
    rina.locator("#answer-comment").fill("The bank confirmed the account.")
    press(answer_buttons(rina, "a"))
    expect(rina.locator(ARMED)).to_be_visible()
    tour.show(rina, "answer-step-approve")
    tour.person("rina")
    rina.keyboard.press("Escape")
    press(answer_buttons(rina, "r"))
    expect(rina.locator(ARMED)).to_be_visible()
    tour.show(rina, "answer-step-reject")
    rina = tour.person("rina")
    rina.goto(question_of(api, "Which carrier"))
    press(rina.locator("#answer .choice input").first)
    press(rina.locator("#answer [data-send]"))
    expect(rina.locator(ARMED)).to_be_visible()
    tour.show(rina, "answer-step-choice")
    rina = tour.person("rina")
    run = ask(api, "What do we tell the suppliers?", **TEXT)
    rina.goto(f"/interactions/{interaction_of(api, run)['id']}/")
    rina.locator("#answer [name=value]").fill("That we are sorry.\nAnd what we have changed.")
    rina.locator("#answer-comment").fill("As discussed on Monday.")
    press(rina.locator("#answer [data-send]"))
    expect(rina.locator(ARMED)).to_be_visible()
    tour.show(rina, "answer-step-text")

    tour.person("rina")
    run = ask(api, "Still the same question?", context={"amount": "€120"})
    rina.goto(f"/interactions/{interaction_of(api, run)['id']}/")
    rina.locator("#answer-comment").fill("I've read it.")
    press(answer_buttons(rina, "a"))
    confirm_as_of_another_version(rina)
    expect(rina.locator("#outcome")).to_be_visible()
    tour.show(rina, "answer-changed")

    tour.person("rina")
    run = ask(api, "Sent from a tunnel?", context={"amount": "€120"})
    rina.goto(f"/interactions/{interaction_of(api, run)['id']}/")
    rina.locator("#answer-comment").fill("From the train.")
    rina.context.set_offline(True)
    approve(rina)
    expect(rina.locator("#request-status .notice")).to_be_visible()
    tour.show(rina, "answer-offline")
    rina.context.set_offline(False)

    tour.person("rina")
    run = ask(api, "Answer me and go on?", timeout="2m", context={"amount": "€120"})
    rina.goto(f"/interactions/{interaction_of(api, run)['id']}/")
    approve(rina)
    expect(rina.locator("[data-toast]")).to_be_visible()
    tour.show(rina, "answer-toast")

    tour.person("rina")
    run = ask(api, "What do we tell the customers?", **TEXT)
    item = interaction_of(api, run)["id"]
    rina.goto(f"/interactions/{item}/")
    rina.locator("#answer [name=value]").fill("That we are sorry, and what we have changed.")
    expect(rina.locator("[data-saved][data-state=ok]")).to_be_visible()
    answer = {"value": "We are sorry.", "comment": "Short is better."}
    api.post(f"/interactions/{item}/respond", json=answer).raise_for_status()
    expect(rina.locator("#outcome")).to_be_visible()
    tour.show(rina, "answer-closed-while-typing")
    tour.visit(rina, {"answer-closed-kept": f"/interactions/{item}/"})

    tour.person("rina")
    run = ask(api, "Signed out while typing?", **TEXT)
    rina.goto(f"/interactions/{interaction_of(api, run)['id']}/")
    cookies = rina.context.cookies()
    rina.context.clear_cookies(name="sessionid")
    rina.locator("#answer [name=value]").fill("The first half.")
    expect(rina.locator("#signed-out")).to_be_visible()
    tour.show(rina, "answer-signed-out")
    rina.context.add_cookies(cookies)

    plain = tour.page(java_script_enabled=False)
    plain.context.add_cookies(cookies)
    plain.goto(f"/interactions/{interaction_of(api, run)['id']}/")
    plain.locator("#answer [name=value]").fill("The first half, without scripts.")
    plain.context.clear_cookies(name="sessionid")
    plain.locator("#answer [data-send]").click()
    plain.locator("[name=password]").wait_for()
    tour.show(plain_copy(tour, plain), "answer-kept")


def plain_copy(tour: Tour, plain: Page) -> Page:
    page = tour.page(bypass_csp=True)
    page.goto("/accounts/login/")
    page.set_content(plain.content())
    return page


def held(tour: Tour, api: httpx.Client) -> None:
    sam = tour.person("sam")
    choose_undo(tour, seconds=60)
    mine = {"target": {"type": "user", "id": "user_sam"}, "context": {"amount": "€120"}}
    runs = [ask(api, f"Held, number {n}?", **mine) for n in (1, 2, 3)]
    first, second, _third = (f"/interactions/{interaction_of(api, run)['id']}/" for run in runs)
    sam.goto("/inbox/")
    expect(arrived(sam, "Held, number 3?")).to_be_visible()
    sam.goto(first)
    sam.locator("#answer-comment").fill("Agreed on Monday.")
    press(answer_buttons(sam, "a"))
    expect(sam.locator("#held-answers .toast")).to_be_visible()
    tour.show(sam, "held-next")
    tour.visit(sam, {"held-question": first})
    choose_undo(tour, seconds=10)
    sam.goto(second)
    sam.locator("#answer-comment").fill("No longer needed.")
    press(answer_buttons(sam, "a"))
    expect(sam.locator("#held-answers .toast", has_text="Held, number 2?")).to_be_visible()
    api.post(f"/runs/{runs[1]}/cancellations").raise_for_status()
    expect(sam.locator("#returned-answers .notice")).to_be_visible(timeout=90_000)
    tour.show(sam, "held-returned")


def signing_out(tour: Tour, api: httpx.Client) -> None:
    sam = tour.person("sam")
    choose_undo(tour, seconds=60)
    run = ask(api, "Held at the end?", target={"type": "user", "id": "user_sam"})
    sam.goto(f"/interactions/{interaction_of(api, run)['id']}/")
    press(answer_buttons(sam, "a"))
    expect(sam.locator("#held-answers .toast")).to_be_visible()
    sam.goto("/account/")
    sam.locator("form[action='/accounts/logout/'] button").click()
    expect(sam.locator("[name=undo]")).to_be_visible()
    tour.show(sam, "held-sign-out")


def choose_undo(tour: Tour, *, seconds: int) -> None:
    tour.product.manage(
        "shell",
        "--no-imports",
        "-c",
        "from inbox.models import Reviewer;"
        "Reviewer.objects.filter(user__username='sam')"
        f".update(answer_guard='undo', undo_seconds={seconds})",
    )


def batches(tour: Tour, api: httpx.Client) -> None:
    rina = tour.person("rina")
    asked = narrow(rina, api, "Pay the invoice of Tanglewood", 6)
    rina.locator(".row-tick").first.check(force=True)
    tour.show(rina, "inbox-selected")
    rina.locator("#list-select [name=all]").check()
    rina.locator("#list-select [value=approve]").click()
    expect(rina.locator(".batch-row")).to_have_count(len(asked))
    rina.locator(".batch-foot [name=comment]").fill("As ordered.")
    tour.show(rina, "batch-preview")
    api.post(f"/runs/{asked[2]}/cancellations")
    engine = tour.product.engine_pid()
    os.kill(engine, signal.SIGSTOP)
    try:
        press(rina.locator(".batch-foot .btn--primary"))
        expect(rina.locator(".batch-progress")).to_be_visible()
        tour.show(rina, "batch-progress")
    finally:
        os.kill(engine, signal.SIGCONT)
    expect(rina.locator(".batch-progress")).to_have_count(0)
    tour.show(rina, "batch-results")
    tour.visit(rina, {"inbox-batch": "/inbox/"})


def narrow(page: Page, api: httpx.Client, word: str, number: int) -> list[str]:
    page.goto("/inbox/")
    asked = [ask(api, f"{word} {n}?", context={"amount": "€120"}) for n in range(1, number + 1)]
    expect(arrived(page, f"{word} {number}?")).to_be_visible()
    page.goto(f"/inbox/?q={word.rsplit(maxsplit=1)[-1]}")
    return asked


def shared(tour: Tour, api: httpx.Client) -> None:
    rina, lee, tess = tour.person("rina"), tour.person("lee"), tour.person("tess")
    invoice = question_of(api, "Pay invoice")
    lee.goto(invoice)
    press(lee.locator("#claiming [data-sends=claim]"))
    expect(lee.locator("#claiming [data-sends=release]")).to_be_visible()
    tour.visit(rina, {"group-claimed-by-lee": invoice})
    access = question_of(api, "Which service accounts")
    rina.set_viewport_size({"width": 1440, "height": 900})
    rina.goto(access)
    press(rina.locator("#claiming [data-sends=claim]"))
    expect(rina.locator("#claiming [data-sends=release]")).to_be_visible()
    tour.show(rina, "group-claimed-by-me")
    tour.visit(
        rina, {"inbox-claimed": "/inbox/?scope=claimed", "inbox-with-claims": "/inbox/?scope="}
    )
    lee.goto(question_of(api, "Release storefront"))
    approve(lee)
    expect(lee.locator("[data-toast]")).to_be_visible()
    release = question_of(api, "Release storefront")
    tour.visit(rina, {"group-one-of-three": release})
    tour.visit(tess, {"view-only": release, "view-only-mine": question_of(api, "Which carrier")})
    rina.set_viewport_size({"width": 1440, "height": 900})
    rina.goto(release)
    approve(rina)
    expect(rina.locator("[data-toast]")).to_be_visible()
    tour.visit(rina, {"group-after-mine": release})


def closed(tour: Tour, api: httpx.Client) -> None:
    rina = tour.person("rina")
    done = api.get("/interactions", params={"status": "completed", "limit": 50}).json()["items"]
    mine = next(one["id"] for one in done if one["target"]["id"] == "user_rina")
    expired = interaction_of(api, ask(api, "Nobody came?", context={"amount": "€120"}))["id"]
    run = ask(api, "Cancelled meanwhile?", context={"amount": "€120"})
    cancelled = interaction_of(api, run)["id"]
    rina.goto(f"/interactions/{cancelled}/")
    api.post(f"/runs/{run}/cancellations").raise_for_status()
    expect(rina.locator("#outcome")).to_be_visible()
    tour.show(rina, "closed-cancelled")
    rina.goto(f"/interactions/{expired}/")
    tour.product.expire(expired)
    expect(rina.locator("#outcome")).to_be_visible()
    tour.show(rina, "closed-expired")
    tour.visit(
        rina,
        {"closed-mine": f"/interactions/{mine}/", "receipt": f"/interactions/{mine}/receipt"},
    )


def account(tour: Tour, api: httpx.Client) -> None:
    rina = tour.person("rina")
    tour.visit(
        rina,
        {"notifications": "/notifications/", "drafts": "/drafts/", "account": "/account/"},
    )
    with rina.expect_response("**/account/look"):
        rina.locator("[name=density][value=compact]").check(force=True)
    tour.visit(rina, {"inbox-compact": "/inbox/", "runs-compact": "/runs/"})
    rina.goto("/account/")
    with rina.expect_response("**/account/look"):
        rina.locator("[name=density][value=comfortable]").check(force=True)
    rina.set_viewport_size({"width": 1440, "height": 900})
    rina.locator("[name=old_password]").fill("not this")
    rina.locator("[name=new_password1]").fill("short")
    rina.locator("[name=new_password2]").fill("other")
    rina.locator("#password [type=submit]").click()
    tour.show(rina, "account-password-error")


SUBJECTS: tuple[Subject, ...] = (
    inbox,
    questions,
    finding,
    memory,
    answering,
    held,
    signing_out,
    batches,
    shared,
    closed,
    account,
)
