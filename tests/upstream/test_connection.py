import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from inbox.models import Upstream
from inbox.upstream.connection import Connection
from tests.support.scripted_server import Reply, ScriptedServer

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

PENDING = "/v1/projects/production/interactions$"
UNKNOWN = Reply(404, {"error": {"code": "not_found", "message": "no such project"}})


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture(autouse=True)
def a_real_mobius(settings: Any, server: ScriptedServer) -> None:
    settings.EMBEDDED = False
    settings.MOBIUS_BASE_URL = server.base_url
    settings.MOBIUS_PROJECT = "production"
    settings.MOBIUS_API_KEY = "mbx_of_the_installation"


async def test_without_a_project_it_asks_for_one_if_mobius_needs_it(
    server: ScriptedServer, settings: Any
) -> None:
    settings.MOBIUS_PROJECT = ""
    await Upstream.objects.acreate(base_url=settings.MOBIUS_IDENTITY, project="")
    assert str(await Connection().check()) == (
        f"MOBIUS_PROJECT is missing: Mobius at {server.base_url} lists no questions without a "
        "project."
    )


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (Reply(401), "MOBIUS_API_KEY: Mobius at {} doesn't accept this key."),
        (Reply(403), "MOBIUS_API_KEY: this key can't read the project production at {}."),
        (UNKNOWN, "MOBIUS_PROJECT: Mobius at {} doesn't know the project production."),
        (
            Reply(404, "<h1>Not Found</h1>"),
            "MOBIUS_BASE_URL or MOBIUS_PROJECT: nothing was found at {} for project production.",
        ),
        (
            Reply(404, {"error": {"code": "not_found", "message": "There is no such call."}}),
            "MOBIUS_BASE_URL or MOBIUS_PROJECT: nothing was found at {} for project production.",
        ),
        (Reply(200, {"items": []}), ""),
        (Reply(422, {"error": {"code": "validation_error", "message": "limit?"}}), ""),
    ],
)
async def test_an_answer_names_the_setting_where_one_is_wrong(
    server: ScriptedServer, reply: Reply, sentence: str
) -> None:
    server.on("GET", PENDING, reply, always=True)
    assert str(await Connection().check() or "") == sentence.format(server.base_url)


async def test_it_is_gone_once_mobius_answers(server: ScriptedServer) -> None:
    connection = Connection()
    server.refuse()
    assert str(await connection.check()) == f"MOBIUS_BASE_URL: {server.base_url} isn't responding."
    server.listen()
    server.on("GET", PENDING, Reply(200, {"items": []}), always=True)
    assert await connection.check() is connection.problem is None


@pytest.mark.parametrize(("status", "due"), [(401, True), (429, False), (503, False)])
async def test_while_mobius_asks_to_wait_no_check_is_due(
    server: ScriptedServer, status: int, due: bool
) -> None:
    connection = Connection(between=0)
    assert connection.is_due()
    server.on("GET", PENDING, Reply(status, headers={"retry-after": "100"} if not due else {}))
    await connection.check()
    assert connection.is_due() is due


async def test_a_mobius_that_is_rate_limited_says_nothing_of_the_settings(
    server: ScriptedServer,
) -> None:
    connection = Connection()
    server.on("GET", PENDING, Reply(401))
    refused = await connection.check()
    assert refused
    server.on("GET", PENDING, Reply(429, headers={"retry-after": "100"}))
    assert await connection.check() == refused


@pytest.mark.parametrize("path", ["", "/gateway/mobius", "/gateway/mobius/"])
async def test_a_path_before_the_api_belongs_to_the_address(
    server: ScriptedServer, settings: Any, path: str
) -> None:
    settings.MOBIUS_BASE_URL = server.base_url + path
    server.on("GET", PENDING, Reply(200, {"items": []}), always=True)
    assert await Connection().check() is None
    assert server.requests[-1].path == f"{path.rstrip('/')}/v1/projects/production/interactions"


async def test_an_unknown_host_is_named(settings: Any) -> None:
    settings.MOBIUS_BASE_URL = "https://mobius.invalid"
    assert str(await Connection().check()) == (
        "MOBIUS_BASE_URL: the host mobius.invalid can't be found."
    )


async def test_a_certificate_that_is_not_trusted_is_named(settings: Any, tmp_path: Path) -> None:
    async with tls_server(tmp_path) as port:
        settings.MOBIUS_BASE_URL = f"https://127.0.0.1:{port}"
        assert str(await Connection().check()) == (
            "MOBIUS_BASE_URL: this machine doesn't trust the certificate of 127.0.0.1. "
            "Set SSL_CERT_FILE to a file with the certificate of the authority that issued it."
        )


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"valid_until": -1}, "MOBIUS_BASE_URL: the certificate of 127.0.0.1 has expired."),
        (
            {"address": "192.0.2.1"},
            "MOBIUS_BASE_URL: the certificate of 127.0.0.1 is for another host.",
        ),
        ({}, ""),
    ],
)
async def test_a_certificate_may_be_trusted_by_a_file_and_wrong_anyway(
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    how: dict[str, Any],
    sentence: str,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    async with tls_server(tmp_path, **how) as port:
        settings.MOBIUS_BASE_URL = f"https://127.0.0.1:{port}"
        assert str(await Connection().check() or "") == sentence


async def test_https_where_nothing_speaks_it_is_named(settings: Any) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as serving:
        port = serving.sockets[0].getsockname()[1]
        settings.MOBIUS_BASE_URL = f"https://127.0.0.1:{port}"
        assert "Did you mean http://?" in str(await Connection().check())


@asynccontextmanager
async def tls_server(
    folder: Path, *, valid_until: int = 1, address: str = "127.0.0.1"
) -> AsyncIterator[int]:
    """``valid_until`` is in days from now; ``address`` is whose the certificate is."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=valid_until))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(private + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 13\r\n"
        writer.write(head + b'connection: close\r\n\r\n{"items": []}')
        writer.close()

    serving = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with serving:
        yield serving.sockets[0].getsockname()[1]
