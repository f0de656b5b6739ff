"""One transaction's worth of readings on its way into the rows."""

from collections.abc import Callable, Collection, Iterable, Sequence
from copy import copy, deepcopy
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from django.db.models import QuerySet

from inbox.mirror import recipients
from inbox.mirror.attribution import Attribution
from inbox.mirror.changes import Changes
from inbox.mirror.completion import complete
from inbox.mirror.history import leave_out
from inbox.mirror.members import Members
from inbox.mirror.observers import Answer
from inbox.mirror.rows import (
    asked_by,
    entered_status_at,
    interaction_row,
    name_run,
    run_row,
    run_row_of,
    step_row,
)
from inbox.mirror.sameness import drop_unchanged, has_changed
from inbox.mirror.snapshots import Batch, Snapshot, Thing, newest
from inbox.mirror.states import question_state
from inbox.mirror.tally import Tallies, facts
from inbox.mirror.timeline import sentence_data
from inbox.mirror.upsert import chunks, upsert
from inbox.mirror.words import status_word
from inbox.mobius import types
from inbox.mobius.types import NO_TIME, InteractionStatus
from inbox.models import Event, Interaction, Run, Step, Upstream

Row = TypeVar("Row", Interaction, Run, Step)


class Projection:
    """``write`` once, in a transaction that holds the upstream's row.

    ``followed_from``: all events after this seq reach the mirror; None where that is not known.
    ``accepted``: as in ``project.apply``.
    """

    def __init__(
        self,
        upstream: Upstream,
        batch: Batch,
        *,
        read_at: datetime,
        followed_from: int | None,
        whole: Collection[str],
        accepted: Collection[str] = (),
    ) -> None:
        self._upstream = upstream
        self._batch = batch
        self._read_at = read_at
        self._followed_from = followed_from
        self._whole = whole
        self._accepted = accepted
        self._changes = Changes()
        self._runs: dict[str, Run] = {}
        self._tallies = Tallies()
        self._attribution = Attribution(upstream, ())
        self._members = Members(upstream)
        self.answers: list[Answer] = []
        """Those that the mirror did not have."""

    def write(self) -> Changes:
        """Runs first: their steps and interactions need them."""
        self._write_runs()
        self._write_steps()
        self._write_interactions()
        self._write_events()
        self._tallies.write(self._upstream)
        return self._changes

    def _write_runs(self) -> None:
        told = drop_unchanged(self._upstream, Run, self._batch.runs)
        gone = {gone.run_id for gone in self._batch.gone if gone.run_id is not None}
        held = self._known_runs(told.keys() | gone | set(self._whole))
        leave_out(told, held, self._upstream.pruned_before)
        writes: dict[str, Run] = {}
        renamed: list[Run] = []
        ended: list[Run] = []
        planned: list[Run] = []
        for run_id, snapshots in told.items():
            had = held.get(run_id)
            if had is not None and had.unread:
                had = None
            now = self._newer(had, snapshots, self._run)
            if now is not None:
                writes[run_id] = held[run_id] = now
                if has_changed(had, now):
                    self._changes.runs.add(run_id)
                if had is None or _asking(had) != _asking(now):
                    renamed.append(now)
                elif had.ended_at != now.ended_at:
                    ended.append(now)
            # A plan never changes: that of an old reading is as good.
            if held[run_id].plan is None and (plan := _plan(snapshots)) is not None:
                writes[run_id] = held[run_id]
                held[run_id].plan = plan
                self._changes.logs.add(run_id)
                planned.append(held[run_id])
        for run_id in gone & held.keys():
            if not held[run_id].gone:
                self._mark_deleted(held[run_id])
                writes[run_id] = held[run_id]
                self._changes.runs.add(run_id)
        for run_id in held.keys() & set(self._whole):
            if held[run_id].log_from != 0:
                held[run_id].log_from = 0
                writes[run_id] = held[run_id]
                self._changes.logs.add(run_id)
        self._save(list(writes.values()))
        self._runs |= writes
        self._complete_questions(planned)
        self._update_questions(renamed, Interaction.objects.all())
        self._update_questions(ended, Interaction.objects.filter(status="expired"))

    def _run(self, had: Run | None, told: Snapshot[types.Run]) -> Run:
        now = run_row(self._upstream, told.thing, told.seq)
        if told.thing.partial and had is not None:
            now = _with_status_of(now, had)
        self._date(now, had)
        if told.thing.partial and now.finished:
            now.completed_at = now.completed_at or now.updated_at
        snapshots = sorted(self._batch.runs[told.thing.id], key=lambda one: one.age)
        if had is None:
            status, since, now.log_from = "", now.updated_at, self._log_from(snapshots)
        else:
            status, since, now.log_from = had.status, had.status_since, had.log_from
            now.plan = had.plan
            snapshots = [one for one in snapshots if one.newer_than(had.updated_at, had.seq)]
        for one in snapshots:
            word = status_word(one.thing)
            if word != status:
                status, since = word, entered_status_at(one.thing)
        now.status_since = self._read_at if since == NO_TIME else since
        return now

    def _log_from(self, snapshots: list[Snapshot[types.Run]]) -> int | None:
        """From which seq on the log of a run is whole that was not known before."""
        if self._followed_from is None:
            return None
        logged = [one for one in snapshots if one.logged]
        # As it was made, and told by an event: nothing of it can have come before.
        if any(NO_TIME != one.thing.updated_at == one.thing.created_at for one in logged):
            return 0
        return min((one.seq for one in logged), default=self._followed_from + 1)

    def _update_questions(self, runs: list[Run], questions: QuerySet[Interaction]) -> None:
        """Bring those of ``questions`` that the runs asked up to what their rows say of the run."""
        by_id = {run.mobius_id: run for run in runs}
        fields = ["workflow", "asked_by", "search", "state", "counted"]
        for ids in chunks(by_id):
            rows = []
            for row in questions.filter(upstream=self._upstream, run_id__in=ids):
                run = by_id[str(row.run_id)]
                (workflow, person), state = _asking(run), question_state(row, run)
                if (row.workflow, row.asked_by, row.state) != (workflow, person, state):
                    self._tallies.take(row)
                    name_run(row, workflow, person)
                    row.state = state
                    row.counted = row.counted and facts(row, row.counted)
                    self._tallies.give(row)
                    rows.append(row)
            Interaction.objects.bulk_update(rows, fields, 100)
            self._changes.interactions.update(row.mobius_id for row in rows)
            self._changes.touch(recipients.people_of(rows))

    def _complete_questions(self, runs: list[Run]) -> None:
        """Fill in what the questions of these runs lack and the plans say."""
        by_id = {run.mobius_id: run for run in runs}
        open_ = Interaction.objects.filter(upstream=self._upstream, status="pending", gone=False)
        for ids in chunks(by_id):
            rows = []
            for row in open_.filter(run_id__in=ids).exclude(lacks=""):
                lacks = row.lacks
                complete(row, None, by_id[str(row.run_id)])
                if row.lacks == lacks:
                    continue
                self._tallies.take(row)
                self._name_members(row, None)
                name_run(row, row.workflow, row.asked_by)
                row.counted = row.counted and facts(row, row.counted)
                self._tallies.give(row)
                rows.append(row)
            self._save(rows)
            self._changes.interactions.update(row.mobius_id for row in rows)
            self._changes.touch(recipients.keep(new=[], changed=rows, at=self._read_at))

    def _write_steps(self) -> None:
        told = self._batch.steps
        runs = self._known_runs({run_id for run_id, _ in told})
        held: dict[tuple[str, str], Step] = {}
        for ids in chunks({step_id for _, step_id in told}):
            steps = Step.objects.filter(run__upstream=self._upstream, mobius_id__in=ids)
            for step in steps.select_related("run"):
                held[step.run.mobius_id, step.mobius_id] = step
        writes = []
        for key, snapshots in told.items():
            run = runs.get(key[0])
            # Steps of a run that is not known yet are read when somebody opens it.
            if run is None:
                continue
            had = held.get(key)
            now = self._newer(had, snapshots, partial(self._step, run))
            if now is None:
                continue
            writes.append(now)
            if has_changed(had, now):
                self._changes.logs.add(run.mobius_id)
        upsert(writes, ("run_id", "mobius_id"))

    def _step(self, run: Run, had: Step | None, told: Snapshot[types.Step]) -> Step:
        now = step_row(run, told.thing, told.seq)
        self._date(now, had)
        return now

    def _write_interactions(self) -> None:
        told = drop_unchanged(self._upstream, Interaction, self._batch.interactions)
        gone = {one.interaction_id for one in self._batch.gone if one.interaction_id is not None}
        held: dict[str, Interaction] = {}
        for ids in chunks(told.keys() | gone | set(self._accepted)):
            rows = Interaction.objects.filter(upstream=self._upstream, mobius_id__in=ids)
            held |= {row.mobius_id: row for row in rows}
        leave_out(told, held, self._upstream.pruned_before)
        answered = {id for id, snapshots in told.items() if any(map(_is_answered, snapshots))}
        self._attribution = Attribution(self._upstream, answered | set(self._accepted))
        run_ids = {snapshots[0].thing.run_id for snapshots in told.values()} - {None}
        runs = self._known_runs(str(run_id) for run_id in run_ids)
        new: list[Interaction] = []
        changed: list[Interaction] = []
        quiet: list[Interaction] = []
        for interaction_id, snapshots in told.items():
            had = held.get(interaction_id)
            now = self._newer(had, snapshots, self._interaction)
            if now is None:
                continue
            name_run(now, *_named(had, runs.get(now.run_id or "")))
            if had is not None:
                self._tallies.take(had)
            self._tallies.give(now)
            self.answers += _new_answers(had, now)
            held[interaction_id] = now
            if had is None:
                new.append(now)
            elif has_changed(had, now):
                changed.append(now)
            else:
                quiet.append(now)
        written = {row.mobius_id for row in [*new, *changed, *quiet]}
        for interaction_id in (held.keys() & set(self._accepted)) - written:
            had = held[interaction_id]
            now = self._attributed(had)
            if has_changed(had, now):
                self._tallies.take(had)
                self._tallies.give(now)
                held[interaction_id] = now
                changed.append(now)
        for interaction_id in gone & held.keys():
            row = held[interaction_id]
            if not row.gone:
                self._mark_deleted(row)
                changed.append(row)
        self._save([*new, *changed, *quiet])
        self._infer_runs([*new, *changed])
        self._changes.interactions.update(row.mobius_id for row in [*new, *changed])
        self._changes.touch(recipients.keep(new=new, changed=changed, at=self._read_at))

    def _infer_runs(self, questions: Iterable[Interaction]) -> None:
        """Keep rows of the runs that are known from their questions alone."""
        by_run = {row.run_id: row for row in questions if row.run_id}
        held = self._known_runs(by_run)
        unread = {id: row for id, row in by_run.items() if id not in held or held[id].unread}
        open_ = Interaction.objects.filter(upstream=self._upstream, status="pending", gone=False)
        rows = []
        for ids in chunks(unread):
            asking = set(open_.filter(run_id__in=ids).values_list("run_id", flat=True))
            for id in ids:
                had = held.get(id)
                now = run_row_of(self._upstream, unread[id], asking=id in asking)
                if (id in asking) if had is None else (had.status != now.status):
                    rows.append(now)
        self._save(rows)
        self._runs |= {row.mobius_id: row for row in rows}
        self._changes.runs.update(row.mobius_id for row in rows)

    def _interaction(
        self, had: Interaction | None, told: Snapshot[types.Interaction]
    ) -> Interaction:
        now = interaction_row(self._upstream, told.thing, told.seq)
        run = self._runs.get(now.run_id or "")
        complete(now, had, run)
        self._name_members(now, had)
        self._date(now, had)
        self._attribution.name_responders(now)
        now.state = question_state(now, run)
        # What is new and yet older than what has been forgotten may have been counted before.
        before = self._upstream.pruned_before
        counts = had.counted is not None if had else before is None or now.created_at >= before
        now.counted = facts(now, had.counted if had else None) if counts else None
        return now

    def _attributed(self, had: Interaction) -> Interaction:
        """The row with the people named behind its answers, of which one was sent from here."""
        now = copy(had)
        now.responses = deepcopy(had.responses)
        self._attribution.name_responders(now)
        now.counted = now.counted and facts(now, now.counted)
        return now

    def _name_members(self, now: Interaction, had: Interaction | None) -> None:
        if now.target_type != "group" or now.members is not None:
            return
        # A snapshot never changes: a reading without it says nothing about it. Nor does it matter
        # who is in a group now once the question is over.
        settled = had is not None and (
            had.members_from == Interaction.FROM_SNAPSHOT or not now.pending
        )
        if had is not None and settled and now.target_type == had.target_type:
            now.members, now.members_from = had.members, had.members_from
        else:
            self._members.name(now)

    def _write_events(self) -> None:
        rows = []
        for event in self._batch.events:
            run_id = event.run_id or (event.interaction and event.interaction.run_id) or ""
            rows.append(
                Event(
                    upstream=self._upstream,
                    run_id=run_id,
                    seq=event.seq,
                    kind=event.kind.value,
                    type=event.type[:100],
                    at=event.at,
                    data=sentence_data(event),
                )
            )
            if run_id:
                self._changes.logs.add(run_id)
        Event.objects.bulk_create(rows, ignore_conflicts=True)

    def _known_runs(self, ids: Iterable[str]) -> dict[str, Run]:
        """Those of ``ids`` that the mirror holds, as this transaction has them."""
        wanted = set(ids)
        for some in chunks(wanted - self._runs.keys()):
            rows = Run.objects.filter(upstream=self._upstream, mobius_id__in=some)
            self._runs |= {row.mobius_id: row for row in rows}
        return {run_id: self._runs[run_id] for run_id in wanted & self._runs.keys()}

    def _save(self, rows: Sequence[Interaction] | Sequence[Run]) -> None:
        """Write them; each knows its ``pk`` afterwards."""
        upsert(rows, ("upstream_id", "mobius_id"))
        new = {row.mobius_id: row for row in rows if row.pk is None}
        for ids in chunks(new):
            written = type(rows[0])._default_manager.filter(
                upstream=self._upstream, mobius_id__in=ids
            )
            for mobius_id, pk in written.values_list("mobius_id", "pk"):
                new[mobius_id].pk = pk

    def _mark_deleted(self, row: Interaction | Run) -> None:
        """Upstream has it no longer. An event that was heard before does not bring it back."""
        row.gone = True
        row.seq = max(row.seq, self._followed_from or 0)

    def _date(self, now: Interaction | Run | Step, had: Interaction | Run | Step | None) -> None:
        """Where upstream tells no times: made when first read, changed when a reading differs."""
        if now.created_at == NO_TIME:
            now.created_at = self._read_at if had is None else had.created_at
        if now.updated_at == NO_TIME:
            now.updated_at = self._read_at
            if had is not None:
                now.updated_at = had.updated_at
                if has_changed(had, now):
                    now.updated_at = self._read_at

    def _newer(
        self,
        had: Row | None,
        snapshots: list[Snapshot[Thing]],
        make: Callable[[Row | None, Snapshot[Thing]], Row],
    ) -> Row | None:
        """The row as the newest telling has it; None where what is held is as new or the same."""
        told = newest(snapshots)
        if had is not None and not told.newer_than(had.updated_at, had.seq):
            return None
        if had is not None and told.thing.updated_at == NO_TIME and _over(had) > _over(told.thing):
            return None
        now = make(had, told)
        now.pk = None if had is None else had.pk
        if had is not None and not told.logged and not has_changed(had, now):
            return None
        return now


