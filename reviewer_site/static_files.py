"""Static files: served before Django, and kept by browsers for a year under a path that names them.

The path holds a digest of all files together. So ``url(…)`` in a style sheet and ``import`` in a
script, which are relative, need no rewriting, and nothing has to be collected before a start.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage

KEEP = b"public, max-age=31536000, immutable"
ASK = b"no-cache"
SQUEEZED = (".css", ".js", ".json", ".map", ".mjs", ".svg", ".txt")
TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".woff2": "font/woff2"}

Headers = list[tuple[bytes, bytes]]


@cache
def found() -> dict[str, Path]:
    """Every static file by its name; where two have the same name, the first finder's."""
    files: dict[str, Path] = {}
    for finder in finders.get_finders():
        for name, storage in finder.list([]):
            files.setdefault(name, Path(storage.path(name)))
    return files


@cache
def release() -> str:
    """The digest of all files, as they were when the process first asked for it."""
    digest = hashlib.sha256()
    for name, path in sorted(found().items()):
        digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


class ReleaseStorage(StaticFilesStorage):
    """The storage that gives a file its URL in the present release."""

    def url(self, name: str | None) -> str:
        """The URL that ``{% static %}`` writes."""
        return f"{settings.STATIC_URL}{release()}/{name}"


@dataclass(frozen=True)
class Content:
    """What is sent of a file: ``squeezed`` is its gzip form where that is worth it."""

    body: bytes
    squeezed: bytes | None
    type: bytes
    tag: bytes

    @classmethod
    def of(cls, path: Path) -> "Content":
        """Read the file."""
        body = path.read_bytes()
        squeezed = gzip.compress(body, mtime=0) if path.suffix in SQUEEZED else None
        kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
        if kind and kind.startswith("text/"):
            kind += "; charset=utf-8"
        return cls(
            body=body,
            squeezed=squeezed if squeezed and len(squeezed) < len(body) else None,
            type=(kind or "application/octet-stream").encode(),
            tag=f'W/"{hashlib.sha256(body).hexdigest()[:24]}"'.encode(),
        )


class StaticFiles:
    """The ASGI wrapper that answers for static files and passes on everything else."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._contents: dict[str, Content] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or not scope["path"].startswith(settings.STATIC_URL):
            await self._application(scope, receive, send)
            return
        status, headers, body = self._answer(scope)
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send(
            {"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body}
        )

    def _answer(self, scope: Any) -> tuple[int, Headers, bytes]:
        if scope["method"] not in ("GET", "HEAD"):
            return 405, [(b"allow", b"GET, HEAD")], b""
        for name, caching in _readings(scope["path"].removeprefix(settings.STATIC_URL)):
            if name in found():
                return _sent(self._content(name), caching, dict(scope["headers"]))
        return 404, [(b"content-type", b"text/plain")], b"Not found."

    def _content(self, name: str) -> Content:
        """A file is read once; while debugging, each time."""
        content = self._contents.get(name)
        if content is None or settings.DEBUG:
            content = self._contents[name] = Content.of(found()[name])
        return content


def _readings(path: str) -> Iterator[tuple[str, bytes]]:
    """The names that a path can mean, and how long each may be kept.

    A page from before a restart asks for another release: it gets the file as it is now.
    """
    first, _, rest = path.partition("/")
    yield rest, KEEP if first == release() and not settings.DEBUG else ASK
    yield path, ASK


def _sent(
    content: Content, caching: bytes, asked: dict[bytes, bytes]
) -> tuple[int, Headers, bytes]:
    headers = [
        (b"cache-control", caching),
        (b"etag", content.tag),
        (b"vary", b"accept-encoding"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if content.tag in asked.get(b"if-none-match", b""):
        return 304, headers, b""
    headers.append((b"content-type", content.type))
    if content.squeezed is not None and b"gzip" in asked.get(b"accept-encoding", b""):
        return 200, [*headers, (b"content-encoding", b"gzip")], content.squeezed
    return 200, headers, content.body
