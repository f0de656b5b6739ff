"""Rules of who may see, answer, claim, release, monitor. Only this module decides.

Being asked gives rights to one question; the role *team lead* gives access to everything. Roles are
memberships of Django groups, not permissions, since a superuser passes every ``has_perm``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Permission
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_noop

from inbox.mobius.types import PolicyKind
from inbox.models import Decision, Group, Interaction, Recipient, Reviewer, Run, SavedView, Upstream
from inbox.models.decision import RESPOND, WITH_RECEIPT
from inbox.models.interaction import InteractionQuerySet
from inbox.models.run import RunQuerySet

REVIEWER = "reviewer"
TEAM_LEAD = "team lead"
ROLES = (REVIEWER, TEAM_LEAD)

MANAGE_GROUPS = "manage_groups"
CANCEL_RUN = "cancel_run"
SIGNAL_RUN = "signal_run"
RETRY_RUN = "retry_run"
CANCEL_QUESTION = "cancel_question"
PERMISSIONS = {
    MANAGE_GROUPS: gettext_noop("Can change groups: members and routing"),
    CANCEL_RUN: gettext_noop("Can cancel a run"),
    SIGNAL_RUN: gettext_noop("Can send a signal to a run"),
    RETRY_RUN: gettext_noop("Can retry a failed run"),
    CANCEL_QUESTION: gettext_noop("Can cancel a question"),
}
"""Granted to a lead by an administrator, besides viewing: codenames and names."""


class NotTheirs(LookupError):
    """The person may not see or change this, or it does not exist. Pages respond with 404."""


class Refusal(StrEnum):
    """In the order of the checks. ``ALREADY_CLAIMED``: by this person. ``OWN_WORK``: they are asked
    themselves, or have answered.
    """

    NOT_ASKED = "not_asked"
    OWN_WORK = "own_work"
    NOT_CHECKER = "not_checker"
    NO_CLAIMS = "no_claims"
    CLOSED = "closed"
    CLAIMED_BY_ANOTHER = "claimed_by_another"
    ANSWERED = "answered"
    ALREADY_CLAIMED = "already_claimed"
    NOT_CLAIMED = "not_claimed"
    NOT_IN_REVIEW = "not_in_review"


class Action(StrEnum):
    ANSWER = "answer"
    CLAIM = "claim"
    RELEASE = "release"


@dataclass(frozen=True)
class Viewer:
    """``mobius_id`` is None if the account has none.

    ``reviewer`` alone gives no rights, ``administrator`` gives access to no question.
    """

    user_id: int
    mobius_id: str | None
    name: str
    reviewer: bool = False
    lead: bool = False
    administrator: bool = False


def viewer_of(user: Any) -> Viewer:
    """May load ``user.reviewer``."""
    if isinstance(user, AnonymousUser):
        raise TypeError("no one is signed in")
    if hasattr(user, "role_names"):
        return _viewer(user, user.role_names)
    # One row for each Django group, or one with None.
    rows = list(Reviewer.objects.filter(user=user.pk).annotate(role=F("user__groups__name")))
    user.reviewer = rows[0]
    return _viewer(user, (row.role for row in rows))


def viewers_of(user_ids: Iterable[int]) -> list[Viewer]:
    """Leaves out deactivated accounts."""
    users = get_user_model().objects.filter(pk__in=list(user_ids), is_active=True)
    rows = users.select_related("reviewer").prefetch_related("groups")
    return [_viewer(user, (group.name for group in user.groups.all())) for user in rows]


def _viewer(user: Any, role_names: Iterable[str | None]) -> Viewer:
    roles = set(role_names)
    return Viewer(
        user_id=user.pk,
        mobius_id=user.reviewer.mobius_id or None,
        name=user.reviewer.name,
        reviewer=REVIEWER in roles,
        lead=TEAM_LEAD in roles,
        administrator=user.is_active and user.is_superuser,
    )


def interactions(viewer: Viewer, upstream: Upstream) -> InteractionQuerySet:
    """The questions the viewer may see: all for a lead, else those that ask the viewer, and those
    that the viewer checks.

    A group's question whose members are unknown has no recipients, so only leads see it.
    """
    rows = Interaction.objects.filter(upstream=upstream)
    if viewer.lead:
        return rows
    if viewer.mobius_id is None:
        return rows.none()
    return rows.filter(recipients__user_id=viewer.mobius_id)


def runs(viewer: Viewer, upstream: Upstream) -> RunQuerySet:
    """The runs whose page the viewer may open: all for a lead, else those that asked the viewer.

    For looking up one run, or a few: each is checked by its own questions, so a long history does
    not slow it down. ``listed_runs`` has the same rows.
    """
    rows = Run.objects.filter(upstream=upstream)
    if viewer.lead:
        return rows
    if viewer.mobius_id is None:
        return rows.none()
    own_questions = Recipient.objects.filter(
        upstream=upstream, user_id=viewer.mobius_id, run_id=OuterRef("mobius_id")
    )
    return rows.filter(Exists(own_questions))


def listed_runs(viewer: Viewer, upstream: Upstream) -> RunQuerySet:
    """The rows of ``runs``, for a list of them.

    The query starts from the viewer's own questions, so that other people's runs don't slow it.
    """
    rows = Run.objects.filter(upstream=upstream)
    if viewer.lead:
        return rows
    return rows.filter(mobius_id__in=own_run_ids(viewer, upstream))


def own_run_ids(viewer: Viewer, upstream: Upstream) -> QuerySet[Recipient, str | None]:
    if viewer.mobius_id is None:
        return Recipient.objects.none().values_list("run_id", flat=True)
    own = Recipient.objects.filter(upstream=upstream, user_id=viewer.mobius_id)
    return own.filter(run_id__isnull=False).values_list("run_id", flat=True)


def sees_whole_run(viewer: Viewer) -> bool:
    """Others see only a run's status, steps and their own questions."""
    return viewer.lead


