from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import httpx_sse

from tests.served.offers import Form, forms_of
from tests.support.crowd import Entry


class Visitor:
    """One browser session; without an entry one that has not signed in."""

    def __init__(self, web: str, name: str, entry: Entry | None = None) -> None:
        self.name = name
        self.web = web
        self.http = httpx.Client(base_url=web, timeout=60)
        if entry:
            # With its host, so that the same cookie from the product replaces it.
            self.http.cookies.set("sessionid", entry["session"], domain=self.http.base_url.host)
        self._csrf = ""

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.http.get(path, **options)

    def post(self, path: str, data: dict[str, Any] | None = None) -> httpx.Response:
        if not self._csrf:
            self.http.get("/account/" if self.http.cookies.get("sessionid") else "/accounts/login/")
            self._csrf = self.http.cookies["csrftoken"]
        return self.http.post(path, data=data or {}, headers={"X-CSRFToken": self._csrf})

    def forms(self, path: str) -> list[Form]:
        return forms_of(self.get(path).text)

    def stream(self, path: str) -> int:
        with self.http.stream("GET", path) as response:
            return response.status_code

    @contextmanager
    def hearing(self) -> Iterator[Callable[[Callable[[], Any]], Any]]:
        """Within, ``until(check)`` gives the first truthy result of ``check``: it is asked now, and
        whenever the inbox rings.
        """
        with httpx_sse.connect_sse(self.http, "GET", "/live/inbox/") as source:
            rings = source.iter_sse()
            next(rings)

            def until(check: Callable[[], Any]) -> Any:
                while not (found := check()):
                    next(rings)
                return found

            yield until

    def close(self) -> None:
        self.http.close()
