"""Serves static files before Django. WhiteNoise's own middleware would cost every page a thread
hop.
"""

import asyncio
import hashlib
import logging
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.base import ContentFile
from django.core.management import call_command
from whitenoise import WhiteNoise
from whitenoise.storage import CompressedManifestStaticFilesStorage

log = logging.getLogger(__name__)

StartResponse = Callable[[str, list[tuple[str, str]]], Any]

SECURITY_HEADERS = {
    name: settings.MORE_SECURITY_HEADERS[name]
    for name in ("X-Content-Type-Options", "Cross-Origin-Resource-Policy")
}
"""Without those that browsers read from documents only."""
if settings.SECURE_HSTS_SECONDS:
    SECURITY_HEADERS["Strict-Transport-Security"] = "; ".join(
        [
            f"max-age={settings.SECURE_HSTS_SECONDS}",
            *(["includeSubDomains"] if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else []),
            *(["preload"] if settings.SECURE_HSTS_PRELOAD else []),
        ]
    )
VALIDATORS = ("ETag", "Last-Modified")
HASHED_NAME = r"\.[0-9a-f]{12}\.[a-z0-9]+$"
COMMENT = re.compile(rb"^[ \t]*/\*.*?\*/[ \t]*\n", re.MULTILINE | re.DOTALL)
"""A comment that has its lines to itself."""
INDENT = re.compile(rb"^[ \t]+", re.MULTILINE)
RELEASE_FILE = "release.txt"
MANIFEST = CompressedManifestStaticFilesStorage.manifest_name
"""This and ``RELEASE_FILE`` are in ``STATIC_ROOT``, but are not served."""


class Storage(CompressedManifestStaticFilesStorage):
    """Vendored scripts stay as published: they name source maps that are not shipped. URLs are
    cached, since a page has thirty.
    """

    patterns = (
        *(
            pattern
            for pattern in CompressedManifestStaticFilesStorage.patterns
            if "*.css" in pattern
        ),
        (
            "js/*.js",
            (
                (
                    r"""(?P<matched>(?P<word>import\(?|from)\s*["'](?P<url>\.[^"']+)["'])""",
                    '%(word)s "%(url)s"',
                ),
            ),
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._urls: dict[str, str] = {}

    def _save(self, name: str, content: Any) -> str:
        """Remove comments and indentation, so no text in them may go over several lines."""
        if name.startswith(("css/", "js/")):
            code = COMMENT.sub(b"", b"".join(content.chunks()))
            content = ContentFile(INDENT.sub(b"", code))
        return super()._save(name, content)

    def url(self, name: str, force: bool = False) -> str:
        if name not in self._urls:
            self._urls[name] = super().url(name, force)
        return self._urls[name]


def collect_if_changed() -> None:
    """The release file is written last, so that an interrupted collection is repeated."""
    root = Path(settings.STATIC_ROOT)
    note, release = root / RELEASE_FILE, _release()
    if note.is_file() and note.read_text() == release:
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    note.write_text(release)


def _release() -> str:
    digest = hashlib.sha256()
    for finder in finders.get_finders():
        for name, storage in sorted(finder.list([]), key=lambda item: str(item[0])):
            content = Path(storage.path(name)).read_bytes()
            digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    return digest.hexdigest()


class StaticFiles:
    def __init__(self, application: Any) -> None:
        self._application = application
        self._files = WhiteNoise(
            _not_found,
            autorefresh=settings.DEBUG,
            immutable_file_test=HASHED_NAME,
            allow_all_origins=False,
        )
        self._unserved = {settings.STATIC_URL + name for name in (RELEASE_FILE, MANIFEST)}
        if Path(settings.STATIC_ROOT).is_dir():
            self._files.add_files(settings.STATIC_ROOT, settings.STATIC_URL)
        else:
            log.error("Static files are missing. Run `manage.py collectstatic`.")
        if settings.DEBUG:
            for folder in settings.STATICFILES_DIRS:
                self._files.add_files(folder, settings.STATIC_URL)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        # Django redirects plain HTTP requests to HTTPS, those for static files too.
        plain = settings.SECURE_SSL_REDIRECT and scope.get("scheme") == "http"
        is_static = scope["type"] == "http" and scope["path"].startswith(settings.STATIC_URL)
        if plain or not is_static:
            await self._application(scope, receive, send)
            return
        status, headers, body = await asyncio.to_thread(self._read, scope)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _read(self, scope: Any) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """WhiteNoise is a WSGI application. Files are small, so each is sent in one piece."""
        status, sent = "", []

        def start_response(line: str, headers: list[tuple[str, str]]) -> None:
            nonlocal status, sent
            status, sent = line, headers

        application = _not_found if scope["path"] in self._unserved else self._files
        body = application(_environ(scope), start_response)
        try:
            content = b"".join(body)
        finally:
            if hasattr(body, "close"):
                body.close()
        if "immutable" in dict(sent).get("Cache-Control", ""):
            # A file whose name has its hash is never revalidated.
            sent = [(name, value) for name, value in sent if name not in VALIDATORS]
        sent += SECURITY_HEADERS.items()
        headers = [(name.lower().encode(), value.encode()) for name, value in sent]
        return int(status[:3]), headers, content


def _environ(scope: Any) -> dict[str, str]:
    headers = {
        "HTTP_" + name.decode("latin-1").upper().replace("-", "_"): value.decode("latin-1")
        for name, value in scope["headers"]
    }
    # In WSGI, a path's bytes are decoded as latin-1.
    path = scope["path"].encode().decode("latin-1")
    return {"REQUEST_METHOD": scope["method"], "PATH_INFO": path, **headers}


def _not_found(environ: dict[str, str], start_response: StartResponse) -> Iterable[bytes]:
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"Not found."]
