"""Writes the payloads of one transaction into rows."""

from collections.abc import Callable, Collection, Iterable, Sequence
from copy import copy
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from django.db.models import QuerySet

from inbox.mirror import index, recipients
from inbox.mirror.attribution import Attribution
from inbox.mirror.changes import Changes
from inbox.mirror.completion import complete
from inbox.mirror.members import Members
from inbox.mirror.observers import MirroredAnswer, QuestionChange, RunChange
from inbox.mirror.own_changes import keep_seen
from inbox.mirror.prune import drop_pruned
from inbox.mirror.rows import (
    asked_by,
    entered_status_at,
    inferred_run_row,
    interaction_row,
    run_row,
    step_row,
)
from inbox.mirror.snapshots import Received, Resource, Snapshot, newest
from inbox.mirror.states import question_state, status_word
from inbox.mirror.tally import Tallies, facts
from inbox.mirror.timeline import sentence_data
from inbox.mirror.unchanged import drop_unchanged, has_changed
from inbox.mirror.upsert import chunks, upsert
from inbox.mobius import types
from inbox.mobius.types import NO_TIME, InteractionStatus
from inbox.models import Event, Interaction, Run, Step, Upstream

Row = TypeVar("Row", Interaction, Run, Step)


class Projection:
    """Call ``write`` once, in a transaction that has locked the upstream's row.

    ``followed_from``: all events after this seq reach the mirror; None where that is not known.
    """

    def __init__(
        self,
        upstream: Upstream,
        received: Received,
        *,
        read_at: datetime,
        followed_from: int | None,
        complete_runs: Collection[str],
        accepted: Collection[str],
    ) -> None:
        self._upstream = upstream
        self._received = received
        self._read_at = read_at
        self._followed_from = followed_from
        self._complete_runs = complete_runs
        self._accepted = accepted
        self._changes = Changes()
        self._runs: dict[str, Run] = {}
        self._tallies = Tallies()
        self._attribution = Attribution(upstream, ())
        self._members = Members(upstream)
        self.answers: list[MirroredAnswer] = []
        """Answers that the mirror did not have."""
        self.questions: list[QuestionChange] = []
        """Questions that were new or differed, in no order."""
        self.runs: list[RunChange] = []
        """Runs that were new or differed, in no order."""

    def write(self) -> Changes:
        """Runs come first, since their steps and interactions need them."""
        self._write_runs()
        self._write_steps()
        self._write_interactions()
        self._write_events()
        self._tallies.write(self._upstream)
        return self._changes

    def _write_runs(self) -> None:
        snapshots_by_id = drop_unchanged(self._upstream, Run, self._received.runs)
        deleted = {one.run_id for one in self._received.deleted if one.run_id}
        by_id = self._known_runs(snapshots_by_id.keys() | deleted | set(self._complete_runs))
        drop_pruned(snapshots_by_id, by_id, self._upstream.pruned_before)
        writes: dict[str, Run] = {}
        renamed: list[Run] = []
        ended: list[Run] = []
        planned: list[Run] = []
        for run_id, snapshots in snapshots_by_id.items():
            stored = by_id.get(run_id)
            if stored is not None and stored.known_only_from_questions:
                stored = None
            row = self._newer(stored, snapshots, self._run)
            if row is not None:
                writes[run_id] = by_id[run_id] = row
                if has_changed(stored, row):
                    self._changes.runs.add(run_id)
                    self.runs.append(RunChange(stored, row))
                if stored is None or _requester(stored) != _requester(row):
                    renamed.append(row)
                elif stored.ended_at != row.ended_at:
                    ended.append(row)
            # A plan never changes, so that of an older snapshot is as good.
            if by_id[run_id].plan is None and (plan := _plan(snapshots)) is not None:
                writes[run_id] = by_id[run_id]
                by_id[run_id].plan = plan
                self._changes.logs.add(run_id)
                planned.append(by_id[run_id])
        for run_id in deleted & by_id.keys():
            if not by_id[run_id].deleted:
                self._mark_deleted(by_id[run_id])
                writes[run_id] = by_id[run_id]
                self._changes.runs.add(run_id)
        for run_id in by_id.keys() & set(self._complete_runs):
            if by_id[run_id].log_from != 0:
                by_id[run_id].log_from = 0
                writes[run_id] = by_id[run_id]
                self._changes.logs.add(run_id)
        self._save(list(writes.values()))
        self._runs |= writes
        self._complete_questions(planned)
        self._update_questions(renamed, Interaction.objects.all())
        self._update_questions(ended, Interaction.objects.filter(status="expired"))

    def _run(self, stored: Run | None, last: Snapshot[types.Run]) -> Run:
        row = run_row(self._upstream, last.resource, last.seq)
        if last.resource.partial and stored is not None:
            row = _with_status_of(row, stored)
        self._fill_times(row, stored)
        if last.resource.partial and row.finished:
            row.completed_at = row.completed_at or row.updated_at
        snapshots = sorted(self._received.runs[last.resource.id], key=lambda snapshot: snapshot.age)
        if stored is None:
            status, since, row.log_from = "", row.updated_at, self._log_from(snapshots)
        else:
            status, since, row.log_from = stored.status, stored.status_since, stored.log_from
            row.plan = stored.plan
            snapshots = [s for s in snapshots if s.newer_than(stored.updated_at, stored.seq)]
        for snapshot in snapshots:
            word = status_word(snapshot.resource)
            if word != status:
                status, since = word, entered_status_at(snapshot.resource)
        row.status_since = self._read_at if since == NO_TIME else since
        return row

    def _log_from(self, snapshots: list[Snapshot[types.Run]]) -> int | None:
        """The seq from which the log of a new run is complete; None if that is unknown."""
        if self._followed_from is None:
            return None
        logged = [snapshot for snapshot in snapshots if snapshot.logged]
        # The event that created the run: nothing can have come before it.
        if any(
            NO_TIME != snapshot.resource.updated_at == snapshot.resource.created_at
            for snapshot in logged
        ):
            return 0
        return min((snapshot.seq for snapshot in logged), default=self._followed_from + 1)

    def _update_questions(self, runs: list[Run], questions: QuerySet[Interaction]) -> None:
        by_id = {run.mobius_id: run for run in runs}
        fields = ["workflow", "asked_by", "state", "counted"]
        for ids in chunks(by_id):
            rows, found_by_run = [], []
            for row in questions.filter(upstream=self._upstream, run_id__in=ids):
                run = by_id[str(row.run_id)]
                (workflow, person), state = _origin(row, row, run), self._state(row, run)
                if (row.workflow, row.asked_by, row.state) != (workflow, person, state):
                    self._tallies.subtract(row)
                    row.workflow, row.asked_by, row.state = workflow, person, state
                    row.counted = row.counted and facts(row, row.counted)
                    self._tallies.add(row)
                    rows.append(row)
                elif run.external_id:
                    found_by_run.append(row)
            Interaction.objects.bulk_update(rows, fields, 100)
            index.write([*rows, *found_by_run], by_id)
            self._changes.interactions.update(row.mobius_id for row in rows)
            self._changes.touch(*recipients.write(new=[], changed=rows, at=self._read_at))

    def _complete_questions(self, runs: list[Run]) -> None:
        by_id = {run.mobius_id: run for run in runs}
        for ids in chunks(by_id):
            rows = []
            for row in self._open_questions(ids).exclude(unknown_fields=""):
                missing = row.unknown_fields
                complete(row, None, by_id[str(row.run_id)])
                if row.unknown_fields == missing:
                    continue
                self._tallies.subtract(row)
                self._set_members(row, None)
                row.counted = row.counted and facts(row, row.counted)
                self._tallies.add(row)
                rows.append(row)
            self._save(rows)
            index.write(rows, by_id)
            self._changes.interactions.update(row.mobius_id for row in rows)
            self._changes.touch(*recipients.write(new=[], changed=rows, at=self._read_at))

    def _open_questions(self, run_ids: Collection[str]) -> QuerySet[Interaction]:
        return Interaction.objects.open().filter(upstream=self._upstream, run_id__in=run_ids)

    def _write_steps(self) -> None:
        snapshots_by_key = self._received.steps
        runs = self._known_runs({run_id for run_id, _ in snapshots_by_key})
        by_id: dict[tuple[str, str], Step] = {}
        for ids in chunks({step_id for _, step_id in snapshots_by_key}):
            steps = Step.objects.filter(run__upstream=self._upstream, mobius_id__in=ids)
            for step in steps.select_related("run"):
                by_id[step.run.mobius_id, step.mobius_id] = step
        writes = []
        for key, snapshots in snapshots_by_key.items():
            run = runs.get(key[0])
            # The steps of an unknown run are read when someone opens it.
            if run is None:
                continue
            stored = by_id.get(key)
            row = self._newer(stored, snapshots, partial(self._step, run))
            if row is None:
                continue
            writes.append(row)
            if has_changed(stored, row):
                self._changes.logs.add(run.mobius_id)
        upsert(writes, ("run_id", "mobius_id"))

    def _step(self, run: Run, stored: Step | None, snapshot: Snapshot[types.Step]) -> Step:
        row = step_row(run, snapshot.resource, snapshot.seq)
        self._fill_times(row, stored)
        return row

    def _write_interactions(self) -> None:
        deleted = {one.interaction_id for one in self._received.deleted if one.interaction_id}
        by_id = self._known_questions(deleted | set(self._accepted))
        snapshots_by_id = drop_unchanged(
            self._upstream, Interaction, self._received.interactions, by_id
        )
        by_id |= self._known_questions(snapshots_by_id.keys() - by_id.keys())
        drop_pruned(snapshots_by_id, by_id, self._upstream.pruned_before)
        answered = {
            id for id, snapshots in snapshots_by_id.items() if any(map(_is_answered, snapshots))
        }
        self._attribution = Attribution(self._upstream, answered | set(self._accepted))
        run_ids = {snapshots[0].resource.run_id for snapshots in snapshots_by_id.values()} - {None}
        runs = self._known_runs(str(run_id) for run_id in run_ids)
        new: list[Interaction] = []
        changed: list[Interaction] = []
        quiet: list[Interaction] = []
        before: list[tuple[Interaction, Interaction]] = []
        for interaction_id, snapshots in snapshots_by_id.items():
            stored = by_id.get(interaction_id)
            row = self._newer(stored, snapshots, self._interaction)
            if row is None:
                continue
            run = runs.get(row.run_id or "")
            row.workflow, row.asked_by = _origin(row, stored or row, run)
            if stored is not None:
                self._tallies.subtract(stored)
            self._tallies.add(row)
            self.answers += _new_answers(stored, row)
            by_id[interaction_id] = row
            if stored is None:
                new.append(row)
            elif has_changed(stored, row):
                changed.append(row)
                before.append((stored, row))
            else:
                quiet.append(row)
        written = {row.mobius_id for row in [*new, *changed, *quiet]}
        for interaction_id in (by_id.keys() & set(self._accepted)) - written:
            stored = by_id[interaction_id]
            row = self._attributed(stored)
            if has_changed(stored, row):
                self._tallies.subtract(stored)
                self._tallies.add(row)
                by_id[interaction_id] = row
                changed.append(row)
                before.append((stored, row))
        for interaction_id in deleted & by_id.keys():
            row = by_id[interaction_id]
            if not row.deleted:
                self._mark_deleted(row)
                changed.append(row)
        self._save([*new, *changed, *quiet])
        index.write([*new, *changed], runs)
        self._infer_runs([*new, *changed])
        self._changes.interactions.update(row.mobius_id for row in [*new, *changed])
        self._changes.touch(*recipients.write(new=new, changed=changed, at=self._read_at))
        self._note_changes(new, before)

    def _note_changes(
        self, new: Sequence[Interaction], changed: Sequence[tuple[Interaction, Interaction]]
    ) -> None:
        """``changed``: stored and new rows."""
        keep_seen(changed)
        self.questions += [QuestionChange(None, row) for row in new]
        self.questions += [QuestionChange(stored, row) for stored, row in changed]

    def _known_questions(self, ids: Iterable[str]) -> dict[str, Interaction]:
        by_id: dict[str, Interaction] = {}
        for chunk in chunks(ids):
            rows = Interaction.objects.filter(upstream=self._upstream, mobius_id__in=chunk)
            by_id |= {row.mobius_id: row for row in rows}
        return by_id

    def _infer_runs(self, questions: Iterable[Interaction]) -> None:
        by_run = {row.run_id: row for row in questions if row.run_id}
        by_id = self._known_runs(by_run)
        unread = {
            id: row
            for id, row in by_run.items()
            if id not in by_id or by_id[id].known_only_from_questions
        }
        rows = []
        for ids in chunks(unread):
            asking = set(self._open_questions(ids).values_list("run_id", flat=True))
            for id in ids:
                stored = by_id.get(id)
                row = inferred_run_row(self._upstream, unread[id], asking=id in asking)
                is_news = id in asking if stored is None else stored.status != row.status
                if is_news:
                    rows.append(row)
        self._save(rows)
        self._runs |= {row.mobius_id: row for row in rows}
        self._changes.runs.update(row.mobius_id for row in rows)

    def _interaction(
        self, stored: Interaction | None, snapshot: Snapshot[types.Interaction]
    ) -> Interaction:
        row = interaction_row(self._upstream, snapshot.resource, snapshot.seq)
        run = self._runs.get(row.run_id or "")
        complete(row, stored, run)
        self._set_members(row, stored)
        self._fill_times(row, stored)
        self._attribution.name_responders(row)
        row.state = self._state(row, run)
        before = self._upstream.pruned_before
        if stored is not None:
            row.counted = None if stored.counted is None else facts(row, stored.counted)
        # A new row older than the pruned ones may have been counted before.
        elif row.mobius_id not in self._upstream.test_questions and (
            before is None or row.created_at >= before
        ):
            row.counted = facts(row, None)
        return row

    def _state(self, row: Interaction, run: Run | None) -> str:
        says_cancelled = self._upstream.adapter.says_cancelled
        return question_state(row, run, says_cancelled=says_cancelled)

    def _attributed(self, stored: Interaction) -> Interaction:
        row = copy(stored)
        row.responses = [dict(answer) for answer in stored.responses]
        self._attribution.name_responders(row)
        row.counted = row.counted and facts(row, row.counted)
        return row

    def _set_members(self, row: Interaction, stored: Interaction | None) -> None:
        if row.target_type != "group" or row.members is not None:
            return
        # A member snapshot never changes, and a payload may leave it out. Once a question is
        # closed, later changes of the group don't matter.
        settled = stored is not None and (
            stored.members_from == Interaction.FROM_SNAPSHOT or not row.is_open
        )
        if stored is not None and settled and row.target_type == stored.target_type:
            row.members, row.members_from = stored.members, stored.members_from
        else:
            self._members.set_on(row)

    def _write_events(self) -> None:
        rows = []
        for event in self._received.events:
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
        """Includes this transaction's changes."""
        requested = set(ids)
        for chunk in chunks(requested - self._runs.keys()):
            rows = Run.objects.filter(upstream=self._upstream, mobius_id__in=chunk)
            self._runs |= {row.mobius_id: row for row in rows}
        return {run_id: self._runs[run_id] for run_id in requested & self._runs.keys()}

    def _save(self, rows: Sequence[Interaction] | Sequence[Run]) -> None:
        """Sets the ``pk`` of new rows."""
        upsert(rows, ("upstream_id", "mobius_id"))
        new = {row.mobius_id: row for row in rows if row.pk is None}
        for ids in chunks(new):
            written = type(rows[0])._default_manager.filter(
                upstream=self._upstream, mobius_id__in=ids
            )
            for mobius_id, pk in written.values_list("mobius_id", "pk"):
                new[mobius_id].pk = pk

    def _mark_deleted(self, row: Interaction | Run) -> None:
        """Earlier events do not bring the row back."""
        row.deleted = True
        row.seq = max(row.seq, self._followed_from or 0)

    def _fill_times(
        self, row: Interaction | Run | Step, stored: Interaction | Run | Step | None
    ) -> None:
        """Missing times: created when first read, updated when a payload differs."""
        if row.created_at == NO_TIME:
            row.created_at = self._read_at if stored is None else stored.created_at
        if row.updated_at == NO_TIME:
            row.updated_at = self._read_at
            if stored is not None:
                row.updated_at = stored.updated_at
                if has_changed(stored, row):
                    row.updated_at = self._read_at

    def _newer(
        self,
        stored: Row | None,
        snapshots: list[Snapshot[Resource]],
        make: Callable[[Row | None, Snapshot[Resource]], Row],
    ) -> Row | None:
        """None if the stored row is as new or equal."""
        snapshot = newest(snapshots)
        if stored is not None:
            rounds = snapshot.round - getattr(stored, "round", 0)
            newer = snapshot.newer_than(stored.updated_at, stored.seq)
            if rounds < 0 or (rounds == 0 and not newer):
                return None
        if (
            stored is not None
            and snapshot.resource.updated_at == NO_TIME
            and _is_closed(stored) > _is_closed(snapshot.resource)
        ):
            return None
        row = make(stored, snapshot)
        row.pk = None if stored is None else stored.pk
        if stored is not None and not snapshot.logged and not has_changed(stored, row):
            return None
        return row


