"""An operator declares a break in the decision log: lost keys, or a restored backup.

The log continues after its last entry. The break itself is an entry, with the reason, and answers
that the log has lost are entered again after it.
"""

from dataclasses import dataclass

from django.db import transaction

from inbox.mirror.observers import MirroredAnswer
from inbox.models import Credential, Decision, DecisionHead, Interaction, Notice, Upstream
from inbox.people import vault
from inbox.services import observed
from inbox.services.audit import cross_check, decision_log, entry_count
from inbox.services.audit.anchor import anchor
from inbox.services.audit.decision_log import Entry
from inbox.services.audit.verify import verify
from inbox.services.notices import notify

VERB = "log_resealed"
COMMAND = "command"


@dataclass(frozen=True)
class Resealed:
    """What was done.

    Attributes:
        number: of the break's entry.
        answers: how many were entered again.
        accounts: usernames whose member tokens no current key decrypts; these were removed.
    """

    number: int
    answers: int
    accounts: list[str]


def reseal(*, reason: str, account: str) -> Resealed:
    """Continue the log from its last entry with the newest key. ``account`` ran the command."""
    with transaction.atomic():
        done = _reseal(reason, account)
    # After the commit: until then the note of the old log is right.
    entry_count.reset(decision_log.head())
    anchor.head_moved()
    return done


def _reseal(reason: str, account: str) -> Resealed:
    # Everything that logs answers takes this lock first, which prevents deadlocks.
    list(Upstream.objects.select_for_update(no_key=True).order_by("pk"))
    verdict = verify()
    noted = entry_count.read().number
    _continue_from_the_last_entry()
    [entry] = decision_log.append(
        Entry(
            verb=VERB,
            upstream=Upstream.current(),
            actor="",
            account=account,
            credential_kind=COMMAND,
            title="Decision log",
            comment=reason,
            value={"problem": str(verdict.problem or ""), "noted": noted},
        )
    )
    answers = _enter_lost_answers()
    return Resealed(entry.number, answers, _remove_unreadable_tokens(account))


def _continue_from_the_last_entry() -> None:
    head = DecisionHead.objects.select_for_update().first() or DecisionHead()
    last = Decision.objects.order_by("-number").first()
    end = last or decision_log.new_head()
    head.number, head.hash, head.unsealed_from = end.number, end.hash, None
    decision_log.seal(head)


def _enter_lost_answers() -> int:
    """Log lost answers again: those sent from here as sent, others in the mirror as observed."""
    before = decision_log.head().number
    rows = cross_check.attempts_without_entry()
    attempts = {
        (attempt.upstream_id, attempt.interaction_id, attempt.reviewer.mobius_id): attempt
        for attempt in rows.select_related("upstream", "reviewer__user")
    }
    for attempt in attempts.values():
        key = {"upstream": attempt.upstream, "mobius_id": attempt.interaction_id}
        item = Interaction.objects.filter(**key).first() or Interaction(**key)
        decision_log.append(observed.entry_of(attempt, item, at=attempt.settled_at))
    answers = cross_check.answers_without_entry()
    for row in answers.select_related("interaction__upstream"):
        item = row.interaction
        theirs = [answer for answer in MirroredAnswer.all_of(item) if answer.user_id == row.user_id]
        observed.enter(item.upstream, theirs)
    return decision_log.head().number - before


def _remove_unreadable_tokens(account: str) -> list[str]:
    rows = Credential.objects.select_related("upstream", "reviewer__user").order_by("pk")
    lost = [credential for credential in rows if not vault.opens(credential.sealed)]
    decision_log.append(
        *(
            Entry(
                verb="token_removed",
                upstream=credential.upstream,
                actor="",
                account=account,
                credential_kind=COMMAND,
                title=credential.reviewer.user.get_username(),
                value={"before": credential.last_four},
            )
            for credential in lost
        )
    )
    upstream = Upstream.current()
    for credential in lost:
        notify(
            credential.reviewer,
            Notice.Kind.TOKEN_REMOVED,
            upstream_id=upstream.pk,
            sender_name=account,
        )
    Credential.objects.filter(pk__in=[credential.pk for credential in lost]).delete()
    return sorted(credential.reviewer.user.get_username() for credential in lost)
