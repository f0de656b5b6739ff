"""A person without a browser: signs in and posts forms over HTTP, as one without scripts does."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_FIELD = re.compile(r'<input[^>]*type="hidden"[^>]*>')
_ATTRIBUTE = re.compile(r'(name|value)="([^"]*)"')


class Person:
    """One session. Cookies stay good when the product comes back on another port."""

    def __init__(self, web: str, name: str) -> None:
        self.name = name
        self._http = httpx.Client(timeout=60)
        self.web = web

    def sign_in(self) -> None:
        """Through the sign-in page, with the demo's password."""
        page = self._http.get(f"{self.web}/accounts/login/")
        answer = self._http.post(
            f"{self.web}/accounts/login/",
            data={
                "csrfmiddlewaretoken": _TOKEN.findall(page.text)[0],
                "username": self.name,
                "password": "demo",
            },
        )
        assert answer.status_code == 302, answer.text

    def sign_out(self) -> None:
        """By the button of the account menu."""
        token = {"csrfmiddlewaretoken": self._http.cookies["csrftoken"]}
        answer = self._http.post(f"{self.web}/accounts/logout/", data=token)
        assert answer.status_code == 302, answer.text

    def cookies(self) -> dict[str, str]:
        """The cookies with which another client continues the session."""
        return {cookie.name: cookie.value or "" for cookie in self._http.cookies.jar}

    def get(self, path: str) -> httpx.Response:
        """A page."""
        return self._http.get(f"{self.web}{path}")

    @contextmanager
    def stream(self, path: str) -> Iterator[Iterator[str]]:
        """The lines of an event stream; an end from the other side ends them."""
        with self._http.stream("GET", f"{self.web}{path}", timeout=60) as answer:
            assert answer.status_code == 200
            yield answer.iter_lines()

    def form(self, interaction_id: str) -> dict[str, str]:
        """The hidden fields of an item's answer form: token, operation id, what was seen."""
        page = self.get(f"/interactions/{interaction_id}/").text
        start = page.index(f'action="/interactions/{interaction_id}/respond"')
        fields = (dict(_ATTRIBUTE.findall(tag)) for tag in _FIELD.findall(page[start:]))
        return {field["name"]: field.get("value", "") for field in fields}

    def respond(self, interaction_id: str, fields: dict[str, str], **answer: Any) -> httpx.Response:
        """Send the form."""
        return self._http.post(
            f"{self.web}/interactions/{interaction_id}/respond", data={**fields, **answer}
        )

    def post(self, path: str, **fields: Any) -> httpx.Response:
        """Press a button of a page."""
        token = {"csrfmiddlewaretoken": self._http.cookies["csrftoken"]}
        return self._http.post(f"{self.web}{path}", data={**token, **fields})

    def close(self) -> None:
        """Leave."""
        self._http.close()
