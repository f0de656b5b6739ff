"""The commands for people and groups: their output, what they refuse, and what they log."""

import re
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from inbox.management import serving_note
from inbox.management.commands import serve
from inbox.models import Decision, GroupMapping, OneTimeLink, Reviewer
from inbox.people import links
from tests.support.snapshots import ask
from tests.support.tampering import empty_log
from tests.web.cast import tell

pytestmark = pytest.mark.django_db
LINK = re.compile(r"http://127\.0\.0\.1:\d+/accounts/link/\?token=(\S+)")


def run(command: str, *words: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(command, *words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def entered() -> list[tuple[str, str, Any]]:
    rows = Decision.objects.order_by("number")
    return [(row.verb, row.title, (row.value or {}).get("after")) for row in rows]


def roles(name: str) -> list[str]:
    return sorted(User.objects.get(username=name).groups.values_list("name", flat=True))


def test_a_person_is_added_and_gets_a_link(db: None) -> None:
    tell(ask())
    empty_log()
    out, err = run("add_person", "rina", "--mobius-id", "user_rina", "--full-name", "Rina Kovacs")
    assert err == ""
    (token,) = LINK.findall(out)
    rina = User.objects.get(username="rina")
    assert (rina.get_full_name(), rina.reviewer.mobius_id) == ("Rina Kovacs", "user_rina")
    assert (roles("rina"), rina.is_staff, rina.has_usable_password()) == (
        ["reviewer"],
        False,
        False,
    )
    assert links.find(token).user == rina
    assert entered() == [
        ("account_created", "rina", "on"),
        ("mobius_id_changed", "rina", "user_rina"),
        ("roles_changed", "rina", ["reviewer"]),
    ]
    assert {row.credential_kind for row in Decision.objects.all()} == {"command"}


def test_an_id_that_mobius_has_not_named_is_taken_with_a_warning() -> None:
    _, err = run("add_person", "rina", "--mobius-id", "user_rina")
    assert "user_rina hasn't been seen in Mobius yet" in err


def test_an_existing_account_is_changed_only_with_update() -> None:
    run("add_person", "rina", "--mobius-id", "user_rina")
    with pytest.raises(CommandError, match="rina already has an account"):
        run("add_person", "rina", "--mobius-id", "user_rina")
    run("add_person", "rina", "--update", "--role", "lead", "--admin")
    rina = User.objects.get(username="rina")
    assert (roles("rina"), rina.is_superuser) == (["reviewer", "team lead"], True)
    assert rina.reviewer.mobius_id == "user_rina"
    run("add_person", "rina", "--update", "--full-name", "Rina")
    assert roles("rina") == ["reviewer", "team lead"]
    run("add_person", "rina", "--update", "--role", "reviewer")
    assert roles("rina") == ["reviewer"]


def test_a_password_comes_from_one_line_and_is_checked(monkeypatch: Any) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("correct horse battery\nmore\n"))
    out, _ = run("add_person", "rina", "--mobius-id", "user_rina", "--password-stdin")
    assert not LINK.search(out)
    assert User.objects.get(username="rina").check_password("correct horse battery")
    out, _ = run("add_person", "rina", "--update", "--role", "lead")
    assert not LINK.search(out)
    assert not OneTimeLink.objects.exists()
    monkeypatch.setattr("sys.stdin", StringIO("12345\n"))
    with pytest.raises(CommandError, match=r"too short.*entirely numeric"):
        run("add_person", "sam", "--mobius-id", "user_sam", "--password-stdin")
    assert not User.objects.filter(username="sam").exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("sam", "--mobius-id", "user_rina"), "user_rina is the Mobius ID of rina"),
        (("sam",), "sam needs a Mobius ID"),
        (("sam smith", "--mobius-id", "user_sam"), "Enter a valid username"),
        (("sam", "--mobius-id", "x" * 201), "at most 200 characters"),
        (("sam", "--mobius-id", "user\nsam"), "can't contain line breaks"),
        (("sam", "--mobius-id", " "), "sam needs a Mobius ID"),
        (("sam", "--mobius-id", "user_sam", "--full-name", "Sam\0"), "one line of text"),
    ],
)
def test_if_one_line_is_refused_no_one_is_added(words: tuple[str, ...], why: str) -> None:
    run("add_person", "rina", "--mobius-id", "user_rina")
    empty_log()
    with pytest.raises(CommandError, match=why):
        run("add_person", *words)
    assert User.objects.count() == 1
    assert entered() == []


