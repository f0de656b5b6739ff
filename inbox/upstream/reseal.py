"""Continues the log after lost keys or a restored backup. The break is an entry, and lost answers
are entered again after it.
"""

from dataclasses import dataclass

from django.db import transaction

from inbox.answering import observed
from inbox.audit import anchor, cross_check, decision_log
from inbox.audit.decision_log import Entry
from inbox.audit.verify import verify
from inbox.mirror.observers import MirroredAnswer
from inbox.models import Credential, Decision, DecisionHead, Interaction, Notice, Upstream
from inbox.models.decision import LOG_RESEALED
from inbox.notify import events
from inbox.notify.notices import notify
from inbox.people import vault

COMMAND = "command"


@dataclass(frozen=True)
class Resealed:
    """``number`` is of the break's entry, ``answers`` how many were entered again, ``accounts``
    usernames whose tokens were removed.
    """

    number: int
    answers: int
    accounts: list[str]


def reseal(*, reason: str, account: str) -> Resealed:
    """``account`` ran the command. Raises OSError if an anchor file can't be written, although the
    break is in the log.
    """
    with transaction.atomic():
        done = _reseal(reason, account)
    # After the commit: until then the anchor files of the old log are right.
    anchor.declare(Decision.objects.get(number=done.number))
    anchor.appender.head_moved(decision_log.head())
    return done


def _reseal(reason: str, account: str) -> Resealed:
    # Everything that logs answers takes this lock first, which prevents deadlocks.
    list(Upstream.objects.select_for_update(no_key=True).order_by("pk"))
    verdict = verify()
    _continue_from_the_last_entry()
    [entry] = decision_log.append(
        Entry(
            verb=LOG_RESEALED,
            upstream=Upstream.current(),
            actor="",
            account=account,
            credential_kind=COMMAND,
            title="Decision log",
            comment=reason,
            value={"problem": str(verdict.problem or "")},
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
    """Answers sent from here are logged as sent, others as observed."""
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
        events.token_problem(credential.reviewer, upstream)
    Credential.objects.filter(pk__in=[credential.pk for credential in lost]).delete()
    return sorted(credential.reviewer.user.get_username() for credential in lost)
