"""The security headers of every kind of response, and the flags of every cookie, over https."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.databases import environment
from tests.support.product import Product

pytestmark = [pytest.mark.slow, pytest.mark.any_database]

HOST = "inbox.example.com"
ANY = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""All responses have these."""
OVER_HTTPS = {"Strict-Transport-Security": "max-age=31536000"}
DOCUMENTS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), autoplay=(), browsing-topics=(), camera=(), display-capture=(), "
        "geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), "
        "payment=(), serial=(), usb=()"
    ),
}
"""What a browser may do with a response that it shows. Static files are none of these."""
NOT_SENT = ("Access-Control-Allow-Origin", "Server", "X-Powered-By")
WATCHED = (*ANY, *OVER_HTTPS, *DOCUMENTS, *NOT_SENT)
COOKIE_FLAGS = {"path=/", "secure", "httponly", "samesite=lax"}

NAMES_AND_FLAGS = re.compile(r"([^=]+)=([^;]*)(.*)")


class Browser:
    """Speaks to the product as a proxy does: over plain HTTP, and says what the request was."""

    def __init__(self, web: str) -> None:
        self.http = httpx.Client(base_url=web, timeout=60)
        self.cookies: dict[str, str] = {}
        self.flags: dict[str, set[str]] = {}

    def send(self, method: str, path: str, data: Any = None, **headers: str) -> httpx.Response:
        given = {
            "Host": HOST,
            "Origin": f"https://{HOST}",
            "X-Forwarded-Proto": "https",
            "X-CSRFToken": self.cookies.get("csrftoken", ""),
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        with self.http.stream(method, path, data=data, headers=given) as response:
            if response.headers.get("Content-Type") != "text/event-stream":
                response.read()
        for line in response.headers.get_list("Set-Cookie"):
            found = NAMES_AND_FLAGS.fullmatch(line)
            assert found is not None
            name, self.cookies[found[1]], flags = found.groups()
            self.flags[name] = {flag.strip().lower() for flag in flags.split(";") if flag}
        return response

    def sign_in(self, name: str) -> httpx.Response:
        self.send("GET", "/accounts/login/")
        return self.send("POST", "/accounts/login/", {"username": name, "password": "demo"})


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("headers")
    given = environment(folder, "headers", installed=True)
    product = Product(folder, given | {"PUBLIC_URL": f"https://{HOST}"})
    product.start()
    yield product
    product.stop()


@pytest.fixture
def browser(own: Product) -> Iterator[Browser]:
    browser = Browser(own.web)
    yield browser
    browser.http.close()


@pytest.fixture
def rina(browser: Browser) -> Browser:
    browser.sign_in("rina")
    return browser


def watched(response: httpx.Response) -> dict[str, str]:
    return {name: response.headers[name] for name in WATCHED if name in response.headers}


def without_spaces(headers: dict[str, str]) -> dict[str, set[str]]:
    """The directives of each header, in any order."""
    return {name: set(re.split(r"\s*[;,]\s*", value)) for name, value in headers.items()}


def assert_listed(response: httpx.Response, *lists: dict[str, str]) -> None:
    expected = {name: value for headers in lists for name, value in headers.items()}
    assert without_spaces(watched(response)) == without_spaces(expected)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        pytest.param("GET", "/inbox/", {}, 200, id="page"),
        pytest.param("GET", "/account/", {"Accept_Encoding": "gzip"}, 200, id="compressed"),
        pytest.param("GET", "/inbox/counts/", {"HX_Request": "true"}, 200, id="fragment"),
        pytest.param("GET", "/live/inbox/", {}, 200, id="stream"),
        pytest.param("GET", "/inbox/answers.csv", {}, 200, id="download"),
        pytest.param("GET", "/service-worker.js", {}, 200, id="service worker"),
        pytest.param("GET", "/manifest.webmanifest", {}, 200, id="manifest"),
        pytest.param("GET", "/healthz", {}, 200, id="probe"),
        pytest.param("POST", "/account/keys", {}, 303, id="form"),
        pytest.param("GET", "/", {}, 302, id="redirect"),
        pytest.param("GET", "/runs", {}, 301, id="redirect to a slash"),
        pytest.param("GET", "/no-such-page/", {}, 404, id="error"),
        pytest.param("GET", "/connection/", {}, 404, id="not for this person"),
        pytest.param("GET", "/live/runs/none/", {}, 404, id="stream that is refused"),
        pytest.param("GET", "/account/keys", {}, 405, id="wrong method"),
        pytest.param("GET", "/inbox/", {"Host": "evil.example"}, 400, id="wrong host"),
        pytest.param("POST", "/account/keys", {"Origin": "https://evil.example"}, 403, id="forged"),
    ],
)
def test_what_a_signed_in_person_gets_has_the_listed_headers(
    rina: Browser, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    response = rina.send(method, path, **headers)
    assert response.status_code == status
    assert_listed(response, ANY, OVER_HTTPS, DOCUMENTS)


def test_a_request_that_is_too_large_gets_them_too(rina: Browser) -> None:
    response = rina.send("POST", "/account/keys", {"keys_enabled": "x" * 3_000_000})
    assert response.status_code == 413
    assert_listed(response, ANY, OVER_HTTPS, DOCUMENTS)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/accounts/login/", 200), ("/inbox/", 302), ("/live/inbox/", 401), ("/admin/", 302)],
)
def test_what_anyone_gets_has_them(browser: Browser, path: str, status: int) -> None:
    response = browser.send("GET", path)
    assert response.status_code == status
    assert_listed(response, ANY, OVER_HTTPS, DOCUMENTS)


@pytest.mark.parametrize("path", ["/admin/", "/admin/auth/user/", "/admin/no-such-page/"])
def test_the_admin_has_them(browser: Browser, path: str) -> None:
    browser.sign_in("admin")
    assert_listed(browser.send("GET", path), ANY, OVER_HTTPS, DOCUMENTS)


def test_static_files_have_those_of_all_responses(browser: Browser) -> None:
    page = browser.send("GET", "/accounts/login/").text
    paths = set(re.findall(r'(?:href|src)="(/static/[^"#?]+)', page))
    assert {path.rpartition(".")[2] for path in paths} >= {"css", "js", "svg"}
    for path in paths:
        response = browser.send("GET", path)
        assert response.status_code == 200
        assert_listed(response, ANY, OVER_HTTPS)
    for method, path, status in (("GET", "/static/none.css", 404), ("POST", min(paths), 405)):
        response = browser.send(method, path)
        assert response.status_code == status
        assert_listed(response, ANY, OVER_HTTPS)


@pytest.mark.parametrize("path", ["/inbox/", "/static/none.css", "/live/inbox/"])
def test_a_plain_request_is_redirected_with_all_but_hsts(browser: Browser, path: str) -> None:
    response = browser.send("GET", path, X_Forwarded_Proto="http")
    assert (response.status_code, response.headers["Location"]) == (301, f"https://{HOST}{path}")
    assert_listed(response, ANY, DOCUMENTS)


def test_every_cookie_is_for_https_and_this_site_and_out_of_reach_of_scripts(rina: Browser) -> None:
    rina.send("POST", "/account/look", {"theme": "dark", "density": "comfortable"})
    assert set(rina.flags) == {"sessionid", "csrftoken", "known_browser", "theme", "messages"}
    for name, flags in rina.flags.items():
        assert flags >= COOKIE_FLAGS, name
        assert not [flag for flag in flags if flag.startswith("domain")], name
