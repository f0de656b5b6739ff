import pytest
from django.contrib.auth.models import User

from inbox.models import Machine, Reviewer, Upstream
from inbox.people.names import names_of

pytestmark = pytest.mark.django_db


def account(username: str, first_name: str = "", last_name: str = "") -> User:
    user = User.objects.create_user(username, first_name=first_name, last_name=last_name)
    Reviewer.objects.filter(user=user).update(mobius_id=f"user_{username}")
    return user


def shown(*usernames: str) -> list[str]:
    names = names_of(Upstream.current(), [f"user_{username}" for username in usernames])
    for username in usernames:
        assert User.objects.get(username=username).reviewer.name == names.of(f"user_{username}")
    return [names.of(f"user_{username}") for username in usernames]


def test_a_person_is_shown_by_full_name_else_by_username() -> None:
    account("rina", "Rina", "Sol")
    account("sam")
    assert shown("rina", "sam") == ["Rina Sol", "sam"]


@pytest.mark.parametrize(
    ("first_name", "last_name"), [("Rina", "Sol"), ("rina", "SOL"), ("Rina Sol", "")]
)
def test_two_people_of_one_name_are_both_shown_with_their_usernames(
    first_name: str, last_name: str
) -> None:
    account("rina", "Rina", "Sol")
    account("mallory", first_name, last_name)
    rina, other = shown("rina", "mallory")
    assert rina == "Rina Sol (rina)"
    assert other.casefold() == "rina sol (mallory)"


def test_after_one_of_them_is_renamed_the_other_needs_no_username() -> None:
    account("rina", "Rina", "Sol")
    account("kim", "Kim")
    mallory = account("mallory", "Rina", "Sol")
    mallory.first_name, mallory.last_name = "Kim", ""
    mallory.save()
    assert shown("rina", "kim", "mallory") == ["Rina Sol", "Kim (kim)", "Kim (mallory)"]


def test_a_full_name_and_a_username_can_be_the_same() -> None:
    account("rina")
    account("mallory", "Rina")
    assert shown("rina", "mallory") == ["rina (rina)", "Rina (mallory)"]


def test_the_name_survives_a_save_of_an_older_copy_of_the_row() -> None:
    rina = account("rina", "Rina", "Sol")
    older = Reviewer.objects.get(user=rina)
    account("mallory", "Rina", "Sol")
    older.save()
    assert shown("rina") == ["Rina Sol (rina)"]


@pytest.mark.parametrize(
    ("generation", "user_id", "name"),
    [
        ("a", "user_rina", "Rina"),
        ("a", "user_bo", "user_bo"),
        ("b", "user_rina", "Rina"),
        ("b", "user_bo", "Unknown person (user_bo)"),
        ("c", "user_2f9s3k4m5n6p7q8r", "Unknown person (user_2f9s3k…)"),
        ("c", "agent_1", "Invoice agent"),
        ("c", "agent_2", "agent_2"),
        ("b", "the loop", "the loop"),
    ],
)
def test_names_are_those_of_accounts_and_machines(generation: str, user_id: str, name: str) -> None:
    account("rina", "Rina")
    Machine.objects.create(mobius_id="agent_1", name="Invoice agent")
    assert names_of(Upstream(generation=generation), [user_id, None, ""]).of(user_id) == name
