import json
import re
from collections import deque
from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest
from django.urls import URLResolver, get_resolver

from tests.served.visitor import Visitor
from tests.support.crowd import Entry, enter
from tests.support.databases import environment
from tests.support.outage import Outage, outage_of
from tests.support.product import Product, ask, interaction_of

ANSWER = "canary-answer"
COMMENT = "canary-comment"
SEARCH = "canary-search"
PASSWORD = "canary-password"
TOKEN = "canary-token"
CONTEXT = "canary-context"
PEOPLE: dict[str, str | None] = {"rina": "user_rina", "tess": "user_tess"}
FIELDS = {
    "event",
    "level",
    "logger",
    "timestamp",
    "request_id",
    "method",
    "route",
    "status",
    "ms",
    "person",
}


def routes(resolver: URLResolver, space: str = "") -> Iterator[str]:
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from routes(one, f"{one.namespace}:" if one.namespace else space)
        elif one.name:
            yield f"{space}{one.name}"


class Logged:
    def __init__(self, product: Product, outage: Outage) -> None:
        self.product, self.outage = product, outage
        self.said = product.said
        self._read = len(self.said)
        self.entries: dict[str, Entry] = enter(product, PEOPLE)
        self.rina = Visitor(product.web, "rina", self.entries["rina"])
        self.nobody = Visitor(product.web, "nobody")

    def lines(self) -> list[dict[str, Any]]:
        """Lines since the last call, up to that of one more request to the sign-in page."""
        last = self.nobody.get("/accounts/login/").headers["X-Request-ID"]
        self.product.hear(last)
        written = list(self.said)[self._read :]
        self._read += len(written)
        return [json.loads(line) for line in written]

    def question(self) -> str:
        with self.product.api() as api, self.rina.hearing() as until:
            run_id = ask(
                api,
                "What's the code?",
                spec={"mode": "input"},
                type="input",
                context={"note": CONTEXT},
            )
            item_id = str(interaction_of(api, run_id)["id"])
            until(lambda: self.rina.get(f"/interactions/{item_id}/").status_code == 200)
        return item_id


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logged]:
    folder = tmp_path_factory.mktemp("logged")
    product = Product(folder, environment(folder, "logged", installed=True))
    product.environment["LOG_FORMAT"] = "json"
    product.said = deque()
    outage = outage_of(product)
    product.start()
    logged = Logged(product, outage)
    yield logged
    logged.rina.close()
    logged.nobody.close()
    product.stop()
    outage.close()


def secrets_of(logged: Logged) -> set[str]:
    own = (logged.product.folder / "secrets.env").read_text()
    keys = {line.partition("=")[2].strip("'\"") for line in own.splitlines() if "=" in line}
    tokens = {entry[kind] for entry in logged.entries.values() for kind in ("session", "token")}
    cookies = {*logged.rina.http.cookies.values(), *logged.nobody.http.cookies.values()}
    return {word for word in keys | tokens | cookies if len(word) > 6}


def use(logged: Logged) -> str:
    """Do all that handles secrets; return the ID of the question."""
    rina, nobody = logged.rina, logged.nobody
    item_id = logged.question()
    path = f"/interactions/{item_id}"
    rina.get("/inbox/", params={"q": SEARCH})
    rina.get("/search/", params={"q": SEARCH})
    rina.get(f"{path}/", params={"answer": ANSWER, "comment": COMMENT})
    rina.post(f"{path}/draft", {"value": ANSWER, "comment": COMMENT})
    rina.post(f"{path}/check", {"value": ANSWER, "comment": COMMENT})
    sent = rina.post(f"{path}/respond", {"value": ANSWER, "comment": COMMENT, "confirmed": "on"})
    assert sent.status_code in (200, 303), sent.text
    rina.post(f"{path}/respond", {"value": ANSWER, "comment": COMMENT})
    rina.post("/account/token", {"token": f"mbx_{TOKEN}"})
    nobody.http.post(f"{path}/respond", data={"value": ANSWER, "comment": COMMENT})
    nobody.post(f"{path}/respond", {"value": ANSWER, "comment": COMMENT})
    nobody.post("/accounts/login/", {"username": PASSWORD, "password": PASSWORD})
    nobody.post("/accounts/login/", {"username": "rina", "password": PASSWORD})
    nobody.get("/accounts/link/", params={"token": TOKEN})
    nobody.get(f"/{TOKEN}/{item_id}", params={"q": SEARCH})
    nobody.get("/inbox/", params={"q": f"{SEARCH}\0"})
    nobody.get("/inbox/", headers={"Authorization": f"Bearer {TOKEN}", "Host": "evil.example"})
    nobody.http.post("/accounts/login/", content=b"&a=" * 2000 + SEARCH.encode())
    return item_id


