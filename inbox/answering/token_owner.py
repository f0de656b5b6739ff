"""Proves by an answer whose member token it was sent with.

Where Mobius says nothing else about a token's owner, a token is used for the Mobius ID that an
administrator has set, and the first answer shows whether it is that person's. One that answers as
someone else is removed in the transaction that finds out.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from asgiref.sync import sync_to_async
from django.utils import timezone

from inbox.audit import rights_log
from inbox.models import Attempt, Credential, Incident, Interaction, Notice, Reviewer, Upstream
from inbox.models.answers import as_json
from inbox.notify import events, incidents, notices
from inbox.people import credentials
from inbox.processes.answer_lock import answering

log = logging.getLogger(__name__)


def learn(
    attempt: Attempt, item: Interaction, locked: Upstream, *, added_at: datetime | None = None
) -> str:
    """The Mobius ID of someone else as whom the attempt's token answered, or an empty string.

    ``item`` is as the mirror has it now, ``added_at`` the time when the token was added, if the
    caller has sent the answer.
    """
    credential = _unproven(attempt, locked, added_at)
    if credential is None:
        return ""
    responders = _responders(attempt, item)
    if attempt.reviewer.mobius_id in responders:
        Credential.objects.filter(pk=credential.pk).update(proven_at=timezone.now())
        return ""
    if not responders:
        return ""
    owner = responders[-1]
    _remove(credential, owner, item)
    return owner


@asynccontextmanager
async def one_at_a_time(reviewer: Reviewer) -> AsyncIterator[None]:
    """Waits while an unproven token of theirs sends another answer. Raises ``StillAnswering``."""
    if not await sync_to_async(_has_unproven)(reviewer):
        yield
        return
    async with answering(reviewer.pk, "the first question"):
        yield


def is_on_trial(reviewer: Reviewer, item: Interaction, added_at: datetime) -> bool:
    """The unproven token may have answered another question, and Mobius can't be read."""
    rows = Attempt.objects.filter(
        reviewer=reviewer,
        upstream=item.upstream_id,
        state=Attempt.State.OPEN,
        credential_kind="member",
    ).exclude(interaction_id=item.mobius_id)
    return any(attempt.began_at >= added_at for attempt in rows)


def _has_unproven(reviewer: Reviewer) -> bool:
    upstream = Upstream.current()
    if not upstream.adapter.answers_prove_tokens:
        return False
    rows = Credential.objects.filter(reviewer=reviewer, upstream=upstream, proven_at=None)
    return rows.exists()


def _unproven(attempt: Attempt, upstream: Upstream, added_at: datetime | None) -> Credential | None:
    """The token that the attempt was sent with, if it is still stored and not proven."""
    if attempt.credential_kind != "member" or not upstream.adapter.answers_prove_tokens:
        return None
    rows = Credential.objects.filter(
        reviewer=attempt.reviewer_id, upstream=upstream, proven_at=None
    )
    if added_at is not None:
        rows = rows.filter(added_at=added_at)
    else:
        rows = rows.filter(added_at__lte=attempt.began_at)
    return rows.defer("sealed").select_related("reviewer__user", "upstream").first()


def _responders(attempt: Attempt, item: Interaction) -> list[str]:
    """Mobius IDs that Mobius names for the attempt's answer; several if others have sent the same.

    The mirror's own columns may name the person since the answer was sent from here.
    """
    shown = item.upstream.adapter.interaction(item.mobius_id).read(item.raw)
    answers = [answer for answer in shown.responses if answer.round == attempt.round]
    others = Attempt.objects.filter(
        upstream=attempt.upstream_id, interaction_id=item.mobius_id, round=attempt.round
    )
    senders = others.exclude(reviewer=attempt.reviewer_id).exclude(outcome=Attempt.ANOTHER_OWNER)
    explained = {row.reviewer.mobius_id for row in senders.select_related("reviewer") if row.sent}
    same = [
        answer.user_id
        for answer in answers
        if answer.user_id
        and answer.user_id not in explained
        and attempt.matches(as_json(answer.answers), answer.comment or "", answer.at)
    ]
    if same or attempt.state not in (Attempt.State.ACCEPTED, Attempt.State.UNCONFIRMED):
        return same
    # Mobius took the answer and may have changed its value.
    own = attempt.reviewer.mobius_id
    if own and own in {answer.user_id for answer in answers}:
        return [own]
    return [shown.responder_id] if shown.responder_id else []


def _remove(credential: Credential, owner: str, item: Interaction) -> None:
    credentials.forget([credential])
    rights_log.enter_another_owner(credential, owner, item)
    notices.notify(
        credential.reviewer,
        Notice.Kind.TOKEN_REMOVED,
        upstream_id=credential.upstream_id,
        sender_name="Mobius",
        reason=Notice.ANOTHER_OWNER,
    )
    events.token_problem(credential.reviewer, credential.upstream)
    incidents.happened(credential.upstream, Incident.Kind.TOKEN_OF_ANOTHER, timezone.now())
    log.warning("a member token of %s answered as %s", credential.reviewer.user, owner)
