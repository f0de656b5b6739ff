from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.access.redaction import HIDDEN
from inbox.answering.claiming import Verb
from inbox.lib.instants import read_instant
from inbox.models import Decision, Event, Interaction, Run, Upstream
from inbox.web.questions.endings import CLAIMED, RELEASED, Ending
from inbox.web.ui.answers import ended_at, given_answers, progress
from inbox.web.ui.labels import TASK, UNNAMED, item_status, listed, quoted
from inbox.web.ui.people import People


@dataclass(frozen=True)
class Entry:
    """``tone`` is empty, ``ok``, ``warn``, ``bad`` or ``to-come``. ``answer`` is the text of
    one that the rest of the page doesn't have.
    """

    icon: str
    text: str
    at: datetime | None
    tone: str = ""
    comment: str = ""
    href: str = ""
    answer: str = ""


def log_of(upstream: Upstream, item: Interaction) -> tuple[list[Event], list[Decision]]:
    claims: list[Event] = []
    if item.run_id is not None and item.members is not None:
        rows = Event.objects.filter(
            upstream=upstream,
            run_id=item.run_id,
            type__in=(CLAIMED, RELEASED),
            data__interaction=item.mobius_id,
        )
        claims = list(rows.order_by("seq"))
    entries = Decision.objects.filter(
        interaction_id=item.mobius_id, base_url=upstream.base_url, project=upstream.project
    )
    return claims, list(entries.order_by("at"))


def assignee_name(item: Interaction, people: People, group: str) -> str:
    """Within a sentence: ``Approvers``, ``you``, ``Lee``."""
    if item.target_type == "user":
        return people.object(item.target_id)
    if item.asks_named_people:
        return listed(people.objects(item.members or ()))
    if item.target_type == "group":
        return group or item.target_id
    if not item.target_id:
        return _(UNNAMED)
    return f"{item.target_type} {item.target_id}"


def history(
    item: Interaction,
    *,
    people: People,
    now: datetime,
    group: str = "",
    run: Run | None = None,
    events: Iterable[Event] = (),
    decisions: Sequence[Decision] = (),
    ending: Ending | None = None,
) -> tuple[Entry, ...]:
    """Oldest first, and last what will happen."""
    started: list[Entry] = []
    if run is not None and not run.known_only_from_questions:
        text = _("The run started")
        if run.started_by:
            you, other = _("You started the run"), _("%(name)s started the run")
            text = people.sentence(run.started_by, you, other)
        started.append(Entry("play", text, run.started_at or run.created_at))
    asked = _("Assigned to %(name)s") if item.type == TASK else _("Asked %(name)s")
    asked %= {"name": assignee_name(item, people, group)}
    entries = [Entry("pause", asked, item.created_at)]
    entries.extend(_claims(item, people, events, decisions))
    entries.extend(_answers(item, people, decisions))
    entries.extend(_review(item, people))
    if item.soft and item.due_at is not None:
        end = item.closed_at or now
        if item.due_at <= item.created_at:
            entries.append(Entry("alert", _("Overdue from the start"), item.created_at, "warn"))
        elif item.due_at <= min(now, end):
            entries.append(Entry("alert", _("Became overdue"), item.due_at, "warn"))
    entries.extend(_end(item, now, ending))
    entries.sort(key=lambda entry: entry.at or now)
    return (*started, *entries)


def _claims(
    item: Interaction, people: People, events: Iterable[Event], decisions: Iterable[Decision]
) -> list[Entry]:
    """From our log where there are no events, as for a question without a run."""
    changes = [
        (event.type == CLAIMED, event.data.get("claimed_by"), event.at, False) for event in events
    ]
    if not changes:
        ours = (entry for entry in decisions if entry.verb in (Verb.CLAIM, Verb.RELEASE))
        changes = [
            # ``by`` is the administrator who deactivated the account of the person.
            (entry.verb == Verb.CLAIM, entry.actor, entry.at, "by" in (entry.value or {}))
            for entry in ours
        ]
    lines: list[Entry] = []
    claim_listed = False
    claimed_by: str | None = None
    for is_claim, person, at, by_another in changes:
        if is_claim:
            claimed_by = person
            claim_listed = claim_listed or claimed_by == item.claimed_by
            lines.append(_claim(claimed_by, people, at))
        else:
            text = _("The claim was released")
            if not by_another and (released_by := person or claimed_by):
                you, other = _("You released it"), _("%(name)s released it")
                text = people.sentence(released_by, you, other)
            lines.append(Entry("undo", text, at))
    if item.claimed_by and not claim_listed:
        lines.append(_claim(item.claimed_by, people, item.claimed_at))
    return lines