@pytest.mark.any_database
def test_no_line_has_what_people_write_or_a_secret(logged: Logged) -> None:
    item_id = use(logged)
    secrets = secrets_of(logged)
    lines = logged.lines()
    text = "".join(logged.said)
    for word in (ANSWER, COMMENT, SEARCH, PASSWORD, TOKEN, CONTEXT, *secrets):
        assert word not in text
    requests = [line for line in lines if line["event"] == "request"]
    assert {frozenset(line) for line in requests} == {frozenset(FIELDS)}
    known = {*routes(get_resolver()), "unmatched"}
    assert {line["route"] for line in requests} <= known
    assert item_id not in json.dumps(requests)
    found = {(line["method"], line["route"], line["status"], line["person"]) for line in requests}
    assert {
        ("GET", "inbox", 200, "rina"),
        ("GET", "interaction", 200, "rina"),
        ("GET", "search", 200, "rina"),
        ("POST", "account-token", 422, "rina"),
        ("POST", "login", 200, ""),
        ("POST", "respond", 401, ""),
        ("GET", "unmatched", 404, ""),
    } <= found


@pytest.mark.any_database
def test_each_line_is_json_from_the_start(logged: Logged) -> None:
    logged.product.hear("Press Ctrl-C to stop")
    [welcome, *_] = [
        line for line in map(json.loads, logged.said) if line["event"].startswith("The inbox is")
    ]
    assert welcome["level"] == "info"


@pytest.mark.any_database
def test_a_request_has_one_id_in_the_log_at_mobius_and_on_the_page(logged: Logged) -> None:
    missing = logged.rina.get("/interactions/int_missing/", headers={"X-Request-ID": "f" * 16})
    assert missing.status_code == 404
    request_id = missing.headers["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{16}", request_id)
    assert request_id != "f" * 16
    assert f"Reference: {request_id}" in missing.text
    lines = [line for line in logged.lines() if line.get("request_id") == request_id]
    assert [(line["route"], line["status"]) for line in lines] == [("interaction", 404)]


@pytest.mark.any_database
def test_a_stream_has_one_line_when_it_ends(logged: Logged) -> None:
    with logged.rina.http.stream("GET", "/live/runs/") as response:
        frames = response.iter_lines()  # which closes the stream once no one has it any more
        next(frames)
        assert [line for line in list(logged.said) if '"live-runs"' in line] == []
    logged.product.hear('"live-runs"')
    [stream] = [line for line in logged.lines() if line.get("route") == "live-runs"]
    assert (stream["status"], stream["person"]) == (200, "rina")


@pytest.mark.any_database
def test_probes_and_static_files_have_no_line(logged: Logged) -> None:
    for path in ("/healthz", "/readyz", "/static/favicon.svg"):
        logged.nobody.get(path)
    routes = {line["route"] for line in logged.lines() if line["event"] == "request"}
    # The end of an earlier test's stream may be noted late.
    assert routes - {"live-inbox"} == {"login"}


def test_an_outage_of_the_database_is_one_line_a_minute(logged: Logged) -> None:
    item_id = logged.question()
    logged.rina.get("/account/")
    began = monotonic()
    logged.outage.cut()
    for _ in range(4):
        form = {"value": ANSWER, "comment": COMMENT}
        response = logged.rina.post(f"/interactions/{item_id}/respond", form)
        assert response.status_code == 503
        assert f"Reference: {response.headers['X-Request-ID']}" in response.text
    logged.outage.restore()
    lines = logged.lines()
    refused = [line for line in lines if line.get("status") == 503 and line["method"] == "POST"]
    assert [line["route"] for line in refused] == ["respond"] * 4
    minutes = 1 + int((monotonic() - began) / 60)
    outages = [line["outage"] for line in lines if "outage" in line]
    assert outages == ["database"] * len(outages)
    assert 1 <= len(outages) <= minutes
    text = "".join(logged.said)
    assert "Traceback" not in text
    assert ANSWER not in text
    assert COMMENT not in text
