"""Revealing one masked value: who may, what is recorded, and that it is shown once."""

from typing import Any

import pytest
from django.test import Client

from inbox.access.redaction import MASK
from inbox.audit.verify import verify
from inbox.mobius.types import Policy, PolicyKind
from inbox.models import Decision
from tests.support.snapshots import SAM, ask, at, group_ask, reply, run
from tests.web.cast import HTMX, tell
from tests.web.test_decisions_page import text

SECRET, OTHER = "reveal-hunter2", "reveal-other"
QUESTION, RUN = "/interactions/int_1/", "/runs/run_1/"
KEY = "/context/deploy/0/api~1key"
CONTEXT = {"deploy": [{"api/key": SECRET, "port": 5432}], "db": {"password": 1234}}


@pytest.fixture
def told(people: None) -> None:
    tell(
        run("run_1", inputs={"client_secret": SECRET}, metadata={"token": OTHER}),
        ask(run_id="run_1", message="Rotate the key?", context=CONTEXT),
    )


def reveal(client: Client, path: str, page: str = QUESTION, **how: Any) -> Any:
    return client.post(f"{page}reveal", {"path": path}, **how)


def revealed() -> list[tuple[str, str, Any]]:
    rows = Decision.objects.filter(verb="value_revealed").order_by("number")
    return [(row.actor, row.interaction_id or row.run_id, row.value) for row in rows]


def test_it_shows_this_one_value_in_place_of_its_mask(told: None, rina: Client) -> None:
    response = reveal(rina, KEY, headers=HTMX)
    assert response.status_code == 200
    assert f"{SECRET}</code>" in response.content.decode()
    assert response["Cache-Control"] == "no-store"
    assert "<html" not in response.content.decode()
    assert "1234" in reveal(rina, "/context/db/password", headers=HTMX).content.decode()


def test_without_scripts_it_is_a_page(told: None, rina: Client) -> None:
    response = reveal(rina, KEY)
    page = response.content.decode()
    assert SECRET in page
    assert "1234" not in page
    assert f'href="{QUESTION}"' in page
    assert response["Cache-Control"] == "no-store"


def test_a_reload_masks_it_again(told: None, rina: Client) -> None:
    reveal(rina, KEY, headers=HTMX)
    page = text(rina, QUESTION)
    assert SECRET not in page
    assert MASK in page


def test_the_page_offers_what_is_masked(told: None, rina: Client, tess: Client) -> None:
    page = text(rina, QUESTION)
    assert f'value="{KEY}"' in page
    assert 'value="/context/db/password"' in page
    assert f'action="{QUESTION}reveal"' in page
    assert "/context/deploy/0/port" not in page
    run_page = text(tess, RUN)
    for path in ("/inputs/client_secret", "/metadata/token"):
        assert f'value="{path}"' in run_page
    assert "reveal" not in text(rina, RUN)


def test_the_log_says_who_and_which_and_not_what(told: None, rina: Client, tess: Client) -> None:
    reveal(rina, KEY, headers={**HTMX, "X-Forwarded-For": "10.4.18.22"})
    reveal(tess, "/inputs/client_secret", RUN)
    assert revealed() == [
        ("user_rina", "int_1", {"path": KEY}),
        ("user_tess", "run_1", {"path": "/inputs/client_secret"}),
    ]
    first, second = Decision.objects.filter(verb="value_revealed").order_by("number")
    assert (first.account, first.credential_kind, first.address) == (
        "rina",
        "account",
        "10.4.18.22",
    )
    assert (first.title, second.workflow, first.shown) == ("Rotate the key?", "release", {})
    assert verify().intact
    for page in (text(tess, "/decisions/"), text(tess, f"/decisions/{first.number}/")):
        assert "evealed a masked value" in page
        assert KEY in page
        assert SECRET not in page
    assert "Rina revealed a masked value: Rotate the key?" in text(
        tess, f"/decisions/{first.number}/"
    )
    assert text(tess, "/decisions/?did=value_revealed").count("entry=") == 0


@pytest.mark.parametrize("path", ["", "/context", "/context/deploy/0/port", "/context/nothing"])
def test_where_nothing_is_masked_there_is_nothing(told: None, rina: Client, path: str) -> None:
    assert reveal(rina, path).status_code == 404
    assert revealed() == []


def test_a_person_who_may_not_see_the_question_cannot_reveal(told: None, mallory: Client) -> None:
    assert reveal(mallory, KEY).status_code == 404
    assert revealed() == []


def test_a_masked_value_of_a_run_is_revealed_only_to_those_who_see_all_of_it(
    told: None, rina: Client, tess: Client
) -> None:
    assert reveal(rina, "/inputs/client_secret", RUN).status_code == 404
    assert revealed() == []
    assert OTHER in reveal(tess, "/metadata/token", RUN).content.decode()


def test_looking_reveals_nothing(told: None, rina: Client) -> None:
    assert rina.get(f"{QUESTION}reveal?path={KEY}").status_code == 405


def test_a_value_is_not_revealed_if_that_cannot_be_logged(
    told: None, rina: Client, settings: Any
) -> None:
    settings.CREDENTIAL_KEYS = []
    rina.raise_request_exception = False
    response = reveal(rina, KEY, headers=HTMX)
    assert response.status_code == 500
    assert SECRET not in response.content.decode()
    assert revealed() == []


def test_a_hidden_answer_stays_hidden(
    people: None, rina: Client, tess: Client, settings: Any
) -> None:
    settings.GROUP_ANSWERS_HIDDEN_UNTIL_MINE = True
    given = reply(SAM, {"token": SECRET}, at=at(1))
    tell(group_ask(policy=Policy(kind=PolicyKind.ALL), responses=(given,)))
    path = "/responses/0/answers/0/value/token"
    assert path not in text(rina, QUESTION)
    assert reveal(rina, path).status_code == 404
    assert SECRET in reveal(tess, path).content.decode()
