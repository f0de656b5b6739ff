"""Preparing and sending an answer from a form, a held one and one of a batch."""

from collections.abc import Callable

from inbox.access import Viewer
from inbox.answering import token_owner
from inbox.answering.answer_command import AnswerCommand
from inbox.answering.answerability import answerability
from inbox.answering.attempts import Busy
from inbox.answering.command import execute
from inbox.answering.confirming import confirmer
from inbox.answering.outcome import Kind, Outcome
from inbox.answering.shown_version import ShownVersion
from inbox.models import Attempt, Interaction, Reviewer
from inbox.people.clients import KeyPaused, NoCredential, RequestCredential, credential_for

Store = Callable[[RequestCredential], Attempt]
"""Stores the attempt that is to be sent with this credential. May raise ``Busy``."""


def prepare(
    reviewer: Reviewer,
    viewer: Viewer,
    item: Interaction,
    store: Store,
    *,
    shown: ShownVersion,
    ignoring: Attempt | None = None,
    trust_claims: bool = True,
) -> AnswerCommand | Outcome[Interaction]:
    refused = answerability(viewer, item, shown=shown, ignoring=ignoring, trust_claims=trust_claims)
    if refused is not None:
        return refused
    try:
        credential = credential_for(reviewer, item)
        added_at = credential.unproven
        if added_at is not None and token_owner.is_on_trial(reviewer, item, added_at):
            return Outcome(Kind.UNREACHABLE, item)
        return AnswerCommand(store(credential), viewer, item, credential)
    except NoCredential as none:
        kind = Kind.KEY_REFUSED if isinstance(none, KeyPaused) else Kind.NO_CREDENTIAL
        return Outcome(kind, item, lost=none.lost)
    except Busy as busy:
        return Outcome(Kind.PROCESSING, item, underway=busy.underway)


async def send(command: AnswerCommand) -> Outcome[Interaction]:
    outcome = await execute(command)
    if outcome.kind is Kind.RECEIVED:
        confirmer.add(command.attempt.pk)
    return outcome
