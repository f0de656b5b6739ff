"""The files in ``deploy/`` do what docs/deploy.md says, as far as one machine can show it."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from configparser import RawConfigParser
from pathlib import Path

import pytest

from reviewer_site.environment import ROOT
from tests.support.ports import reserve
from tests.support.scripted_server import Reply, ScriptedServer

pytestmark = pytest.mark.slow

UNIT = ROOT / "deploy/reviewer-inbox.service"
CONTAINER = ROOT / "deploy/Containerfile"
NOBODY = 65534
PASSWORD = "a password of some length"


def steps(file: Path) -> list[tuple[str, str]]:
    """``[("RUN", "python -m pip …"), …]``, with continued lines joined."""
    lines = re.sub(r"\\\n", " ", file.read_text()).splitlines()
    named = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    return [(name, rest) for name, rest in named]


@pytest.fixture(scope="module")
def machine() -> Iterator[Path]:
    """A folder that every account may enter, which those of pytest are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture(scope="module")
def image(machine: Path) -> Path:
    """The work folder of the container, after its steps were taken in order in an empty one.

    The base image's Python is this machine's, in a virtual environment that anyone may use. The
    account that it adds is left out.
    """
    folder = machine / "image"
    folder.mkdir()
    subprocess.run(["/usr/bin/python3", "-m", "venv", str(folder / ".venv")], check=True)
    path = f"{folder / '.venv/bin'}:{os.environ['PATH']}"
    for name, rest in steps(CONTAINER):
        if name == "COPY":
            *sources, target = rest.split()
            for whole in (ROOT / source for source in sources):
                if whole.is_dir():
                    shutil.copytree(whole, folder / target)
                else:
                    shutil.copy(whole, folder / target)
        elif name == "RUN" and not rest.startswith("useradd"):
            subprocess.run(rest, shell=True, cwd=folder, env={"PATH": path}, check=True)
    return folder


@pytest.fixture(scope="module")
def unit() -> RawConfigParser:
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(UNIT.read_text())
    return parser


@pytest.fixture(scope="module")
def mobius() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        server.on("GET", "/v1/projects/production/", Reply(401), always=True)
        yield server


class Server:
    """The unit's commands, run as its account would be: another one, with its environment only."""

    def __init__(self, unit: RawConfigParser, image: Path, data: Path, **settings: str) -> None:
        self._unit = unit
        self._image = image
        data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(data, NOBODY, NOBODY)
        self._environment = {"DATA_DIR": str(data), "PYTHONUNBUFFERED": "1", **settings}

    def command(self, *words: str) -> list[str]:
        account = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        return [*(account if os.geteuid() == 0 else []), *words]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            cwd=self._image,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def words(self, name: str) -> list[str]:
        """The words of ``ExecStart`` or ``ExecStartPre``, with the code where it is here."""
        line = self._unit["Service"][name].replace("/srv/reviewer-inbox", str(self._image))
        return shlex.split(line)

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run(self.words("ExecStart")[0], "manage.py", *words)

    def start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            self.command(*self.words("ExecStart")),
            cwd=self._image,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "Press Ctrl-C to stop" in line:
                return process
        raise AssertionError("".join(said))


@pytest.fixture(scope="module")
def ports() -> Iterator[tuple[int, int, int]]:
    with reserve() as web, reserve() as secure, reserve() as plain:
        yield tuple(each.getsockname()[1] for each in (web, secure, plain))


@pytest.fixture(scope="module")
def server(
    unit: RawConfigParser,
    image: Path,
    mobius: ScriptedServer,
    ports: tuple[int, int, int],
    machine: Path,
) -> Server:
    return Server(
        unit,
        image,
        machine / "data",
        MOBIUS_BASE_URL=mobius.base_url,
        MOBIUS_API_KEY="mbx_of_somebody_else",
        MOBIUS_PROJECT="production",
        PORT=str(ports[0]),
        PUBLIC_URL=f"https://localhost:{ports[1]}",
    )


