import pytest
from django.db import transaction
from django.test import Client

from inbox.audit.decision_log import Entry, append
from inbox.mobius.types import InteractionStatus
from inbox.models import Interaction, Upstream
from tests.support.snapshots import ask, at
from tests.support.tags import text_of
from tests.web.cast import tell

pytestmark = pytest.mark.django_db

CANCEL = "/interactions/int_1/cancel"


@pytest.mark.parametrize(("generation", "offered"), [("a", False), ("b", True), ("c", True)])
def test_it_is_offered_to_a_lead_where_the_api_has_it(
    tess: Client, rina: Client, generation: str, offered: bool
) -> None:
    tell(ask())
    Upstream.objects.update(generation=generation)
    assert (CANCEL in tess.get("/interactions/int_1/").content.decode()) is offered
    assert (b"<textarea" in tess.get(CANCEL).content) is offered
    assert CANCEL not in rina.get("/interactions/int_1/").content.decode()
    assert rina.get(CANCEL).status_code == rina.post(CANCEL, {"reason": "No"}).status_code == 404


def test_it_needs_a_reason(tess: Client) -> None:
    tell(ask())
    Upstream.objects.update(generation="c")
    page = tess.post(CANCEL, {"reason": " "})
    assert page.status_code == 422
    assert "Enter a reason." in page.content.decode()
    # The list beside the question stays.
    link = tess.get("/interactions/int_1/?scope=everyone").content.decode()
    assert f'href="{CANCEL}?scope=everyone"' in link
    form = tess.get(f"{CANCEL}?scope=everyone").content.decode()
    assert 'href="/interactions/int_1/?scope=everyone"' in form


def test_a_closed_question_is_not_cancelled(tess: Client) -> None:
    tell(ask(status=InteractionStatus.EXPIRED))
    Upstream.objects.update(generation="c")
    page = tess.post(CANCEL, {"reason": "Not needed"})
    assert page.status_code == 409
    assert "The question has expired The question wasn't cancelled." in text_of(
        page.content.decode()
    )


def test_its_page_says_who_cancelled_it(tess: Client) -> None:
    tell(ask())
    Upstream.objects.update(generation="c")
    upstream, item = Upstream.objects.get(), Interaction.objects.get()
    with transaction.atomic():
        append(
            Entry(
                verb="question_cancelled",
                upstream=upstream,
                actor="user_tess",
                item=item,
                comment="Asked twice",
            )
        )
    tell(ask("int_1", 5, status=InteractionStatus.CANCELLED, completed_at=at(5)))
    assert "You cancelled the question" in tess.get("/interactions/int_1/").content.decode()
