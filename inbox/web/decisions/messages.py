"""The text of an entry of the decision log."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from inbox.access import PERMISSIONS
from inbox.access.redaction import masked
from inbox.models import Decision, Upstream, decision
from inbox.models.decision import RESPOND
from inbox.services import deactivation, group_mapping, key_answers, reveal
from inbox.services.audit import rights_log
from inbox.services.claiming import Verb
from inbox.web.ui.answers import Words, value_words
from inbox.web.ui.labels import RIGHTS, label, routing_words
from inbox.web.ui.people import People
from inbox.web.ui.values import compact

VERBS = {
    RESPOND: gettext_noop("Answered"),
    decision.UNCONFIRMED: gettext_noop("Answer accepted (unconfirmed)"),
    "claim": gettext_noop("Claimed"),
    "release": gettext_noop("Released"),
    deactivation.WITHDRAWN: gettext_noop("Withdrew an answer"),
    "nudge": gettext_noop("Nudged"),
    reveal.VERB: gettext_noop("Revealed a masked value"),
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
    group_mapping.VERB: gettext_noop("Assigned people to a group"),
    key_answers.VERB: gettext_noop("Changed the service key setting"),
    rights_log.LINKED: gettext_noop("Linked a provider account"),
    rights_log.UNLINKED: gettext_noop("Unlinked a provider account"),
    rights_log.FACTOR_ADDED: gettext_noop("Added a second factor"),
    rights_log.FACTOR_REMOVED: gettext_noop("Removed a second factor"),
    rights_log.CONFLICT: gettext_noop("Pasted someone else's token"),
    rights_log.REFUSED_CLAIM: gettext_noop("Signed in with someone else's Mobius ID"),
}
"""The label of each verb, as in the filter."""
_DONE = {
    decision.UNCONFIRMED: gettext_noop("%(name)s sent an answer (unconfirmed)"),
    "claim": gettext_noop("%(name)s claimed"),
    "release": gettext_noop("%(name)s released"),
    deactivation.WITHDRAWN: gettext_noop("%(name)s withdrew an answer"),
    "nudge": gettext_noop("%(name)s nudged"),
    reveal.VERB: gettext_noop("%(name)s revealed a masked value"),
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
    group_mapping.VERB: gettext_noop("%(name)s assigned people to a group"),
    key_answers.VERB: gettext_noop("%(name)s changed the service key setting"),
    rights_log.LINKED: gettext_noop("%(name)s linked a provider account"),
    rights_log.UNLINKED: gettext_noop("%(name)s unlinked a provider account"),
    rights_log.FACTOR_ADDED: gettext_noop("%(name)s added a second factor"),
    rights_log.FACTOR_REMOVED: gettext_noop("%(name)s removed a second factor"),
    rights_log.CONFLICT: gettext_noop("%(name)s pasted someone else's token"),
    rights_log.REFUSED_CLAIM: gettext_noop("%(name)s signed in with someone else's Mobius ID"),
}
"""The action as a sentence."""
_TO = {
    "nudge": (gettext_noop("Nudged %(user)s"), gettext_noop("%(name)s nudged %(user)s")),
    deactivation.WITHDRAWN: (
        gettext_noop("Withdrew an answer by %(user)s"),
        gettext_noop("%(name)s withdrew an answer by %(user)s"),
    ),
    "member_added": (gettext_noop("Added %(user)s"), gettext_noop("%(name)s added %(user)s")),
    "member_removed": (
        gettext_noop("Removed %(user)s"),
        gettext_noop("%(name)s removed %(user)s"),
    ),
}
"""The same, for actions that concern another person."""
_SHORT = {
    "run_cancelled": gettext_noop("Cancelled"),
    "run_signalled": gettext_noop("Signalled"),
}
_BY = {
    "member": ("key", gettext_noop("Member token")),
    "service": ("key", gettext_noop("Service key")),
    "account": ("user", gettext_noop("This app")),
    "command": ("user", gettext_noop("Command line")),
    "provider": ("user", gettext_noop("Identity provider")),
}
_PERMISSIONS: Mapping[str, str | Promise] = {
    **{"inbox." + name: RIGHTS[name] for name in PERMISSIONS},
    "staff": gettext_lazy("Admin pages"),
    "superuser": gettext_lazy("Administrator"),
}
_FACTORS: Mapping[str, str | Promise] = {
    "totp": gettext_lazy("Authenticator app"),
    "webauthn": gettext_lazy("Passkey"),
    "recovery_codes": gettext_lazy("Recovery codes"),
}
_LABELS: Mapping[str, Mapping[str, str | Promise]] = {
    rights_log.ROLES: RIGHTS,
    rights_log.PERMISSIONS: _PERMISSIONS,
    rights_log.FACTOR_ADDED: _FACTORS,
    rights_log.FACTOR_REMOVED: _FACTORS,
    key_answers.VERB: {"on": gettext_lazy("On"), "off": gettext_lazy("Off")},
}
"""By verb, what the stored words of ``before`` and ``after`` are called; others stay as they are.
"""

CREDENTIALS = {kind: words for kind, (_icon, words) in _BY.items()}
"""The label of each kind of credential."""


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
    """The value in words; None if the entry has none."""
    details = _details(entry)
    match entry.verb:
        case "respond":
            return value_words(question, entry.value)
        case decision.UNCONFIRMED:
            answer = value_words(question, details.get("answer")).text
            return Words(_("Not confirmed: %(answer)s") % {"answer": answer})
        case "run_signalled" | reveal.VERB:
            return Words(str(details.get("signal") or details.get("path") or ""), tone="mono")
        case "routing_changed":
            return Words(" → ".join(routing_words(str(details.get(key))) for key in ("from", "to")))
        case "token_adopted" | "token_removed":
            ends = [f"…{details[key]}" for key in ("before", "token") if details.get(key)]
            return Words(" → ".join(ends), tone="mono") if ends else None
        case _:
            return _rights(entry)


def _rights(entry: Decision) -> Words | None:
    """The change of an account or a role; None if only the verb is known."""
    details = _details(entry)
    match entry.verb:
        case (
            rights_log.MOBIUS_ID
            | rights_log.ROLES
            | rights_log.PERMISSIONS
            | rights_log.RENAMED
            | rights_log.LINKED
            | rights_log.UNLINKED
            | rights_log.FACTOR_ADDED
            | rights_log.FACTOR_REMOVED
            | group_mapping.VERB
            | key_answers.VERB
        ):
            labels = _LABELS.get(entry.verb, {})
            before, after = (_listed(details.get(key), labels) for key in ("before", "after"))
            return Words(f"{before} → {after}")
        case rights_log.CONFLICT | rights_log.REFUSED_CLAIM:
            return Words(conflict(entry))
        case Verb.RELEASE if details.get("by"):
            words = _("By %(account)s, when the account was deactivated")
            return Words(words % {"account": details["by"]})
        case _:
            return None


def conflict(entry: Decision) -> str:
    """An identity conflict as a sentence without its full stop."""
    details = _details(entry)
    names = {"account": "account", "owner": "owner", "other": "owner_account", "own": "mobius_id"}
    facts = {name: details.get(key) for name, key in names.items()}
    if entry.verb == rights_log.REFUSED_CLAIM:
        return _("%(account)s signed in as %(owner)s, the Mobius ID of %(other)s") % facts
    if facts["other"]:
        return _("%(account)s pasted the token of %(owner)s, the Mobius ID of %(other)s") % facts
    if facts["own"]:
        return _("%(account)s, whose Mobius ID is %(own)s, pasted the token of %(owner)s") % facts
    return _("%(account)s pasted the token of %(owner)s") % facts


def unnamed_actor(entry: Decision) -> str:
    """The actor of an entry that has neither a Mobius ID nor an account."""
    return _("This installation") if entry.verb == key_answers.VERB else _("Someone")


def mapped_groups(upstream: Upstream, entries: Iterable[Decision]) -> set[str]:
    """The IDs of the upstream's groups that the entries have no name of."""
    here = (upstream.base_url, upstream.project)
    return {
        entry.group_id
        for entry in entries
        if entry.verb == group_mapping.VERB and (entry.base_url, entry.project) == here
    }


