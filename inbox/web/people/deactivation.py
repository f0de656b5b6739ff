"""The page that deactivates a person, and words that the command uses too."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox import access
from inbox.access import Viewer
from inbox.answering import deactivation
from inbox.answering.deactivation import Blocked, Deactivated, Left, Reason
from inbox.answering.outcome import Outcome
from inbox.mirror import freshness
from inbox.models import Interaction, Reviewer
from inbox.web.ui.lists import querystring
from inbox.web.ui.outcome_messages import claim_left_words
from inbox.web.ui.when import deadline

MOST = 200
"""How many questions are listed; *Blocked* has them all."""


def deactivation_page(
    viewer: Viewer, reviewer: Reviewer, done: Deactivated | None, refused: Reason | None
) -> dict[str, Any]:
    """``about``: what would be done. ``unfinished``: something is left to do. ``claims`` could not
    be released; ``questions`` wait for the person.
    """
    active = reviewer.user.is_active
    left = done.left if done is not None else deactivation.left_open(reviewer)
    claims, questions = _left_rows(viewer, left, done.kept if done is not None else ())
    blocked_href = reverse("blocked") + querystring({"person": reviewer.mobius_id or ""})
    return {
        "id": reviewer.user_id,
        "name": reviewer.name,
        "active": active,
        "refused": refused_words(refused, reviewer) if refused else "",
        "away": freshness.current().state != "live",
        "unfinished": not active and deactivation.is_unfinished(reviewer),
        "about": list(_about(reviewer, left)) if active else [],
        "done": list(done_words(done)) if done is not None else [],
        "claims": claims,
        "questions": questions,
        "more": max(0, len(left.blocked) - MOST),
        "others": others_words(left),
        "blocked_href": blocked_href if viewer.lead and left.blocked else "",
    }


def _left_rows(
    viewer: Viewer, left: Left, kept: Iterable[Outcome[Interaction]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    now = timezone.now()
    claims = {
        outcome.subject.mobius_id: _row(viewer, outcome.subject, claim_left_words(outcome), now)
        for outcome in kept
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
    return list(claims.values()), questions


def refused_words(reason: Reason, reviewer: Reviewer) -> str:
    if reason is Reason.YOURSELF:
        return _("You can't deactivate your own account. Ask another administrator.")
    return _("%(username)s is the only administrator. Add another one first.") % {
        "username": reviewer.user.get_username()
    }


def done_words(done: Deactivated) -> Iterable[str]:
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


def blocked_words(why: Blocked) -> str:
    match why:
        case Blocked.CLAIMED:
            return _("No one else can answer while it's claimed.")
        case Blocked.NEEDED:
            return _("Can't be completed without this person.")
        case _:
            return _("No one else can answer.")


def others_words(left: Left) -> str:
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
            "%(count)d unsent answer will be withdrawn.",
            "%(count)d unsent answers will be withdrawn.",
            held,
        )
        yield words % {"count": held}
    if claims:
        words = ngettext(
            "%(count)d claim will be released with their member token.",
            "%(count)d claims will be released with their member token.",
            claims,
        )
        yield words % {"count": claims}
    yield _("Their member token will be removed. Only they can add it again.")
    yield _("They'll be signed out everywhere and won't be able to sign in.")
    if waiting := sum(why is not Blocked.CLAIMED for _item, why in left.blocked):
        words = ngettext(
            "%(count)d open question will wait for someone who can't answer here any more.",
            "%(count)d open questions will wait for someone who can't answer here any more.",
            waiting,
        )
        yield words % {"count": waiting}


def _row(viewer: Viewer, item: Interaction, why: str, now: datetime) -> dict[str, Any]:
    """The title is the ID, without a link, if the viewer may not see the question."""
    sees = access.sees(viewer, item)
    return {
        "title": item.display_title if sees else item.mobius_id,
        "href": item.get_absolute_url() if sees else "",
        "why": why,
        "deadline": deadline(item, now),
    }
