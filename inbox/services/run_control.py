"""Cancelling a run, and sending it a signal, as a team lead.

Both go out once, with the lead's own member token. Cancelling a run that is over changes nothing
and says nothing: so the run is read before and after, and the outcome tells what is true.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from asgiref.sync import sync_to_async
from django.db import transaction
from django.utils import timezone

from inbox import access
from inbox.access import Viewer, viewer_of
from inbox.live.watching import watching
from inbox.mirror import capabilities, project
from inbox.mobius.errors import (
    Conflict,
    MobiusError,
    Nonsense,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from inbox.mobius.probing import MISSING
from inbox.mobius.types import Run as Told
from inbox.models import Reviewer, Run, Upstream
from inbox.reviewers import credentials
from inbox.reviewers.clients import Means, NoCredential, own_means, service_client
from inbox.services import decision_log
from inbox.services import run_words as words
from inbox.services.decision_log import entry_by
from inbox.services.origin import BACKGROUND, Origin
from inbox.services.run_words import Outcome, Verb

READ_WITHIN = 10.0
"""Seconds that a person waits for the run to be read."""
UNCERTAIN = (Unavailable, Unreachable, Nonsense)
"""After these nobody knows whether it was taken."""
PERMISSION = {Verb.CANCEL: access.CANCEL_RUN, Verb.SIGNAL: access.SIGNAL_RUN}


class NotTheirs(LookupError):
    """The run is not there for this person, or the permission is not given."""


@dataclass(frozen=True)
class Ready:
    """What can go out: of whom, to which run as the mirror holds it, with what."""

    verb: Verb
    reviewer: Reviewer
    viewer: Viewer
    upstream: Upstream
    run: Run
    means: Means
    origin: Origin


async def cancel(
    *, reviewer: Reviewer, run_id: str, typed: str, origin: Origin = BACKGROUND
) -> Outcome:
    """End a run. ``typed`` has to be its ``typed_name``. Raises ``NotTheirs``."""
    ready = await sync_to_async(_prepare)(Verb.CANCEL, reviewer, run_id, origin)
    if isinstance(ready, Outcome):
        return ready
    if typed.strip() != ready.run.typed_name:
        return words.not_the_name(ready.run)
    try:
        before = await _read(ready)
        if before.finished:
            return words.ended_before(before, Verb.CANCEL)
        await ready.means.client().cancel_run(run_id)
    except MobiusError as error:
        return await _cancel_failed(ready, error)
    finally:
        watching.acted()
    return await _after_cancel(ready, certain=True)


async def signal(
    *,
    reviewer: Reviewer,
    run_id: str,
    name: str,
    payload: Mapping[str, Any] | None,
    origin: Origin = BACKGROUND,
) -> Outcome:
    """Send a run a signal past the questions that it asks. Raises ``NotTheirs``."""
    ready = await sync_to_async(_prepare)(Verb.SIGNAL, reviewer, run_id, origin)
    if isinstance(ready, Outcome):
        return ready
    sent = None if payload is None else dict(payload)
    value = {"signal": name, "payload": sent}
    try:
        await ready.means.client().signal(run_id, name=name, payload=sent)
    except Conflict as error:
        return await _ended(ready, error)
    except MobiusError as error:
        if _left(error):
            await sync_to_async(_log)(ready, **value, arrived="unknown")
            return words.unknown(Verb.SIGNAL)
        return await _refused(ready, error)
    finally:
        watching.acted()
    await sync_to_async(_log)(ready, **value)
    return words.signalled(ready.run, name)


def _prepare(verb: Verb, reviewer: Reviewer, run_id: str, origin: Origin) -> Ready | Outcome:
    viewer, upstream = viewer_of(reviewer.user), Upstream.present()
    run = access.runs(viewer, upstream).filter(mobius_id=run_id).first()
    if run is None or not access.holds(viewer, PERMISSION[verb]):
        raise NotTheirs(run_id)
    try:
        means = own_means(reviewer)
    except NoCredential as none:
        return words.no_credential(lost=none.lost)
    return Ready(verb, reviewer, viewer, upstream, run, means, origin)


def _left(error: MobiusError) -> bool:
    """It left, and nobody knows what became of it."""
    return isinstance(error, UNCERTAIN) and getattr(error, "sent", True)


async def _read(ready: Ready) -> Run:
    """The run as upstream has it, and from now on the mirror. Raises ``MobiusError``.

    A reading that fails says nothing about what was sent before it.
    """
    try:
        async with asyncio.timeout(READ_WITHIN):
            told = await service_client().run(ready.run.mobius_id)
    except TimeoutError:
        raise Unreachable("Mobius took too long to answer.", sent=False) from None
    except Unreachable as error:
        raise Unreachable(error.message, sent=False) from error
    except (Unavailable, Nonsense) as error:
        raise Unreachable(error.message, sent=False) from error
    return await sync_to_async(_mirror)(ready, told)


def _mirror(ready: Ready, told: Told) -> Run:
    project.apply(ready.upstream, [told], read_at=timezone.now()).publish()
    return Run.objects.get(pk=ready.run.pk)


async def _cancel_failed(ready: Ready, error: MobiusError) -> Outcome:
    # The run was read just before: it is the call that is missing.
    if error.status in MISSING:
        await sync_to_async(capabilities.cancelling_is_missing)(ready.upstream)
    if _left(error):
        return await _after_cancel(ready, certain=False)
    return await _refused(ready, error)


async def _after_cancel(ready: Ready, *, certain: bool) -> Outcome:
    """What is true after a cancellation: it ended by that, it ended by itself, or it did not."""
    try:
        run = await _read(ready)
    except MobiusError:
        await sync_to_async(_log)(ready, **({} if certain else {"arrived": "unknown"}))
        return words.cancelled(ready.run) if certain else words.unknown(Verb.CANCEL)
    if run.cancelled:
        await sync_to_async(_log)(ready)
        return words.cancelled(run)
    if run.finished:
        return words.ended_before(run, Verb.CANCEL)
    return words.still_open(run)


async def _ended(ready: Ready, error: Conflict) -> Outcome:
    """Upstream refused a signal because of how the run stands: mostly, that it is over."""
    try:
        run = await _read(ready)
    except MobiusError:
        return words.refused(Verb.SIGNAL, error)
    if run.finished:
        return words.ended_before(run, Verb.SIGNAL)
    return words.refused(Verb.SIGNAL, error)


async def _refused(ready: Ready, error: MobiusError) -> Outcome:
    if isinstance(error, Unauthorized):
        await sync_to_async(credentials.mark_refused)(ready.reviewer)
        return words.token_refused()
    return words.refused(ready.verb, error)


@transaction.atomic
def _log(ready: Ready, **value: Any) -> None:
    """One entry of the decision log. ``arrived="unknown"`` where nobody knows."""
    decision_log.append(
        entry_by(
            ready.reviewer,
            verb=ready.verb.value,
            upstream=ready.upstream,
            origin=ready.origin,
            credential_kind=ready.means.kind,
            run_id=ready.run.mobius_id,
            workflow=ready.run.workflow,
            value=value,
        )
    )
