"""Three people answer a question together, each in their own browser, while a lead watches."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.arrivals import arrived, open_item
from tests.e2e.conftest import SignIn
from tests.support.pages import ARMED, approve, box_of, confirm, press
from tests.support.product import Product, ask, interaction_of

APPROVERS = {"type": "group", "id": "approvers"}
BOARD = {"type": "group", "id": "change-board"}


@pytest.mark.browser
@pytest.mark.parametrize("scope", ["claimed", "waiting-others"])
def test_a_phone_shows_in_one_place_which_part_of_the_list_is_open(
    sign_in: SignIn, scope: str
) -> None:
    page = sign_in("lee", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.goto(f"/inbox/?scope={scope}")
    title = page.get_by_role("heading", level=1).inner_text()
    chosen = page.locator(".filters [aria-current]:visible")
    expect(chosen).to_have_count(1)
    expect(chosen).to_contain_text(title)
    expect(page.locator(".tabs [aria-current]")).to_contain_text("Inbox")
    page.locator(".filters").get_by_role("link", name="All", exact=True).tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")


def test_a_claim_is_shown_to_all_and_another_can_claim_what_is_released(
    sign_in: SignIn, api: httpx.Client
) -> None:
    rina, sam, lee = (sign_in(name) for name in ("rina", "sam", "lee"))
    run_id = ask(api, "Who takes it?", target=APPROVERS)
    for page in (rina, sam, lee):
        open_item(page, "Who takes it?")
    rina.get_by_label("Comment").fill("Half typed")
    press(lee.locator("#claiming").get_by_role("button", name="Claim"))
    expect(lee.locator("#claiming").get_by_role("button", name="Release")).to_be_visible()
    for page in (rina, sam):
        # Below the text that Rina has typed, it is a banner.
        said = page.get_by_role("status").filter(has_text=re.compile("Lee (has )?claimed this"))
        expect(said).to_have_count(1)
        expect(page.locator("#detail")).to_contain_text("Lee")
        approve_now = page.get_by_role("button", name="Approve", disabled=False)
        expect(approve_now).to_have_count(0)
    expect(rina.get_by_label("Comment")).to_have_value("Half typed")
    for page in (sam, lee):
        page.set_viewport_size({"width": 390, "height": 844})
        reject, approve_ = (
            box_of(page.locator(f".decide [data-asks] [value={value}]"))
            for value in ("false", "true")
        )
        assert reject["x"] + reject["width"] < approve_["x"]
        page.set_viewport_size({"width": 1440, "height": 900})
    press(lee.locator("#claiming").get_by_role("button", name="Release"))
    press(sam.locator("#claiming").get_by_role("button", name="Claim"))
    expect(sam.locator("#claiming").get_by_role("button", name="Release")).to_be_visible()
    expect(lee.locator("#detail")).to_contain_text("Sam")
    approve(sam)
    over = lee.locator(".row", has_text="Who takes it?")
    expect(over).to_contain_text("Sam approved")
    ask(api, "What comes next?", target=APPROVERS)
    open_item(lee, "What comes next?")
    expect(over).to_have_count(0)
    assert interaction_of(api, run_id)["claimed_by"] == "user_sam"


def test_everyone_must_answer_and_the_lead_sees_it_complete(
    sign_in: SignIn, api: httpx.Client
) -> None:
    rina, sam, lee, tess = (sign_in(name) for name in ("rina", "sam", "lee", "tess"))
    run_id = ask(api, "Do we all agree?", target=BOARD)
    for page in (rina, sam, lee):
        open_item(page, "Do we all agree?")
    tess.goto(f"/runs/{run_id}/")
    expect(tess.locator("body")).to_contain_text("0 of 3")
    approve(rina)
    expect(tess.locator("body")).to_contain_text("1 of 3")
    expect(sam.locator("#members")).to_contain_text("1 of 3 answered")
    expect(rina.locator(".row", has_text="Do we all agree?")).to_have_count(0)
    rina.goto("/inbox/?scope=waiting-others")
    expect(arrived(rina, "Do we all agree?")).to_be_visible()
    press(lee.get_by_role("button", name="Approve"))
    step = lee.locator(ARMED)
    expect(step).to_be_focused()
    expect(lee.locator("#answer-card")).to_contain_text("Yours will be answer 2 of 3")
    approve(sam)
    expect(tess.locator("body")).to_contain_text("2 of 3")
    expect(lee.locator("#answer-card")).to_contain_text("Yours is the last")
    expect(step).to_be_focused()
    confirm(lee)
    expect(tess.locator("[data-run-status='completed']").first).to_be_visible()
    expect(rina.locator(".row", has_text="Do we all agree?")).to_have_count(0)
    assert interaction_of(api, run_id)["status"] == "completed"


def test_a_member_who_leaves_the_group_can_still_answer(sign_in: SignIn, api: httpx.Client) -> None:
    tess, lee = sign_in("tess"), sign_in("lee")
    run_id = ask(api, "Asked before leaving?", target=BOARD)
    open_item(lee, "Asked before leaving?")
    api.delete("/groups/change-board/members/user_lee").raise_for_status()
    try:
        tess.goto(f"/interactions/{interaction_of(api, run_id)['id']}/")
        expect(tess.locator("#members")).to_contain_text("Lee")
        approve(lee)
        expect(tess.locator("#members")).to_contain_text("1 of 3 answered")
    finally:
        added = api.post("/groups/change-board/members", json={"user_id": "user_lee"})
        added.raise_for_status()


def test_a_question_that_expires_keeps_the_text_of_both_who_were_typing(
    sign_in: SignIn, api: httpx.Client, product: Product
) -> None:
    rina, sam = sign_in("rina"), sign_in("sam")
    run_id = ask(
        api,
        "Quick, before it closes?",
        type="input",
        target=APPROVERS,
        spec={"mode": "input", "multiline": True},
    )
    for page, words in ((rina, "Rina was typing"), (sam, "Sam was typing")):
        open_item(page, "Quick, before it closes?")
        page.locator("#detail form [name=value]").fill(words)
    product.expire(interaction_of(api, run_id)["id"])
    for page, words in ((rina, "Rina was typing"), (sam, "Sam was typing")):
        expect(page.locator("#detail")).to_contain_text("xpired")
        expect(page.get_by_role("button", name="Send answer")).to_have_count(0)
        expect(page.locator("#detail form [name=value]")).to_have_value(words)
    assert interaction_of(api, run_id)["status"] == "expired"
