"""The text of an entry of the decision log."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from inbox.models import Decision
from inbox.models.decision import RESPOND
from inbox.services import group_mapping, key_answers, observed
from inbox.services.audit import rights_log
from inbox.web.ui.answers import Words, value_words
from inbox.web.ui.context import compact
from inbox.web.ui.people import People
from inbox.web.ui.words import label

VERBS = {
    RESPOND: gettext_noop("Answered"),
    observed.UNCONFIRMED: gettext_noop("Answer accepted, unconfirmed"),
    "claim": gettext_noop("Claimed"),
    "release": gettext_noop("Released"),
    "nudge": gettext_noop("Nudged"),
    "run_cancelled": gettext_noop("Cancelled a run"),
    "run_signalled": gettext_noop("Signalled a run"),
    "member_added": gettext_noop("Added a member"),
    "member_removed": gettext_noop("Removed a member"),
    "routing_changed": gettext_noop("Changed the routing"),
    "token_adopted": gettext_noop("Added a token"),
    "token_removed": gettext_noop("Removed a token"),
    "log_resealed": gettext_noop("Declared a break in the log"),
    rights_log.MOBIUS_ID: gettext_noop("Changed a Mobius ID"),
    rights_log.ROLES: gettext_noop("Changed roles"),
    rights_log.PERMISSIONS: gettext_noop("Changed permissions"),
    rights_log.CREATED: gettext_noop("Created an account"),
    rights_log.RENAMED: gettext_noop("Renamed an account"),
    rights_log.REACTIVATED: gettext_noop("Reactivated an account"),
    rights_log.DEACTIVATED: gettext_noop("Deactivated an account"),
    rights_log.DELETED: gettext_noop("Deleted an account"),
    group_mapping.VERB: gettext_noop("Mapped a group"),
    key_answers.VERB: gettext_noop("Changed answers with the service key"),
    rights_log.CONFLICT: gettext_noop("Pasted another ID's token"),
}
"""The label of each verb, as in the filter."""
_DONE = {
    observed.UNCONFIRMED: gettext_noop("%(name)s sent an answer, unconfirmed"),
    "claim": gettext_noop("%(name)s claimed"),
    "release": gettext_noop("%(name)s released"),
    "nudge": gettext_noop("%(name)s nudged"),
    "run_cancelled": gettext_noop("%(name)s cancelled"),
    "run_signalled": gettext_noop("%(name)s signalled"),
    "member_added": gettext_noop("%(name)s added a member"),
    "member_removed": gettext_noop("%(name)s removed a member"),
    "routing_changed": gettext_noop("%(name)s changed the routing"),
    "token_adopted": gettext_noop("%(name)s added a token"),
    "token_removed": gettext_noop("%(name)s removed a token"),
    "log_resealed": gettext_noop("%(name)s declared a break in the log"),
    rights_log.MOBIUS_ID: gettext_noop("%(name)s changed a Mobius ID"),
    rights_log.ROLES: gettext_noop("%(name)s changed roles"),
    rights_log.PERMISSIONS: gettext_noop("%(name)s changed permissions"),
    rights_log.CREATED: gettext_noop("%(name)s created an account"),
    rights_log.RENAMED: gettext_noop("%(name)s renamed an account"),
    rights_log.REACTIVATED: gettext_noop("%(name)s reactivated an account"),
    rights_log.DEACTIVATED: gettext_noop("%(name)s deactivated an account"),
    rights_log.DELETED: gettext_noop("%(name)s deleted an account"),
    group_mapping.VERB: gettext_noop("%(name)s mapped a group"),
    key_answers.VERB: gettext_noop("%(name)s changed answers with the service key"),
    rights_log.CONFLICT: gettext_noop("%(name)s pasted another ID's token"),
}
"""The action as a sentence."""
_TO = {
    "nudge": (gettext_noop("Nudged %(user)s"), gettext_noop("%(name)s nudged %(user)s")),
    "member_added": (gettext_noop("Added %(user)s"), gettext_noop("%(name)s added %(user)s")),
    "member_removed": (
        gettext_noop("Removed %(user)s"),
        gettext_noop("%(name)s removed %(user)s"),
    ),
}
"""The same with the person it concerns."""
_SHORT = {
    "run_cancelled": gettext_noop("Cancelled"),
    "run_signalled": gettext_noop("Signalled"),
}
_ROUTING = {"any": gettext_noop("First to answer"), "all": gettext_noop("All members")}
_BY = {
    "member": ("key", gettext_noop("Member token")),
    "service": ("key", gettext_noop("Service key")),
    "account": ("user", gettext_noop("This app")),
    "command": ("user", gettext_noop("Command line")),
}


def verb_words(verb: str) -> str:
    """``Answered``; a label made from the name of an unknown verb."""
    return _(VERBS[verb]) if verb in VERBS else label(verb)


def did(entry: Decision, people: People) -> str:
    """The action, with the person it concerns: ``Nudged Rina``, ``Added Lee``."""
    details = _details(entry)
    if details.get("user") and entry.verb in _TO:
        done, _sentence = _TO[entry.verb]
        return _(done) % {"user": people.full(str(details["user"]))}
    if entry.verb == "token_adopted" and details.get("before"):
        return _("Replaced a token")
    return _(_SHORT[entry.verb]) if entry.verb in _SHORT else verb_words(entry.verb)


def _sentence(entry: Decision, name: str, people: People) -> str:
    """Who did it: ``Tess nudged Rina``."""
    details, facts = _details(entry), {"name": name}
    if details.get("user") and entry.verb in _TO:
        _done, sentence = _TO[entry.verb]
        return _(sentence) % {**facts, "user": people.full(str(details["user"]))}
    if entry.verb == "token_adopted" and details.get("before"):
        return _("%(name)s replaced a token") % facts
    if entry.verb in _DONE:
        return _(_DONE[entry.verb]) % facts
    return _("%(name)s: %(action)s") % {**facts, "action": label(entry.verb)}


def value(entry: Decision, question: Mapping[str, Any]) -> Words | None:
    """The value in words; None where the entry has none."""
    details = _details(entry)
    match entry.verb:
        case "respond":
            return value_words(question, entry.value)
        case observed.UNCONFIRMED:
            return value_words(question, details.get("answer"))
        case "run_signalled":
            return Words(str(details.get("signal") or ""), tone="mono")
        case "routing_changed":
            return Words(" → ".join(_routing(str(details.get(key))) for key in ("from", "to")))
        case "token_adopted" | "token_removed":
            ends = [f"…{details[key]}" for key in ("before", "token") if details.get(key)]
            return Words(" → ".join(ends), tone="mono") if ends else None
        case _:
            return _rights(entry)


def _routing(routing: str) -> str:
    return _(_ROUTING[routing]) if routing in _ROUTING else routing


def _rights(entry: Decision) -> Words | None:
    """The change of an account or a role; None where there is only the verb."""
    details = _details(entry)
    match entry.verb:
        case (
            rights_log.MOBIUS_ID
            | rights_log.ROLES
            | rights_log.PERMISSIONS
            | rights_log.RENAMED
            | group_mapping.VERB
            | key_answers.VERB
        ):
            return Words(f"{_listed(details.get('before'))} → {_listed(details.get('after'))}")
        case rights_log.CONFLICT:
            return Words(conflict(entry))
        case _:
            return None


def conflict(entry: Decision) -> str:
    """An identity conflict as a sentence without its full stop."""
    details = _details(entry)
    account, owner, owner_account = (
        details.get(key) for key in ("account", "owner", "owner_account")
    )
    own = details.get("mobius_id")
    facts = {"account": account, "owner": owner, "other": owner_account, "own": own}
    if owner_account:
        return _("%(account)s pasted the token of %(owner)s, the Mobius ID of %(other)s") % facts
    if own:
        return _("%(account)s, whose Mobius ID is %(own)s, pasted the token of %(owner)s") % facts
    return _("%(account)s pasted the token of %(owner)s") % facts


def unnamed_actor(entry: Decision) -> str:
    """The actor of an entry that has neither a Mobius ID nor an account."""
    return _("This installation") if entry.verb == key_answers.VERB else _("Someone")


def headline(entry: Decision, question: Mapping[str, Any], people: People) -> str:
    """The entry in one line: ``Lee approved: Release payments-api?``."""
    name = people.full(entry.actor) if entry.actor else entry.account or unnamed_actor(entry)
    if entry.verb == RESPOND:
        words = value_words(question, entry.value).done_by(name)
    else:
        words = _sentence(entry, name, people)
    about = entry.title or entry.workflow
    return _("%(event)s: %(title)s") % {"event": words, "title": about} if about else words


def credential(entry: Decision) -> tuple[str, str]:
    """Icon and words of the credential."""
    if entry.observed:
        return "review", _("Observed")
    if entry.credential_kind in _BY:
        icon, words = _BY[entry.credential_kind]
        return icon, _(words)
    return "dashed", entry.credential_kind or _("Automatic")


def question_of(entry: Decision, mirrored: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """The question as it was shown, else as it is in the mirror."""
    shown = entry.shown if isinstance(entry.shown, dict) else {}
    questions = shown.get("questions") or ([mirrored] if mirrored else [])
    return questions[0] if questions and isinstance(questions[0], dict) else {}


def _listed(names: Any) -> str:
    return (
        ", ".join(map(str, names)) if isinstance(names, list) and names else str(names or _("none"))
    )


def value_as_json(entry: Decision) -> str:
    """The value as JSON, where ``value`` has no words for it."""
    return compact(entry.value) if entry.value not in (None, {}, "") else ""


def unknown(entry: Decision) -> bool:
    """It is unknown whether the request arrived."""
    return _details(entry).get("arrived") == "unknown"


def _details(entry: Decision) -> Mapping[str, Any]:
    own = entry.verb != RESPOND and isinstance(entry.value, dict)
    return entry.value if own else {}
