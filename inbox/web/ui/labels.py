import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from inbox.access import (
    CANCEL_QUESTION,
    CANCEL_RUN,
    MANAGE_GROUPS,
    RETRY_RUN,
    REVIEWER,
    SIGNAL_RUN,
    TEAM_LEAD,
)
from inbox.mobius.types import PolicyKind
from inbox.models import Interaction
from inbox.web.ui.people import People


@dataclass(frozen=True)
class Kind:
    label: str
    icon: str


@dataclass(frozen=True)
class Status:
    key: str
    label: str
    icon: str
    tone: str


QUOTES = "\"'“”„‟‘’‚‛«»‹›"
"""Characters that a quotation can begin with."""

UNNAMED = gettext_noop("an unidentified person")
"""The assignee of a question whose target is unknown."""

ROUTING = {
    PolicyKind.ANY: (
        gettext_lazy("First to answer"),
        gettext_lazy("One member answers for the group"),
    ),
    PolicyKind.ALL: (
        gettext_lazy("All members"),
        gettext_lazy("The run resumes when everyone has answered"),
    ),
}
"""The label and meaning of each routing."""

RIGHTS = {
    REVIEWER: gettext_lazy("Reviewer"),
    TEAM_LEAD: gettext_lazy("Team lead"),
    MANAGE_GROUPS: gettext_lazy("Manage groups"),
    CANCEL_RUN: gettext_lazy("Cancel runs"),
    SIGNAL_RUN: gettext_lazy("Signal runs"),
    RETRY_RUN: gettext_lazy("Retry runs"),
    CANCEL_QUESTION: gettext_lazy("Cancel questions"),
}
"""The label of each role and permission that people are given."""

TASK = "task"
"""The type of a question whose answer is the result of some work."""

