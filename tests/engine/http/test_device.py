"""Signing in by device flow, in generations B and C."""

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from inbox.engine.actions.device import GRANT
from tests.fixtures_engine import LaterProject, Project


@pytest.fixture(params=["later_project", "organization"])
def place(request: pytest.FixtureRequest) -> LaterProject:
    found: LaterProject = request.getfixturevalue(request.param)
    return found


def post(place: Project, path: str, **form: str) -> httpx.Response:
    return httpx.post(f"{place.base_url}/v1/auth/device/{path}", data=form)


def begun(place: LaterProject, **form: str) -> dict[str, Any]:
    answer = post(place, "code", **form)
    assert answer.status_code == 200, answer.text
    code: dict[str, Any] = answer.json()
    return code


def exchange(place: LaterProject, code: dict[str, Any], grant: str = GRANT) -> httpx.Response:
    return post(place, "token", grant_type=grant, device_code=code["device_code"])


def error(answer: httpx.Response) -> str:
    assert answer.status_code == 400
    name: str = answer.json()["error"]
    return name


def decide(place: LaterProject, code: dict[str, Any], decision: str, who: str = "Rina") -> str:
    """Open the page that the person is sent to, and press a button."""
    link = code["verification_uri_complete"]
    assert urlsplit(link)._replace(path="", query="").geturl() == place.base_url
    page = httpx.get(link).text
    option = page.partition(f'">{who} (user_')[0].rpartition('"')[2]
    form = {"code": code["user_code"], "person": option, "decision": decision}
    return httpx.post(code["verification_uri"], data=form).text


def test_an_approved_token_is_the_persons_and_is_issued_once(place: LaterProject) -> None:
    code = begun(place, mobius_requested_project_handle=place.handle)
    assert error(exchange(place, code)) == "authorization_pending"
    assert error(exchange(place, code, "password")) == "unsupported_grant_type"
    assert "Approved" in decide(place, code, "approve")
    issued = exchange(place, code).json()
    assert (issued["token_type"], issued["project_handle"]) == ("Bearer", place.handle)
    assert error(exchange(place, code)) == "invalid_grant"
    answer = place.with_token(f"{issued['access_token']}.{place.handle}").get("interactions")
    assert answer.status_code == 200
    assert "unknown or has expired" in decide(place, code, "deny")


def test_a_denied_one_ends_without_a_token(place: LaterProject) -> None:
    code = begun(place, mobius_requested_project_handle=place.handle)
    assert "Denied" in decide(place, code, "deny")
    assert error(exchange(place, code)) == "access_denied"


def test_without_a_project_the_token_names_none(place: LaterProject) -> None:
    code = begun(place)
    decide(place, code, "approve")
    assert exchange(place, code).json()["project_id"] is None
    assert (
        error(post(place, "code", mobius_requested_project_handle="nowhere")) == "invalid_request"
    )


def test_only_its_owner_revokes_a_credential_with_it(place: LaterProject) -> None:
    code = begun(place, mobius_requested_project_handle=place.handle)
    decide(place, code, "approve")
    issued = exchange(place, code).json()
    path = f"{place.base_url}/v1/auth/cli-credentials/{issued['credential_id']}"
    others = {"Authorization": f"Bearer {place.tokens['user_sam']}"}
    own = {"Authorization": f"Bearer {issued['access_token']}"}
    assert httpx.delete(path, headers=others).status_code == 404
    assert httpx.delete(path, headers=own).status_code == 204
    assert httpx.delete(path, headers=own).status_code == 401


def test_generation_a_has_no_such_calls(project: Project) -> None:
    assert post(project, "code").status_code == 404
