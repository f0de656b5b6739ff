"""Messages to a lead about a change of a group."""

from django.utils.translation import gettext as _

from inbox.mobius.types import PolicyKind
from inbox.models import Group
from inbox.services.groups import Verb
from inbox.services.outcome import Kind, Outcome
from inbox.web.ui.messages import Message, mobius_says, sentences, upstream_problem


def group_message(outcome: Outcome[Group]) -> Message:
    nothing = _("Nothing was changed.")
    facts = {"person": outcome.person, "group": outcome.subject.name, "id": outcome.user_id}
    token_use = _("Mobius uses it to record changes under your name.")
    problem = upstream_problem(outcome, nothing, token_use=token_use)
    if problem is not None:
        return problem
    parts: tuple[str, ...] = (nothing,)
    match outcome.kind:
        case Kind.CHANGED:
            title, soon = _changed(outcome), _("The change appears on this page within a minute.")
            new_only = _("Changes apply to new questions only.")
            parts = (new_only, "" if outcome.checked else soon)
        case Kind.NOT_ALLOWED:
            title = _("Mobius doesn't let you change this group")
            parts = (nothing, _("Ask your Mobius administrator for permission to change groups."))
        case Kind.ALREADY_SO if outcome.verb == Verb.ADDED:
            title = _("%(person)s is already in %(group)s")
        case Kind.ALREADY_SO:
            title = _("%(person)s is no longer in %(group)s")
        case Kind.UNKNOWN_PERSON:
            title = _("Mobius doesn't know the ID %(id)s")
        case Kind.DELETED:
            title = _("%(group)s no longer exists in Mobius")
        case Kind.STILL_OPEN:
            title = _("The change wasn't made")
            unchanged = _("Mobius returned an error, and %(group)s is unchanged.")
            parts = (unchanged % facts, _("Try again in a moment."))
        case Kind.UNCONFIRMED:
            title = _("We couldn't confirm that the change was received")
            check = _(
                "Check %(group)s again in a minute. Until then, this page shows its previous state."
            )
            parts = (check % facts,)
        case _:
            title, parts = _("Mobius didn't make this change"), (mobius_says(outcome), nothing)
    return Message(outcome, title % facts, sentences(*parts))


def _changed(outcome: Outcome[Group]) -> str:
    if outcome.verb == Verb.ADDED:
        return _("%(person)s was added to %(group)s")
    if outcome.verb == Verb.REMOVED:
        return _("%(person)s was removed from %(group)s")
    if outcome.routing == PolicyKind.ANY:
        return _("Routing for %(group)s is now “First to answer”")
    return _("Routing for %(group)s is now “All members”")
