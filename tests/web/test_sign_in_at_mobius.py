from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from inbox.models import Credential, DeviceSignIn, Reviewer, TokenRevocation, Upstream
from inbox.people import device_sign_ins, vault
from tests.support.desk import Desk
from tests.support.scripted_server import Reply
from tests.support.tags import text_of
from tests.web.cast import HTMX, sign_in

State = DeviceSignIn.State
CODE = r"/device/code$"
LINK = "https://mobius.example/device?code=BCDF-GHJK"
BEGUN = {
    "device_code": "secret-code",
    "user_code": "BCDF-GHJK",
    "verification_uri": "https://mobius.example/device",
    "verification_uri_complete": LINK,
    "expires_in": 600,
    "interval": 5,
}


@pytest.fixture
def rina(later_desk: Desk) -> Client:
    Credential.objects.all().delete()
    later_desk.server.on("POST", CODE, Reply(200, BEGUN), always=True)
    return sign_in("rina")


def page_of(client: Client, path: str = "/account/", **headers: str) -> str:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def begin(client: Client) -> DeviceSignIn:
    answer = client.post("/account/sign-in")
    assert (answer.status_code, answer["Location"]) == (303, "/account/")
    return DeviceSignIn.objects.get()


def test_it_shows_code_link_and_qr_code_until_it_is_cancelled(rina: Client) -> None:
    assert "Sign in at Mobius" in page_of(rina)
    begin(rina)
    page = page_of(rina)
    for shown in (
        "BCDF-GHJK",
        f'href="{LINK}"',
        "<svg",
        "expires in 9 min",
        'hx-trigger="every 2s"',
    ):
        assert shown in page
    assert "secret-code" not in page
    assert rina.post("/account/sign-in/cancel").status_code == 303
    assert not DeviceSignIn.objects.exists()
    assert "Or paste a member token" in page_of(rina)


def test_the_section_is_fetched_on_its_own(rina: Client) -> None:
    begin(rina)
    section = page_of(rina, "/account/sign-in", **HTMX)
    assert "<html" not in section
    assert 'id="token"' in section
    DeviceSignIn.objects.all().delete()
    assert 'name="token"' in page_of(rina, "/account/sign-in", **HTMX)


@pytest.mark.parametrize(
    ("state", "fields", "words"),
    [
        (State.DENIED, {}, "The sign-in was denied in Mobius."),
        (State.EXPIRED, {}, "The code expired before the sign-in was approved."),
        (State.FAILED, {}, "Mobius ended the sign-in without a reason."),
        (State.FAILED, {"message": "No seats left."}, "Mobius ended the sign-in: No seats left."),
        (State.NOT_ADOPTED, {"reason": "other_project"}, "The token is for another project"),
        (
            State.NOT_ADOPTED,
            {"reason": "another_owner", "owner": "user_sam"},
            "You signed in there as user_sam, and your Mobius ID is user_rina.",
        ),
        (State.NOT_ADOPTED, {"reason": "taken", "owner": "user_sam"}, "of another account"),
        (State.NOT_ADOPTED, {"reason": "late", "owner": "user_rina"}, "within 10 minutes that you"),
        (State.NOT_ADOPTED, {"reason": "not_a_person"}, "doesn't belong to a person"),
        (State.NOT_ADOPTED, {"reason": "unknown"}, "doesn't accept the token that it issued"),
        (State.NOT_ADOPTED, {"reason": "unreachable"}, "couldn't check the token with Mobius"),
    ],
)
def test_each_end_has_a_sentence(
    rina: Client, state: str, fields: dict[str, str], words: str
) -> None:
    begin(rina)
    DeviceSignIn.objects.update(state=state, next_at=None, sealed=b"", **fields)
    page = page_of(rina)
    assert words in text_of(page)
    assert "Sign in at Mobius again" in page
    assert 'hx-get="/account/sign-in"' not in page
    begin(rina)
    assert DeviceSignIn.objects.get().state == State.PENDING