def title(entry: Decision, groups: Mapping[str, str]) -> str:
    """What an entry is about. ``groups``: the names of ``mapped_groups``, as far as there are."""
    if entry.verb == group_mapping.VERB:
        return groups.get(entry.group_id, entry.title)
    return entry.title


def headline(
    entry: Decision, question: Mapping[str, Any], people: People, groups: Mapping[str, str]
) -> str:
    """The entry in one line: ``Lee approved: Release payments-api?``. ``groups`` is as in
    ``title``.
    """
    name = people.full(entry.actor) if entry.actor else entry.account or unnamed_actor(entry)
    if entry.verb == RESPOND:
        words = value_words(question, entry.value).done_by(name)
    else:
        words = _sentence(entry, name, people)
    about = title(entry, groups) or entry.workflow
    return _("%(event)s: %(title)s") % {"event": words, "title": about} if about else words


def credential(entry: Decision) -> tuple[str, str]:
    """Icon and words of the credential."""
    if entry.observed:
        return "review", _("Observed")
    if entry.credential_kind in _BY:
        icon, words = _BY[entry.credential_kind]
        return icon, _(words)
    return "dashed", entry.credential_kind or _("Automatic")


def people_in(entries: Sequence[Decision]) -> set[str]:
    """The Mobius IDs of everyone who acted in the entries or is the subject of one."""
    values = (entry.value for entry in entries if isinstance(entry.value, dict))
    others = {value["user"] for value in values if isinstance(value.get("user"), str)}
    return others | {entry.actor for entry in entries}


def question_of(entry: Decision, mirrored: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """The question as it was shown, else as the mirror has it."""
    shown = entry.shown if isinstance(entry.shown, dict) else {}
    questions = shown.get("questions") or ([mirrored] if mirrored else [])
    return questions[0] if questions and isinstance(questions[0], dict) else {}


def _listed(stored: Any, labels: Mapping[str, str | Promise]) -> str:
    names = stored if isinstance(stored, list) else [stored] if stored else []
    return ", ".join(str(labels.get(str(name), name)) for name in names) or _("none")


def value_as_json(entry: Decision) -> str:
    """The value as JSON, if ``value`` has no words for it."""
    return compact(masked(entry.value)) if entry.value not in (None, {}, "") else ""


def unknown(entry: Decision) -> bool:
    """Whether Mobius never confirmed that the request arrived."""
    return _details(entry).get("arrived") == "unknown"


def _details(entry: Decision) -> Mapping[str, Any]:
    own = entry.verb != RESPOND and isinstance(entry.value, dict)
    return entry.value if own else {}
