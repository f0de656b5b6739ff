"""The demo's people."""

from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.views.decorators.debug import sensitive_variables
from pydantic import SecretStr

from inbox.access import PERMISSIONS, REVIEWER, TEAM_LEAD
from inbox.models import Credential, Reviewer, Upstream
from inbox.people import credentials

PASSWORD = "demo"  # noqa: S105 - said on the terminal, and refused beside a real Mobius
ADMIN = "admin"


@dataclass(frozen=True)
class Person:
    """One of the cast: the account's name, the Mobius id, what others call them, their roles.

    ``given`` are codenames of ``inbox.access.PERMISSIONS``.
    """

    username: str
    mobius_id: str
    name: str
    roles: tuple[str, ...]
    given: tuple[str, ...] = ()


CAST = (
    Person("rina", "user_rina", "Rina", (REVIEWER,)),
    Person("sam", "user_sam", "Sam", (REVIEWER,)),
    Person("lee", "user_lee", "Lee", (REVIEWER,)),
    Person("tess", "user_tess", "Tess", (REVIEWER, TEAM_LEAD), tuple(PERMISSIONS)),
)


@sensitive_variables("tokens")
def make_demo(*, tokens: dict[str, str]) -> None:
    """Make the cast and the administrator where they are missing, and give each their token.

    ``tokens`` is Mobius id → member token; a person without one in it keeps what they have.
    Accounts that are there keep their password, and their token or its absence: theirs is replaced
    where it is of no use with the engine as it is now.
    """
    with transaction.atomic():
        for person in CAST:
            user, created = get_user_model().objects.get_or_create(
                username=person.username, defaults={"first_name": person.name}
            )
            if created:
                user.set_password(PASSWORD)
                user.save()
                user.groups.set(Group.objects.filter(name__in=person.roles))
                given = Permission.objects.filter(
                    content_type__app_label="inbox", codename__in=person.given
                )
                user.user_permissions.set(given)
            reviewer = Reviewer.objects.get(user=user)
            if created:
                reviewer.mobius_id = person.mobius_id
                reviewer.save(update_fields=["mobius_id"])
            own = reviewer.mobius_id == person.mobius_id
            if own and person.mobius_id in tokens and (created or _useless(reviewer)):
                token = SecretStr(tokens[person.mobius_id])
                credentials.adopt(reviewer, token=token, owner=person.mobius_id)
        admin, created = get_user_model().objects.get_or_create(
            username=ADMIN, defaults={"first_name": "Admin", "is_staff": True, "is_superuser": True}
        )
        if created:
            admin.set_password(PASSWORD)
            admin.save()


def _useless(reviewer: Reviewer) -> bool:
    """There is a token, and it is another engine's, refused, or no key opens it."""
    kept = Credential.objects.filter(reviewer=reviewer).exists()
    state = credentials.state_of(reviewer.user_id, Upstream.present())
    return kept and state is not credentials.Token.GOOD


def demo_accounts() -> list[str]:
    """Names of the accounts here that anybody can enter with the demo's password."""
    names = [person.username for person in CAST] + [ADMIN]
    found = get_user_model().objects.filter(username__in=names, is_active=True)
    return [user.username for user in found if user.check_password(PASSWORD)]
