"""The page on which an administrator deactivates a person, and what it has in common with the
command: what was done, and what is left.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from inbox import access
from inbox.access import Viewer
from inbox.mirror import freshness
from inbox.models import Interaction, Reviewer
from inbox.services import deactivation
from inbox.services.deactivation import Blocked, Deactivated, Left, Reason
from inbox.services.outcome import Kind, Outcome
from inbox.web.blocked.queries import BlockedFilters
from inbox.web.ui.messages import mobius_says
from inbox.web.ui.when import Deadline, deadline

MOST = 200
"""How many questions are listed; *Blocked* has them all."""

_NO_RESPONSE = gettext_lazy("Mobius returned an error or didn't respond.")
_REASONS = {
    Kind.NO_CREDENTIAL: gettext_lazy("There was no member token."),
    Kind.TOKEN_REFUSED: gettext_lazy("Mobius no longer accepts the member token."),
    Kind.UNREACHABLE: gettext_lazy("Mobius can't be reached."),
    Kind.UNCONFIRMED: _NO_RESPONSE,
    Kind.STILL_OPEN: _NO_RESPONSE,
    Kind.RATE_LIMITED: gettext_lazy("Mobius is limiting requests."),
}
"""Why a claim could not be released; in any other case Mobius says why."""


@dataclass(frozen=True)
class Row:
    """A question that is left. ``title`` is its ID if the viewer may not see it; then there is no
    ``href``.
    """

    title: str
    href: str
    why: str
    deadline: Deadline | None


@dataclass(frozen=True)
class DeactivationPage:
    """``done``: what was done, once it was. ``about``: what would be done. ``unfinished``: the
    account is deactivated, and something is left to do. ``claims`` could not be released, or are
    still there; ``questions`` wait for the person. ``blocked_href``: all of them, for a lead.
    """

    id: int
    name: str
    active: bool
    refused: str
    away: bool
    unfinished: bool
    about: tuple[str, ...]
    done: tuple[str, ...]
    claims: tuple[Row, ...]
    questions: tuple[Row, ...]
    more: int
    others: str
    blocked_href: str


def deactivation_page(
    viewer: Viewer, reviewer: Reviewer, done: Deactivated | None, refused: Reason | None
) -> DeactivationPage:
    """The page before it is done, and after."""
    now, active = timezone.now(), reviewer.user.is_active
    left = done.left if done is not None else deactivation.left_open(reviewer)
    claims = {
        outcome.subject.mobius_id: _row(viewer, outcome.subject, kept_words(outcome), now)
        for outcome in (done.kept if done is not None else ())
    }
    questions = []
    for item, why in left.blocked[:MOST]:
        if item.mobius_id in claims:
            continue
        row = _row(viewer, item, blocked_words(why), now)
        if why is Blocked.CLAIMED:
            claims[item.mobius_id] = row
        else:
            questions.append(row)
    blocked_href = BlockedFilters.link(person=reviewer.mobius_id or "")
    return DeactivationPage(
        id=reviewer.user_id,
        name=reviewer.name,
        active=active,
        refused=refused_words(refused, reviewer) if refused else "",
        away=freshness.current().state != "live",
        unfinished=not active and deactivation.is_unfinished(reviewer),
        about=tuple(_about(reviewer, left)) if active else (),
        done=tuple(done_words(done)) if done is not None else (),
        claims=tuple(claims.values()),
        questions=tuple(questions),
        more=max(0, len(left.blocked) - MOST),
        others=others_words(left),
        blocked_href=blocked_href if viewer.lead and left.blocked else "",
    )


def refused_words(reason: Reason, reviewer: Reviewer) -> str:
    if reason is Reason.YOURSELF:
        return _("You can't deactivate your own account. Ask another administrator.")
    return _("%(username)s is the only administrator. Add another one first.") % {
        "username": reviewer.user.get_username()
    }


def done_words(done: Deactivated) -> Iterable[str]:
    """What was done, in this order."""
    yield ngettext(
        "%(count)d unsent answer withdrawn", "%(count)d unsent answers withdrawn", done.answers
    ) % {"count": done.answers}
    if done.kept:
        yield _("%(released)d of %(count)d claims released") % {
            "released": done.released,
            "count": done.released + len(done.kept),
        }
    else:
        yield ngettext("%(count)d claim released", "%(count)d claims released", done.released) % {
            "count": done.released
        }
    yield _("Member token removed") if done.token else _("There was no member token")
    yield ngettext("%(count)d session ended", "%(count)d sessions ended", done.sessions) % {
        "count": done.sessions
    }


def kept_words(outcome: Outcome[Interaction]) -> str:
    """Why a claim could not be released."""
    if outcome.kind is Kind.NO_CREDENTIAL and outcome.lost:
        return _("No key decrypts the member token.")
    if outcome.kind in _REASONS:
        return str(_REASONS[outcome.kind])
    return mobius_says(outcome) or _("Mobius didn't accept it.")


def blocked_words(why: Blocked) -> str:
    """Why an open question waits for someone who can no longer sign in."""
    match why:
        case Blocked.CLAIMED:
            return _("No one else can answer while it's claimed.")
        case Blocked.NEEDED:
            return _("Can't be completed without this person.")
        case _:
            return _("No one else can answer.")


def others_words(left: Left) -> str:
    """How many of the person's open questions others can answer; empty for none."""
    words = ngettext(
        "%(count)d other open question can be completed without this person.",
        "%(count)d other open questions can be completed without this person.",
        left.others,
    )
    return words % {"count": left.others} if left.others else ""


def _about(reviewer: Reviewer, left: Left) -> Iterable[str]:
    held, claims = deactivation.held_answers(reviewer), deactivation.claims_of(reviewer).count()
    if held:
        words = ngettext(
            "%(count)d unsent answer is withdrawn.",
            "%(count)d unsent answers are withdrawn.",
            held,
        )
        yield words % {"count": held}
    if claims:
        words = ngettext(
            "%(count)d claim is released with their member token.",
            "%(count)d claims are released with their member token.",
            claims,
        )
        yield words % {"count": claims}
    yield _("Their member token is removed. Only they can add it again.")
    yield _("They're signed out everywhere, and can't sign in any more.")
    if waiting := sum(why is not Blocked.CLAIMED for _item, why in left.blocked):
        words = ngettext(
            "%(count)d open question will wait for someone who can't answer here any more.",
            "%(count)d open questions will wait for someone who can't answer here any more.",
            waiting,
        )
        yield words % {"count": waiting}


def _row(viewer: Viewer, item: Interaction, why: str, now: datetime) -> Row:
    sees = access.sees(viewer, item)
    return Row(
        title=item.display_title if sees else item.mobius_id,
        href=item.get_absolute_url() if sees else "",
        why=why,
        deadline=deadline(item, now),
    )