def groups(viewer: Viewer, upstream: Upstream) -> QuerySet[Group]:
    """All for a lead, else those the viewer is in."""
    if viewer.lead:
        return Group.objects.filter(upstream=upstream, deleted=False)
    return own_groups(viewer, upstream)


def own_groups(viewer: Viewer, upstream: Upstream) -> QuerySet[Group]:
    rows = Group.objects.filter(upstream=upstream, deleted=False)
    if viewer.mobius_id is None:
        return rows.none()
    return rows.filter(memberships__user_id=viewer.mobius_id)


def saved_views(viewer: Viewer, upstream: Upstream) -> QuerySet[SavedView]:
    """Views of runs are for leads, who alone can filter them, where there are runs."""
    shared = Q(group__in=own_groups(viewer, upstream))
    rows = SavedView.objects.filter(Q(owner_id=viewer.user_id) | shared)
    has_page = viewer.lead and upstream.has_runs
    return rows if has_page else rows.exclude(page=SavedView.Page.RUNS)


def has_permission(viewer: Viewer, permission: str) -> bool:
    return permission in permissions_of(viewer)


def permissions_of(viewer: Viewer) -> frozenset[str]:
    """Not by ``has_perm``, which a superuser always passes."""
    if not viewer.lead:
        return frozenset()
    permissions = Permission.objects.filter(
        content_type__app_label="inbox", codename__in=PERMISSIONS
    )
    own = permissions.filter(Q(user=viewer.user_id) | Q(group__user=viewer.user_id))
    return frozenset(own.values_list("codename", flat=True))


def sees(viewer: Viewer, interaction: Interaction) -> bool:
    return viewer.lead or has_a_part(viewer, interaction)


def has_a_part(viewer: Viewer, interaction: Interaction) -> bool:
    return is_asked(viewer, interaction) or is_checker(viewer, interaction)


def is_asked(viewer: Viewer, interaction: Interaction) -> bool:
    return viewer.mobius_id in interaction.people_asked


def is_checker(viewer: Viewer, interaction: Interaction) -> bool:
    """From the first time that it is in review on."""
    return viewer.mobius_id in interaction.checkers


def waits_for(viewer: Viewer, interaction: Interaction) -> bool:
    """For an answer, whoever has claimed it, or for a review."""
    if interaction.in_review:
        return is_checker(viewer, interaction)
    asked = interaction.pending and is_asked(viewer, interaction)
    return asked and not has_answered(viewer, interaction)


def has_answered(viewer: Viewer, interaction: Interaction) -> bool:
    return viewer.mobius_id is not None and viewer.mobius_id in interaction.answered_by


