"""The decision log: numbered, chained, append-only. Only ``append`` writes entries."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import router, transaction
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from inbox.access.redaction import masked
from inbox.audit import anchor, chain
from inbox.audit.origin import BACKGROUND, Origin, current_actor
from inbox.models import Decision, DecisionHead, Interaction, Reviewer, Upstream
from inbox.models.answers import Answers
from inbox.models.decision import RESPOND


@dataclass(frozen=True, kw_only=True)
class Entry:
    """See ``inbox.models.Decision`` for the fields. ``item`` provides those about a question."""

    verb: str
    upstream: Upstream
    actor: str
    account: str = ""
    origin: Origin = BACKGROUND
    at: datetime | None = None
    credential_kind: str = ""
    item: Interaction | None = None
    run_id: str = ""
    group_id: str = ""
    workflow: str = ""
    title: str = ""
    operation_id: str = ""
    value: Any = None
    answers: Answers | None = None
    round: int = 0
    comment: str = ""
    shown: dict[str, Any] = field(default_factory=dict)
    observed: bool = False
    http_status: int | None = None
    decided_at: datetime | None = None
    sent_at: datetime | None = None


def entry_by(reviewer: Reviewer, **fields: Any) -> Entry:
    return Entry(actor=reviewer.mobius_id or "", account=reviewer.user.get_username(), **fields)


def entry_by_actor(**fields: Any) -> Entry:
    actor = current_actor()
    return Entry(
        actor=actor.mobius_id,
        account=actor.account,
        origin=actor.origin,
        credential_kind=actor.credential_kind,
        **fields,
    )


def append(*entries: Entry) -> list[Decision]:
    """Append ``entries``, inside the caller's transaction.

    The head stays locked until the transaction ends, so numbers are in order of time. It must be
    the last lock that a transaction takes, or be taken after the upstream's row.

    Raises TransactionManagementError outside a transaction, and IntegrityError if an answer is
    already in the log.
    """
    if not transaction.get_connection(router.db_for_write(Decision)).in_atomic_block:
        raise TransactionManagementError("an entry belongs in the transaction of its change")
    if not entries:
        return []
    head = _locked()
    rows = []
    for entry in entries:
        row = _row(entry, head)
        head.number, head.hash = row.number, row.hash
        rows.append(row)
    Decision.objects.bulk_create(rows, batch_size=200)
    seal(head)
    # Each append reads its own head, so this object does not change before the commit.
    transaction.on_commit(lambda: anchor.appender.head_moved(head), robust=True)
    return rows


def begin(*, using: str = "default", **_: Any) -> None:
    """Create the sealed head and the anchor file of an empty log, so that a missing one is noticed.

    Also a receiver of ``post_migrate``. Does nothing without a key, as before the first start.
    """
    if not settings.CREDENTIAL_KEYS or not router.allow_migrate_model(using, DecisionHead):
        return
    with transaction.atomic(using=using):
        if not Decision.objects.using(using).exists():
            head = new_head()
            head.mac = chain.seal(head)
            DecisionHead.objects.using(using).bulk_create([head], ignore_conflicts=True)
    anchor.begin()


def head() -> DecisionHead:
    """A new, unsaved one if there is none."""
    return DecisionHead.objects.first() or new_head()


@transaction.atomic
def reseal() -> bool:
    """Seal the head with the newest key. False if none of the current keys sealed it."""
    locked = DecisionHead.objects.select_for_update().first()
    if locked is None or not chain.sealed(locked):
        return False
    locked.mac = chain.seal(locked)
    locked.save(update_fields=["mac"])
    return True


def answers_of(upstream: Upstream, interaction_ids: Iterable[str]) -> set[tuple[str, str, int]]:
    """Question, person and round of each."""
    ids = list(interaction_ids)
    rows = Decision.objects.of(upstream).filter(verb=RESPOND, interaction_id__in=ids)
    return set(rows.values_list("interaction_id", "actor", "round"))


def new_head() -> DecisionHead:
    """Unsealed and unsaved."""
    return DecisionHead(number=0, hash=chain.NOTHING)


def seal(head: DecisionHead) -> None:
    head.mac = chain.seal(head)
    head.save()


def _locked() -> DecisionHead:
    """The head, locked until the transaction ends.

    A head whose seal doesn't match is still used: no answer is refused because someone changed the
    log. ``unsealed_from`` records the mismatch in all later seals.
    """
    head = DecisionHead.objects.select_for_update().first()
    if head is None:
        last = Decision.objects.order_by("-number").first()
        head = new_head()
        if last is not None:
            head.number, head.hash = last.number, last.hash
        head.unsealed_from = head.number + 1
    elif not chain.sealed(head) and head.unsealed_from is None:
        head.unsealed_from = head.number + 1
    return head


def _row(entry: Entry, head: DecisionHead) -> Decision:
    now, item = timezone.now(), entry.item
    row = Decision(
        number=head.number + 1,
        version=chain.VERSION,
        at=entry.at or now,
        entered_at=now,
        verb=entry.verb,
        observed=entry.observed,
        actor=entry.actor,
        account=entry.account,
        address=entry.origin.address,
        credential_kind=entry.credential_kind,
        base_url=entry.upstream.base_url,
        project=entry.upstream.project,
        interaction_id=item.mobius_id if item else "",
        run_id=entry.run_id or (item.run_id if item else "") or "",
        group_id=entry.group_id or (item.group_id if item else "") or "",
        workflow=entry.workflow or (item.workflow if item else ""),
        title=(entry.title or (item.title if item else ""))[:300],
        operation_id=entry.operation_id,
        value=entry.value,
        answers=entry.answers,
        round=entry.round,
        comment=entry.comment,
        shown=masked(entry.shown),
        http_status=entry.http_status,
        decided_at=entry.decided_at,
        sent_at=entry.sent_at,
        previous=head.hash,
    )
    row.hash = chain.hash_of(row.previous, chain.text_of(row))
    return row
