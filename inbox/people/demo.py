"""The demo's people."""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from pydantic import SecretStr

from inbox.access import PERMISSIONS, REVIEWER, TEAM_LEAD
from inbox.models import Credential, NotificationChoice, NotificationTimes, Reviewer, Upstream
from inbox.models.notification import Channel, Kind, When
from inbox.people import credentials

PASSWORD = "demo"  # nosec B105 # noqa: S105 - said on the terminal, and refused beside a real Mobius
ADMIN = "admin"
DIGEST_AFTER = timedelta(minutes=8)
"""From the first start to Sam's first digest."""


@dataclass(frozen=True)
class DemoPerson:
    username: str
    mobius_id: str
    name: str
    roles: tuple[str, ...]
    permissions: tuple[str, ...] = ()
    email: str = ""


CAST = (
    DemoPerson("rina", "user_rina", "Rina", (REVIEWER,), email="rina@example.com"),
    DemoPerson("sam", "user_sam", "Sam", (REVIEWER,), email="sam@example.com"),
    DemoPerson("lee", "user_lee", "Lee", (REVIEWER,)),
    DemoPerson("tess", "user_tess", "Tess", (REVIEWER, TEAM_LEAD), tuple(PERMISSIONS)),
)


@sensitive_variables("tokens")
def make_demo(*, tokens: dict[str, str]) -> None:
    """``tokens`` is Mobius ID → member token.

    Existing accounts keep their password, and their token unless it no longer works with the
    engine.
    """
    with transaction.atomic():
        for person in CAST:
            user, created = get_user_model().objects.get_or_create(
                username=person.username,
                defaults={"first_name": person.name, "email": person.email},
            )
            if created:
                user.set_password(PASSWORD)
                user.save()
                user.groups.set(Group.objects.filter(name__in=person.roles))
                permissions = Permission.objects.filter(
                    content_type__app_label="inbox", codename__in=person.permissions
                )
                user.user_permissions.set(permissions)
            reviewer = Reviewer.objects.get(user=user)
            if created:
                reviewer.mobius_id = person.mobius_id
                reviewer.save(update_fields=["mobius_id"])
                _choose_notifications(reviewer)
            is_cast_member = reviewer.mobius_id == person.mobius_id
            if is_cast_member and person.mobius_id in tokens and (created or _useless(reviewer)):
                token = SecretStr(tokens[person.mobius_id])
                credentials.adopt(reviewer, token=token, owner=person.mobius_id)
        admin, created = get_user_model().objects.get_or_create(
            username=ADMIN, defaults={"first_name": "Admin", "is_staff": True, "is_superuser": True}
        )
        if created:
            admin.set_password(PASSWORD)
            admin.save()


def _choose_notifications(reviewer: Reviewer) -> None:
    """So that emails can be seen soon: Rina gets them at once, Sam a digest."""
    if reviewer.user.username == "rina":
        kinds = (Kind.ASKED, Kind.CHANGES_REQUESTED, Kind.NUDGED, Kind.REMINDER)
        for kind in kinds:
            NotificationChoice.objects.create(
                reviewer=reviewer, kind=kind, channel=Channel.EMAIL, when=When.NOW
            )
    if reviewer.user.username == "sam":
        at = timezone.localtime() + DIGEST_AFTER
        NotificationTimes.objects.create(
            reviewer=reviewer,
            digest=NotificationTimes.Every.DAY,
            digest_minute=at.hour * 60 + at.minute,
        )


def _useless(reviewer: Reviewer) -> bool:
    """It is of another engine, refused, or not decryptable."""
    has_token = Credential.objects.filter(reviewer=reviewer).exists()
    state = credentials.state_of(reviewer.user_id, Upstream.current())
    return has_token and state is not credentials.Token.GOOD


def demo_accounts() -> list[str]:
    names = [person.username for person in CAST] + [ADMIN]
    accounts = get_user_model().objects.filter(username__in=names, is_active=True)
    return [user.username for user in accounts if user.check_password(PASSWORD)]
