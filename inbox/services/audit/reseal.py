"""An operator declares a break in the decision log: lost keys, or a restored backup.

The log goes on behind the entries that are there. The break is an entry of its own, with the
reason, and the answers that the log has lost are entered again behind it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from inbox.mirror.observers import Answer
from inbox.models import Credential, Decision, DecisionHead, Interaction, Notice, Upstream
from inbox.people import vault
from inbox.services import observed
from inbox.services.audit import cross_check, decision_log, entry_count
from inbox.services.audit.anchor import anchor
from inbox.services.audit.decision_log import Entry
from inbox.services.audit.verify import verify

VERB = "log_resealed"
COMMAND = "command"


@dataclass(frozen=True)
class Resealed:
    """``number`` is the entry of the break. ``answers`` were entered again; ``accounts`` have lost
    their token, which no present key opens.
    """

    number: int
    answers: int
    accounts: list[str]


def reseal(*, reason: str, account: str) -> Resealed:
    """Continue the log from its last entry under the newest key. ``account`` ran the command."""
    with transaction.atomic():
        done = _reseal(reason, account)
    # After the commit: until then the note of the old log is the true one.
    entry_count.reset(decision_log.head())
    anchor.head_moved()
    return done


def _reseal(reason: str, account: str) -> Resealed:
    # The first lock of all who enter answers, so that none waits for another in a circle.
    list(Upstream.objects.select_for_update().order_by("pk"))
    found = verify()
    noted = entry_count.read().number
    _continue_from_the_last_entry()
    [broken] = decision_log.append(
        Entry(
            verb=VERB,
            upstream=Upstream.present(),
            actor="",
            account=account,
            credential_kind=COMMAND,
            title="Decision log",
            comment=reason,
            value={"problem": str(found.problem or ""), "noted": noted},
        )
    )
    answers = _enter_lost_answers()
    return Resealed(broken.number, answers, _remove_unreadable_tokens(account))


def _continue_from_the_last_entry() -> None:
    head = DecisionHead.objects.select_for_update().first() or DecisionHead()
    last = Decision.objects.order_by("-number").first()
    start = decision_log.new_head()
    head.number = start.number if last is None else last.number
    head.hash = start.hash if last is None else last.hash
    head.unsealed_from = None
    decision_log.seal(head)


def _enter_lost_answers() -> int:
    """Those that were sent from here as they were sent, those of the mirror as observed."""
    before = decision_log.head().number
    rows = cross_check.attempts_without_entry()
    attempts = {
        (each.upstream_id, each.interaction_id, each.reviewer.mobius_id): each
        for each in rows.select_related("upstream", "reviewer__user")
    }
    for attempt in attempts.values():
        known = {"upstream": attempt.upstream, "mobius_id": attempt.interaction_id}
        item = Interaction.objects.filter(**known).first() or Interaction(**known)
        decision_log.append(observed.entry_of(attempt, item, at=attempt.settled_at))
    answers = cross_check.answers_without_entry()
    for row in answers.select_related("interaction__upstream"):
        item = row.interaction
        own = [answer for answer in Answer.all_of(item) if answer.user_id == row.user_id]
        observed.enter(item.upstream, own)
    return decision_log.head().number - before


def _remove_unreadable_tokens(account: str) -> list[str]:
    lost = list(_unreadable())
    decision_log.append(
        *(
            Entry(
                verb="token_removed",
                upstream=each.upstream,
                actor="",
                account=account,
                credential_kind=COMMAND,
                title=each.reviewer.user.get_username(),
                value={"before": each.last_four},
            )
            for each in lost
        )
    )
    now = timezone.now()
    for each in lost:
        Notice.objects.update_or_create(
            reviewer=each.reviewer,
            upstream=Upstream.present(),
            interaction_id="",
            kind=Notice.Kind.TOKEN_REMOVED,
            defaults={"sender_name": account, "at": now, "read_at": None},
        )
    Credential.objects.filter(pk__in=[each.pk for each in lost]).delete()
    return sorted(each.reviewer.user.get_username() for each in lost)


def _unreadable() -> Iterator[Credential]:
    rows = Credential.objects.select_related("upstream", "reviewer__user").order_by("pk")
    yield from (each for each in rows if not vault.opens(each.sealed))
