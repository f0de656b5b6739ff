import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth import get_user_model
from django.db import transaction

from inbox.audit import decision_log
from inbox.audit.decision_log import Entry
from inbox.audit.verify import verify
from inbox.lib import private_files
from inbox.lib.secrets import Secrets, read
from inbox.lib.startup import StartRefused
from inbox.models import Credential, DecisionHead, Reviewer, Upstream
from inbox.people import vault
from inbox.upstream import installation
from inbox.upstream.installation import prepare
from reviewer_site.environment import ROOT
from tests.support.databases import environment
from tests.support.tampering import empty_log


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def folder(db: None, settings: Any, tmp_path: Path) -> Path:
    DecisionHead.objects.all().delete()
    settings.DATA_DIR = tmp_path / "data"
    settings.SECRETS = Secrets({}, stored=False)
    settings.GIVEN_SECRETS = {}
    settings.CREDENTIAL_KEYS = []
    settings.VAPID_KEY = ""
    return tmp_path / "data"


@transaction.atomic
def enter() -> None:
    decision_log.append(Entry(verb="claim", actor="user_rina", upstream=Upstream.current()))


def rina_with_a_token() -> None:
    user = get_user_model().objects.create_user("rina")
    Credential.objects.create(
        reviewer=Reviewer.objects.get(user=user),
        upstream=Upstream.current(),
        sealed=vault.seal("mbc_of_rina"),
        added_at=user.date_joined,
    )


def test_a_new_installation_gets_its_secrets_and_a_sealed_log(folder: Path, settings: Any) -> None:
    assert verify().intact
    prepare()
    assert (folder / "secrets.env").is_file()
    assert DecisionHead.objects.get().number == 0
    assert settings.SECRETS.stored
    enter()
    assert verify().intact
    prepare()


def test_the_first_account_comes_after_the_secrets(folder: Path) -> None:
    get_user_model().objects.create_user("rina")
    assert (folder / "secrets.env").is_file()


def test_a_lost_secrets_file_is_not_made_again_beside_accounts(folder: Path, settings: Any) -> None:
    get_user_model().objects.create_user("rina")
    (folder / "secrets.env").unlink()
    settings.SECRETS, settings.CREDENTIAL_KEYS = Secrets({}, stored=False), []
    with pytest.raises(StartRefused, match="is missing, and the database already has accounts"):
        prepare()
    with pytest.raises(StartRefused):
        get_user_model().objects.create_user("sam")
    assert not (folder / "secrets.env").exists()


def test_with_the_keys_in_the_environment_the_file_is_made_beside_accounts(
    folder: Path, settings: Any
) -> None:
    get_user_model().objects.create_user("rina")
    (folder / "secrets.env").unlink()
    kept = settings.CREDENTIAL_KEYS
    settings.GIVEN_SECRETS = {"CREDENTIAL_KEYS": ",".join(kept)}
    settings.SECRETS = Secrets(settings.GIVEN_SECRETS, stored=False)
    prepare()
    assert kept == settings.CREDENTIAL_KEYS
    assert (folder / "secrets.env").is_file()


def test_a_file_of_an_earlier_release_gets_the_key_for_web_push_once(
    folder: Path, settings: Any
) -> None:
    prepare()
    file = folder / "secrets.env"
    earlier = [line for line in file.read_text().splitlines() if "VAPID_KEY" not in line]
    file.write_text("\n".join(earlier))
    settings.SECRETS = read(folder, {})
    settings.VAPID_KEY = ""
    prepare()
    added = settings.VAPID_KEY
    assert file.read_text() == "\n".join([*earlier, f"VAPID_KEY={added}", ""])
    settings.VAPID_KEY = ""
    prepare()
    assert added == settings.VAPID_KEY
    assert read(folder, {}).secret_key == settings.SECRET_KEY


def test_keys_that_do_not_match_the_head_refuse_the_start(db: None, settings: Any) -> None:
    enter()
    prepare()
    kept = settings.CREDENTIAL_KEYS
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(StartRefused, match="None of the keys matches the head"):
        prepare()
    settings.CREDENTIAL_KEYS = [*settings.CREDENTIAL_KEYS, *kept]
    prepare()


