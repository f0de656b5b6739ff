"""An identity provider in a process of its own: npm's ``oidc-provider``, by its lock file."""

import fcntl
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from inbox.people.oidc.settings import Oidc

FOLDER = Path(__file__).parent / "oidc"
CALLBACK = "/accounts/oidc/callback/"
SECRET = "a-secret-between-the-two"

_FORM = re.compile(r'<form[^>]* action="([^"]+)"')


class IdentityProvider:
    """Started at once. ``accounts``: subject → claims. ``clock``: how many seconds ahead it is.
    ``port``: 0 takes any.
    """

    def __init__(
        self, accounts: dict[str, dict[str, Any]], *, clock: int = 0, port: int = 0
    ) -> None:
        if shutil.which("npm") is None:
            pytest.skip("Node.js is not installed: apt-get install nodejs npm")
        _install()
        given = {"accounts": accounts, "secret": SECRET, "clock": clock, "port": port}
        self._process = subprocess.Popen(
            ["node", "provider.mjs", json.dumps(given)],
            cwd=FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self.issuer = self._process.stdout.readline().strip()
        assert self.issuer.startswith("http"), "the provider did not start"

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()

    def settings(self, **more: Any) -> Oidc:
        return oidc(**{"issuer": self.issuer, **more})

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "OIDC_ISSUER": self.issuer,
            "OIDC_CLIENT_ID": "inbox",
            "OIDC_CLIENT_SECRET": SECRET,
            "OIDC_NAME": "Acme",
            "OIDC_ALLOWED_DOMAINS": "acme.example",
            "OIDC_REVIEWER_GROUPS": "reviewers",
            "OIDC_BREAK_GLASS": "admin",
            **more,
        }


class Person:
    def __init__(self, login: str) -> None:
        self._login = login
        self._http = httpx.Client(timeout=60)

    def confirm(self, address: str) -> str:
        return self._until_back(self._http.get(address), self._sign_in)

    def cancel(self, address: str) -> str:
        return self._until_back(self._http.get(address), self._abort)

    def _until_back(self, response: httpx.Response, answer: Any) -> str:
        while True:
            if response.is_redirect:
                to = urljoin(str(response.url), response.headers["Location"])
                parts = urlsplit(to)
                if parts.path == CALLBACK:
                    return f"{parts.path}?{parts.query}"
                response = self._http.get(to)
            else:
                assert response.status_code == 200, response.text
                response = answer(response)

    def _sign_in(self, page: httpx.Response) -> httpx.Response:
        form = _FORM.search(page.text)
        assert form is not None, page.text
        given = {"prompt": "login", "login": self._login, "password": "any"}
        return self._http.post(urljoin(str(page.url), form[1]), data=given)

    def _abort(self, page: httpx.Response) -> httpx.Response:
        return self._http.get(f"{str(page.url).rstrip('/')}/abort")


def oidc(issuer: str, **more: Any) -> Oidc:
    given = {
        "client_id": "inbox",
        "client_secret": SECRET,
        "name": "Acme",
        "scopes": ("openid", "profile", "email"),
        "origins": (issuer,),
        "domains": frozenset({"acme.example"}),
        "groups_claim": "groups",
        "groups": frozenset({"contractors"}),
        "reviewer_groups": frozenset({"reviewers"}),
        "lead_groups": frozenset({"leads"}),
        "mobius_id_claim": "employee",
        "break_glass": "admin",
    }
    return Oidc(issuer=issuer, **{**given, **more})


def _install() -> None:
    with (FOLDER / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (FOLDER / "node_modules" / ".package-lock.json").exists():
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=FOLDER, check=True)
