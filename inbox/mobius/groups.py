"""Groups and people."""

from collections.abc import AsyncGenerator

from inbox.mobius import paging
from inbox.mobius.adapters import guide
from inbox.mobius.calls import Calls, given, path_of
from inbox.mobius.types import Group, GroupMember, Page, Person, PolicyKind


class GroupCalls(Calls):
    """The part of ``MobiusClient`` that is about groups and people."""

    async def groups(self, cursor: str | None = None, limit: int = 200) -> Page[Group]:
        """One page, newest first."""
        return await self._page("/groups", given(limit=limit, cursor=cursor), guide.read_group)

    def walk_groups(self) -> AsyncGenerator[Group, None]:
        """All groups."""
        return paging.walk(self.groups)

    async def group(self, group: str) -> Group:
        """One group, by id or handle."""
        return paging.one(guide.read_group, await self._transport.get(path_of("/groups", group)))

    async def create_group(
        self,
        *,
        name: str,
        handle: str | None = None,
        description: str | None = None,
        routing: PolicyKind = PolicyKind.ANY,
    ) -> Group:
        """A new group without members. Without a handle upstream makes one of the name."""
        body = given(
            name=name,
            handle=handle,
            description=description,
            routing_policy=guide.write_routing(routing),
        )
        return paging.one(
            guide.read_group, await self._transport.send("POST", "/groups", json=body)
        )

    async def update_group(
        self,
        group: str,
        *,
        name: str | None = None,
        description: str | None = None,
        routing: PolicyKind | None = None,
    ) -> Group:
        """Change what is given; open interactions keep what they were asked with."""
        body = given(
            name=name,
            description=description,
            routing_policy=None if routing is None else guide.write_routing(routing),
        )
        answer = await self._transport.send("PATCH", path_of("/groups", group), json=body)
        return paging.one(guide.read_group, answer)

    async def members(self, group: str) -> tuple[GroupMember, ...]:
        """All members of a group now."""
        return await self._all(path_of("/groups", group) + "/members", guide.read_member, limit=200)

    async def add_member(self, group: str, user_id: str) -> GroupMember:
        """Put a person into a group."""
        path = path_of("/groups", group) + "/members"
        answer = await self._transport.send("POST", path, json={"user_id": user_id})
        return paging.one(guide.read_member, answer)

    async def remove_member(self, group: str, user_id: str) -> None:
        """Take a person out of a group."""
        await self._transport.send(
            "DELETE", path_of("/groups", group) + path_of("/members", user_id)
        )

    async def groups_of(self, user_id: str) -> tuple[Group, ...]:
        """The groups that a person is in."""
        return await self._all(path_of("/members", user_id) + "/groups", guide.read_group)

    async def me(self) -> Person:
        """Whose member token this is. NotFound where upstream has no such call."""
        return paging.one(guide.read_person, await self._transport.get("/members/me"))