def _with_status_of(status_row: Run, stored: Run) -> Run:
    row = copy(stored)
    for name in ("status", "state", "finished", "updated_at", "seq"):
        setattr(row, name, getattr(status_row, name))
    return row


_CLOSED = ("completed", "expired", "failed", "cancelled", "skipped")


def _is_closed(resource: object) -> bool:
    match resource:
        case Run():
            return resource.finished
        case types.Run():
            return resource.status.finished
        case Interaction() | types.Interaction() | Step() | types.Step():
            return str(resource.status) in _CLOSED
        case _:
            return False


def _is_answered(snapshot: Snapshot[types.Interaction]) -> bool:
    return (
        bool(snapshot.resource.responses) or snapshot.resource.status is InteractionStatus.COMPLETED
    )


def _plan(snapshots: list[Snapshot[types.Run]]) -> list[dict[str, str]] | None:
    plans = (snapshot.resource.plan for snapshot in snapshots)
    plan = next((plan for plan in plans if plan is not None), None)
    return None if plan is None else [_step_plan(step) for step in plan]


def _step_plan(step: types.StepPlan) -> dict[str, Any]:
    return step.model_dump(mode="json", exclude={"asks"} if step.asks is None else set())


def _requester(run: Run) -> tuple[str, str]:
    return run.workflow, asked_by(run.metadata, run.started_by)


def _origin(row: Interaction, stored: Interaction, run: Run | None) -> tuple[str, str]:
    """The workflow and the requester."""
    workflow, person = (stored.workflow, stored.asked_by) if run is None else _requester(run)
    return workflow, person or row.created_by[:200]


def _new_answers(stored: Interaction | None, row: Interaction) -> list[MirroredAnswer]:
    known = [] if stored is None else MirroredAnswer.all_of(stored)
    before = {(answer.user_id, answer.round) for answer in known}
    return [
        answer
        for answer in MirroredAnswer.all_of(row)
        if (answer.user_id, answer.round) not in before
    ]
