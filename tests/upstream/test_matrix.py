"""Whatever a Mobius lacks, each page opens and says nothing false, and the main job works."""

import re
from collections.abc import Iterator
from html import unescape
from time import monotonic
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from inbox.mirror import capabilities
from inbox.mirror.freshness import Facts, sync_status
from inbox.mirror.polling import PollIntervals
from inbox.mobius.timing import Timeouts
from inbox.mobius.types import Generation
from inbox.models import Interaction, Run, Upstream
from inbox.people.demo import CAST
from inbox.upstream.connection import connection
from inbox.web.connection.capabilities import offered
from tests.mirror.keeping import Kept, keeping
from tests.support.people import make_people
from tests.support.tags import text_of
from tests.upstream import GuideServer, LaterServer
from tests.web.cast import answer, send, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

EVERYTHING = ("project_events", "steps", "me", "groups", "members", "cancel")
LACKS: dict[str, set[str]] = {
    "nothing": set(),
    **{call: {call} for call in (*EVERYTHING, "runs", "run", "run_events", "signal")},
    "closed": {"closed"},
    "all but the guide": {*EVERYTHING, "closed"},
    "all but what is required": {*EVERYTHING, "closed", "runs", "run", "signal"},
}
FOUND_AS = {
    "project_events": "project_events",
    "steps": "steps",
    "me": "token_owner",
    "groups": "groups",
    "runs": "runs",
    "run": "run",
    "run_events": "run_events",
    "closed": "closed",
}
"""What a probe calls it. The others only a POST could tell, or they belong to one of these."""

FALSE = (
    "No updates",
    "Waiting for the first sync",
    "First sync in progress",
    "been reached yet",
    "isn't responding",
    "isn&#x27;t responding",
    "Mobius refused",
    "accept the service key",
    "know this project",
    "uses an API",
    "Mobius does not know you",
    "Can't connect to Mobius",
    "Answering is paused",
    "not reached",
    "Mobius has none",
)
"""What no page says of a Mobius whose pending list can be read, whatever else it lacks."""

YEAR_ZERO = re.compile(r"(?<![\w-])1970(?!\w)")
"""A date shown where the time is missing. Random ids may hold the same digits."""

OF_ALL = ("/inbox/", "/inbox/?scope=claimed", "/inbox/?scope=waiting-others", "/inbox/?scope=done")
OF_ALL += ("/runs/", "/groups/", "/notifications/", "/account/", "/freshness/")
OF_LEADS = ("/runs/blocked/", "/insights/", "/decisions/")
OF_ADMINISTRATORS = ("/connection/", "/account/", "/readyz", "/inbox/")
BEFORE = {
    "rina": OF_ALL,
    "tess": (*OF_LEADS, "/runs/", "/groups/"),
    "admin": OF_ADMINISTRATORS,
}
LATER: dict[str, tuple[str, set[str]]] = {
    "b": ("b", set()),
    **{f"b without {call}": ("b", {call}) for call in ("runs", "run", "steps", "run_events")},
    "c1": ("c1", set()),
    "c": ("c", set()),
}
"""Generations after the guide's: the dialect, and calls that are missing."""
ABSENT = {"b": ("/groups/",), "c1": ("/groups/", "/runs/"), "c": ("/groups/", "/runs/")}
"""Pages that a dialect has no use for: nobody finds them, and no page leads there."""

AFTER = {"rina": ("/inbox/", "/inbox/?scope=done", "/runs/"), "tess": (*OF_LEADS, "/runs/")}
"""The pages on which an answer changes something."""


@pytest.fixture
def server(settings: Any, guide_server: GuideServer) -> Iterator[GuideServer]:
    guide_server.offers.more = set(EVERYTHING)
    settings.EMBEDDED = False
    settings.MOBIUS_BASE_URL = settings.MOBIUS_IDENTITY = guide_server.base_url
    settings.MOBIUS_PROJECT = "demo"
    settings.MOBIUS_API_KEY = guide_server.key
    make_people(tokens={one.mobius_id: guide_server.state.token_of(one.mobius_id) for one in CAST})
    yield guide_server
    sync_status.update(**vars(Facts()))


@pytest.mark.parametrize("lacks", LACKS)
async def test_every_page_is_right_and_the_question_can_be_answered(
    server: GuideServer, lacks: str
) -> None:
    missing = LACKS[lacks]
    server.offers.refuses |= dict.fromkeys(missing, 404)
    if "closed" in missing:
        server.offers.statuses = {"pending"}
    server.state.groups["approvers"] = ["user_rina", "user_sam"]
    run_id = server.state.run_that_asks(message="Ship 4.2?")
    question = server.state.question_of(run_id)
    of_group = server.state.ask(to="group:approvers", message="Pay the invoice?")
    # A busy machine polls late; how soon pages stop saying "Live" is tested with the freshness.
    polls = PollIntervals(watched=0.2, idle=0.2, live=60, live_idle=60)
    # The server's streams never send a position.
    timeouts = Timeouts(opening=0.1)
    async with keeping(
        server.base_url,
        "demo",
        server.key,
        sync_status=sync_status,
        polls=polls,
        timeouts=timeouts,
    ) as mirror:
        await mirror.ears.rings(f"item:{question}")
        await mirror.ears.rings(f"item:{of_group}")
        await _run_is(mirror, run_id, "suspended")
        await mirror.is_("live")
        await _found(missing)
        assert await connection.check() is None
        things = (f"/interactions/{question}/", f"/interactions/{of_group}/", f"/runs/{run_id}/")
        await sync_to_async(_pages_are_true)(BEFORE, things)
        await sync_to_async(_connection_is_true)()
        for id, who in ((question, "rina"), (of_group, "sam")):
            await sync_to_async(answer)(who, id, value="true", comment="Fine.")
            assert server.state.interaction(id)["status"] == "completed"
            row = await Interaction.objects.aget(mobius_id=id)
            assert (row.status, row.value) == ("completed", True)
        assert server.state.run(run_id)["status"] == "completed"
        await _run_is(mirror, run_id, "completed")
        await sync_to_async(_pages_are_true)(AFTER, things)