def test_keys_that_open_no_token_refuse_the_start(db: None, settings: Any) -> None:
    rina_with_a_token()
    prepare()
    empty_log()
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    DecisionHead.objects.all().delete()
    with pytest.raises(StartRefused, match="can decrypt any stored member token"):
        prepare()


def manage(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *words],
        cwd=ROOT,
        env={**environment, "DJANGO_SETTINGS_MODULE": "reviewer_site.settings"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.mark.process
def test_the_first_administrator_can_be_made_in_an_empty_folder(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "data"
    given = {
        **environment(tmp_path, "first_admin"),
        "DATA_DIR": str(folder),
        "DJANGO_SUPERUSER_PASSWORD": "a long enough one",
    }
    words = ("createsuperuser", "--noinput", "--email", "a@example.com", "--username")
    done = manage(given, *words, "root")
    assert done.returncode == 0, done.stderr
    assert mode(folder) == mode(folder.parent) == 0o700
    assert {mode(path) for path in folder.iterdir()} == {0o600}
    (folder / "secrets.env").unlink()
    done = manage(given, *words, "second")
    assert done.returncode == 1
    assert "is missing, and the database already has accounts" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (folder / "secrets.env").exists()


@pytest.mark.process
def test_people_and_groups_can_be_added_in_an_empty_folder(tmp_path: Path) -> None:
    """Commands that make the tables at once wait for each other."""
    given = environment(tmp_path, "first_people") | {"PUBLIC_URL": "https://inbox.example.com"}
    command = [sys.executable, str(ROOT / "manage.py"), "add_person", "--role", "lead"]
    people = [
        subprocess.Popen(
            [*command, name, "--mobius-id", f"user_{name}"],
            cwd=ROOT,
            env=given | {"DJANGO_SETTINGS_MODULE": "reviewer_site.settings"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("rina", "sam", "lee")
    ]
    for person in people:
        said, problem = person.communicate(timeout=200)
        assert person.returncode == 0, problem
        assert "https://inbox.example.com/accounts/link/?token=" in said
    done = manage(given, "map_group", "grp_1", "rina")
    assert (done.returncode, done.stdout) == (0, "Assigned to grp_1: rina.\n"), done.stderr


def test_own_files_become_private_and_others_stay_as_they_are(tmp_path: Path) -> None:
    own = ["secrets.env", "inbox.sqlite3", "inbox.sqlite3-wal", "inbox.sqlite3-shm", "serve.lock"]
    for name in (*own, "notes.txt"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o644)
    private_files.restrict(tmp_path, [tmp_path / "inbox.sqlite3"])
    assert {mode(tmp_path / name) for name in own} == {0o600}
    assert mode(tmp_path / "notes.txt") == 0o644


def test_a_folder_that_others_can_enter_is_reported_and_left_alone(
    settings: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings.DATA_DIR = tmp_path
    tmp_path.chmod(0o755)
    installation.secure_files()
    assert mode(tmp_path) == 0o755
    [said] = caplog.messages
    assert "can access DATA_DIR" in said
    tmp_path.chmod(0o700)
    installation.secure_files()
    assert len(caplog.messages) == 1


@pytest.mark.any_database
@pytest.mark.process
def test_a_new_database_and_the_files_beside_it_are_private(tmp_path: Path) -> None:
    code = (
        "import os, sys, django; os.umask(0o022); django.setup();"
        "from django.db import connection;"
        "connection.cursor().execute('CREATE TABLE x (y)');"
        "print(sorted((p.name, oct(p.stat().st_mode & 0o777)) for p in"
        " __import__('pathlib').Path(sys.argv[1]).iterdir()))"
    )
    folder = tmp_path / "data"
    given = {**os.environ, "DATA_DIR": str(folder), "DATABASE_URL": ""}
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        cwd=ROOT,
        env={**given, "DJANGO_SETTINGS_MODULE": "reviewer_site.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    names = ("inbox.sqlite3", "inbox.sqlite3-shm", "inbox.sqlite3-wal", "inbox.sqlite3.lock")
    assert done.stdout.strip() == str([(name, "0o600") for name in names])
    assert mode(folder) == 0o700
