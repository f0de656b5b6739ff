import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import httpx_sse
import pytest

from tests.served.visitor import Visitor
from tests.support.crowd import enter
from tests.support.product import Product

PEOPLE = {f"member{number:02}": f"user_member{number:02}" for number in range(1, 31)}
EVERYBODY = [
    {
        "handle": handle,
        "name": "Everybody",
        "routing_policy": routing,
        "members": list(PEOPLE.values()),
    }
    for handle, routing in (("crowd-all", "all_members"), ("crowd-first", "first_responder"))
]


@pytest.fixture(scope="module")
def crowd(product: Product) -> Iterator[list[Visitor]]:
    entries = enter(product, dict(PEOPLE), EVERYBODY)
    visitors = [Visitor(product.web, name, entries[name]) for name in PEOPLE]
    yield visitors
    for visitor in visitors:
        visitor.close()


@pytest.fixture
def api(product: Product) -> Iterator[httpx.Client]:
    with product.api() as client:
        yield client


def asked(api: httpx.Client, crowd: list[Visitor], handle: str) -> dict[str, str]:
    config = {
        "type": "approval",
        "message": f"Does {handle} agree?",
        "target": {"type": "group", "id": handle},
        "timeout": "1h",
        "spec": {"mode": "confirm"},
    }
    spec = {"name": "crowd", "steps": [{"name": "ask", "interaction": config}]}
    with crowd[0].hearing() as until:
        run = api.post("/runs", json={"spec": spec}).json()

        def item() -> str:
            found = api.get("/interactions", params={"run_id": run["id"]}).json()["items"]
            id_ = str(found[0]["id"]) if found else ""
            shown = id_ and crowd[0].get(f"/interactions/{id_}/").status_code == 200
            return id_ if shown else ""

        return {"run": run["id"], "item": until(item)}


def at_once(crowd: list[Visitor], act: Callable[[Visitor], httpx.Response]) -> list[httpx.Response]:
    gate = threading.Barrier(len(crowd))

    def one(visitor: Visitor) -> httpx.Response:
        gate.wait(60)
        return act(visitor)

    with ThreadPoolExecutor(len(crowd)) as pool:
        return list(pool.map(one, crowd))


def upstream(api: httpx.Client, item: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"/interactions/{item}").json()
    return found


def test_thirty_answers_to_one_question_each_count_once(
    api: httpx.Client, crowd: list[Visitor]
) -> None:
    ids = asked(api, crowd, "crowd-all")
    path = f"/interactions/{ids['item']}/"
    forms = {
        visitor.name: next(
            form.fields for form in visitor.forms(path) if form.action == f"{path}respond"
        )
        for visitor in crowd
    }

    def answer(visitor: Visitor) -> httpx.Response:
        sent = {**forms[visitor.name], "value": "true", "comment": f"from {visitor.name}"}
        return visitor.post(f"{path}respond", sent)

    answers = at_once(crowd, answer)
    assert [one.status_code for one in answers] == [303] * len(crowd)
    now = upstream(api, ids["item"])
    said = [(one["user_id"], one["comment"]) for one in now["partial_responses"]]
    assert now["status"] == "completed"
    assert sorted(said) == [(id_, f"from {name}") for name, id_ in PEOPLE.items()]
    with httpx_sse.connect_sse(api, "GET", f"/runs/{ids['run']}/events") as source:
        statuses = (
            event.json()["data"]["status"]
            for event in source.iter_sse()
            if event.json()["type"] == "run_updated"
        )
        assert "completed" in statuses
    for visitor in crowd:
        page = visitor.get(path).text
        assert f"from {visitor.name}" in page
        assert f'action="{path}respond"' not in page


def test_thirty_claims_of_one_question_have_one_winner_and_the_others_learn_who(
    api: httpx.Client, crowd: list[Visitor]
) -> None:
    ids = asked(api, crowd, "crowd-first")
    path = f"/interactions/{ids['item']}/"
    for visitor in crowd:
        visitor.get(path)
    answers = at_once(crowd, lambda visitor: visitor.post(f"{path}claim"))
    won = [
        visitor
        for visitor, answer in zip(crowd, answers, strict=True)
        if answer.status_code in (200, 303)
    ]
    winner = upstream(api, ids["item"])["claimed_by"]
    assert [PEOPLE[visitor.name] for visitor in won] == [winner]
    (winner,) = won
    for visitor, answer in zip(crowd, answers, strict=True):
        if visitor is not winner:
            assert answer.status_code == 409
            assert f"{winner.name} " in answer.text
            assert f'action="{path}respond"' not in answer.text
    assert winner.post(f"{path}respond", {"value": "true"}).status_code == 303
    assert upstream(api, ids["item"])["status"] == "completed"


def test_thirty_answers_to_one_free_question_are_one_answer(
    api: httpx.Client, crowd: list[Visitor]
) -> None:
    ids = asked(api, crowd, "crowd-first")
    path = f"/interactions/{ids['item']}/"
    for visitor in crowd:
        visitor.get(path)
    answers = at_once(
        crowd,
        lambda visitor: visitor.post(
            f"{path}respond", {"value": "false", "comment": f"typed by {visitor.name}"}
        ),
    )
    won = [
        visitor for visitor, answer in zip(crowd, answers, strict=True) if answer.status_code == 303
    ]
    now = upstream(api, ids["item"])
    assert [PEOPLE[visitor.name] for visitor in won] == [now["responder"]["id"]]
    assert now["response"]["comment"] == f"typed by {won[0].name}"
    for visitor, answer in zip(crowd, answers, strict=True):
        if visitor is not won[0]:
            assert answer.status_code == 409
            assert f"{won[0].name} answered this" in answer.text
            assert f"typed by {visitor.name}" in answer.text
