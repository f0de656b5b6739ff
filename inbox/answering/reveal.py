"""Showing one masked value to a person who may see it, once its entry is in the decision log."""

from typing import Any

from django.db import transaction

from inbox import access
from inbox.access import redaction, viewer_of
from inbox.access.redaction import NotMasked
from inbox.answering.question import find
from inbox.audit import decision_log
from inbox.audit.decision_log import entry_by
from inbox.audit.origin import BACKGROUND, Origin
from inbox.models import Reviewer, Upstream

VERB = "value_revealed"


def reveal_in_question(
    *, reviewer: Reviewer, interaction_id: str, path: str, origin: Origin = BACKGROUND
) -> Any:
    """Raises ``NotMasked``, also if the person may not see the question."""
    viewer, upstream = viewer_of(reviewer.user), Upstream.current()
    item = find(viewer, upstream, interaction_id)
    if item is None:
        raise NotMasked(interaction_id)
    fields = redaction.unmasked(viewer, item)
    return _reveal(fields, path, reviewer, upstream=upstream, origin=origin, item=item)


def reveal_in_run(
    *, reviewer: Reviewer, run_id: str, path: str, origin: Origin = BACKGROUND
) -> Any:
    """Raises ``NotMasked``, also if the person may not see the whole run."""
    viewer, upstream = viewer_of(reviewer.user), Upstream.current()
    run = access.runs(viewer, upstream).filter(mobius_id=run_id).first()
    if run is None or not access.sees_whole_run(viewer):
        raise NotMasked(run_id)
    fields = {"inputs": run.inputs, "metadata": run.metadata}
    about = {"run_id": run.mobius_id, "workflow": run.workflow}
    return _reveal(fields, path, reviewer, upstream=upstream, origin=origin, **about)


def _reveal(fields: dict[str, Any], path: str, reviewer: Reviewer, **about: Any) -> Any:
    """Returns the value once its entry is committed: what can't be logged isn't revealed."""
    secret = redaction.secret_at(fields, path)
    value = {"path": path}
    with transaction.atomic():
        decision_log.append(
            entry_by(reviewer, verb=VERB, credential_kind="account", value=value, **about)
        )
    return secret