def _claim(claimed_by: str | None, people: People, at: datetime | None) -> Entry:
    text = people.sentence(claimed_by, _("You claimed it"), _("%(name)s claimed it"))
    return Entry("claimed", text, at)


def _answers(item: Interaction, people: People, decisions: Iterable[Decision]) -> list[Entry]:
    by_service = {d.actor for d in decisions if d.credential_kind == "service"}
    lines = []
    given = given_answers(item, people, earlier_rounds=True)
    for response, answer in zip(item.responses or (), given, strict=True):
        comment = quoted(answer.comment) if answer.comment else ""
        text = answer.did
        if answer.face.id in by_service:
            text = _("%(answered)s, with the service key") % {"answered": text}
        tone = {"yes": "ok", "no": "bad"}.get(answer.words.tone, "ok")
        icon = answer.words.icon or "done"
        of_earlier = response["round"] < item.round and not response.get(HIDDEN)
        words = answer.words.text if of_earlier and answer.words.text not in answer.did else ""
        lines.append(Entry(icon, text, answer.at, tone, comment, answer=words))
    return lines


def _review(item: Interaction, people: People) -> list[Entry]:
    """The history has other entries for what else the lifecycle says."""
    entries = []
    # Upstream may count a request for changes to the round that it ends, or to the next.
    round = 1
    for event in item.lifecycle:
        actor, facts = event["actor_id"], {"round": round}
        match event["action"]:
            case "submitted_for_review":
                # Its comment is that of the answer.
                text = _("Round %(round)d · Submitted for review") % facts
                icon, tone, comment = "review", "", ""
            case "accepted":
                you = _("Round %(round)d · You accepted this")
                other = _("Round %(round)d · %(name)s accepted this")
                text = people.sentence(actor, you, other, **facts)
                icon, tone, comment = "check", "ok", event["comment"]
            case "changes_requested":
                you = _("Round %(round)d · You asked for changes")
                other = _("Round %(round)d · %(name)s asked for changes")
                text = people.sentence(actor, you, other, **facts)
                last = round == item.round
                comment = event["comment"] or (item.details.get("feedback") if last else "")
                icon, tone = "undo", "warn"
                round += 1
            case _:
                continue
        at = read_instant(event["at"] or "")
        entries.append(Entry(icon, text, at, tone, quoted(comment) if comment else ""))
    return entries


def _end(item: Interaction, now: datetime, ending: Ending | None) -> list[Entry]:
    runs = item.run_id is not None
    if item.status == "completed":
        text = _("The run resumed") if runs else _("Closed")
        counts = progress(item)
        accepted = any(event["action"] == "accepted" for event in item.lifecycle)
        if counts is not None and counts[1] > 1 and not accepted:
            text = _all_answered(counts[1], runs=runs)
        return [Entry("play" if runs else "done", text, item.completed_at)]
    if item.closed_unanswered:
        at = ended_at(item)
        if not item.closed_early:
            return [Entry("failed", _expired(item), at, "bad")]
        status = item_status(item.state)
        text, href = (ending.text, ending.href) if ending else (status.label, "")
        comment = quoted(reason) if (reason := item.details.get("cancel_reason")) else ""
        return [Entry(status.icon, text, at, "warn", comment, href)]
    if item.pending and item.expires_at is not None:
        if item.expires_at <= now:
            return [Entry("failed", item_status("expired").label, item.expires_at)]
        fails_run = runs and item.asked_by_step
        text = _("Expires, and the run fails") if fails_run else _("Expires")
        return [Entry("dashed", text, item.expires_at, "to-come")]
    return []


def _expired(item: Interaction) -> str:
    have, needed = progress(item) or (0, 1)
    if not have:
        return _("Expired unanswered")
    if not item.policy_is_known:
        words = ngettext("Expired with %(have)d answer", "Expired with %(have)d answers", have)
        return words % {"have": have}
    words = ngettext(
        "Expired with %(have)d of %(needed)d answer",
        "Expired with %(have)d of %(needed)d answers",
        needed,
    )
    return words % {"have": have, "needed": needed}


def _all_answered(count: int, *, runs: bool) -> str:
    if runs:
        words = ngettext(
            "%(count)d person answered; the run resumed",
            "All %(count)d answered; the run resumed",
            count,
        )
    else:
        words = ngettext("%(count)d person answered", "All %(count)d answered", count)
    return words % {"count": count}
