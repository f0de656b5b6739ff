import httpx
import pytest

from tests.engine.http.refusals import refused
from tests.fixtures_engine import Project, fresh_project
from tests.support.engine_process import EngineProcess


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic cmluYTpkZW1v"},
        {"Authorization": "Bearer mbx_nobody"},
    ],
)
@pytest.mark.parametrize("path", ["runs", "runs/events", "interactions", "members/me", "groups"])
def test_a_missing_or_unknown_token_is_a_401(
    project: Project, path: str, headers: dict[str, str]
) -> None:
    response = httpx.get(project.url + path, headers=headers, timeout=60)
    refused(response, 401, "unauthorized")
    assert response.headers["www-authenticate"] == "Bearer"


def test_a_revoked_token_is_a_401(project: Project) -> None:
    assert project.as_("user_rina").get("members/me").status_code == 200
    project.engine.revoke(project.tokens["user_rina"])
    refused(project.as_("user_rina").get("members/me"), 401, "unauthorized")


def test_an_unknown_project_is_a_404(project: Project) -> None:
    response = project.http.get(f"{project.base_url}/v1/projects/nowhere/runs")
    refused(response, 404, "not_found")


def test_a_token_of_another_project_is_a_403(engine: EngineProcess, project: Project) -> None:
    other = fresh_project(engine)
    refused(project.http.get(other.url + "runs"), 403, "permission_denied")
    other.close()


def test_the_projects_own_suffix_is_accepted(project: Project) -> None:
    suffixed = project.with_token(f"{project.tokens['user_rina']}.{project.handle}")
    assert suffixed.get("members/me").json() == {"user_id": "user_rina", "name": "Rina"}


def test_a_suffix_that_names_another_project_is_a_403(project: Project) -> None:
    suffixed = project.with_token(f"{project.tokens['user_rina']}.elsewhere")
    refused(suffixed.get("members/me"), 403, "permission_denied")


def test_a_service_key_has_no_person(project: Project) -> None:
    refused(project.http.get("members/me"), 400, "bad_request")


def test_the_scheme_is_read_in_any_case(project: Project) -> None:
    headers = {"Authorization": f"bearer {project.service_key}"}
    assert httpx.get(project.url + "runs", headers=headers, timeout=60).status_code == 200