def _with_status_of(told: Run, had: Run) -> Run:
    """The run as it was, but for its status."""
    now = copy(had)
    for name in ("status", "state", "finished", "updated_at", "seq"):
        setattr(now, name, getattr(told, name))
    return now


def _over(thing: object) -> bool:
    """Nothing follows it."""
    match thing:
        case Run():
            return thing.finished
        case types.Run():
            return thing.status.finished
        case Interaction() | types.Interaction() | Step() | types.Step():
            return str(thing.status) in ("completed", "expired", "failed", "cancelled")
        case _:
            return False


def _is_answered(told: Snapshot[types.Interaction]) -> bool:
    return bool(told.thing.responses) or told.thing.status is InteractionStatus.COMPLETED


def _plan(snapshots: list[Snapshot[types.Run]]) -> list[dict[str, str]] | None:
    plans = (told.thing.plan for told in snapshots)
    plan = next((plan for plan in plans if plan is not None), None)
    return None if plan is None else [_step_plan(step) for step in plan]


def _step_plan(step: types.StepPlan) -> dict[str, Any]:
    return step.model_dump(mode="json", exclude={"asks"} if step.asks is None else set())


def _asking(run: Run) -> tuple[str, str]:
    return run.workflow, asked_by(run.metadata, run.started_by)


def _new_answers(had: Interaction | None, now: Interaction) -> list[Answer]:
    known = set() if had is None else {answer.user_id for answer in Answer.all_of(had)}
    return [answer for answer in Answer.all_of(now) if answer.user_id not in known]


def _named(had: Interaction | None, run: Run | None) -> tuple[str, str]:
    if run is not None:
        return _asking(run)
    return ("", "") if had is None else (had.workflow, had.asked_by)
