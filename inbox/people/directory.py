"""Finding people by what somebody calls them."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, Value
from django.db.models.functions import Concat

from inbox.models import Credential, Membership, Recipient, Reviewer, Upstream


@dataclass(frozen=True)
class AccountStatus:
    """Whether a person can answer here: what is missing, or all true.

    ``active``: the account can sign in.
    """

    account: bool
    active: bool
    token: bool


def ids_called(words: str) -> list[str]:
    """The Mobius ids that ``words`` may mean: an id of an account, else everybody of that name.

    Empty where no account is called so; then it may still be an id that Mobius knows.
    """
    known = Reviewer.objects.exclude(mobius_id=None).exclude(mobius_id="")
    if known.filter(mobius_id=words).exists():
        return [words]
    full = Concat("user__first_name", Value(" "), "user__last_name")
    called = known.annotate(full=full).filter(
        Q(user__username__iexact=words) | Q(user__first_name__iexact=words) | Q(full__iexact=words)
    )
    return [id_ for id_ in called.order_by("mobius_id").values_list("mobius_id", flat=True) if id_]


def account_statuses(user_ids: Iterable[str]) -> dict[str, AccountStatus]:
    """The status of each id. Two queries."""
    wanted = set(user_ids)
    rows = Reviewer.objects.filter(mobius_id__in=wanted)
    accounts = rows.values_list("pk", "mobius_id", "user__is_active")
    ids = {pk: (id_, active) for pk, id_, active in accounts if id_}
    kept = Credential.objects.filter(reviewer__in=ids, upstream=Upstream.present())
    tokens = set(kept.filter(refused_at=None).values_list("reviewer_id", flat=True))
    found = {id_: AccountStatus(True, active, pk in tokens) for pk, (id_, active) in ids.items()}
    nobody = AccountStatus(account=False, active=False, token=False)
    return {id_: found.get(id_, nobody) for id_ in wanted}


def is_seen(mobius_id: str) -> bool:
    """Mobius has named this id: somebody of it was asked, or is in a group."""
    upstream = Upstream.present()
    asked = Recipient.objects.filter(upstream=upstream, user_id=mobius_id)
    members = Membership.objects.filter(group__upstream=upstream, user_id=mobius_id)
    return asked.exists() or members.exists()


def seen_without_account(*, most: int = 200) -> list[str]:
    """The ids that open questions and groups name and no account here has."""
    upstream = Upstream.present()
    taken = Reviewer.objects.exclude(mobius_id=None).values("mobius_id")
    asked = Recipient.objects.filter(upstream=upstream, open=True).exclude(user_id__in=taken)
    members = Membership.objects.filter(group__upstream=upstream).exclude(user_id__in=taken)
    ids = asked.values_list("user_id", flat=True).union(members.values_list("user_id", flat=True))
    return list(ids.order_by("user_id")[:most])


def known_people(*, most: int = 200) -> list[tuple[str, str]]:
    """Id and name of the accounts that Mobius knows, for a list to choose from."""
    rows = Reviewer.objects.filter(mobius_id__isnull=False, user__is_active=True)
    found = rows.exclude(mobius_id="").select_related("user").order_by("user__username")
    return [(row.mobius_id, row.name) for row in found[:most] if row.mobius_id]
