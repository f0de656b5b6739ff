"""One transaction's worth of readings on its way into the rows."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from inbox.mirror import recipients
from inbox.mirror.changes import Changes
from inbox.mirror.history import leave_out
from inbox.mirror.observers import Answer
from inbox.mirror.readings import Batch, Thing, Told, newest
from inbox.mirror.rows import (
    asked_by,
    entered_status_at,
    interaction_row,
    name_run,
    run_row,
    step_row,
)
from inbox.mirror.sameness import differs, news
from inbox.mirror.tally import Tallies, facts
from inbox.mirror.timeline import sentence_data
from inbox.mirror.upsert import chunks, upsert
from inbox.mirror.words import status_word
from inbox.mobius import types
from inbox.models import Event, Interaction, Run, Step, Upstream

Row = TypeVar("Row", Interaction, Run, Step)


class Projection:
    """``write`` once, in a transaction that holds the upstream's row.

    ``followed_from``: all events after this seq reach the mirror; None where that is not known.
    """

    def __init__(
        self,
        upstream: Upstream,
        batch: Batch,
        *,
        read_at: datetime,
        followed_from: int | None,
        whole: Collection[str],
    ) -> None:
        self._upstream = upstream
        self._batch = batch
        self._read_at = read_at
        self._followed_from = followed_from
        self._whole = whole
        self._changes = Changes()
        self._runs: dict[str, Run] = {}
        self._tallies = Tallies()
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
        told = news(self._upstream, Run, self._batch.runs)
        gone = {gone.run_id for gone in self._batch.gone if gone.run_id is not None}
        held = self._known_runs(told.keys() | gone | set(self._whole))
        leave_out(told, held, self._upstream.pruned_before)
        writes: dict[str, Run] = {}
        renamed: list[Run] = []
        for run_id, tellings in told.items():
            had = held.get(run_id)
            now = self._newer(had, tellings, self._run)
            if now is not None:
                writes[run_id] = held[run_id] = now
                if differs(had, now):
                    self._changes.runs.add(run_id)
                if had is None or _asking(had) != _asking(now):
                    renamed.append(now)
            # A plan never changes: that of an old reading is as good.
            if held[run_id].plan is None and (plan := _plan(tellings)) is not None:
                writes[run_id] = held[run_id]
                held[run_id].plan = plan
                self._changes.logs.add(run_id)
        for run_id in gone & held.keys():
            if not held[run_id].gone:
                self._lose(held[run_id])
                writes[run_id] = held[run_id]
                self._changes.runs.add(run_id)
        for run_id in held.keys() & set(self._whole):
            if held[run_id].log_from != 0:
                held[run_id].log_from = 0
                writes[run_id] = held[run_id]
                self._changes.logs.add(run_id)
        self._save(list(writes.values()))
        self._runs |= writes
        self._rename(renamed)

    def _run(self, had: Run | None, told: Told[types.Run]) -> Run:
        now = run_row(self._upstream, told.thing, told.seq)
        tellings = sorted(self._batch.runs[told.thing.id], key=lambda one: one.age)
        if had is None:
            status, since, now.log_from = "", now.updated_at, self._log_from(tellings)
        else:
            status, since, now.log_from = had.status, had.status_since, had.log_from
            now.plan = had.plan
            tellings = [one for one in tellings if one.newer_than(had.updated_at, had.seq)]
        for one in tellings:
            word = status_word(one.thing)
            if word != status:
                status, since = word, entered_status_at(one.thing)
        now.status_since = since
        return now

    def _log_from(self, tellings: list[Told[types.Run]]) -> int | None:
        """From which seq on the log of a run is whole that was not known before."""
        if self._followed_from is None:
            return None
        logged = [one for one in tellings if one.logged]
        # As it was made, and told by an event: nothing of it can have come before.
        if any(one.thing.updated_at == one.thing.created_at for one in logged):
            return 0
        return min((one.seq for one in logged), default=self._followed_from + 1)

    def _rename(self, runs: list[Run]) -> None:
        """What a run's interactions say of it follows it."""
        by_id = {run.mobius_id: run for run in runs}
        for ids in chunks(by_id):
            asked = Interaction.objects.filter(upstream=self._upstream, run_id__in=ids)
            rows = []
            for row in asked:
                workflow, person = _asking(by_id[str(row.run_id)])
                if (row.workflow, row.asked_by) != (workflow, person):
                    self._tallies.take(row)
                    name_run(row, workflow, person)
                    self._tallies.give(row)
                    rows.append(row)
            Interaction.objects.bulk_update(rows, ["workflow", "asked_by", "search"], 100)
            self._changes.interactions.update(row.mobius_id for row in rows)
            self._changes.people |= recipients.people_of(rows)

    def _write_steps(self) -> None:
        told = self._batch.steps
        runs = self._known_runs({run_id for run_id, _ in told})
        held: dict[tuple[str, str], Step] = {}
        for ids in chunks({step_id for _, step_id in told}):
            steps = Step.objects.filter(run__upstream=self._upstream, mobius_id__in=ids)
            for step in steps.select_related("run"):
                held[step.run.mobius_id, step.mobius_id] = step
        writes = []
        for key, tellings in told.items():
            run = runs.get(key[0])
            # Steps of a run that is not known yet are read when somebody opens it.
            if run is None:
                continue
            had = held.get(key)
            now = self._newer(had, tellings, partial(self._step, run))
            if now is None:
                continue
            writes.append(now)
            if differs(had, now):
                self._changes.logs.add(run.mobius_id)
        upsert(writes, ("run_id", "mobius_id"))

    @staticmethod
    def _step(run: Run, _: Step | None, told: Told[types.Step]) -> Step:
        return step_row(run, told.thing, told.seq)

    def _write_interactions(self) -> None:
        told = news(self._upstream, Interaction, self._batch.interactions)
        gone = {one.interaction_id for one in self._batch.gone if one.interaction_id is not None}
        held: dict[str, Interaction] = {}
        for ids in chunks(told.keys() | gone):
            rows = Interaction.objects.filter(upstream=self._upstream, mobius_id__in=ids)
            held |= {row.mobius_id: row for row in rows}
        leave_out(told, held, self._upstream.pruned_before)
        run_ids = {tellings[0].thing.run_id for tellings in told.values()} - {None}
        runs = self._known_runs(str(run_id) for run_id in run_ids)
        new: list[Interaction] = []
        changed: list[Interaction] = []
        quiet: list[Interaction] = []
        for interaction_id, tellings in told.items():
            had = held.get(interaction_id)
            now = self._newer(had, tellings, self._interaction)
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
            elif differs(had, now):
                changed.append(now)
            else:
                quiet.append(now)
        for interaction_id in gone & held.keys():
            row = held[interaction_id]
            if not row.gone:
                self._lose(row)
                changed.append(row)
        self._save([*new, *changed, *quiet])
        self._changes.interactions.update(row.mobius_id for row in [*new, *changed])
        self._changes.people |= recipients.keep(new=new, changed=changed, at=self._read_at)

    def _interaction(self, had: Interaction | None, told: Told[types.Interaction]) -> Interaction:
        now = interaction_row(self._upstream, told.thing, told.seq)
        if had is not None and now.members is None and now.target_type == had.target_type:
            # A snapshot never changes: a reading without it says nothing about it.
            now.members = had.members
        # What is new and yet older than what has been forgotten may have been counted before.
        before = self._upstream.pruned_before
        counts = had.counted is not None if had else before is None or now.created_at >= before
        now.counted = facts(now) if counts else None
        return now

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

    def _lose(self, row: Interaction | Run) -> None:
        """Upstream has it no longer. An event that was heard before does not bring it back."""
        row.gone = True
        row.seq = max(row.seq, self._followed_from or 0)

    def _newer(
        self,
        had: Row | None,
        tellings: list[Told[Thing]],
        make: Callable[[Row | None, Told[Thing]], Row],
    ) -> Row | None:
        """The row as the newest telling has it; None where what is held is as new or the same."""
        told = newest(tellings)
        if had is not None and not told.newer_than(had.updated_at, had.seq):
            return None
        now = make(had, told)
        now.pk = None if had is None else had.pk
        if had is not None and not told.logged and not differs(had, now):
            return None
        return now


def _plan(tellings: list[Told[types.Run]]) -> list[dict[str, str]] | None:
    plans = (told.thing.plan for told in tellings)
    plan = next((plan for plan in plans if plan is not None), None)
    return None if plan is None else [step.model_dump(mode="json") for step in plan]


def _asking(run: Run) -> tuple[str, str]:
    return run.workflow, asked_by(run.metadata, run.started_by)


def _new_answers(had: Interaction | None, now: Interaction) -> list[Answer]:
    known = set() if had is None else {answer.user_id for answer in Answer.all_of(had)}
    return [answer for answer in Answer.all_of(now) if answer.user_id not in known]


def _named(had: Interaction | None, run: Run | None) -> tuple[str, str]:
    if run is not None:
        return _asking(run)
    return ("", "") if had is None else (had.workflow, had.asked_by)
