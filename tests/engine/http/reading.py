"""An event stream as it is sent: frames with and without id, and comments."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.fixtures_engine import Project


@dataclass(frozen=True)
class Frame:
    """``id`` and ``event`` are None where they were absent."""

    id: int | None
    event: str | None
    data: dict[str, Any] | None
    comment: str | None


class Reader:
    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.iter_lines()

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        fields: dict[str, str] = {}
        for line in self._lines:
            if not line:
                return _frame(fields)
            name, _, value = line.partition(":")
            assert name not in fields, f"{name} twice in one frame"
            fields[name] = value.removeprefix(" ")
        assert not fields, "the stream ended within a frame"
        raise StopIteration

    def until(self, seq: int) -> list[Frame]:
        found = []
        for frame in self:
            found.append(frame)
            if frame.id is not None and frame.id >= seq:
                return found
        raise AssertionError(f"the stream ended before {seq}")


@contextmanager
def reading(
    project: Project, path: str = "runs/events", token: str | None = None, **headers: str
) -> Iterator[Reader]:
    client = project.with_token(token or project.service_key)
    with client.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200, response.read()
        yield Reader(response)


def newest(project: Project) -> int:
    with reading(project) as stream:
        cursor = next(stream).id
    assert cursor is not None
    return cursor


def _frame(fields: dict[str, str]) -> Frame:
    return Frame(
        id=int(fields["id"]) if "id" in fields else None,
        event=fields.get("event"),
        data=json.loads(fields["data"]) if "data" in fields else None,
        comment=fields.get(""),
    )
