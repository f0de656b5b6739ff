import asyncio
from contextlib import aclosing, closing
from datetime import UTC, datetime
from typing import Any

from asgiref.sync import async_to_sync
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from inbox.mirror import project as mirror
from inbox.mirror.snapshots import Payload
from inbox.mirror.sync import Sync
from inbox.mobius.client import MobiusClient
from inbox.mobius.types import Event
from inbox.models import Interaction, Recipient, Run, Upstream
from tests.fixtures_engine import Project, fresh_project
from tests.support.snapshots import LEE, RINA, SAM

PEOPLE = (RINA, SAM, LEE)
STATUSES = ("suspended", "completed", "failed")

moves = st.tuples(
    st.sampled_from(("ask", "ask group", "start", "answer", "answer", "claim", "cancel")),
    st.sampled_from(PEOPLE),
    st.integers(0, 5),
)


class Story:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.reads: list[tuple[int, tuple[Payload, ...]]] = []
        self._asks: list[str] = []
        self._runs: list[str] = []

    def play(self, move: tuple[str, str, int]) -> None:
        """Do one thing; what cannot be done now is refused by the engine and changes nothing."""
        what, who, which = move
        match what:
            case "ask":
                target = {"type": "user", "id": who}
                self._asks.append(self.project.ask(target=target)["id"])
            case "ask group":
                handle = ("approvers", "change-board")[which % 2]
                target = {"type": "group", "id": handle}
                self._asks.append(self.project.ask(target=target)["id"])
            case "start":
                run = self.project.start(self.project.question(), self.project.question("again"))
                self._settle(run["id"])
                self._runs.append(run["id"])
                self._asks.append(self.project.pending(run["id"])["id"])
            case "answer" | "claim" if self._asks:
                verb, body = ("respond", {"value": True}) if what == "answer" else ("claim", None)
                ask = self._asks[which % len(self._asks)]
                self.project.as_(who).post(f"interactions/{ask}/{verb}", json=body)
                run_id = self.project.http.get(f"interactions/{ask}").json()["run_id"]
                if run_id is not None:
                    self._settle(run_id)
            case "cancel" if self._runs:
                self.project.http.post(f"runs/{self._runs[which % len(self._runs)]}/cancellations")

    def _settle(self, run_id: str) -> None:
        self.project.wait_for(run_id, *STATUSES)
        pending = self.project.http.get("interactions", params={"run_id": run_id}).json()["items"]
        self._asks += [one["id"] for one in pending if one["id"] not in self._asks]

    async def read(self, client: MobiusClient) -> None:
        heard = await newest(client)
        for call in (client.interactions, client.runs):
            page = await call()
            self.reads.append((heard, page.items))


async def newest(client: MobiusClient) -> int:
    async with aclosing(client.events()) as events:
        return (await anext(events)).seq


async def log_of(client: MobiusClient) -> list[Event]:
    end = await newest(client)
    found: list[Event] = []
    async with aclosing(client.events(since=0)) as events:
        while end and (not found or found[-1].seq < end):
            event = await anext(events)
            if event.logged:
                found.append(event)
    return found


def assert_the_same(project: Project) -> None:
    for path, model in (("interactions", Interaction), ("runs", Run)):
        theirs = project.http.get(path, params={"limit": 200}).json()["items"]
        ours: dict[str, Any] = {row.mobius_id: row for row in model._default_manager.all()}
        assert ours.keys() == {one["id"] for one in theirs}
        for one in theirs:
            row = ours[one["id"]]
            told = {key: row.raw.get(key) for key in one}
            assert told == one
            assert row.status == one["status"]
    for person in PEOPLE:
        query = {"inbox": "true", "status": "pending", "limit": 200}
        shown = project.as_(person).get("interactions", params=query).json()["items"]
        unanswered = {
            one["id"]
            for one in shown
            if person not in [answer["user_id"] for answer in one["partial_responses"] or ()]
        }
        open_ = Recipient.objects.filter(user_id=person, open=True)
        assert set(open_.values_list("interaction__mobius_id", flat=True)) == unanswered


@hypothesis(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data(), plot=st.lists(moves, min_size=1, max_size=10))
def test_a_full_sync_ends_equal_to_the_engine_whatever_came_before(
    db: None, engine: Any, settings: Any, data: st.DataObject, plot: list[tuple[str, str, int]]
) -> None:
    with closing(fresh_project(engine)) as project:
        live_and_compare(project, settings, data, plot)


def live_and_compare(
    project: Project, settings: Any, data: st.DataObject, plot: list[tuple[str, str, int]]
) -> None:
    settings.MOBIUS_BASE_URL, settings.MOBIUS_PROJECT = project.base_url, project.handle
    for model in (Recipient, Interaction, Run):
        model._default_manager.all().delete()
    upstream = Upstream.current()
    story = Story(project)

    async def tell_it() -> list[Event]:
        async with MobiusClient(
            base_url=project.base_url, project=project.handle, token=project.service_key
        ) as client:
            for number, move in enumerate(plot):
                await asyncio.to_thread(story.play, move)
                if number % 3 == 0:
                    await story.read(client)
            return await log_of(client)

    async def walk() -> None:
        async with MobiusClient(
            base_url=project.base_url, project=project.handle, token=project.service_key
        ) as client:
            await Sync(client).full_sync()

    log = async_to_sync(tell_it)()
    chances: list[tuple[int | None, list[Any]]] = [
        (heard, list(page)) for heard, page in story.reads
    ]
    chances += [(None, log[i : i + 3]) for i in range(len(log))]
    for heard, payloads in data.draw(st.lists(st.sampled_from(chances), max_size=8)) if log else ():
        some = data.draw(st.permutations(payloads))
        keep = some[: data.draw(st.integers(0, len(some)))]
        mirror.apply(upstream, keep, read_at=datetime.now(UTC), seen_seq=heard)
    async_to_sync(walk)()
    assert_the_same(project)
