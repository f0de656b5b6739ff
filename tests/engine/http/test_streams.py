import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpcore
import httpx
import pytest

from tests.engine.http.reading import Frame, newest, reading
from tests.engine.http.refusals import refused
from tests.fixtures_engine import Project

PRINT = {"name": "say", "action": "print", "parameters": {"message": "hello"}}
WAIT = {"name": "wait", "wait_signal": {"topic": "go"}}


def seqs(frames: list[Frame]) -> list[int]:
    return [frame.id for frame in frames if frame.id is not None]


def test_the_answer_is_an_event_stream_that_nothing_may_keep(project: Project) -> None:
    with reading(project) as stream:
        headers = stream.response.headers
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-store"
    assert headers["x-accel-buffering"] == "no"


def test_the_projects_stream_opens_with_the_newest_cursor_and_no_data(project: Project) -> None:
    project.ask()
    with reading(project) as stream:
        assert next(stream) == Frame(id=1, event=None, data=None, comment=None)
        question = project.ask()
        frame = next(stream)
    assert (frame.id, frame.event) == (2, "interaction_created")
    assert frame.data is not None
    assert set(frame.data) == {"type", "run_id", "seq", "timestamp", "data"}
    assert (frame.data["seq"], frame.data["type"]) == (2, "interaction_created")
    assert frame.data["data"] == question


def test_it_replays_the_events_after_since_and_continues(project: Project) -> None:
    for _ in range(3):
        project.ask()
    with reading(project, "runs/events?since=1") as stream:
        assert next(stream) == Frame(id=1, event=None, data=None, comment=None)
        assert seqs([next(stream), next(stream)]) == [2, 3]
        project.ask()
        assert next(stream).id == 4


@pytest.mark.parametrize(("since", "last", "first"), [("1", "2", 2), ("2", "1", 2), ("0", "0", 0)])
def test_the_larger_of_since_and_last_event_id_wins(
    project: Project, since: str, last: str, first: int
) -> None:
    for _ in range(3):
        project.ask()
    with reading(project, f"runs/events?since={since}", **{"Last-Event-ID": last}) as stream:
        assert seqs(stream.until(3)) == list(range(first, 4))


@pytest.mark.parametrize("since", ["-1", "x", "1.5", "", str(2**63), "9" * 5000, "²"])
def test_a_cursor_that_is_invalid_is_a_400(project: Project, since: str) -> None:
    refused(project.http.get("runs/events", params={"since": since}), 400, "bad_request", "since")


def test_a_last_event_id_that_is_invalid_is_a_400(project: Project) -> None:
    response = project.http.get("runs/events", headers={"Last-Event-ID": "abc"})
    refused(response, 400, "bad_request", "Last-Event-ID")


def test_a_runs_stream_opens_with_the_run_as_it_is_and_moves_no_cursor(project: Project) -> None:
    run = project.start(WAIT)
    project.wait_for(run["id"], "suspended")
    cursor = newest(project)
    with reading(project, f"runs/{run['id']}/events") as stream:
        seed = next(stream)
    assert (seed.id, seed.event) == (None, "run_updated")
    assert seed.data is not None
    assert (seed.data["seq"], seed.data["run_id"]) == (cursor, run["id"])
    assert seed.data["data"]["status"] == "suspended"


def test_a_runs_seed_carries_the_cursor_that_was_asked_for(project: Project) -> None:
    run = project.start(WAIT)
    project.wait_for(run["id"], "suspended")
    with reading(project, f"runs/{run['id']}/events?since=1") as stream:
        seed = next(stream)
        assert seed.data is not None
        assert seed.data["seq"] == 1
        replayed = stream.until(newest(project))
    assert seqs(replayed)[0] == 2
    assert [frame.data["data"]["status"] for frame in replayed if frame.event == "run_updated"][
        -1
    ] == "suspended"


def test_a_runs_stream_holds_its_own_events_only(project: Project) -> None:
    run, other = project.start(WAIT), project.start(WAIT)
    for each in (run, other):
        project.wait_for(each["id"], "suspended")
    project.ask()
    with reading(project, f"runs/{run['id']}/events?since=0") as stream:
        project.http.post(f"runs/{other['id']}/signals", json={"name": "go"})
        project.wait_for(other["id"], "completed")
        project.http.post(f"runs/{run['id']}/signals", json={"name": "go"})
        project.wait_for(run["id"], "completed")
        frames = stream.until(newest(project))
    assert {frame.data["run_id"] for frame in frames if frame.data} == {run["id"]}
    assert frames[-1].data is not None
    assert frames[-1].data["data"]["status"] == "completed"


