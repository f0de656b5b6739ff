from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from inbox.access.redaction import masked
from inbox.answering import claiming, reveal
from inbox.audit import rights_log
from inbox.mirror import api_choice
from inbox.models import Decision, Interaction, Upstream, decision
from inbox.models.answers import Answers, answers_to
from inbox.models.decision import RESPOND
from inbox.notify import switches
from inbox.people import key_answers
from inbox.upstream import group_mapping
from inbox.web.ui.answers import Words, answer_words
from inbox.web.ui.decision_verbs import VERBS, Names
from inbox.web.ui.labels import label, routing_words
from inbox.web.ui.messages import conflict_text
from inbox.web.ui.people import People
from inbox.web.ui.values import compact

Questions = Sequence[Mapping[str, Any]]
"""As in ``Interaction.questions``."""

_BY = {
    "member": ("key", gettext_noop("Member token")),
    "service": ("key", gettext_noop("Service key")),
    "account": ("user", gettext_noop("This app")),
    "command": ("user", gettext_noop("Command line")),
    "provider": ("user", gettext_noop("Identity provider")),
}
CREDENTIALS = {kind: words for kind, (_icon, words) in _BY.items()}
"""The label of each kind of credential."""


def verb_words(verb: str) -> str:
    return str(VERBS[verb].label) if verb in VERBS else label(verb)


def did(entry: Decision, people: People) -> str:
    """``Nudged Rina``, ``Added Lee``."""
    details, verb = _details(entry), VERBS.get(entry.verb)
    if verb is None:
        return label(entry.verb)
    if details.get("user") and verb.to:
        return verb.to % {"user": people.full(str(details["user"]))}
    if entry.verb == "token_adopted" and details.get("before"):
        return _("Replaced a token")
    return str(verb.short or verb.label)


def _sentence(entry: Decision, name: str, people: People) -> str:
    """``Tess nudged Rina``."""
    details, facts, verb = _details(entry), {"name": name}, VERBS.get(entry.verb)
    if verb is None:
        return _("%(name)s: %(action)s") % {**facts, "action": label(entry.verb)}
    if details.get("user") and verb.sentence_to:
        return verb.sentence_to % {**facts, "user": people.full(str(details["user"]))}
    if entry.verb == "token_adopted" and details.get("before"):
        return _("%(name)s replaced a token") % facts
    return verb.sentence % facts


def value(entry: Decision, questions: Questions) -> Words | None:
    details = _details(entry)
    match entry.verb:
        case "respond":
            return answer_words(questions, _answers(entry, questions, entry.value))
        case decision.UNCONFIRMED:
            answers = _answers(entry, questions, details.get("answer"))
            answer = answer_words(questions, answers).text
            return Words(_("Not confirmed: %(answer)s") % {"answer": answer})
        case "run_signalled" | reveal.VERB:
            return Words(str(details.get("signal") or details.get("path") or ""), tone="mono")
        case "token_adopted" | "token_removed":
            ends = [f"…{details[key]}" for key in ("before", "token") if details.get(key)]
            return Words(" → ".join(ends), tone="mono") if ends else None
        case _:
            text = _change(entry)
            return Words(text) if text else None


def _change(entry: Decision) -> str:
    details, verb = _details(entry), VERBS.get(entry.verb)
    if verb is not None and verb.names is not None:
        return " → ".join(_listed(details.get(key), verb.names) for key in ("before", "after"))
    match entry.verb:
        case "routing_changed":
            return " → ".join(routing_words(str(details.get(key))) for key in ("from", "to"))
        case rights_log.CONFLICT | rights_log.REFUSED_CLAIM | rights_log.ANOTHER_OWNER:
            return conflict_text(entry)
        case claiming.Verb.RELEASE if details.get("by"):
            words = _("By %(account)s, when the account was deactivated")
            return words % {"account": details["by"]}
        case _:
            return ""


def unnamed_actor(entry: Decision) -> str:
    """For an entry that has neither a Mobius ID nor an account."""
    by_itself = entry.verb in (key_answers.VERB, api_choice.VERB, rights_log.ANOTHER_OWNER)
    return _("This installation") if by_itself else _("Someone")


def mapped_groups(upstream: Upstream, entries: Iterable[Decision]) -> set[str]:
    """IDs of groups whose name is not in the entries."""
    here = (upstream.base_url, upstream.project)
    return {
        entry.group_id
        for entry in entries
        if entry.verb == group_mapping.VERB and (entry.base_url, entry.project) == here
    }


def title(entry: Decision, groups: Mapping[str, str]) -> str:
    """``groups``: names by ID, where they are known."""
    if entry.verb == group_mapping.VERB:
        return groups.get(entry.group_id, entry.title)
    if entry.verb == switches.VERB:
        return str(switches.LABELS.get(entry.title, entry.title))
    return entry.title


def headline(
    entry: Decision, questions: Questions, people: People, groups: Mapping[str, str]
) -> str:
    """``Lee approved: Release payments-api?``"""
    name = people.full(entry.actor) if entry.actor else entry.account or unnamed_actor(entry)
    if entry.verb == RESPOND:
        answers = _answers(entry, questions, entry.value)
        words = answer_words(questions, answers).done_by(name)
    else:
        words = _sentence(entry, name, people)
    about = title(entry, groups) or entry.workflow
    return _("%(event)s: %(title)s") % {"event": words, "title": about} if about else words


def credential(entry: Decision) -> tuple[str, str]:
    """Icon and words."""
    if entry.observed:
        return "review", _("Observed")
    if entry.credential_kind in _BY:
        icon, words = _BY[entry.credential_kind]
        return icon, _(words)
    return "dashed", entry.credential_kind or _("Automatic")


def people_in(entries: Sequence[Decision]) -> set[str]:
    values = (entry.value for entry in entries if isinstance(entry.value, dict))
    others = {value["user"] for value in values if isinstance(value.get("user"), str)}
    return others | {entry.actor for entry in entries}


def questions_of(entry: Decision, item: Interaction | None = None) -> Questions:
    """As they were shown, else as the mirror has them."""
    shown = entry.shown if isinstance(entry.shown, dict) else {}
    questions = shown.get("questions") or (item.questions if item is not None else None) or ()
    return [question for question in questions if isinstance(question, dict)]


def _answers(entry: Decision, questions: Questions, value: Any) -> Answers:
    """Entries of versions before 4 have a ``value``."""
    if entry.answers is not None:
        return list(entry.answers)
    question, *_others = questions or [{}]
    return answers_to(question, value)


def _listed(stored: Any, called: Names) -> str:
    names = stored if isinstance(stored, list) else [stored] if stored else []
    return ", ".join(str(called.get(str(name), name)) for name in names) or _("none")


def value_as_json(entry: Decision) -> str:
    return compact(masked(entry.value)) if entry.value not in (None, {}, "") else ""


def unknown(entry: Decision) -> bool:
    """Mobius never confirmed that the request arrived."""
    return _details(entry).get("arrived") == "unknown"


def _details(entry: Decision) -> Mapping[str, Any]:
    own = entry.verb != RESPOND and isinstance(entry.value, dict)
    return entry.value if own else {}
