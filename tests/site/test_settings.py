import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from cryptography.fernet import Fernet

from inbox.lib import secrets
from inbox.lib.startup import Misconfigured
from reviewer_site.environment import ROOT, Environment

DOCUMENTED = set(
    re.findall(
        r"`([A-Z_]+)`",
        "".join(
            line.split("|")[1]
            for line in (ROOT / "docs/settings.md").read_text().splitlines()
            if line.startswith("| `")
        ),
    )
)


def names() -> set[str]:
    found: set[str] = set()
    for name, field in Environment.model_fields.items():
        alias = field.validation_alias
        found |= set(alias.choices) if hasattr(alias, "choices") else {name}
    return found


def test_every_setting_is_documented_and_nothing_else() -> None:
    assert names() == DOCUMENTED


def load(tmp_path: Path, **given: str) -> SimpleNamespace:
    """The settings as the module makes them of ``given`` alone. Raises Misconfigured."""
    clean = {key: value for key, value in os.environ.items() if key not in names()}
    environment = {**clean, "DATA_DIR": str(tmp_path), "MOBIUS_BASE_URL": "", **given}
    with patch.dict(os.environ, environment, clear=True):
        return SimpleNamespace(**runpy.run_path(str(ROOT / "reviewer_site" / "settings.py")))


def refusal(tmp_path: Path, **given: str) -> str:
    with pytest.raises(Misconfigured) as refused:
        load(tmp_path, **given)
    return str(refused.value)


@pytest.mark.any_database
@pytest.mark.process
def test_a_malformed_setting_ends_the_process(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from reviewer_site import settings"],
        cwd=ROOT,
        env={**os.environ, "DATA_DIR": str(tmp_path), "PORT": "eighty"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("PORT")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("ENGINE_PORT", "-1"),
        ("ENGINE_API", "d"),
        ("ENGINE_RATE_LIMIT", "0"),
        ("DEBUG", "perhaps"),
        ("SERVICE_KEY_ANSWERS", "sometimes"),
        ("ANSWER_GUARD", "ask"),
        ("UNDO_SECONDS", "-1"),
        ("UNDO_SECONDS", "61"),
        ("CLAIM_STALE_AFTER", "0"),
        ("CLAIM_STALE_AFTER", "30m"),
        ("GROUP_ANSWERS_HIDDEN_UNTIL_MINE", "later"),
        ("PRESENCE", "sometimes"),
        ("INSIGHTS_BY_PERSON", "sometimes"),
        ("HISTORY_DAYS", "0"),
        ("MOBIUS_EVENT_LIMIT", "0"),
        ("MOBIUS_RESPONSE_LIMIT", "64 MB"),
        ("TIME_ZONE", "Mars/Olympus"),
        ("TRUSTED_PROXIES", "the-proxy"),
        ("MASKED_KEYS", "iban,,salary"),
        ("MASKED_KEYS", "***"),
        ("DATABASE_URL", "mysql://root:hush@localhost/x"),
        ("ENGINE_DATABASE_URL", "nonsense://hush"),
        ("SECRET_KEY", "hush"),
        ("CREDENTIAL_KEYS", "hush"),
        ("CREDENTIAL_KEYS", ","),
        ("ALLOWED_HOSTS", "https://inbox.example.com"),
        ("ALLOWED_HOSTS", "inbox.example.com:8000"),
        ("ALLOWED_HOSTS", " , "),
        ("NOTIFY_PRIVATE_HOSTS", "http://chat.internal"),
        ("PUBLIC_URL", "inbox.example.com"),
        ("PUBLIC_URL", "https://inbox.example.com/reviews"),
        ("PUBLIC_URL", "https://root:hush@inbox.example.com"),
        ("PUBLIC_URL", "http://inbox.example.com"),
        ("PUBLIC_URL", "http://10.0.0.7:8000"),
        ("BIND_ADDRESS", "inbox.example.com"),
        ("HSTS_SUBDOMAINS", "some"),
        ("HSTS_PRELOAD", "soon"),
        ("SESSION_HOURS", "0"),
        ("SESSION_IDLE_MINUTES", "-1"),
        ("OIDC_ISSUER", "http://login.example.com"),
        ("OIDC_ISSUER", "login.example.com"),
        ("OIDC_ISSUER", "https://me:hush@login.example.com"),
        ("OIDC_ISSUER", f"https://login.example.com/{'x' * 200}"),
        ("OIDC_ORIGINS", "https://login.example.com/path"),
        ("OIDC_ORIGINS", "https://login.example.com; script-src *"),
        ("OIDC_ORIGINS", "*"),
        ("OIDC_SCOPES", "profile email"),
        ("OIDC_ALLOWED_DOMAINS", "@example.com"),
        ("OIDC_ALLOWED_DOMAINS", "example.com,,example.org"),
        ("OIDC_SESSION_HOURS", "0"),
        ("MOBIUS_BASE_URL", "api.example.com"),
        ("MOBIUS_BASE_URL", "https://api.example.com:99999"),
        ("MOBIUS_BASE_URL", "https://api.example.com/?q=1"),
        ("MOBIUS_BASE_URL", "https://me:hush@api.example.com"),
        ("MOBIUS_API_KEY", "mbx_hush and more"),
        ("MOBIUS_API_KEY", "mbx_hush\n"),
        ("MOBIUS_PROJECT", "two words"),
        ("MOBIUS_API", "d"),
        ("LOG_ANCHOR", "heads/decisions.anchor"),
        ("LOG_ANCHOR", "/bin/sh -c true"),
        ("LOG_FORMAT", "xml"),
        ("METRICS_TOKEN", "hush"),
        ("ADMIN_EMAIL", "operations"),
        ("ADMIN_EMAIL", "a@example.com, b"),
        ("EMAIL_FROM", "a@example.com, b@example.com"),
        ("EMAIL_URL", "mail.example.com"),
        ("EMAIL_URL", "http://mail.example.com"),
        ("EMAIL_URL", "smtp://root:hush@mail.example.com:many"),
    ],
)
def test_a_malformed_setting_stops_the_start_with_a_sentence_that_names_it(
    tmp_path: Path, name: str, value: str
) -> None:
    text = refusal(tmp_path, **{name: value})
    assert text.startswith(name)
    assert "\n" not in text
    assert "hush" not in text


