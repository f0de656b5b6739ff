"""Three web processes on one PostgreSQL, behind a proxy: no answer is lost or sent twice, and no
page misses a change, while processes are killed and stopped.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import httpx_sse
import pytest

from tests.served.visitor import Visitor
from tests.support.cluster import Cluster, until
from tests.support.crowd import Entry, enter

pytestmark = [pytest.mark.slow, pytest.mark.postgresql, pytest.mark.process]

PEOPLE = {f"member{number:03}": f"user_member{number:03}" for number in range(100)}
KILLS = 8
PAUSE = 30.0
"""Seconds from one question of a person to the next."""
DOWN = (httpx.TransportError, httpx_sse.SSEError)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("cluster")) as found:
        yield found


@pytest.fixture(scope="module")
def entries(cluster: Cluster) -> dict[str, Entry]:
    return enter(cluster.products[0], dict(PEOPLE))


class Ear:
    def __init__(self, web: str, name: str, entry: Entry) -> None:
        self._visitor = Visitor(web, name, entry)
        self.heard_at = float("-inf")
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()
        assert self._ready.wait(60)

    def _listen(self) -> None:
        try:
            with httpx_sse.connect_sse(self._visitor.http, "GET", "/live/inbox/") as source:
                for event in source.iter_sse():
                    self._ready.set()
                    if event.event in ("inbox", "resync"):
                        self.heard_at = time.monotonic()
        except DOWN:
            return  # its process was killed

    def wait(self, since: float) -> None:
        until(lambda: self.heard_at >= since)

    def close(self) -> None:
        self._visitor.close()


def test_open_pages_hear_of_a_change_at_every_process(
    cluster: Cluster, entries: dict[str, Entry]
) -> None:
    ears = [Ear(one.web, "member000", entries["member000"]) for one in cluster.products]
    cluster.leader()
    for number in range(5):
        began = time.monotonic()
        cluster.ask("user_member000", f"Heard {number}?")
        for ear in ears:
            ear.wait(began)
    for ear in ears:
        ear.close()


def test_open_pages_hear_of_a_change_while_the_leader_is_killed(
    cluster: Cluster, entries: dict[str, Entry]
) -> None:
    leader = cluster.leader()
    others = [one for one in cluster.products if one is not leader]
    ears = [Ear(one.web, "member001", entries["member001"]) for one in others]
    leader.kill()
    killed = time.monotonic()
    item = cluster.ask("user_member001", "While no one leads?")

    def in_the_mirror() -> bool:
        return bool(cluster.rows(f"SELECT 1 FROM inbox_interaction WHERE mobius_id = '{item}'"))

    until(in_the_mirror)
    for ear in ears:
        ear.wait(killed)
        ear.close()
    leader.start()


def test_a_leader_that_was_stopped_for_longer_than_its_lease_changes_nothing(
    cluster: Cluster,
) -> None:
    stopped = cluster.leader()
    os.killpg(stopped.pid, signal.SIGSTOP)
    leader = cluster.leader(besides=stopped)
    cluster.rows(
        "CREATE TABLE written (by text);"
        "CREATE FUNCTION note_writer() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO written VALUES (current_setting('application_name')); RETURN NULL; END $$;"
        "CREATE TRIGGER note_writer AFTER INSERT OR UPDATE OR DELETE ON inbox_interaction"
        " FOR EACH ROW EXECUTE FUNCTION note_writer();"
        "CREATE TRIGGER note_writer AFTER INSERT OR UPDATE OR DELETE ON inbox_upstream"
        " FOR EACH ROW EXECUTE FUNCTION note_writer();"
    )
    # What it would write as soon as it goes on: these wait in its stream.
    items = [cluster.ask("user_member002", f"Missed {number}?") for number in range(3)]
    os.killpg(stopped.pid, signal.SIGCONT)
    stopped.hear("no longer leads")
    last = cluster.ask("user_member002", "Afterwards?")
    listed = ", ".join(f"'{item}'" for item in [*items, last])
    count = f"SELECT count(*) FROM inbox_interaction WHERE mobius_id IN ({listed})"
    until(lambda: cluster.rows(count) == [(4,)])
    writers = {name for (name,) in cluster.rows("SELECT DISTINCT by FROM written")}
    assert [f"-{leader.pid}-" in name for name in writers] == [True]
    cluster.rows("DROP FUNCTION note_writer CASCADE; DROP TABLE written")


class Answering:
    def __init__(self, cluster: Cluster, entries: dict[str, Entry]) -> None:
        self._cluster, self._entries = cluster, entries
        self.sent: dict[str, str] = {}
        """The comment of each answer, by question."""

    def answer(self, name: str, item: str) -> None:
        comment = self.sent[item] = f"{name} on {item}"
        path = f"/interactions/{item}/"
        fields: dict[str, Any] = {}
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline:
            visitor = Visitor(self._cluster.proxy.url, name, self._entries[name])
            visitor.http.headers["Connection"] = "close"
            try:
                forms = [f for f in visitor.forms(path) if f.action == f"{path}respond"]
                if not forms and comment in visitor.get(path).text:
                    return
                if forms:
                    # The same operation, whatever the page says by now.
                    fields = fields or {**forms[0].fields, "value": "true", "comment": comment}
                    fields["csrfmiddlewaretoken"] = forms[0].fields["csrfmiddlewaretoken"]
                    visitor.post(f"{path}respond", fields)
            except (*DOWN, KeyError):
                pass
            finally:
                visitor.close()
            time.sleep(1)
        raise AssertionError(f"{name} could not answer {item}")


@pytest.mark.timeout(1800)
def test_each_answer_arrives_once_while_leaders_are_killed(
    cluster: Cluster, entries: dict[str, Entry]
) -> None:
    people = Answering(cluster, entries)
    ended = threading.Event()

    def work(index: int, name: str) -> int:
        done = 0
        ended.wait(index / len(PEOPLE) * PAUSE)
        while not ended.is_set() or not done:
            people.answer(name, cluster.ask(PEOPLE[name], f"Number {done} of {name}?"))
            done += 1
            ended.wait(PAUSE)
        return done

    with ThreadPoolExecutor(len(PEOPLE)) as pool:
        working = [pool.submit(work, *one) for one in enumerate(PEOPLE)]
        try:
            for _ in range(KILLS):
                leader = cluster.leader()
                leader.kill()
                cluster.leader(besides=leader)
                leader.start()
        finally:
            ended.set()
        answered = sum(each.result() for each in working)
    assert answered == len(people.sent) >= len(PEOPLE)

    upstream = {}
    for item in people.sent:
        found = cluster.project.http.get(f"interactions/{item}").json()
        assert found["status"] == "completed"
        upstream[item] = found["response"]["comment"]
    assert upstream == people.sent

    def mirrored() -> bool:
        rows = cluster.rows("SELECT mobius_id, status, comment FROM inbox_interaction")
        mirror = {item: (status, comment) for item, status, comment in rows}
        return all(
            mirror.get(item) == ("completed", comment) for item, comment in people.sent.items()
        )

    until(mirrored)
    entries_of = "SELECT interaction_id, count(*) FROM inbox_decision WHERE verb = 'respond'"
    until(lambda: len(cluster.rows(f"{entries_of} GROUP BY 1")) >= len(people.sent))
    logged = dict(cluster.rows(f"{entries_of} GROUP BY 1"))
    assert {item: logged.get(item) for item in people.sent} == dict.fromkeys(people.sent, 1)
    assert "intact" in cluster.products[0].manage("verify_decisions")