def test_after_a_404_it_says_so_and_is_hidden(later_desk: Desk, rina: Client) -> None:
    later_desk.server.forget()
    later_desk.server.on("POST", CODE, Reply(404))
    answer = rina.post("/account/sign-in")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "This Mobius doesn&#x27;t offer signing in from here" in page
    assert 'name="token"' in page
    assert 'action="/account/sign-in"' not in page
    assert "Sign in at Mobius" not in page_of(rina)


def test_too_many_and_failed_starts_are_explained(later_desk: Desk, rina: Client) -> None:
    for _ in range(10):
        begin(rina)
    answer = rina.post("/account/sign-in")
    assert answer.status_code == 429
    assert "You&#x27;ve started 10 sign-ins within a minute" in answer.content.decode()
    later_desk.server.forget()
    for reply, words in ((Reply(503), "start the sign-in"), (Reply(429), "limiting requests")):
        later_desk.server.on("POST", CODE, reply)
        refused = sign_in("sam").post("/account/sign-in")
        assert refused.status_code == 422
        assert words in refused.content.decode()


def test_the_person_confirms_whose_token_it_is(later_desk: Desk, rina: Client) -> None:
    Reviewer.objects.update(mobius_id=None)
    for mine in ("no", "yes"):
        begin(rina)
        token = vault.seal(later_desk.project.tokens["user_rina"])
        DeviceSignIn.objects.update(
            state=State.UNCONFIRMED, owner="user_rina", sealed=token, credential_id="cred_0"
        )
        assert "This token belongs to user_rina. Is that you?" in page_of(rina)
        rina.post("/account/token/confirm", {"mine": mine, "owner": "user_rina"})
        assert not DeviceSignIn.objects.exists()
        assert TokenRevocation.objects.count() == 1
    stored = Credential.objects.get()
    assert (stored.credential_id, stored.reviewer.mobius_id) == ("cred_0", "user_rina")
    assert "Your member token was saved." in page_of(rina)


def test_removing_says_what_becomes_of_the_token_in_mobius(later_desk: Desk) -> None:
    rina = sign_in("rina")
    Credential.objects.filter(reviewer__user__username="sam").delete()
    assert "until you revoke it there" in text_of(page_of(rina))
    Credential.objects.update(credential_id="cred_0")
    assert "Mobius revokes it" in text_of(page_of(rina))
    rina.post("/account/token/remove", {"confirmed": "1"})
    assert TokenRevocation.objects.get().credential_id == "cred_0"


def test_a_revocation_that_fails_is_shown_to_the_person_and_to_administrators(
    later_desk: Desk, rina: Client
) -> None:
    reviewer, now = Reviewer.objects.get(user__username="rina"), timezone.now()
    TokenRevocation.objects.create(
        reviewer=reviewer,
        upstream=Upstream.current(),
        name="rina",
        last_four="ab12",
        credential_id="cred_0",
        created_at=now,
        tries=1,
        next_at=now + timedelta(minutes=1),
    )
    administrator: Any = sign_in("admin")
    assert "Mobius hasn't revoked a token of yours yet" in text_of(page_of(rina))
    assert "ab12" not in page_of(administrator, "/connection/")
    TokenRevocation.objects.update(failed_at=now, next_at=None)
    assert "Mobius couldn't be told to revoke a token of yours" in text_of(page_of(rina))
    assert "the member token …ab12 of rina" in text_of(page_of(administrator, "/connection/"))
    assert "ab12" not in page_of(sign_in("sam"))


def test_generation_a_doesnt_offer_it(desk: Desk) -> None:
    Credential.objects.all().delete()
    rina = sign_in("rina")
    assert "Sign in at Mobius" not in page_of(rina)
    assert rina.post("/account/sign-in").status_code == 422
    assert not DeviceSignIn.objects.exists()


def test_a_sign_in_ends_with_its_page_after_a_day(later_desk: Desk, rina: Client) -> None:
    begin(rina)
    DeviceSignIn.objects.update(state=State.DENIED, next_at=None, sealed=b"")
    device_sign_ins.tidy()
    assert DeviceSignIn.objects.exists()
    DeviceSignIn.objects.update(expires_at=timezone.now() - timedelta(days=1))
    device_sign_ins.tidy()
    assert not DeviceSignIn.objects.exists()