@pytest.fixture
def nginx(ports: tuple[int, int, int], tmp_path: Path) -> Iterator[str]:
    """``deploy/nginx.conf`` with a certificate of its own; the address of the inbox through it."""
    web, secure, plain = ports
    key = ["-newkey", "rsa:2048", "-noenc", "-keyout", "key.pem", "-out", "certificate.pem"]
    subprocess.run(
        ["openssl", "req", "-x509", "-quiet", "-subj", "/CN=localhost", *key],
        cwd=tmp_path,
        check=True,
    )
    text = (ROOT / "deploy/nginx.conf").read_text()
    for was, becomes in {
        "127.0.0.1:8000": f"127.0.0.1:{web}",
        "    listen [::]:80;\n": "",
        "    listen [::]:443 ssl;\n": "",
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl;": f"listen 127.0.0.1:{secure} ssl;",
        "inbox.example.com;": "localhost;",
        "/var/log/nginx/": f"{tmp_path}/nginx-",
        "/etc/ssl/inbox.example.com.pem": f"{tmp_path}/certificate.pem",
        "/etc/ssl/inbox.example.com.key": f"{tmp_path}/key.pem",
    }.items():
        assert was in text
        text = text.replace(was, becomes)
    folders = " ".join(
        f"{kind}_temp_path {tmp_path}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; pid {tmp_path}/nginx.pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {folders}\n{text}}}\n"
    )
    arguments = ["nginx", "-c", f"{tmp_path}/nginx.conf", "-e", "stderr"]
    subprocess.run([*arguments, "-t", "-q"], check=True)
    process = subprocess.Popen(arguments)
    yield f"https://localhost:{secure}"
    process.send_signal(signal.SIGQUIT)
    assert process.wait(60) == 0


def curl(cookies: Path, *words: str) -> str:
    """Return what it prints; a status of 400 or more fails the test."""
    options = ["--silent", "--show-error", "--fail", "--insecure", "--retry", "20"]
    options += ["--retry-connrefused", "--max-time", "30", "--cookie-jar", str(cookies)]
    done = subprocess.run(
        ["curl", *options, "--cookie", str(cookies), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_systemd_accepts_the_unit(image: Path, tmp_path: Path) -> None:
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/srv/reviewer-inbox", str(image)))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_migrates_first_and_is_refused_without(server: Server) -> None:
    refused = server.run(*server.words("ExecStart"))
    assert refused.returncode == 1
    assert refused.stderr == (
        "CommandError: Some migrations haven't been applied. Run python manage.py migrate first.\n"
    )
    migrated = server.run(*server.words("ExecStartPre"))
    assert (migrated.returncode, migrated.stdout, migrated.stderr) == (0, "", "")


def test_through_nginx_an_administrator_signs_in_and_follows_a_stream(
    server: Server, nginx: str, ports: tuple[int, int, int], tmp_path: Path
) -> None:
    web, _, plain = ports
    cookies = tmp_path / "cookies"
    process = server.start()
    try:
        link = server.manage("setup_link").stdout.strip()
        assert link.startswith(f"{nginx}/accounts/link/?token=")
        page = curl(cookies, "--http2", "--write-out", "HTTP/%{http_version}", link)
        assert page.endswith("HTTP/2")
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', page))
        names = ("password1", "password2")
        form = {**hidden, "username": "admin", **dict.fromkeys(names, PASSWORD)}
        data = [word for each in form.items() for word in ("--data-urlencode", "=".join(each))]
        here = ["--http2", "--referer", link]
        done = curl(cookies, *here, "--write-out", "%{http_code} %{redirect_url}", *data, link)
        assert done.endswith(f"303 {nginx}/connection/")
        assert re.search(
            r"^#HttpOnly_localhost\tFALSE\t/\tTRUE\t.*sessionid", cookies.read_text(), re.M
        )

        # The first frame is there while the stream is open: nothing on the way collects frames.
        with subprocess.Popen(
            ["curl", "-sNk", "--http2", "--max-time", "20", "-b", cookies, f"{nginx}/live/runs/"],
            stdout=subprocess.PIPE,
            text=True,
        ) as stream:
            assert stream.stdout is not None
            assert stream.stdout.readline() == "event: live\n"
            stream.terminate()

        logs = [tmp_path / "nginx-access.log", tmp_path / "nginx-error.log"]
        moved = curl(cookies, "--write-out", "%{redirect_url}", f"http://localhost:{plain}/inbox/")
        assert moved.endswith("https://localhost/inbox/")
        written = "".join(log.read_text() for log in logs)
        assert "GET /accounts/link/ HTTP/2.0" in written
        assert "token=" not in written
        assert curl(cookies, f"http://127.0.0.1:{web}/healthz") == '{"status": "ok"}'
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 0
