"""However snapshots are ordered, lost or repeated, the mirror ends up like upstream."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inbox.mirror import project
from inbox.mobius.types import (
    Event,
    Interaction,
    InteractionStatus,
    PolicyKind,
    Run,
    RunStatus,
)
from inbox.models import Event as EventRow
from inbox.models import Interaction as InteractionRow
from inbox.models import Recipient, Upstream
from inbox.models import Run as RunRow
from tests.support import snapshots
from tests.support.snapshots import LEE, RINA, SAM, reply

PEOPLE = (RINA, SAM, LEE)
UNHURRIED = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@dataclass
class World:
    """``clock`` is coarse: several changes can have the same time."""

    clock: int = 0
    runs: dict[str, Run] = field(default_factory=dict)
    asks: dict[str, Interaction] = field(default_factory=dict)
    log: list[Event] = field(default_factory=list)
    past: list[tuple[int, list[Run | Interaction]]] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)
    """What became of each question that closed unanswered."""

    @property
    def now(self) -> list[Run | Interaction]:
        return [*self.runs.values(), *self.asks.values()]

    def tell(self, thing: Run | Interaction) -> None:
        """Change a thing: its new state, an event, and a state of the world to be read later."""
        home: dict[str, Any] = self.runs if isinstance(thing, Run) else self.asks
        thing = thing.model_copy(update={"raw": {"version": len(self.log)}})
        home[thing.id] = thing
        self.log.append(snapshots.event(len(self.log) + 1, thing))
        self.past.append((len(self.log), self.now))

    def start(self, person: str) -> None:
        id = f"run_{len(self.runs)}"
        made = snapshots.run(
            id, self.clock, metadata={"requested_by": person}, created_at=snapshots.at(self.clock)
        )
        self.tell(made)

    def move(self, run: Run, status: RunStatus) -> None:
        if run.status.finished:
            return
        update = {"status": status, "updated_at": snapshots.at(self.clock)}
        self.tell(run.model_copy(update=update))

    def ask(self, run: Run | None, everyone: bool, lasts: int | None) -> None:
        id = f"int_{len(self.asks)}"
        make = snapshots.group_ask if everyone else snapshots.ask
        expires = None if lasts is None else snapshots.at(self.clock + lasts)
        self.tell(make(id, self.clock, run_id=run.id if run else None, expires_at=expires))

    def answer(self, ask: Interaction, by: str) -> None:
        given = {answer.user_id for answer in ask.responses}
        if ask.status is not InteractionStatus.PENDING or by in given:
            return
        if ask.members is None and by != ask.target.id:
            return
        answer = reply(by, True, at=snapshots.at(self.clock))
        last = ask.policy.kind is not PolicyKind.ALL or len(given) + 1 == len(ask.members or ())
        status = InteractionStatus.COMPLETED if last else InteractionStatus.PENDING
        update = {
            "responses": (*ask.responses, answer),
            "status": status,
            "completed_at": snapshots.at(self.clock) if last else None,
            "updated_at": snapshots.at(self.clock),
        }
        self.tell(ask.model_copy(update=update))

    def close(self, ask: Interaction, state: str) -> None:
        if ask.status is InteractionStatus.PENDING:
            self.states[ask.id] = state
            update = {"status": InteractionStatus.EXPIRED, "updated_at": snapshots.at(self.clock)}
            self.tell(ask.model_copy(update=update))

    def expire(self, ask: Interaction) -> None:
        """At its deadline, or where it has none at any time; nothing else happens just then."""
        over = self.runs[ask.run_id].status.finished if ask.run_id else False
        if ask.expires_at is None:
            self.close(ask, "cancelled" if over else "expired")
        elif snapshots.at(self.clock) >= ask.expires_at:
            self.close(ask, "expired")
        self.clock += 1

    def bypass(self, ask: Interaction) -> None:
        """By a signal: its run goes on, and is over later than that, if ever."""
        run = self.runs.get(ask.run_id or "")
        late = ask.expires_at is None or snapshots.at(self.clock) >= ask.expires_at
        if run is not None and not run.status.finished and not late:
            self.close(ask, "bypassed")
            self.clock += 1

    def cancel(self, run: Run) -> None:
        if run.status.finished:
            return
        for ask in list(self.asks.values()):
            if ask.run_id == run.id:
                in_time = ask.expires_at is not None and snapshots.at(self.clock) >= ask.expires_at
                self.close(ask, "expired" if in_time else "cancelled")
        update = {
            "status": RunStatus.FAILED,
            "error_type": "run_cancelled",
            "completed_at": snapshots.at(self.clock),
            "updated_at": snapshots.at(self.clock),
        }
        self.tell(run.model_copy(update=update))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    world = World()
    for _ in range(draw(st.integers(1, 14))):
        world.clock += draw(st.integers(0, 1))
        runs, asks = list(world.runs.values()), list(world.asks.values())
        moves = ("start", "move", "ask", "answer", "answer", "expire", "bypass", "cancel")
        match draw(st.sampled_from(moves)):
            case "start":
                world.start(draw(st.sampled_from(PEOPLE)))
            case "move" if runs:
                world.move(draw(st.sampled_from(runs)), draw(st.sampled_from(list(RunStatus)[:5])))
            case "answer" if asks:
                world.answer(draw(st.sampled_from(asks)), draw(st.sampled_from(PEOPLE)))
            case "expire" if asks:
                world.expire(draw(st.sampled_from(asks)))
            case "bypass" if asks:
                world.bypass(draw(st.sampled_from(asks)))
            case "cancel" if runs:
                world.cancel(draw(st.sampled_from(runs)))
            case _:
                lasts = draw(st.sampled_from((None, 1, 2, 1000)))
                world.ask(draw(st.sampled_from([None, *runs])), draw(st.booleans()), lasts)
    return world


@dataclass
class Told:
    upstream: Upstream

    def apply(self, payloads: Any, seen_seq: int | None = None) -> None:
        before = self._ages()
        project.apply(self.upstream, payloads, read_at=datetime.now(UTC), seen_seq=seen_seq)
        now = self._ages()
        assert all(now[key] >= age for key, age in before.items()), "a row moved backward"

    @staticmethod
    def _ages() -> dict[str, datetime]:
        runs = RunRow.objects.exclude(raw={})
        ages = dict(runs.values_list("mobius_id", "updated_at"))
        return ages | dict(InteractionRow.objects.values_list("mobius_id", "updated_at"))


def assert_the_same(world: World) -> None:
    runs = {row.mobius_id: row for row in RunRow.objects.all()}
    assert runs.keys() == world.runs.keys()
    for run in world.runs.values():
        row = runs[run.id]
        assert (row.status, row.updated_at, row.finished) == (
            run.status.value,
            run.updated_at,
            run.status.finished,
        )
        assert row.cancelled == (run.error_type == "run_cancelled")
    rows = {row.mobius_id: row for row in InteractionRow.objects.all()}
    assert rows.keys() == world.asks.keys()
    for ask in world.asks.values():
        row = rows[ask.id]
        answers = {answer.user_id: answer for answer in ask.responses}
        assert (row.status, row.updated_at) == (ask.status.value, ask.updated_at)
        assert row.state == world.states.get(ask.id, ask.status.value)
        assert [one["user_id"] for one in row.responses] == list(answers)
        requested = world.runs[ask.run_id].metadata["requested_by"] if ask.run_id else ""
        assert row.asked_by == requested
        asked = {one.user_id: one for one in Recipient.objects.filter(interaction=row)}
        assert set(asked) == set(ask.members or (ask.target.id,))
        for user_id, one in asked.items():
            pending = ask.status is InteractionStatus.PENDING
            assert one.open == (pending and user_id not in answers)
            answer = answers.get(user_id)
            assert one.answered_at == (answer and answer.at)
            assert (one.closed_at is None) == one.open


@pytest.fixture
def told(db: None) -> Told:
    return Told(Upstream.current())


def clear() -> None:
    for model in (Recipient, InteractionRow, EventRow, RunRow):
        model.objects.all().delete()


@UNHURRIED
@given(data=st.data(), world=worlds())
def test_events_alone_in_any_order_fill_the_mirror(
    told: Told, data: st.DataObject, world: World
) -> None:
    clear()
    frames = data.draw(st.permutations(world.log))
    frames += data.draw(st.lists(st.sampled_from(world.log), max_size=5))
    while frames:
        size = data.draw(st.integers(1, 4))
        told.apply(frames[:size])
        frames = frames[size:]
    assert_the_same(world)
    assert list(EventRow.objects.order_by("seq").values_list("seq", flat=True)) == [
        event.seq for event in world.log
    ]


@UNHURRIED
@given(data=st.data(), world=worlds())
def test_one_full_sync_repairs_lost_repeated_and_late_events(
    told: Told, data: st.DataObject, world: World
) -> None:
    clear()
    for _ in range(data.draw(st.integers(0, 8))):
        if data.draw(st.booleans()):
            told.apply(data.draw(st.lists(st.sampled_from(world.log), max_size=4)))
        else:
            # A page, or a single read: it was requested before all events that it reflects had
            # arrived.
            seq, state = data.draw(st.sampled_from(world.past))
            page = data.draw(st.lists(st.sampled_from(state), max_size=3))
            told.apply(page, seen_seq=data.draw(st.integers(0, seq)))
    everything = data.draw(st.permutations(world.now))
    told.apply(everything, seen_seq=len(world.log))
    assert_the_same(world)