def test_the_web_and_the_engine_need_a_port_each(tmp_path: Path) -> None:
    text = refusal(tmp_path, PORT="8600", ENGINE_PORT="8600")
    assert text.startswith("ENGINE_PORT is the same as PORT (8600)")
    beside = {"MOBIUS_BASE_URL": "https://mobius.example.com", "MOBIUS_API_KEY": "mbx_1"}
    assert not load(tmp_path, PORT="8001", PROJECT="production", **beside).EMBEDDED
    assert load(tmp_path, PORT="0", ENGINE_PORT="0").EMBEDDED


@pytest.mark.parametrize(
    ("hosts", "addresses"),
    [("inbox.example.com, .example.org,[::1]", "http://[::1]:8000/api/"), ("*", "http://mobius:1")],
)
def test_valid_settings_are_accepted(tmp_path: Path, hosts: str, addresses: str) -> None:
    loaded = load(
        tmp_path,
        ALLOWED_HOSTS=hosts,
        MOBIUS_BASE_URL=addresses,
        MOBIUS_API_KEY="mbx_1.production",
        PROJECT="production",
    )
    assert set(re.split(", *", hosts)) <= set(loaded.ALLOWED_HOSTS)
    assert addresses.rstrip("/") == loaded.MOBIUS_BASE_URL


@pytest.mark.parametrize(
    ("address", "public", "host"),
    [
        ("", "http://127.0.0.1:8000", "127.0.0.1"),
        ("https://Inbox.example.com:443/", "https://inbox.example.com", "inbox.example.com"),
        ("https://inbox.example.com:8443", "https://inbox.example.com:8443", "inbox.example.com"),
        ("http://localhost:9000", "http://localhost:9000", "localhost"),
        ("http://[::1]:9000", "http://[::1]:9000", "[::1]"),
    ],
)
@pytest.mark.parametrize("debug", ["on", "off"])
def test_the_public_address_decides_how_safely_pages_are_sent(
    tmp_path: Path, address: str, public: str, host: str, debug: str
) -> None:
    loaded = load(
        tmp_path,
        PUBLIC_URL=address,
        PORT="8000",
        ALLOWED_HOSTS="elsewhere.example.com",
        DEBUG=debug,
    )
    assert (loaded.PUBLIC_URL, loaded.ALLOWED_HOSTS[-1]) == (public, host)
    assert public.startswith("https:") == loaded.SESSION_COOKIE_SECURE
    assert (loaded.SECURE_HSTS_SECONDS > 0) == public.startswith("https:")


