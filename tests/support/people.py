"""The demo's people, made once for each process of the suite."""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from inbox.models import Credential, Reviewer, Upstream
from inbox.people import vault
from inbox.people.demo import make_demo
from tests.support.tampering import empty_log

User = get_user_model()

_accounts: list[tuple[Reviewer, list[str], list[str]]] = []
"""Each with the names of its groups and the codenames of its permissions."""


@sensitive_variables("tokens")
def make_people(*, tokens: dict[str, str] | None = None) -> None:
    """``tokens`` is Mobius id → member token. Only the first call runs ``make_demo``; later ones
    insert its rows without signals and log entries, which took longer than most tests.
    """
    if _accounts:
        _insert()
    else:
        make_demo(tokens={})
        for reviewer in Reviewer.objects.select_related("user"):
            groups = reviewer.user.groups.values_list("name", flat=True)
            permissions = reviewer.user.user_permissions.values_list("codename", flat=True)
            _accounts.append((reviewer, list(groups), list(permissions)))
    if tokens:
        _give(tokens)
    empty_log()


@sensitive_variables("tokens")
def _give(tokens: dict[str, str]) -> None:
    """As ``credentials.adopt`` for each person, in two queries."""
    upstream, now = Upstream.current(), timezone.now()
    Credential.objects.bulk_create(
        Credential(
            reviewer_id=reviewer.pk,
            upstream=upstream,
            sealed=vault.seal(tokens[reviewer.mobius_id]),
            prefix=tokens[reviewer.mobius_id][:8],
            last_four=tokens[reviewer.mobius_id].partition(".")[0][-4:],
            added_at=now,
            proven_at=now,
        )
        for reviewer, _, _ in _accounts
        if reviewer.mobius_id in tokens
    )


def _insert() -> None:
    User.objects.bulk_create([reviewer.user for reviewer, _, _ in _accounts])
    Reviewer.objects.bulk_create([reviewer for reviewer, _, _ in _accounts])
    groups = dict(Group.objects.values_list("name", "pk"))
    User.groups.through.objects.bulk_create(
        User.groups.through(user_id=reviewer.user_id, group_id=groups[name])
        for reviewer, names, _ in _accounts
        for name in names
    )
    permissions = dict(
        Permission.objects.filter(content_type__app_label="inbox").values_list("codename", "pk")
    )
    User.user_permissions.through.objects.bulk_create(
        User.user_permissions.through(user_id=reviewer.user_id, permission_id=permissions[codename])
        for reviewer, _, codenames in _accounts
        for codename in codenames
    )
