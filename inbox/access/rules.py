"""Who may see, answer, claim, release, monitor: the only place that decides.

Being asked gives the rights to one item; the role *team lead* lets a person look at everything.
Roles are memberships of Django groups, never permissions: a superuser passes every ``has_perm``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Permission
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from inbox.mobius.types import PolicyKind
from inbox.models import Group, Interaction, Recipient, Reviewer, Run, Upstream

REVIEWER = "reviewer"
TEAM_LEAD = "team lead"
ROLES = (REVIEWER, TEAM_LEAD)

MANAGE_GROUPS = "manage_groups"
CANCEL_RUN = "cancel_run"
SIGNAL_RUN = "signal_run"
PERMISSIONS = {
    MANAGE_GROUPS: "Can change groups: members and routing",
    CANCEL_RUN: "Can cancel a run",
    SIGNAL_RUN: "Can send a run a signal",
}
"""What a lead may do beside looking, where an administrator has given it: codename and name."""


class Refusal(StrEnum):
    """Why somebody may not answer, claim or release, in the order in which it is asked.

    ``NO_CLAIMS``: the question is not one that a person takes. ``MINE``: the person holds it
    already. ``FREE``: nobody holds it.
    """

    NOT_ASKED = "not_asked"
    NO_CLAIMS = "no_claims"
    CLOSED = "closed"
    HELD = "held"
    ANSWERED = "answered"
    MINE = "mine"
    FREE = "free"


class Action(StrEnum):
    """What a person can do with a question."""

    ANSWER = "answer"
    CLAIM = "claim"
    RELEASE = "release"


@dataclass(frozen=True)
class Viewer:
    """Who looks. ``mobius_id`` is None for an account that Mobius does not know yet.

    ``reviewer`` and ``lead`` are the two roles; ``reviewer`` gives no right by itself. An
    ``administrator`` manages accounts and the connection, and sees no question by that.
    """

    user_id: int
    mobius_id: str | None
    name: str
    reviewer: bool = False
    lead: bool = False
    administrator: bool = False


def viewer_of(user: Any) -> Viewer:
    """The viewer behind an account that is signed in. No query for the account of a request, else
    one, which loads ``user.reviewer``.
    """
    if isinstance(user, AnonymousUser):
        raise TypeError("nobody is signed in")
    if hasattr(user, "role_names"):
        return _viewer(user, user.role_names)
    # A row for each Django group, and one without where there is none.
    rows = list(Reviewer.objects.filter(user=user.pk).annotate(role=F("user__groups__name")))
    user.reviewer = rows[0]
    return _viewer(user, (row.role for row in rows))


def viewers_of(user_ids: Iterable[int]) -> list[Viewer]:
    """The viewers behind several active accounts. Two queries."""
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


def interactions(viewer: Viewer, upstream: Upstream) -> QuerySet[Interaction]:
    """What the viewer may see: all of it for a lead, else what asks the viewer.

    A group's question whose snapshot is not known has no recipients, so leads alone see it.
    """
    rows = Interaction.objects.filter(upstream=upstream)
    if viewer.lead:
        return rows
    if viewer.mobius_id is None:
        return rows.none()
    return rows.filter(recipients__user_id=viewer.mobius_id)


def runs(viewer: Viewer, upstream: Upstream) -> QuerySet[Run]:
    """The runs whose page the viewer may open: all for a lead, else those that asked the viewer.

    For looking up one run, or a few: each is checked by its own questions, so a long history costs
    nothing. ``listed_runs`` has the same rows.
    """
    rows = Run.objects.filter(upstream=upstream)
    if viewer.lead:
        return rows
    if viewer.mobius_id is None:
        return rows.none()
    asked = Interaction.objects.filter(
        upstream=upstream, run_id=OuterRef("mobius_id"), recipients__user_id=viewer.mobius_id
    )
    return rows.filter(Exists(asked))


def listed_runs(viewer: Viewer, upstream: Upstream) -> QuerySet[Run]:
    """The rows of ``runs``, for a list of them.

    It begins at the viewer's own questions, so that the runs of everybody else cost nothing.
    """
    rows = Run.objects.filter(upstream=upstream)
    if viewer.lead:
        return rows
    if viewer.mobius_id is None:
        return rows.none()
    asked = Recipient.objects.filter(
        upstream=upstream, user_id=viewer.mobius_id, interaction__run_id__isnull=False
    )
    return rows.filter(mobius_id__in=asked.values("interaction__run_id"))


def sees_whole_run(viewer: Viewer) -> bool:
    """Inputs, metadata and everybody's questions, beside status, steps and own questions."""
    return viewer.lead


def groups(viewer: Viewer, upstream: Upstream) -> QuerySet[Group]:
    """The groups whose page the viewer may open: all for a lead, else those the viewer is in."""
    rows = Group.objects.filter(upstream=upstream, gone=False)
    if viewer.lead:
        return rows
    if viewer.mobius_id is None:
        return rows.none()
    return rows.filter(memberships__user_id=viewer.mobius_id)


