"""*Connection*: the state of Mobius, the accounts, and the remaining steps of the setup."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from inbox.access import REVIEWER, TEAM_LEAD
from inbox.mirror import capabilities, freshness
from inbox.mirror.freshness import Freshness
from inbox.models import OneTimeLink, Reviewer, Upstream
from inbox.people import directory
from inbox.services import group_mapping, key_answers, sample_question
from inbox.services.audit import anchor as decision_anchor
from inbox.services.audit import rights_log
from inbox.services.connection import connection
from inbox.services.group_mapping import Mapping
from inbox.web.connection.capabilities import Offered, offered
from inbox.web.connection.messages import key_answers_text
from inbox.web.decisions import messages as decision_messages
from inbox.web.ui.freshness import explained
from inbox.web.ui.messages import problem_text, sentences
from inbox.web.ui.when import long_time

CONFLICTS_FOR = timedelta(days=7)
CONFLICTS = 5


@dataclass(frozen=True)
class AdminWarning:
    """One or two sentences. ``bad``: something doesn't work."""

    text: str
    bad: bool = False


def warnings() -> list[AdminWarning]:
    """A failing ``LOG_ANCHOR``, and pasted tokens of other people, newest first."""
    found = []
    if failure := decision_anchor.failure():
        if failure.at:
            late = _("New heads of the decision log haven't reached LOG_ANCHOR since %(time)s.")
            late %= {"time": long_time(failure.at)}
        else:
            late = _("New heads of the decision log haven't reached LOG_ANCHOR.")
        text = sentences(late, problem_text(failure.problem), _("We'll keep trying every minute."))
        found.append(AdminWarning(text, bad=True))
    conflicts = rights_log.conflicts(timezone.now() - CONFLICTS_FOR)[:CONFLICTS]
    for entry in conflicts:
        facts = {"time": long_time(entry.at), "event": decision_messages.conflict(entry)}
        text = _("%(time)s: %(event)s. Nothing was changed.") % facts
        found.append(AdminWarning(text))
    return found


@dataclass(frozen=True)
class Step:
    """One step of the setup; ``anchor`` is the section of the page where it is done."""

    done: bool
    text: str
    anchor: str


@dataclass(frozen=True)
class PersonRow:
    """An account. ``link_unused``: a sign-in link was made and not used yet."""

    id: int
    username: str
    name: str
    mobius_id: str
    role: str
    active: bool
    link_unused: bool


@dataclass(frozen=True)
class ConnectionPage:
    """``problem`` names the setting that has to change, ``explained`` is what Mobius says. ``seen``
    are IDs to choose from.
    """

    base_url: str
    project: str
    freshness: Freshness
    explained: str
    problem: str
    warnings: tuple[AdminWarning, ...]
    offered: tuple[Offered, ...]
    probed_at: datetime | None
    steps: tuple[Step, ...]
    people: tuple[PersonRow, ...]
    seen: tuple[str, ...]
    mappings: tuple[Mapping, ...]
    key_answers: str

    @property
    def steps_left(self) -> int:
        return sum(not step.done for step in self.steps)


def connection_page(upstream: Upstream) -> ConnectionPage:
    people = tuple(_people())
    mappings = tuple(group_mapping.mappings(upstream))
    now = freshness.current()
    return ConnectionPage(
        base_url=_("the embedded engine") if settings.EMBEDDED else settings.MOBIUS_BASE_URL,
        project=settings.MOBIUS_PROJECT,
        freshness=now,
        explained=explained(now),
        problem=problem_text(connection.shown()),
        warnings=tuple(warnings()),
        offered=tuple(offered(capabilities.load(upstream))),
        probed_at=upstream.probed_at,
        steps=_steps(upstream, now, people, mappings),
        people=people,
        seen=tuple(directory.seen_without_account()),
        mappings=mappings,
        key_answers=key_answers_text(key_answers.mode(upstream)),
    )


def _steps(
    upstream: Upstream, now: Freshness, people: tuple[PersonRow, ...], mappings: tuple[Mapping, ...]
) -> tuple[Step, ...]:
    steps = [
        Step(True, _("Create an administrator"), "people"),
        # An outage later is no step of the setup.
        Step(not now.unread, _("Connect to Mobius"), "mobius"),
        Step(
            any(row.mobius_id and row.active for row in people),
            _("Add the people who answer questions"),
            "people",
        ),
    ]
    if mappings:
        mapped = all(mapping.people for mapping in mappings)
        steps.append(Step(mapped, _("Assign people to groups"), "groups"))
    steps.append(
        Step(sample_question.was_anything_answered(upstream), _("Send a test question"), "test")
    )
    return tuple(steps)


def _people() -> list[PersonRow]:
    waiting = set(OneTimeLink.objects.exclude(user=None).values_list("user_id", flat=True))
    rows = Reviewer.objects.select_related("user").prefetch_related("user__groups")
    return [
        PersonRow(
            id=row.user_id,
            username=row.user.get_username(),
            name=row.user.get_full_name(),
            mobius_id=row.mobius_id or "",
            role=_role(row),
            active=row.user.is_active,
            link_unused=row.user_id in waiting,
        )
        for row in rows.order_by("user__username")
    ]


def _role(row: Reviewer) -> str:
    groups = {group.name for group in row.user.groups.all()}
    administrator = row.user.is_superuser
    if TEAM_LEAD in groups:
        return _("Team lead, administrator") if administrator else _("Team lead")
    if REVIEWER in groups:
        return _("Reviewer, administrator") if administrator else _("Reviewer")
    return _("Administrator") if administrator else _("No role")
