"""Static files: served before Django, and kept by browsers for ever under a path that names them.

The path holds a digest of all files together. So ``url(…)`` in a style sheet and ``import`` in a
script, which are relative, need no rewriting, and nothing has to be collected before a start.
WhiteNoise answers; its middleware would cost each request a thread hop, so it stands outside.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from whitenoise import WhiteNoise
from whitenoise.responders import StaticFile


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


class StaticFiles:
    """The ASGI wrapper that answers for static files and passes on everything else."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._shelf = WhiteNoise(
            None,
            max_age=0,
            allow_all_origins=False,
            immutable_file_test=lambda path, url: url == release() and not settings.DEBUG,
            add_headers_function=_trust_the_type,
        )
        self._files: dict[tuple[str, str], StaticFile] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or not scope["path"].startswith(settings.STATIC_URL):
            await self._application(scope, receive, send)
            return
        file = self._file(scope["path"].removeprefix(settings.STATIC_URL))
        if file is None:
            status, headers, body = 404, [("Content-Type", "text/plain")], b"Not found."
        else:
            answer = file.get_response(scope["method"], _environ(scope))
            status, headers, body = int(answer.status), answer.headers, b""
            if answer.file is not None:
                # Small and in the page cache: reading here is quicker than a thread hop.
                with answer.file as opened:
                    body = opened.read()
        named = [(name.lower().encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": named})
        await send({"type": "http.response.body", "body": body})

    def _file(self, path: str) -> StaticFile | None:
        """The file that a path below ``STATIC_URL`` means.

        A page from before a restart asks for another release: it gets the file as it is now. While
        debugging a file is looked at each time.
        """
        asked, _, name = path.partition("/")
        if name not in found():
            asked, name = "", path
        if name not in found():
            return None
        if settings.DEBUG or (asked, name) not in self._files:
            made = self._shelf.get_static_file(str(found()[name]), asked)
            if asked not in ("", release()):
                return made
            self._files[asked, name] = made
        return self._files[asked, name]


def _trust_the_type(headers: Any, path: str, url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"


def _environ(scope: Any) -> dict[str, str]:
    """The request's headers as WSGI has them, which is how WhiteNoise reads them."""
    return {
        "HTTP_" + name.decode("latin-1").upper().replace("-", "_"): value.decode("latin-1")
        for name, value in scope["headers"]
    }