@pytest.mark.parametrize(
    "template",
    ["https://app.example.com/runs/{id}", "http://10.0.0.7:8080/#/runs?id={id}&tab=log"],
)
def test_an_address_in_mobius_has_a_place_for_the_id(tmp_path: Path, template: str) -> None:
    assert template == load(tmp_path, MOBIUS_RUN_URL=template).MOBIUS_RUN_URL


@pytest.mark.parametrize(
    ("template", "what_to_change"),
    [
        ("https://app.example.com/runs/", "{id} where the ID goes"),
        ("https://app.example.com/runs/{run}", "{id} as its only placeholder, not {run}"),
        ("https://app.example.com/{project}/{id}", "{id} as its only placeholder, not {project}"),
        ("https://{id}.example.com/", "{id} after the host"),
        ("https://root:hush@app.example.com/{id}", "must not contain a username or password"),
        ("https://app.example.com/ {id}", "without spaces"),
        ("https://app.example.com:99999/{id}", "a valid web address"),
        ("app.example.com/{id}", "must begin with https:// or http://"),
        ("javascript:alert('{id}')", "must begin with https:// or http://"),
    ],
)
@pytest.mark.parametrize("name", ["MOBIUS_RUN_URL", "MOBIUS_INTERACTION_URL"])
def test_a_refused_address_in_mobius_says_what_to_change(
    tmp_path: Path, name: str, template: str, what_to_change: str
) -> None:
    text = refusal(tmp_path, **{name: template})
    assert text.startswith(f"{name} must ")
    assert what_to_change in text
    assert "hush" not in text


OIDC = {
    "OIDC_ISSUER": "https://login.example.com:8443/realms/acme",
    "OIDC_CLIENT_ID": "inbox",
    "OIDC_CLIENT_SECRET": "hush",
    "OIDC_BREAK_GLASS": "ada",
}


@pytest.mark.parametrize("missing", ["OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_BREAK_GLASS"])
def test_an_identity_provider_needs_a_client_and_someone_who_can_do_without_it(
    tmp_path: Path, missing: str
) -> None:
    assert refusal(tmp_path, **{**OIDC, missing: ""}).startswith(f"{missing} is missing")


@pytest.mark.parametrize(
    ("given", "origins"),
    [
        ({}, ["'self'"]),
        (OIDC, ["'self'", "https://login.example.com:8443"]),
        (
            OIDC | {"OIDC_ORIGINS": "https://a.example.com, https://b.example.com"},
            ["'self'", "https://a.example.com", "https://b.example.com"],
        ),
    ],
    ids=["none", "the issuer's", "named"],
)
def test_forms_may_also_lead_to_the_identity_provider_and_nothing_else_is_loosened(
    tmp_path: Path, given: dict[str, str], origins: list[str]
) -> None:
    policy = load(tmp_path, **given).CONTENT_SECURITY_POLICY["DIRECTIVES"]
    assert policy.pop("form-action") == origins
    plain = load(tmp_path).CONTENT_SECURITY_POLICY["DIRECTIVES"]
    assert policy == {name: value for name, value in plain.items() if name != "form-action"}


def test_what_an_identity_provider_is_told_is_read_from_lists(tmp_path: Path) -> None:
    more = {"OIDC_ALLOWED_DOMAINS": "Acme.example, acme.test", "OIDC_LEAD_GROUPS": "leads, Team A"}
    oidc = load(tmp_path, **OIDC, **more).OIDC
    assert oidc.domains == {"acme.example", "acme.test"}
    assert oidc.lead_groups == {"leads", "Team A"}
    assert (oidc.name, oidc.scopes) == ("login.example.com", ("openid", "profile", "email"))
    assert "hush" not in repr(oidc)
    assert load(tmp_path).OIDC is None


def test_a_real_mobius_needs_its_key(tmp_path: Path) -> None:
    given = {"MOBIUS_BASE_URL": "https://mobius.example.com", "MOBIUS_PROJECT": "production"}
    assert refusal(tmp_path, **given).startswith("MOBIUS_API_KEY is missing")


