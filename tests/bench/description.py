"""Checks what the embedded engine sends as generation B against the maker's description:
``python -m tests.bench.description openapi.yaml``. It prints each difference once, and ends
with 1 if there is one.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.fixtures_engine import LaterProject
from tests.support import databases
from tests.support.engine_process import EngineProcess

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}
_CALLS = {
    "/v1/projects": "/v1/projects",
    "/v1/projects/{project_handle}/capabilities": "capabilities",
    "/v1/projects/{project_handle}/loops": "loops",
    "/v1/projects/{project_handle}/principals": "principals",
    "/v1/projects/{project_handle}/interactions": "interactions?limit=100",
    "/v1/projects/{project_handle}/runs": "runs?limit=100",
}
_OF_A_RUN = ("", "/steps", "/events")


class Description:
    def __init__(self, path: Path) -> None:
        self._whole: dict[str, Any] = yaml.safe_load(path.read_text())

    def differences(self, path: str, payload: Any) -> Iterator[str]:
        """Between the payload and what GET of the path is said to return."""
        answer = self._whole["paths"][path]["get"]["responses"]["200"]
        schema = self._resolved(answer)["content"]["application/json"]["schema"]
        yield from self._compare(schema, payload, "")

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            place: Any = self._whole
            for part in schema["$ref"].removeprefix("#/").split("/"):
                place = place[part]
            schema = place
        return schema

    def _compare(self, schema: dict[str, Any], value: Any, place: str) -> Iterator[str]:
        schema = self._resolved(schema)
        if value is None:
            if not schema.get("nullable"):
                yield f"{place} is null"
            return
        for part in schema.get("allOf", ()):
            yield from self._compare(part, value, place)
        choices = schema.get("oneOf", schema.get("anyOf", ()))
        if choices and all(any(self._compare(each, value, place)) for each in choices):
            yield f"{place} is none of the choices"
        wanted = schema.get("type")
        is_of_type = isinstance(value, _TYPES.get(wanted, object))
        if not is_of_type or (isinstance(value, bool) and wanted not in ("boolean", None)):
            yield f"{place} isn't of type {wanted}"
            return
        if "enum" in schema and value not in schema["enum"]:
            yield f"{place} is {value}"
        if isinstance(value, list):
            for each in value:
                yield from self._compare(schema.get("items", {}), each, f"{place}[]")
        if isinstance(value, dict):
            yield from self._compare_fields(schema, value, place)

    def _compare_fields(
        self, schema: dict[str, Any], value: dict[str, Any], place: str
    ) -> Iterator[str]:
        fields, more = schema.get("properties", {}), schema.get("additionalProperties", True)
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{place}.{name} is missing"
        for name, child in value.items():
            if name in fields:
                yield from self._compare(fields[name], child, f"{place}.{name}")
            elif more is False:
                yield f"{place}.{name} isn't described"
            elif isinstance(more, dict):
                yield from self._compare(more, child, f"{place}.*")


def main(path: Path) -> int:
    description, found = Description(path), set()
    with tempfile.TemporaryDirectory() as folder:
        environment = databases.environment(Path(folder), "described")
        engine = EngineProcess(environment, ENGINE_API="b")
        engine.start()
        project = LaterProject(engine, "described")
        try:
            for described, payload in _payloads(project):
                found |= {
                    f"{described}: {difference.lstrip('.')}"
                    for difference in description.differences(described, payload)
                }
        finally:
            project.close()
            engine.stop()
    print("\n".join(sorted(found)) or "No difference.")
    return int(bool(found))


def _payloads(project: LaterProject) -> Iterator[tuple[str, Any]]:
    """By described path."""
    project.tell_the_morning()
    run_id = project.run_story(project.question())
    project.http.post(f"runs/{run_id}/cancel", json={"reason": "Not this week"})
    for described, path in _CALLS.items():
        url = f"{project.base_url}{path}" if path.startswith("/") else path
        yield described, project.http.get(url).json()
    root = "/v1/projects/{project_handle}"
    for item in project.http.get("interactions?limit=100").json()["items"]:
        path = f"interactions/{item['id']}"
        yield f"{root}/interactions/{{resource_id}}", project.http.get(path).json()
    for run in project.http.get("runs?limit=100").json()["items"]:
        for part in _OF_A_RUN:
            described = f"{root}/runs/{{resource_id}}{part}"
            yield described, project.http.get(f"runs/{run['id']}{part}").json()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
