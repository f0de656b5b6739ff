"""What an entry of the decision log says, in words."""

from collections.abc import Mapping
from typing import Any

from inbox.models import Decision
from inbox.models.decision import RESPOND
from inbox.services import group_mapping, key_answers, observed
from inbox.services.audit import rights_log
from inbox.web.ui.answers import Words, value_words
from inbox.web.ui.context import compact
from inbox.web.ui.people import People
from inbox.web.ui.words import label

VERBS = {
    RESPOND: "Answered",
    observed.UNCONFIRMED: "Answer accepted, unconfirmed",
    "claim": "Claimed",
    "release": "Released",
    "nudge": "Nudged",
    "run_cancelled": "Cancelled a run",
    "run_signalled": "Signalled a run",
    "member_added": "Added a member",
    "member_removed": "Removed a member",
    "routing_changed": "Changed the routing",
    "token_adopted": "Added a token",
    "token_removed": "Removed a token",
    "log_resealed": "Declared a break in the log",
    rights_log.MOBIUS_ID: "Changed a Mobius ID",
    rights_log.ROLES: "Changed roles",
    rights_log.PERMISSIONS: "Changed permissions",
    rights_log.CREATED: "Created an account",
    rights_log.RENAMED: "Renamed an account",
    rights_log.REACTIVATED: "Reactivated an account",
    rights_log.DEACTIVATED: "Deactivated an account",
    rights_log.DELETED: "Deleted an account",
    group_mapping.VERB: "Mapped a group",
    key_answers.VERB: "Changed answers with the service key",
    rights_log.CONFLICT: "Pasted another ID’s token",
}
"""Each verb, as a filter names it."""
_TO = {"nudge": "Nudged", "member_added": "Added", "member_removed": "Removed"}
_SHORT = {"run_cancelled": "Cancelled", "run_signalled": "Signalled"}
_ROUTING = {"any": "First to answer", "all": "All members"}
_BY = {
    "member": ("key", "Member token"),
    "service": ("key", "Service key"),
    "account": ("user", "Signed in here"),
    "command": ("user", "Command line"),
}


def verb_words(verb: str) -> str:
    """``Answered``; a verb that is new here as a label."""
    return VERBS.get(verb) or label(verb)


def did(entry: Decision, people: People) -> str:
    """What was done, with the person that it was done to: ``Nudged Rina``, ``Added Lee``."""
    told = _told(entry)
    if told.get("user") and entry.verb in _TO:
        return f"{_TO[entry.verb]} {people.full(str(told['user']))}"
    if entry.verb == "token_adopted" and told.get("before"):
        return "Replaced a token"
    return _SHORT.get(entry.verb) or verb_words(entry.verb)


def said(entry: Decision, question: Mapping[str, Any]) -> Words | None:
    """The value in words; None where the entry has none."""
    told = _told(entry)
    match entry.verb:
        case "respond":
            return value_words(question, entry.value)
        case observed.UNCONFIRMED:
            return value_words(question, told.get("answer"))
        case "run_signalled":
            return Words(str(told.get("signal") or ""), tone="mono")
        case "routing_changed":
            ends = [_ROUTING.get(str(told.get(key)), str(told.get(key))) for key in ("from", "to")]
            return Words(" → ".join(ends))
        case "token_adopted" | "token_removed":
            ends = [f"…{told[key]}" for key in ("before", "token") if told.get(key)]
            return Words(" → ".join(ends), tone="mono") if ends else None
        case _:
            return _rights(entry)


def _rights(entry: Decision) -> Words | None:
    """The change of an account or a role; None where the verb says it all."""
    told = _told(entry)
    match entry.verb:
        case (
            rights_log.MOBIUS_ID
            | rights_log.ROLES
            | rights_log.PERMISSIONS
            | rights_log.RENAMED
            | group_mapping.VERB
            | key_answers.VERB
        ):
            return Words(f"{_listed(told.get('before'))} → {_listed(told.get('after'))}")
        case rights_log.CONFLICT:
            return Words(conflict(entry))
        case _:
            return None


def conflict(entry: Decision) -> str:
    """What an identity conflict is, in a sentence without its full stop."""
    told = _told(entry)
    account, owner, other = (told.get(key) for key in ("account", "owner", "owner_account"))
    own = told.get("mobius_id")
    if other:
        return f"{account} pasted a token of {owner}, the Mobius ID of {other}"
    if own:
        return f"{account}, whose Mobius ID is {own}, pasted a token of {owner}"
    return f"{account} pasted a token of {owner}"


def nobody(entry: Decision) -> str:
    """Who did what has neither a Mobius ID nor an account."""
    return "This installation" if entry.verb == key_answers.VERB else "Someone"


def headline(entry: Decision, question: Mapping[str, Any], people: People) -> str:
    """The whole entry in a line: ``Lee approved: Release payments-api?``."""
    who = people.full(entry.actor) if entry.actor else entry.account or nobody(entry)
    if entry.verb == RESPOND:
        words = value_words(question, entry.value).did
    else:
        words = did(entry, people)
        words = words[:1].lower() + words[1:]
    about = entry.title or entry.workflow
    return f"{who} {words}: {about}" if about else f"{who} {words}"


def by(entry: Decision) -> tuple[str, str]:
    """Icon and words of the credential."""
    if entry.observed:
        return "review", "Observed"
    return _BY.get(entry.credential_kind, ("dashed", entry.credential_kind or "Automatic"))


def question_of(entry: Decision, mirrored: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """The question as it was shown, else as the mirror has it."""
    shown = entry.shown if isinstance(entry.shown, dict) else {}
    questions = shown.get("questions") or ([mirrored] if mirrored else [])
    return questions[0] if questions and isinstance(questions[0], dict) else {}


def _listed(names: Any) -> str:
    return ", ".join(map(str, names)) if isinstance(names, list) and names else str(names or "none")


def rest(entry: Decision) -> str:
    """The value as JSON, for what no words fit."""
    return compact(entry.value) if entry.value not in (None, {}, "") else ""


def unknown(entry: Decision) -> bool:
    """Nobody knows whether it has arrived."""
    return _told(entry).get("arrived") == "unknown"


def _told(entry: Decision) -> Mapping[str, Any]:
    own = entry.verb != RESPOND and isinstance(entry.value, dict)
    return entry.value if own else {}
