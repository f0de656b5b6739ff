"""Looking up people, by name or Mobius ID."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q, Value
from django.db.models.functions import Concat

from inbox.models import Credential, Machine, Membership, Recipient, Reviewer, Upstream


@dataclass(frozen=True)
class AccountStatus:
    account: bool
    active: bool
    token: bool


def ids_called(words: str) -> list[str]:
    """Mobius IDs that ``words`` may mean: an account's ID, else those of accounts by that name."""
    reviewers = Reviewer.objects.exclude(mobius_id=None).exclude(mobius_id="")
    if reviewers.filter(mobius_id=words).exists():
        return [words]
    full = Concat("user__first_name", Value(" "), "user__last_name")
    matches = reviewers.annotate(full=full).filter(
        Q(user__username__iexact=words)
        | Q(user__first_name__iexact=words)
        | Q(full__iexact=words)
        | Q(name__iexact=words)
    )
    return [id_ for id_ in matches.order_by("mobius_id").values_list("mobius_id", flat=True) if id_]


def account_statuses(upstream: Upstream, user_ids: Iterable[str]) -> dict[str, AccountStatus]:
    requested = set(user_ids)
    rows = Reviewer.objects.filter(mobius_id__in=requested)
    accounts = rows.values_list("pk", "mobius_id", "user__is_active")
    ids = {pk: (id_, active) for pk, id_, active in accounts if id_}
    credentials = Credential.objects.filter(reviewer__in=ids, upstream=upstream)
    tokens = set(credentials.filter(refused_at=None).values_list("reviewer_id", flat=True))
    statuses = {id_: AccountStatus(True, active, pk in tokens) for pk, (id_, active) in ids.items()}
    no_account = AccountStatus(account=False, active=False, token=False)
    return {id_: statuses.get(id_, no_account) for id_ in requested}


def seen(mobius_ids: Iterable[str]) -> set[str]:
    """The IDs that have appeared in Mobius' data: as an assignee, or in a group."""
    upstream, ids = Upstream.current(), list(mobius_ids)
    recipients = Recipient.objects.filter(upstream=upstream, user_id__in=ids)
    members = Membership.objects.filter(group__upstream=upstream, user_id__in=ids)
    return {
        user_id
        for rows in (recipients, members)
        for user_id in rows.values_list("user_id", flat=True).order_by().distinct()
    }


def seen_without_account(*, limit: int = 200) -> list[str]:
    upstream = Upstream.current()
    recipients = Recipient.objects.filter(_unknown(), upstream=upstream, open=True)
    members = Membership.objects.filter(_unknown(), group__upstream=upstream)
    ids = recipients.values_list("user_id", flat=True).union(
        members.values_list("user_id", flat=True)
    )
    return list(ids.order_by("user_id")[:limit])


def asked_without_account(upstream: Upstream, *, limit: int = 50) -> list[tuple[str, int]]:
    """Mobius IDs of people who are asked, and how many open questions wait for each; most first."""
    asked = Recipient.objects.filter(_unknown(), upstream=upstream, open=True)
    counted = asked.values_list("user_id").annotate(questions=Count("pk"))
    return list(counted.order_by("-questions", "user_id")[:limit])


def _unknown() -> Q:
    """Rows whose ``user_id`` is neither an account here nor a machine."""
    with_account = Reviewer.objects.exclude(mobius_id=None).values("mobius_id")
    machines = Machine.objects.values("mobius_id")
    return ~Q(user_id__in=with_account) & ~Q(user_id__in=machines)


def known_people(*, limit: int = 200) -> list[tuple[str, str]]:
    rows = Reviewer.objects.filter(mobius_id__isnull=False, user__is_active=True)
    reviewers = rows.exclude(mobius_id="").select_related("user").order_by("user__username")
    return [(row.mobius_id, row.name) for row in reviewers[:limit] if row.mobius_id]
