"""Numbers arrive on the page, in the raw JSON and in the log as Mobius sent them."""

from decimal import Decimal

from django.test import Client

from inbox.answering.shown_version import digest
from inbox.audit.verify import verify
from inbox.lib import exact
from inbox.mobius import body
from inbox.models import Decision, Interaction
from tests.support.snapshots import ask
from tests.web.cast import soon, tell
from tests.web.test_decisions_page import answer

SENT = """{"id": 12345678901234567890, "ratio": 0.1000000000000000055, "price": 12850.50,
"passphrase": 1.10, "limits": {"largest": 1e400, "steps": [[0.30000000000000000001]]}}"""
QUESTION = "/interactions/int_1/"


def told() -> Interaction:
    context = body.loads(SENT)
    tell(ask(expires_at=soon(hours=2), context=context, raw={"id": "int_1", "context": context}))
    return Interaction.objects.get(mobius_id="int_1")


def test_the_page_shows_all_digits(rina: Client) -> None:
    told()
    page = rina.get(QUESTION).content.decode()
    for digits in ("12345678901234567890", "0.1000000000000000055", "12,850.50"):
        assert digits in page
    assert "0.30000000000000000001" in page


def test_the_raw_json_has_them_as_numbers(rina: Client) -> None:
    told()
    raw = rina.get(f"{QUESTION}raw.json").content.decode()
    context = exact.loads(raw)["context"]
    assert context["ratio"] == Decimal("0.1000000000000000055")
    assert context["limits"] == {"largest": 10**400, "steps": [[Decimal("0.30000000000000000001")]]}
    assert '"price": 12850.50' in raw


def test_an_entry_of_the_log_keeps_them_as_text_and_verifies(tess: Client) -> None:
    told()
    row = Decision.objects.get(pk=answer(shown={"message": "?", "context": body.loads(SENT)}).pk)
    assert row.shown["context"]["ratio"] == "0.1000000000000000055"
    assert row.shown["context"]["id"] == 12345678901234567890
    assert verify().intact
    page = tess.get(f"/decisions/{row.number}/").content.decode()
    assert "0.1000000000000000055" in page


def test_a_question_that_was_read_again_counts_as_unchanged(rina: Client) -> None:
    stored = told()
    tell(ask(expires_at=soon(hours=2), context=body.loads(SENT)))
    assert digest(Interaction.objects.get(mobius_id="int_1")) == digest(stored)