def test_a_file_adds_everyone_with_a_link_each(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(
        "\ufeffname,full_name,mobius_id,role,admin\n"
        "rina,Rina Kovacs,user_rina,,\n"
        'tess,"Tess, lead",user_tess,lead,yes\n',
        encoding="utf-8",
    )
    out, _ = run("import_people", str(file))
    assert len(LINK.findall(out)) == OneTimeLink.objects.count() == 2
    assert (roles("rina"), roles("tess")) == (["reviewer"], ["reviewer", "team lead"])
    assert User.objects.get(username="tess").is_superuser
    with pytest.raises(CommandError, match=r"(?s)No one was added.*rina already has an account"):
        run("import_people", str(file))
    file.write_text("name,mobius_id\nrina,user_rina\ntess,user_tess\n")
    User.objects.filter(username="rina").update(is_active=False)
    out, _ = run("import_people", str(file), "--update")
    assert roles("tess") == ["reviewer", "team lead"]
    assert re.findall(r"(\w+)\thttp", out) == ["tess"]


def test_a_file_of_more_people_than_one_transaction_should_hold_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("name,mobius_id\n" + "".join(f"p{n},user_{n}\n" for n in range(201)))
    with pytest.raises(CommandError, match="more than 200 people"):
        run("import_people", str(file))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("name,full_name\nrina,Rina\n", "mobius_id is missing"),
        ("name,mobius_id,team\nrina,user_rina,x\n", "unknown column: team"),
        ("name,mobius_id,role\nrina,user_rina,boss\n", "Line 2: the role must be reviewer or lead"),
        ("name,mobius_id,admin\nrina,user_rina,perhaps\n", "Line 2: admin must be yes or no"),
        ("name,mobius_id\nrina,user_rina,x\n", "Line 2 has more values"),
        ("name,mobius_id\n,user_rina\n", "Line 2 has no name"),
        ('name,mobius_id\n"rina,user_rina\n', "isn't valid CSV"),
        ("name,mobius_id\n", "has no people in it"),
        ("name,mobius_id\nsam,user_sam\nrina,user_sam\n", "rina: user_sam is the Mobius ID of sam"),
        ("name;mobius_id\nsam;user_sam\nsam;user_rina\n", "sam: sam already has an account"),
    ],
)
def test_a_file_with_a_problem_adds_no_one(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "people.csv"
    file.write_text(text)
    with pytest.raises(CommandError, match=why):
        run("import_people", str(file))
    assert not User.objects.exists()
    assert not OneTimeLink.objects.exists()


def test_a_group_is_mapped_and_the_log_says_who_was_in_it_before() -> None:
    for name in ("rina", "sam", "lee"):
        run("add_person", name, "--mobius-id", f"user_{name}")
    empty_log()
    assert run("map_group", "grp_1", "sam", "rina")[0] == "Assigned to grp_1: sam, rina.\n"
    run("map_group", "grp_1", "rina", "sam")
    run("map_group", "grp_1", "lee", "rina")
    assert run("map_group", "grp_1")[0] == "No one is assigned to grp_1.\n"
    assert not GroupMapping.objects.exists()
    rows = Decision.objects.order_by("number")
    assert {(row.verb, row.group_id) for row in rows} == {("group_mapped", "grp_1")}
    assert [(row.value["before"], row.value["after"]) for row in rows] == [
        ([], ["rina", "sam"]),
        (["rina", "sam"], ["lee", "rina"]),
        (["lee", "rina"], []),
    ]


def test_a_group_is_mapped_only_to_known_people() -> None:
    run("add_person", "rina", "--mobius-id", "user_rina")
    User.objects.create_user("mallory")
    with pytest.raises(CommandError, match=r"No account exists for nobody, sam\. Nothing"):
        run("map_group", "grp_1", "nobody", "rina", "sam")
    for group_id in ("", "g" * 201, "grp\n1"):
        with pytest.raises(CommandError):
            run("map_group", group_id, "rina")
    assert not GroupMapping.objects.exists()
    _, err = run("map_group", "grp_1", "mallory")
    assert "mallory has no Mobius ID" in err


def test_the_setup_link_is_for_a_real_mobius_without_an_administrator(settings: Any) -> None:
    with pytest.raises(CommandError, match="demo needs no setup"):
        run("setup_link")
    settings.EMBEDDED = False
    first, second = (LINK.findall(run("setup_link")[0])[0] for _ in range(2))
    with pytest.raises(links.NotValid):
        links.find(first)
    assert links.find(second).user is None
    User.objects.create_superuser("root")
    with pytest.raises(CommandError, match="already an active administrator"):
        run("setup_link")
    with pytest.raises(links.NotValid):
        links.find(second)
    assert Reviewer.objects.get().mobius_id is None


def test_mobius_env_prints_the_token_of_a_member(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    serving_note.write(tmp_path, engine="http://127.0.0.1:8001")
    token = settings.SECRETS.member_token("user_rina")
    assert run("mobius_env", "--member", "rina") == (f"{token}\n", "")
    with pytest.raises(CommandError, match="invalid choice"):
        run("mobius_env", "--member", "mallory")


def test_the_hint_to_run_setup_link_can_be_pasted() -> None:
    [hint] = serve.Command(stdout=StringIO())._setup()
    assert f"Run {sys.executable} manage.py setup_link" in hint