def holds(viewer: Viewer, permission: str) -> bool:
    """A lead to whom one of ``PERMISSIONS`` was given, directly or by a role. One query.

    Asked of what was given, for a superuser passes every ``has_perm``.
    """
    if not viewer.lead:
        return False
    given = Permission.objects.filter(content_type__app_label="inbox", codename=permission)
    return given.filter(Q(user=viewer.user_id) | Q(group__user=viewer.user_id)).exists()


def powers(viewer: Viewer) -> frozenset[str]:
    """All of ``PERMISSIONS`` that ``holds`` would say yes to. One query, none for others."""
    if not viewer.lead:
        return frozenset()
    given = Permission.objects.filter(content_type__app_label="inbox", codename__in=PERMISSIONS)
    mine = given.filter(Q(user=viewer.user_id) | Q(group__user=viewer.user_id))
    return frozenset(mine.values_list("codename", flat=True))


def sees(viewer: Viewer, interaction: Interaction) -> bool:
    """``interactions`` holds it; a query is not needed."""
    return viewer.lead or asked(viewer, interaction)


def asked(viewer: Viewer, interaction: Interaction) -> bool:
    """The viewer is the direct target or in the group's snapshot; a query is not needed."""
    if viewer.mobius_id is None:
        return False
    if interaction.target_type == "user":
        return interaction.target_id == viewer.mobius_id
    return viewer.mobius_id in (interaction.members or ())


def answered(viewer: Viewer, interaction: Interaction) -> bool:
    """One of the answers so far is the viewer's."""
    return viewer.mobius_id is not None and viewer.mobius_id in interaction.answered_by


def why_not_answer(viewer: Viewer, interaction: Interaction) -> Refusal | None:
    """The first reason why the viewer cannot answer now, as far as the mirror knows, or None."""
    if not asked(viewer, interaction):
        return Refusal.NOT_ASKED
    if not interaction.pending:
        return Refusal.CLOSED
    if held_by_another(viewer, interaction):
        return Refusal.HELD
    if answered(viewer, interaction):
        return Refusal.ANSWERED
    return None


def why_not_claim(viewer: Viewer, interaction: Interaction) -> Refusal | None:
    """The first reason why the viewer cannot take it now, as far as the mirror knows, or None."""
    refusal = _why_not_hold(viewer, interaction)
    if refusal is None and held_by(viewer, interaction):
        return Refusal.MINE
    return refusal


def why_not_release(viewer: Viewer, interaction: Interaction) -> Refusal | None:
    """The first reason why the viewer cannot give it back now, or None. Only the holder can."""
    refusal = _why_not_hold(viewer, interaction)
    if refusal is None and not held_by(viewer, interaction):
        return Refusal.FREE
    return refusal


def actions(viewer: Viewer, interaction: Interaction) -> frozenset[Action]:
    """What the viewer may do now, as far as the mirror knows. No query."""
    refusals = {
        Action.ANSWER: why_not_answer(viewer, interaction),
        Action.CLAIM: why_not_claim(viewer, interaction),
        Action.RELEASE: why_not_release(viewer, interaction),
    }
    return frozenset(action for action, refusal in refusals.items() if refusal is None)


def hides_answers(viewer: Viewer, interaction: Interaction) -> bool:
    """The others' values and comments are kept from the viewer until the viewer has answered.

    Where ``GROUP_ANSWERS_HIDDEN_UNTIL_MINE`` is on, of a question that several answer.
    """
    return (
        settings.GROUP_ANSWERS_HIDDEN_UNTIL_MINE
        and not interaction.takes_one_answer
        and why_not_answer(viewer, interaction) is None
    )


def veiled(viewer: Viewer, upstream: Upstream) -> QuerySet[Interaction]:
    """The questions of which ``hides_answers`` is true."""
    rows = Interaction.objects.filter(upstream=upstream)
    if not settings.GROUP_ANSWERS_HIDDEN_UNTIL_MINE or viewer.mobius_id is None:
        return rows.none()
    several = [PolicyKind.ALL.value, PolicyKind.QUORUM.value]
    mine = {"recipients__user_id": viewer.mobius_id, "recipients__open__in": (True,)}
    return rows.filter(policy__kind__in=several, **mine)


def _why_not_hold(viewer: Viewer, interaction: Interaction) -> Refusal | None:
    if not asked(viewer, interaction):
        return Refusal.NOT_ASKED
    if not can_be_held(interaction):
        return Refusal.NO_CLAIMS
    if not interaction.pending:
        return Refusal.CLOSED
    if held_by_another(viewer, interaction):
        return Refusal.HELD
    return None


def can_be_held(interaction: Interaction) -> bool:
    """A group's question of which one answer is enough, where upstream tells of claims on it."""
    grouped = interaction.target_type == "group"
    return interaction.takes_one_answer and grouped and interaction.claimable


def held_by(viewer: Viewer, interaction: Interaction) -> bool:
    """The viewer has claimed it."""
    return bool(interaction.claimed_by) and interaction.claimed_by == viewer.mobius_id


def held_by_another(viewer: Viewer, interaction: Interaction) -> bool:
    """Somebody else has claimed it, where a claim counts (the first responder's questions)."""
    return (
        interaction.claimed_by not in (None, "", viewer.mobius_id) and interaction.takes_one_answer
    )
