import json
import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.engine.http.refusals import refused
from tests.fixtures_engine import Project

MIB = 1024 * 1024


@pytest.mark.parametrize(
    "path", ["nothing", "runs/", "runs/run_1/jobs", "", "interactions/int_1/respond/x"]
)
def test_an_unknown_path_is_a_404(project: Project, path: str) -> None:
    refused(project.http.get(path), 404, "not_found")


def test_a_path_outside_the_api_is_a_404(project: Project) -> None:
    refused(project.http.get(project.base_url + "/"), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "runs", "GET, POST"),
        ("POST", "runs/run_1", "GET"),
        ("PUT", "interactions/int_1", "GET"),
        ("GET", "interactions/int_1/respond", "POST"),
        ("POST", "runs/events", "GET"),
        ("DELETE", "groups/approvers", "GET, PATCH"),
    ],
)
def test_a_wrong_method_names_the_right_ones(
    project: Project, method: str, path: str, allowed: str
) -> None:
    response = project.http.request(method, path)
    refused(response, 405, "method_not_allowed", allowed)
    assert response.headers["allow"] == allowed


def test_a_body_of_one_mebibyte_is_read(project: Project) -> None:
    body = json.dumps({"surprise": ""})
    body = json.dumps({"surprise": "x" * (MIB - len(body))})
    assert len(body) == MIB
    refused(project.http.post("interactions", content=body), 400, "bad_request", "surprise")


def test_a_larger_body_is_a_413(project: Project) -> None:
    refused(project.http.post("runs", content=b"x" * (MIB + 1)), 413, "payload_too_large")


def test_a_body_far_too_large_is_refused_unread(project: Project) -> None:
    with socket.create_connection(("127.0.0.1", httpx.URL(project.base_url).port)) as caller:
        caller.settimeout(60)
        caller.sendall(
            f"POST /v1/projects/{project.handle}/runs HTTP/1.1\r\nHost: engine\r\n"
            f"Authorization: Bearer {project.service_key}\r\nContent-Length: {10**12}\r\n"
            "Expect: 100-continue\r\n\r\n".encode()
        )
        assert caller.recv(65_536).startswith(b"HTTP/1.1 413 ")


def test_a_larger_body_of_unknown_length_is_a_413(project: Project) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 65_536

    refused(project.http.post("runs", content=pieces()), 413, "payload_too_large")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"spec=1",
        b'{"spec": NaN}',
        b'{"spec": 1e9999}',
        b'{"spec": "\xff"}',
        b"[" * 100_000,
        b"[]",
        b'"text"',
        b"null",
        b'{"message": "a\\u0000b"}',
        b'{"message": "\\ud800"}',
        b'{"x": [{"\\u0000": 1}]}',
        b'{"n": ' + b"9" * 5000 + b"}",
    ],
)
def test_a_body_that_is_no_json_object_of_text_is_a_400(project: Project, body: bytes) -> None:
    refused(project.http.post("interactions", content=body), 400, "bad_request")


@pytest.mark.parametrize("limit", ["0", "201", "-1", "many", "", "1.5", "²", "1" * 5000])
def test_a_limit_out_of_bounds_is_a_400(project: Project, limit: str) -> None:
    refused(project.http.get("runs", params={"limit": limit}), 400, "bad_request", "limit")


@pytest.mark.parametrize("path", ["runs", "interactions", "groups", "groups/approvers/members"])
def test_a_bad_cursor_is_a_400(project: Project, path: str) -> None:
    for cursor in ("nonsense", "", "AAAA", "😀"):
        refused(project.http.get(path, params={"cursor": cursor}), 400, "bad_request", "cursor")


@pytest.mark.parametrize("path", ["runs", "interactions", "groups", "members/user_rina/groups"])
def test_an_unknown_filter_is_a_400_that_names_it(project: Project, path: str) -> None:
    refused(project.http.get(path, params={"colour": "red"}), 400, "bad_request", "colour")


def test_a_filter_given_twice_is_a_400(project: Project) -> None:
    response = project.http.get("runs?status=queued&status=failed")
    refused(response, 400, "bad_request", "status")


def test_a_query_that_no_database_can_hold_is_a_400(project: Project) -> None:
    refused(project.http.get("runs?queue=%00"), 400, "bad_request")


@pytest.mark.parametrize("path", ["claim", "release"])
def test_a_field_where_none_is_read_is_a_400_that_names_it(project: Project, path: str) -> None:
    question = project.ask()
    response = project.http.post(f"interactions/{question['id']}/{path}", json={"force": True})
    refused(response, 400, "bad_request", "force")


def test_a_body_that_breaks_off_does_nothing(project: Project) -> None:
    question = project.ask()
    with socket.create_connection(("127.0.0.1", httpx.URL(project.base_url).port)) as caller:
        caller.sendall(
            f"POST /v1/projects/{project.handle}/interactions/{question['id']}/respond HTTP/1.1\r\n"
            f"Host: engine\r\nAuthorization: Bearer {project.service_key}\r\n"
            'Content-Length: 50\r\n\r\n{"value": true}'.encode()
        )
    for _ in range(10):
        assert project.http.get(f"interactions/{question['id']}").json() == question