_KINDS = {
    "approval": (gettext_noop("Approval"), "approval"),
    "review": (gettext_noop("Review"), "review"),
    "input": (gettext_noop("Input"), "input"),
    TASK: (gettext_noop("Task"), "edit"),
}
ITEM_STATUS = {
    "pending": (gettext_noop("Waiting"), "pause"),
    "in_review": (gettext_noop("In review"), "review"),
    "completed": (gettext_noop("Answered"), "done"),
    "expired": (gettext_noop("Expired"), "failed"),
    "cancelled": (gettext_noop("Cancelled"), "cancelled"),
    "bypassed": (gettext_noop("Bypassed by a signal"), "go"),
}
"""The label and icon of each ``Interaction.state``, for every page that shows it."""
RUN_STATUS = {
    "suspended": (gettext_noop("Suspended"), "pause", "warn"),
    "running": (gettext_noop("Running"), "play", "info"),
    "active": (gettext_noop("Active"), "play", "info"),
    "queued": (gettext_noop("Queued"), "queued", ""),
    "failed": (gettext_noop("Failed"), "failed", "bad"),
    "cancelled": (gettext_noop("Cancelled"), "cancelled", "warn"),
    "completed": (gettext_noop("Completed"), "done", "ok"),
}
"""The label, icon and tone of each ``Run.state``, for every page that shows it."""
RUN_STATUSES = ("suspended", "running", "queued", "failed", "cancelled", "completed")
"""The statuses that a list of runs can be filtered by, in the order of the options."""
STOP_REASONS = {
    "step_failed": gettext_noop("A step failed."),
    "check_failed": gettext_noop("A check failed."),
    "gate_rejected": gettext_noop("Someone rejected it at a gate."),
    "budget_exceeded": gettext_noop("It used up its budget."),
    "turn_limit_reached": gettext_noop("It reached its limit of agent turns."),
    "wall_clock_exceeded": gettext_noop("It reached its time limit."),
    "step_limit_reached": gettext_noop("It reached its limit of steps."),
    "progress_stalled": gettext_noop("It stopped making progress."),
    "replaced": gettext_noop("Another run replaced it."),
}
"""Why a run ended early, by the API's word."""
_INITIALISMS = frozenset(
    {
        *("api", "bic", "cpu", "csv", "cve", "dns", "gpu", "html", "http", "https", "iban", "id"),
        *("ip", "json", "kpi", "mfa", "os", "pdf", "pr", "ram", "sdk", "sha", "sku", "sla", "sms"),
        *("sql", "ssh", "ssl", "sso", "tls", "ui", "uri", "url", "usb", "utc", "uuid", "vat"),
        *("vm", "vpn", "xml", "yaml"),
    }
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_APART = re.compile(r"[\s_\-]+")


def kind(type_: str) -> Kind:
    """An unknown type is shown as Mobius calls it."""
    if type_ in _KINDS:
        name, icon = _KINDS[type_]
        return Kind(_(name), icon)
    return Kind(label(type_) or _("Question"), "inbox")


def item_status(word: str, *, deleted: bool = False) -> Status:
    """``deleted``: upstream no longer has the question."""
    if deleted:
        return Status("deleted", _("Deleted"), "failed", "other")
    if word in ITEM_STATUS:
        name, icon = ITEM_STATUS[word]
        return Status(word, _(name), icon, tone=word)
    return Status(word, label(word) or _("Unknown"), "dashed", "other")


def run_status(word: str) -> Status:
    """An unknown status is shown as Mobius calls it."""
    if word in RUN_STATUS:
        name, icon, tone = RUN_STATUS[word]
        return Status(word, _(name), icon, tone)
    return Status(word, label(word) or _("Unknown"), "dashed", "")


def stop_reason(word: str) -> str:
    """Empty where the status says it. An unknown reason is shown as Mobius calls it."""
    if word in STOP_REASONS:
        return _(STOP_REASONS[word])
    return "" if word in RUN_STATUS else label(word)


def label(key: str) -> str:
    """A key as a label: ``p95_capture`` → ``P95 capture``, ``customerIds`` → ``Customer IDs``."""
    if " " in key.strip():
        return key.strip()
    parts = [p for p in _APART.split(_HUMP.sub(" ", key)) if p]
    if not parts:
        return ""
    words = [_word(part) for part in parts]
    return (words[0][:1].upper() + words[0][1:] + " " + " ".join(words[1:])).strip()


def _word(part: str) -> str:
    word = part.lower()
    if word in _INITIALISMS:
        return word.upper()
    if word.removesuffix("s") in _INITIALISMS:
        return f"{word[:-1].upper()}s"
    return part if part.isupper() and len(part) > 1 else word


def listed(names: Sequence[str], *, most: int = 3) -> str:
    """``Lee``, ``Lee and Sam``, ``Lee, Sam and 3 others``."""
    if len(names) <= 1:
        return "".join(names)
    if len(names) <= most:
        shown = ", ".join(names[:-1])
        return _("%(names)s and %(last)s") % {"names": shown, "last": names[-1]}
    shown, others = ", ".join(names[: most - 1]), len(names) - most + 1
    words = ngettext("%(names)s and %(count)d other", "%(names)s and %(count)d others", others)
    return words % {"names": shown, "count": others}


def asked_in(workflow: str, run_id: str | None) -> str:
    """The workflow, or the run until that was read."""
    if workflow:
        return workflow
    return _("Run %(id)s") % {"id": short_id(run_id)} if run_id else _("No workflow")


def origin(item: Interaction, people: People) -> str:
    """``invoice-approval · Lee``, or only who asked without a workflow."""
    requester = people.name(item.asked_by) if item.asked_by else ""
    if requester and not item.workflow and not item.run_id:
        return requester
    return " · ".join(filter(None, (asked_in(item.workflow, item.run_id), requester)))


SHORT = 5
"""The most characters of a short ID."""


def short_id(id_: str) -> str:
    """``run_01JDF3…57ZB4`` → ``#57ZB4``, ``run_49`` → ``#49``."""
    return f"#{id_.rpartition('_')[2][-SHORT:]}"


def run_name(workflow: str, run_id: str) -> str:
    """``refunds #57ZB4``; without an ID only its workflow."""
    return f"{workflow} {short_id(run_id)}" if run_id else workflow


def whole(number: int) -> str:
    """``1,234``."""
    return number_format(number, force_grouping=True)


def routing_words(routing: str) -> str:
    """An unknown routing is shown as Mobius calls it."""
    names = {kind.value: name for kind, (name, _meaning) in ROUTING.items()}
    return str(names.get(routing, routing))


def quoted(text: str) -> str:
    """In quotation marks, unless it begins with one."""
    return text if text.startswith(tuple(QUOTES)) else _("“%(text)s”") % {"text": text}