@pytest.mark.parametrize(
    ("later_server", "missing"), LATER.values(), ids=LATER, indirect=["later_server"]
)
async def test_pages_and_answers_with_the_later_generations(
    later_server: LaterServer, missing: set[str]
) -> None:
    state, absent = later_server.state, ABSENT[later_server.dialect]
    later_server.refuses |= missing
    run_id = state.run_that_asks(title="Ship 4.2?") if later_server.dialect == "b" else ""
    question = state.question_of(run_id) if run_id else state.ask(title="Ship 4.2?")
    of_all = state.ask("user_rina", "user_sam", resolution_policy={"type": "all_of"})
    by_lee = {"type": "any_of", "review": {"reviewer_user_ids": ["user_lee"]}}
    checked = state.ask(title="Is it right?", resolution_policy=by_lee)
    asked = (question, of_all, checked)
    polls = PollIntervals(watched=0.2, idle=0.2, live=60, live_idle=60)
    async with keeping(
        later_server.base_url,
        "demo",
        later_server.key,
        generation=Generation(later_server.generation),
        sync_status=sync_status,
        polls=polls,
    ) as mirror:
        for id in asked:
            await mirror.ears.until(f"item:{id}", Interaction.objects.filter(mobius_id=id).aexists)
        await mirror.is_("live")
        assert await connection.check() is None
        things = tuple(f"/interactions/{id}/" for id in asked)
        things += (f"/runs/{run_id}/",) if run_id else ()
        await sync_to_async(_pages_are_true)(BEFORE, things, absent)
        await sync_to_async(_connection_is_true)()
        await sync_to_async(_nothing_can_be_claimed)()
        for id, who in ((question, "rina"), (of_all, "rina"), (of_all, "sam")):
            await sync_to_async(answer)(who, id, value="true")
        for value, comment in (("request_changes", "Are you sure?"), ("accept", "")):
            await sync_to_async(answer)("rina", checked, value="true")
            await sync_to_async(send)("lee", checked, "review", value=value, comment=comment)
        for id in asked:
            assert state.interaction(id)["status"] == "completed"
            assert (await Interaction.objects.aget(mobius_id=id)).status == "completed"
        await sync_to_async(_pages_are_true)(AFTER, things, absent)
    assert len(later_server.requests("respond")) == 5
    assert len(later_server.requests("review")) == 2


async def _found(missing: set[str]) -> None:
    facts = await sync_to_async(capabilities.facts)()
    found = {name for call, name in FOUND_AS.items() if facts[name] == "no"}
    assert found == {FOUND_AS[call] for call in missing if call in FOUND_AS}


async def _run_is(mirror: Kept, run_id: str, status: str) -> None:
    while True:
        since = monotonic()
        if await Run.objects.filter(mobius_id=run_id, status=status).aexists():
            return
        await mirror.ears.rings(f"run:{run_id}", after=since)


def _pages_are_true(
    pages: dict[str, tuple[str, ...]], things: tuple[str, ...], absent: tuple[str, ...] = ()
) -> None:
    """Open each page as those who may, and the questions and the run as those who may see them; all
    that is wrong at once.
    """
    wrong = []
    for name, paths in pages.items():
        client = sign_in(name)
        for path in paths if name == "admin" else (*paths, *things):
            status, page = _opened(client, path)
            text = text_of(page)
            said = [one for one in FALSE if one in text] + YEAR_ZERO.findall(page)
            said += [one for one in absent if f'href="{one}"' in page]
            if status != (404 if path in absent else 200) or said:
                wrong.append((name, path, status, said))
    assert wrong == []


def _connection_is_true() -> None:
    page = _opened(sign_in("admin"), "/connection/")[1]
    for one in offered(capabilities.load(Upstream.current())):
        assert one.note in page, one.label


def _nothing_can_be_claimed() -> None:
    rina = sign_in("rina")
    inbox, filters = (_opened(rina, path)[1] for path in ("/inbox/", "/inbox/filters/"))
    assert "?scope=claimed" not in inbox
    assert "Claim, release" not in inbox
    assert 'name="claimed"' not in filters
    assert 'name="target"' not in filters


def _opened(client: Client, path: str) -> tuple[int, str]:
    answer = client.get(path)
    return answer.status_code, " ".join(unescape(answer.content.decode()).split())
