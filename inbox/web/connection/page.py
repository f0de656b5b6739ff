from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection as database
from django.utils import timezone
from django.utils.translation import gettext as _

from inbox.audit import rights_log
from inbox.audit.anchor import appender
from inbox.lib import version
from inbox.mirror import capabilities, freshness
from inbox.mirror.freshness import Freshness
from inbox.models import Reviewer, Upstream
from inbox.notify import health
from inbox.notify.health import Health
from inbox.people import directory, key_answers, revocations
from inbox.people.ability import ABLE, UNABLE, by_ability
from inbox.processes import lease
from inbox.upstream import group_mapping, sample_question
from inbox.upstream.connection import connection
from inbox.upstream.group_mapping import Mapping
from inbox.web.connection.capabilities import offered
from inbox.web.connection.messages import channel_lack, key_answers_text
from inbox.web.ui.api import api_name, api_text
from inbox.web.ui.freshness import explained
from inbox.web.ui.messages import conflict_text, problem_text, sentences
from inbox.web.ui.when import day_time, long_time

CONFLICTS_FOR = timedelta(days=7)
CONFLICTS = 5


@dataclass(frozen=True)
class AdminWarning:
    text: str
    bad: bool = False


def warnings() -> list[AdminWarning]:
    found = []
    for file, failure in appender.failures.copy().items():
        late = _("New heads of the decision log haven't reached %(file)s since %(time)s.")
        late %= {"file": file.name, "time": long_time(failure.at)}
        text = sentences(late, problem_text(failure.problem), _("We'll keep trying every minute."))
        found.append(AdminWarning(text, bad=True))
    conflicts = rights_log.conflicts(timezone.now() - CONFLICTS_FOR)[:CONFLICTS]
    for entry in conflicts:
        facts = {"time": long_time(entry.at), "event": conflict_text(entry)}
        text = _("%(time)s: %(event)s. Nothing was changed.") % facts
        found.append(AdminWarning(text))
    for row in revocations.failed():
        text = _(
            "Mobius couldn't be told to revoke the member token …%(end)s of %(username)s, which "
            "was removed here on %(time)s. Have it revoked there."
        )
        facts = {"end": row.last_four, "username": row.name, "time": day_time(row.created_at)}
        found.append(AdminWarning(text % facts, bad=True))
    return found


def connection_page(upstream: Upstream) -> dict[str, Any]:
    """``explained`` is what Mobius says; ``leader`` is None where there can be only one process."""
    people = _people()
    mappings = group_mapping.mappings(upstream)
    now, mode = freshness.current(), key_answers.mode(upstream)
    steps = _steps(upstream, now, people, mappings)
    former = upstream.former
    return {
        "base_url": _("the embedded engine") if settings.EMBEDDED else settings.MOBIUS_BASE_URL,
        "project": settings.MOBIUS_PROJECT,
        "api": api_text(upstream),
        "former_api": api_name(former.api) if former else "",
        "freshness": now,
        "explained": explained(now),
        "problem": problem_text(connection.shown()),
        "warnings": warnings(),
        "offered": offered(capabilities.load(upstream)),
        "probed_at": upstream.probed_at,
        "steps": steps,
        "steps_left": sum(not step["done"] for step in steps),
        "people": people,
        "seen": directory.seen_without_account(),
        "mappings": mappings,
        "channels": _channels(upstream),
        "keeps_mail": settings.KEEPS_MAIL,
        "key_answers": key_answers_text(mode),
        "key_paused": mode.paused,
        "leader": lease.leader() if database.vendor == "postgresql" else None,
        "version": version.SHOWN,
    }


def _channels(upstream: Upstream) -> list[tuple[Health, str]]:
    """Each with what it lacks, if it isn't set up."""
    rows = health.of_channels(upstream, timezone.now())
    return [(row, "" if row.is_set_up else channel_lack(row.channel)) for row in rows]


def _steps(
    upstream: Upstream, now: Freshness, people: list[dict[str, Any]], mappings: list[Mapping]
) -> list[dict[str, Any]]:
    # An outage later is no step of the setup.
    connected = not now.unread
    answering = any(row["mobius_id"] and row["active"] for row in people)
    steps = [
        _step(True, _("Create an administrator"), "people"),
        _step(connected, _("Connect to Mobius"), "mobius"),
        _step(answering, _("Add the people who answer questions"), "people"),
        _member_tokens(upstream),
    ]
    if mappings:
        mapped = all(mapping.people for mapping in mappings)
        steps.append(_step(mapped, _("Assign people to groups"), "groups"))
    tested = sample_question.was_anything_answered(upstream)
    return [*steps, _step(tested, _("Send a test question"), "test")]


def _step(done: bool, text: str, anchor: str) -> dict[str, Any]:
    """``anchor`` is the section of the page where it is done."""
    return {"done": done, "text": text, "anchor": anchor}


def _member_tokens(upstream: Upstream) -> dict[str, Any]:
    found = by_ability(upstream)
    able, unable = (sum(len(found[each]) for each in group) for group in (ABLE, UNABLE))
    words = _("Member tokens: %(able)d of %(all)d people can answer")
    return _step(able > 0 and not unable, words % {"able": able, "all": able + unable}, "people")


def _people() -> list[dict[str, Any]]:
    """Those who can be assigned to a group."""
    return [
        {
            "id": row.user_id,
            "username": row.user.get_username(),
            "name": row.name,
            "mobius_id": row.mobius_id or "",
            "active": row.user.is_active,
        }
        for row in Reviewer.objects.select_related("user").order_by("user__username")
    ]