def why_not_answer(viewer: Viewer, interaction: Interaction) -> Refusal | None:
    """The first reason, as far as the mirror knows, or None."""
    if not is_asked(viewer, interaction):
        return Refusal.NOT_ASKED
    if not interaction.pending:
        return Refusal.CLOSED
    if claimed_by_another(viewer, interaction):
        return Refusal.CLAIMED_BY_ANOTHER
    if has_answered(viewer, interaction):
        return Refusal.ANSWERED
    return None


def why_not_review(viewer: Viewer, interaction: Interaction) -> Refusal | None:
    """The first reason, as far as the mirror knows, or None."""
    if is_asked(viewer, interaction) or has_answered(viewer, interaction):
        return Refusal.OWN_WORK
    if not is_checker(viewer, interaction):
        return Refusal.NOT_CHECKER
    if not interaction.is_open:
        return Refusal.CLOSED
    return None if interaction.in_review else Refusal.NOT_IN_REVIEW


def why_not_claim(viewer: Viewer, interaction: Interaction) -> Refusal | None:
    """The first reason, as far as the mirror knows, or None."""
    refusal = _why_no_claim_action(viewer, interaction)
    if refusal is None and has_claimed(viewer, interaction):
        return Refusal.ALREADY_CLAIMED
    return refusal


def why_not_release(viewer: Viewer, interaction: Interaction) -> Refusal | None:
    """The first reason, as far as the mirror knows, or None. Only the claimant can."""
    refusal = _why_no_claim_action(viewer, interaction)
    if refusal is None and not has_claimed(viewer, interaction):
        return Refusal.NOT_CLAIMED
    return refusal


def actions(viewer: Viewer, interaction: Interaction) -> frozenset[Action]:
    """As far as the mirror knows."""
    refusals = {
        Action.ANSWER: why_not_answer(viewer, interaction),
        Action.CLAIM: why_not_claim(viewer, interaction),
        Action.RELEASE: why_not_release(viewer, interaction),
    }
    return frozenset(action for action, refusal in refusals.items() if refusal is None)


def hides_answers(viewer: Viewer, interaction: Interaction) -> bool:
    """With ``GROUP_ANSWERS_HIDDEN_UNTIL_MINE``, until the viewer answers. Checkers see them."""
    return (
        settings.GROUP_ANSWERS_HIDDEN_UNTIL_MINE
        and not interaction.takes_one_answer
        and why_not_answer(viewer, interaction) is None
    )


def with_hidden_answers(viewer: Viewer, upstream: Upstream) -> QuerySet[Interaction]:
    rows = Interaction.objects.filter(upstream=upstream)
    if not settings.GROUP_ANSWERS_HIDDEN_UNTIL_MINE or viewer.mobius_id is None:
        return rows.none()
    several = [PolicyKind.ALL.value, PolicyKind.QUORUM.value]
    own_open = {"recipients__user_id": viewer.mobius_id, "recipients__open__in": (True,)}
    return rows.filter(policy__kind__in=several, recipients__checks=False, **own_open)


def _why_no_claim_action(viewer: Viewer, interaction: Interaction) -> Refusal | None:
    if not is_asked(viewer, interaction):
        return Refusal.NOT_ASKED
    if not can_be_claimed(interaction):
        return Refusal.NO_CLAIMS
    if not interaction.pending:
        return Refusal.CLOSED
    if claimed_by_another(viewer, interaction):
        return Refusal.CLAIMED_BY_ANOTHER
    return None


def can_be_claimed(interaction: Interaction) -> bool:
    grouped = interaction.target_type == "group"
    return interaction.takes_one_answer and grouped and interaction.claimable


def has_claimed(viewer: Viewer, interaction: Interaction) -> bool:
    return bool(interaction.claimed_by) and interaction.claimed_by == viewer.mobius_id


def claimed_by_another(viewer: Viewer, interaction: Interaction) -> bool:
    return (
        interaction.claimed_by not in (None, "", viewer.mobius_id) and interaction.takes_one_answer
    )


def receipts_seen_by(
    viewer: Viewer, item: Interaction, entries: Iterable[Decision]
) -> list[Decision]:
    hidden = hides_answers(viewer, item)
    return [
        entry
        for entry in entries
        if entry.verb in WITH_RECEIPT
        and (not hidden or entry.verb != RESPOND or entry.actor == viewer.mobius_id)
    ]
