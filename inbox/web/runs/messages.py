"""Messages to a lead about cancelling a run or sending it a signal."""

from django.utils.translation import gettext as _

from inbox.models import Run
from inbox.services.outcome import Kind, Outcome
from inbox.services.run_control import Verb
from inbox.web.ui.labels import run_name, run_status
from inbox.web.ui.messages import Message, mobius_says, sentences, upstream_problem


def run_message(outcome: Outcome[Run]) -> Message:
    """The message about a cancellation or signal that was sent, or was not."""
    run, cancels = outcome.subject, outcome.verb == Verb.CANCEL
    facts = {
        "run": run_name(run.workflow, run.mobius_id),
        "signal": outcome.signal,
        "name": run.confirmation_text,
    }
    nothing = _("The run wasn't changed.") if cancels else _("No signal was sent.")
    saved = "" if cancels else _("Your text is still in this tab.")
    token_use = _("Mobius uses it to record this under your name.")
    problem = upstream_problem(outcome, nothing, token_use=token_use, saved=saved)
    if problem is not None:
        return problem
    parts: tuple[str, ...] = (nothing, saved)
    match outcome.kind:
        case Kind.CANCELLED:
            title = _("%(run)s was cancelled") % facts
            parts = (_("Its open questions were cancelled too."),)
        case Kind.SIGNALLED:
            title = _("“%(signal)s” was sent to %(run)s") % facts
            parts = (
                _(
                    "Any step waiting for this signal resumes. If none is waiting yet, Mobius "
                    "keeps the signal until one is."
                ),
            )
        case Kind.ENDED_BEFORE:
            title = _ended(run) % facts
            parts = (_("Nothing was cancelled.") if cancels else nothing,)
        case Kind.WRONG_NAME:
            typed_id = _("That isn't the run's ID")
            title = _("That isn't the workflow's name") if run.workflow else typed_id
            to_do = _("Type %(name)s to cancel the run. Nothing was cancelled.")
            parts = (to_do % facts,)
        case Kind.STILL_OPEN:
            title = _("The run wasn't cancelled")
            failed = _(
                "Mobius returned an error, and the run's status is still “%(status)s”. Try again."
            )
            parts = (failed % {"status": run_status(run.state).label},)
        case Kind.UNCONFIRMED if cancels:
            title = _("We couldn't confirm that the run was cancelled")
            parts = (_("Check the run again in a minute. It's safe to cancel it again."),)
        case Kind.UNCONFIRMED:
            title = _("We couldn't confirm that the signal was received")
            check = _(
                "Before you send it again, check below whether the run has resumed. Otherwise it "
                "may arrive twice."
            )
            parts = (saved, check)
        case Kind.NOT_ALLOWED:
            title = _("Mobius doesn't let you do this")
            parts = (nothing, saved, _("Ask your Mobius administrator for permission."))
        case Kind.DELETED:
            title = _("This run no longer exists in Mobius")
        case _:
            title = _("Mobius didn't accept this")
            parts = (mobius_says(outcome), nothing, saved)
    return Message(outcome, title, sentences(*parts))


def _ended(run: Run) -> str:
    if run.cancelled:
        return _("%(run)s had already been cancelled")
    if run.status == "completed":
        return _("%(run)s had already completed")
    if run.status == "failed":
        return _("%(run)s had already failed")
    return _("%(run)s had already ended")
