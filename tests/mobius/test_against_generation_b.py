"""Generation B from the other end: an engine that speaks it."""

import asyncio
from contextlib import aclosing

from inbox.mobius import Backoff, MobiusClient
from inbox.mobius.types import (
    Answer,
    Generation,
    InteractionStatus,
    Policy,
    PolicyKind,
    RunStatus,
    StepStatus,
)
from tests.fixtures_engine import LaterProject
from tests.support.later_items import LEE, RINA, SAM


def connect(project: LaterProject) -> MobiusClient:
    return MobiusClient(
        base_url=project.base_url,
        project=project.handle,
        token=project.service_key,
        generation=Generation.B,
        backoff=Backoff(base=0.01, cap=0.05),
    )


async def follow(client: MobiusClient, run_id: str, until: str) -> list[str]:
    """The types of the run's events up to the first of the type ``until``."""
    types: list[str] = []
    async with asyncio.timeout(60), aclosing(client.events(run_id=run_id, since=0)) as events:
        async for event in events:
            types.append(event.type)
            if event.type == until:
                return types
    raise AssertionError("an endless stream ended")


async def test_a_run_asks_is_answered_and_completes(later_project: LaterProject) -> None:
    run_id = later_project.run_story(later_project.question("gate"), name="rollout")
    async with connect(later_project) as client:
        await follow(client, run_id, "wait.opened")
        assert (await client.run(run_id)).status is RunStatus.SUSPENDED
        (asked,) = (await client.interactions(status="pending", run_id=run_id)).items
        assert (asked.run_id, asked.target.id, asked.title) == (run_id, RINA, "Ship it?")
        yes = [asked.questions[0].answer(True)]
        rina = client.acting_as(later_project.tokens[RINA])
        done = await rina.respond(asked.id, raw=asked.raw, answers=yes, comment="Go")
        types = await follow(client, run_id, "run.completed")
        run, steps, log = (
            await client.run(run_id),
            await client.steps(run_id),
            await client.log(run_id),
        )
        (listed,) = (await client.runs(status="completed")).items
    assert done is not None
    assert done.status is InteractionStatus.COMPLETED
    assert done.responses == (
        Answer(user_id=RINA, answers=tuple(yes), comment="Go", at=done.responses[0].at),
    )
    assert (run.status, run.workflow, listed.id) == (RunStatus.COMPLETED, "rollout", run_id)
    assert [(step.name, step.status) for step in steps] == [("gate", StepStatus.COMPLETED)]
    assert [event.type for event in log] == types


async def test_several_people_answer_until_there_are_enough(later_project: LaterProject) -> None:
    later_project.ask(
        target_user_ids=[RINA, SAM, LEE],
        resolution_policy={"type": "quorum", "threshold": 2},
    )
    async with connect(later_project) as client:
        (asked,) = (await client.interactions(status="pending")).items
        assert (asked.members, asked.policy) == (
            (RINA, SAM, LEE),
            Policy(kind=PolicyKind.QUORUM, quorum=2),
        )
        statuses = []
        for who, value in ((SAM, False), (RINA, True)):
            person = client.acting_as(later_project.tokens[who])
            answers = [asked.questions[0].answer(value)]
            shown = await person.respond(asked.id, raw=asked.raw, answers=answers)
            assert shown is not None
            statuses.append(shown.status)
    assert statuses == [InteractionStatus.PENDING, InteractionStatus.COMPLETED]
    assert [(answer.user_id, answer.answers[0].value) for answer in shown.responses] == [
        (SAM, False),
        (RINA, True),
    ]


async def test_a_run_is_signalled_and_another_cancelled(later_project: LaterProject) -> None:
    waiting = later_project.run_story({"name": "wait", "wait_signal": {"topic": "go"}})
    asking = later_project.run_story(later_project.question())
    async with connect(later_project) as client:
        await follow(client, waiting, "wait.opened")
        await client.signal(waiting, name="wait", payload={"ok": True})
        await follow(client, waiting, "run.completed")
        await follow(client, asking, "wait.opened")
        await client.cancel_run(asking)
        await follow(client, asking, "run.cancelled")
        cancelled = await client.run(asking)
        (asked,) = (await client.interactions(run_id=asking)).items
    assert (cancelled.status, cancelled.stop_reason) == (RunStatus.CANCELLED, "cancelled")
    assert asked.status is InteractionStatus.CANCELLED
