import asyncio
from contextlib import suppress
from typing import Any

import pytest

from inbox.lib.request_body import RequestBodies

LIMIT = 2_621_440
Parts = list[dict[str, Any]]


def part(body: bytes = b"", *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


class Page:
    def __init__(self, **limits: float) -> None:
        self.got: list[bytes] = []
        self.refused: list[int] = []
        self.sent: Parts = []
        self.served = RequestBodies(self._page, **limits)

    async def _page(self, scope: Any, receive: Any, send: Any) -> None:
        self.refused.append(scope.get("refused_body"))
        body, more = b"", True
        while more:
            message = await receive()
            body += message["body"]
            more = message["more_body"]
        self.got.append(body)
        with suppress(TimeoutError):
            # As Django does, to notice a client that leaves.
            async with asyncio.timeout(0.01):
                assert (await receive())["type"] == "http.disconnect"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"page"})

    async def serve(self, parts: Parts, *, length: int | None = None, path: str = "/") -> None:
        async def receive() -> dict[str, Any]:
            if not parts:
                await asyncio.Event().wait()
            return parts.pop(0)

        async def send(message: Any) -> None:
            self.sent.append(message)

        headers = [] if length is None else [(b"content-length", str(length).encode())]
        await self.served({"type": "http", "path": path, "headers": headers}, receive, send)

    @property
    def closes(self) -> bool:
        return (b"Connection", b"close") in self.sent[0]["headers"]


async def test_the_page_gets_the_whole_body() -> None:
    page, parts = Page(), [b"x" * 50_000, b"y" * 100_000, b""]
    await page.serve([part(each, more=bool(each)) for each in parts])
    assert (page.got, page.refused, page.closes) == ([b"".join(parts)], [None], False)


async def test_a_request_that_ends_before_its_body_never_reaches_a_page() -> None:
    page = Page()
    await page.serve([part(b"a"), {"type": "http.disconnect"}])
    assert page.got == []


@pytest.mark.parametrize("path", ["/", "/healthz", "/any/healthz"])
async def test_an_announced_body_over_the_limit_is_refused_unread(path: str) -> None:
    page, parts = Page(), [part(b"x" * 100), part(b"y", more=False)]
    await page.serve(parts, length=LIMIT + 1, path=path)
    assert (page.got, page.refused, page.closes) == ([b""], [413], True)
    assert parts == []  # read and thrown away, so that the browser sees the answer
    assert [message.get("more_body", False) for message in page.sent[1:]] == [True, False]


async def test_a_body_of_unknown_length_is_read_up_to_the_limit() -> None:
    page, parts = Page(), [part(b"x" * (LIMIT // 2)) for _ in range(2)]
    await page.serve([*parts, part(b"y"), part(b"z", more=False)])
    assert (page.got, page.refused, page.closes) == ([b""], [413], True)
    page = Page()
    await page.serve([*parts, part(more=False)])
    assert page.refused == [None]


async def test_a_body_that_stops_coming_is_given_up() -> None:
    page = Page(pause=0.01)
    await page.serve([part(b"a")], length=9)
    assert (page.got, page.refused, page.closes) == ([b""], [408], True)


async def test_a_body_that_trickles_is_given_up() -> None:
    page = Page(pause=5, timeout=0.05)
    trickle = asyncio.Event()

    async def receive() -> dict[str, Any]:
        asyncio.get_running_loop().call_later(0.01, trickle.set)
        await trickle.wait()
        trickle.clear()
        return part(b"a")

    async def send(message: Any) -> None:
        page.sent.append(message)
        trickle.set()

    async with asyncio.timeout(60):
        await page.served({"type": "http", "path": "/", "headers": []}, receive, send)
    assert page.refused == [408]
