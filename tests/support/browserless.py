import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_FIELD = re.compile(r'<input[^>]*type="hidden"[^>]*>')
_ATTRIBUTE = re.compile(r'(name|value)="([^"]*)"')


class Person:
    def __init__(self, web: str, name: str) -> None:
        self.name = name
        self._http = httpx.Client(timeout=60)
        self.web = web

    def sign_in(self, password: str = "demo") -> None:
        page = self._http.get(f"{self.web}/accounts/login/")
        answer = self._http.post(
            f"{self.web}/accounts/login/",
            data={
                "csrfmiddlewaretoken": _TOKEN.findall(page.text)[0],
                "username": self.name,
                "password": password,
            },
        )
        assert answer.status_code == 302, answer.text

    def is_signed_out(self) -> bool:
        return self.get("/freshness/").status_code != 200

    def sign_out(self) -> None:
        token = {"csrfmiddlewaretoken": self._http.cookies["csrftoken"]}
        answer = self._http.post(f"{self.web}/accounts/logout/", data=token)
        assert answer.status_code == 303, answer.text

    def cookies(self) -> dict[str, str]:
        return {cookie.name: cookie.value or "" for cookie in self._http.cookies.jar}

    def get(self, path: str) -> httpx.Response:
        return self._http.get(f"{self.web}{path}")

    @contextmanager
    def stream(self, path: str) -> Iterator[Iterator[str]]:
        with self._http.stream("GET", f"{self.web}{path}", timeout=60) as answer:
            assert answer.status_code == 200
            yield answer.iter_lines()

    def form(self, interaction_id: str) -> dict[str, str]:
        """Hidden fields: token, operation id, version shown."""
        page = self.get(f"/interactions/{interaction_id}/").text
        start = page.index(f'action="/interactions/{interaction_id}/respond"')
        fields = (dict(_ATTRIBUTE.findall(tag)) for tag in _FIELD.findall(page[start:]))
        return {field["name"]: field.get("value", "") for field in fields}

    def respond(self, interaction_id: str, fields: dict[str, str], **answer: Any) -> httpx.Response:
        return self._http.post(
            f"{self.web}/interactions/{interaction_id}/respond",
            data={**fields, "confirmed": "1", **answer},
        )

    def post(self, path: str, **fields: Any) -> httpx.Response:
        token = {"csrfmiddlewaretoken": self._http.cookies["csrftoken"]}
        return self._http.post(f"{self.web}{path}", data={**token, **fields})

    def close(self) -> None:
        self._http.close()