def test_a_runs_stream_stays_open_after_its_end(project: Project) -> None:
    run = project.start(PRINT)
    project.wait_for(run["id"], "completed")
    with reading(project, f"runs/{run['id']}/events") as stream:
        next(stream)
        with pytest.raises(httpcore.ReadTimeout):
            stream.response.extensions["network_stream"].read(1, timeout=0.5)


def test_a_member_may_follow_too(project: Project) -> None:
    project.ask()
    with reading(project, token=project.tokens["user_rina"]) as stream:
        assert next(stream).id == 1


def test_nothing_is_missed_or_repeated_while_several_threads_write(project: Project) -> None:
    """Streams open all the time, from all kinds of cursors, while eight threads write."""
    writers, rounds, streams = 8, 12, 24
    last = 2 * writers * rounds
    start = threading.Barrier(writers + streams)

    def write() -> None:
        start.wait()
        for _ in range(rounds):
            question = project.ask()
            answered = project.http.post(
                f"interactions/{question['id']}/respond", json={"value": True}
            )
            assert answered.status_code == 200

    def follow(number: int) -> list[int]:
        start.wait()
        frames: list[int] = []
        while not frames or frames[-1] < last:
            # Each leaves now and then, and comes back with its cursor.
            path = f"runs/events?since={frames[-1] if frames else 0}"
            with reading(project, path) as stream:
                assert next(stream).id == (frames[-1] if frames else 0)
                for frame in stream:
                    assert frame.id is not None
                    frames.append(frame.id)
                    if frame.id == last or len(frames) % (5 + number) == 0:
                        break
        return frames

    with ThreadPoolExecutor(writers + streams) as pool:
        writing = [pool.submit(write) for _ in range(writers)]
        following = [pool.submit(follow, number) for number in range(streams)]
        for each in writing:
            each.result()
        for found in following:
            assert found.result() == list(range(1, last + 1))


def test_a_slow_reader_delays_no_one_and_misses_nothing(project: Project) -> None:
    """12 MB are written past the one: more than the sockets and the shared log hold."""
    events, filling = 60, "x" * 200_000
    slow = socket.create_connection(("127.0.0.1", httpx.URL(project.base_url).port))
    slow.sendall(
        f"GET /v1/projects/{project.handle}/runs/events?since=0 HTTP/1.1\r\nHost: engine\r\n"
        f"Authorization: Bearer {project.service_key}\r\n\r\n".encode()
    )
    assert slow.recv(1) == b"H"
    with reading(project) as quick:
        next(quick)
        for seq in range(1, events + 1):
            project.ask(message=filling)
            assert next(quick).id == seq
    slow.settimeout(60)
    received = b""
    while f"id: {events}\n".encode() not in received:
        received += slow.recv(1_000_000)
    slow.close()
    ids = [int(line[4:]) for line in received.split(b"\n") if line.startswith(b"id: ")]
    assert ids == list(range(events + 1))


def test_two_hundred_streams_cost_no_thread(project: Project) -> None:
    def threads() -> int:
        return len(list(Path(f"/proc/{project.engine.pid}/task").iterdir()))

    for _ in range(30):
        project.http.get("runs")
    before = threads()
    address = ("127.0.0.1", httpx.URL(project.base_url).port)
    request = (
        f"GET /v1/projects/{project.handle}/runs/events HTTP/1.1\r\nHost: engine\r\n"
        f"Authorization: Bearer {project.service_key}\r\n\r\n"
    ).encode()
    open_ones = []
    for _ in range(200):
        stream = socket.create_connection(address)
        stream.settimeout(60)
        stream.sendall(request)
        open_ones.append(stream)
    for stream in open_ones:
        heard = b""
        while b"id: 0\n" not in heard:
            heard += stream.recv(4096)
    assert threads() - before <= 6, "the pool of database threads may still fill up"
    project.ask()
    for stream in open_ones:
        heard = b""
        while b"id: 1\n" not in heard:
            heard += stream.recv(65_536)
        stream.close()


@pytest.mark.slow
def test_a_silent_stream_sends_a_keep_alive_every_15_seconds(project: Project) -> None:
    with reading(project) as stream:
        next(stream)
        assert next(stream).comment == "keepalive"


@pytest.mark.slow
def test_a_stream_of_a_revoked_token_ends_within_the_minute(project: Project) -> None:
    with reading(project, token=project.tokens["user_rina"]) as stream:
        project.engine.revoke(project.tokens["user_rina"])
        frames = list(stream)
    assert 3 <= len(frames) <= 7
