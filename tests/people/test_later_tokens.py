"""Generations B and C, where the list of a person's credentials may name them."""

from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from pydantic import SecretStr

from inbox.models import Credential, Reviewer
from inbox.people import member_tokens
from inbox.people.member_tokens import NotAdopted, Reason, Unconfirmed
from tests.fixtures_engine import LaterProject, Organization
from tests.support.people import make_people
from tests.support.scripted_server import Reply, ScriptedServer

OWNER = "^/v1/auth/cli-credentials$"


@pytest.fixture
def server(db: None, later_project: LaterProject, settings: Any) -> Iterator[ScriptedServer]:
    with ScriptedServer(upstream=later_project.base_url) as between:
        connect(settings, later_project, between.base_url)
        yield between


def connect(settings: Any, project: LaterProject, base_url: str) -> None:
    settings.MOBIUS_API, settings.MOBIUS_PROJECT = project.api, project.handle
    settings.MOBIUS_BASE_URL = settings.MOBIUS_IDENTITY = base_url
    settings.MOBIUS_API_KEY = project.service_key
    make_people()


@sync_to_async
def rina(mobius_id: str | None = "user_rina") -> Reviewer:
    Reviewer.objects.filter(user__username="rina").update(mobius_id=mobius_id)
    return Reviewer.objects.select_related("user").get(user__username="rina")


async def adopt(reviewer: Reviewer, token: str) -> Credential | Unconfirmed:
    return await member_tokens.adopt(reviewer=reviewer, token=SecretStr(token))


async def test_b_names_the_owner(server: ScriptedServer, later_project: LaterProject) -> None:
    tokens = later_project.tokens
    proven = await adopt(await rina(), tokens["user_rina"])
    assert isinstance(proven, Credential)
    assert proven.proven_at is not None
    with pytest.raises(NotAdopted) as refused:
        await adopt(await rina(), tokens["user_mallory"])
    assert refused.value.reason is Reason.ANOTHER_OWNER
    with pytest.raises(NotAdopted) as refused:
        await adopt(await rina(), "mbx_of_a_machine")
    assert refused.value.reason is Reason.SERVICE_KEY
    asked = await adopt(await rina(None), tokens["user_rina"])
    assert isinstance(asked, Unconfirmed)
    assert asked.owner == "user_rina"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(403, {"error": {"code": "permission_denied", "message": "no"}}),
        Reply(404),
        Reply(200, {"items": []}),
        Reply(200, {"items": [{"id": "1", "user_id": "user_rina"}, {"id": "2"}]}),
        Reply(200, {"items": [{"id": "1", "user_id": "user_a"}, {"id": "2", "user_id": "user_b"}]}),
    ],
)
async def test_a_list_that_names_no_one_leaves_it_to_the_first_answer(
    server: ScriptedServer, later_project: LaterProject, reply: Reply
) -> None:
    server.on("GET", OWNER, reply, always=True)
    kept = await adopt(await rina(), later_project.tokens["user_rina"])
    assert isinstance(kept, Credential)
    assert kept.proven_at is None
    with pytest.raises(NotAdopted) as refused:
        await adopt(await rina(), "mbc_nobody")
    assert refused.value.reason is Reason.UNKNOWN


async def test_c_names_no_one(db: None, organization: Organization, settings: Any) -> None:
    await sync_to_async(connect)(settings, organization, organization.base_url)
    kept = await adopt(await rina(None), organization.tokens["user_rina"])
    assert isinstance(kept, Credential)
    assert kept.proven_at is None