@pytest.mark.parametrize("generation", ["a", "b"])
def test_a_generation_with_projects_needs_one(tmp_path: Path, generation: str) -> None:
    given = {"MOBIUS_BASE_URL": "https://mobius.example.com", "MOBIUS_API_KEY": "mbx_1"}
    said = f"MOBIUS_PROJECT is missing; it's required with MOBIUS_API={generation}."
    assert refusal(tmp_path, MOBIUS_API=generation, **given) == said


def test_a_generation_that_does_not_exist_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path, MOBIUS_API="d") == "MOBIUS_API must be auto, a, b or c, not d."


def test_only_an_api_without_projects_needs_none(tmp_path: Path) -> None:
    given = {"MOBIUS_BASE_URL": "https://mobius.example.com", "MOBIUS_API_KEY": "mbx_1"}
    assert load(tmp_path, **given).MOBIUS_PROJECT == ""
    assert load(tmp_path, MOBIUS_API="c", **given).MOBIUS_PROJECT == ""


def test_the_generation_may_be_set_for_a_real_mobius_only(tmp_path: Path) -> None:
    given = {
        "MOBIUS_BASE_URL": "https://mobius.example.com",
        "MOBIUS_API_KEY": "mbx_1",
        "MOBIUS_PROJECT": "production",
    }
    assert load(tmp_path, **given).MOBIUS_API == "auto"
    assert load(tmp_path, MOBIUS_API="A", **given).MOBIUS_API == "a"
    assert load(tmp_path, MOBIUS_API="a").MOBIUS_API == "auto"


def test_the_project_may_be_named_as_in_the_guide(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        MOBIUS_BASE_URL="https://mobius.example.com/",
        MOBIUS_API_KEY="mbx_1",
        PROJECT="production",
        TIME_ZONE="Europe/Helsinki",
    )
    assert (loaded.MOBIUS_PROJECT, loaded.TIME_ZONE) == ("production", "Europe/Helsinki")


def test_loading_the_settings_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    load(folder)
    assert not folder.exists()


def test_secrets_are_made_once_and_only_for_the_owner(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = secrets.create(folder, {})
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "secrets.env").stat().st_mode & 0o777 == 0o600
    assert secrets.create(folder, {}).credential_keys == first.credential_keys
    assert secrets.read(folder, {}).secret_key == first.secret_key


def test_secrets_from_the_environment_are_not_written_to_the_file(tmp_path: Path) -> None:
    key = Fernet.generate_key().decode()
    created = secrets.create(tmp_path, {"SECRET_KEY": "", "CREDENTIAL_KEYS": key})
    assert created.credential_keys == [key]
    assert "CREDENTIAL_KEYS" not in (tmp_path / "secrets.env").read_text()
    with pytest.raises(Misconfigured, match="has no line CREDENTIAL_KEYS="):
        secrets.read(tmp_path, {})


@pytest.mark.any_database
@pytest.mark.process
def test_processes_that_start_at_once_end_with_the_same_secrets(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from inbox.lib import secrets;"
        "print(secrets.create(pathlib.Path(sys.argv[1]), {}).credential_keys)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "data")]
    processes = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    assert len({process.communicate(timeout=200)[0] for process in processes}) == 1
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secrets.env"]


def test_the_own_engines_exports_do_not_poison_the_next_start(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        MOBIUS_BASE_URL="http://127.0.0.1:9999",
        MOBIUS_API_KEY=secrets.create(tmp_path, {}).service_key(),
        PROJECT="demo",
    )
    assert (loaded.EMBEDDED, loaded.MOBIUS_BASE_URL) == (True, "http://127.0.0.1:8001")


def test_a_damaged_secrets_file_is_reported_in_words(tmp_path: Path) -> None:
    (tmp_path / "secrets.env").write_text(f"CREDENTIAL_KEYS={Fernet.generate_key().decode()}\n")
    assert "has no line SECRET_KEY=" in refusal(tmp_path)


def test_damaged_keys_are_reported_in_words(tmp_path: Path) -> None:
    secrets.create(tmp_path, {})
    text = (tmp_path / "secrets.env").read_text().replace("CREDENTIAL_KEYS=", "CREDENTIAL_KEYS=x")
    (tmp_path / "secrets.env").write_text(text)
    assert "CREDENTIAL_KEYS is damaged" in refusal(tmp_path)
