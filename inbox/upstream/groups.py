"""Changes of a group are sent once, with the lead's own token, so that upstream applies its rules.
Groups have no events, so they are read again after each.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from asgiref.sync import sync_to_async
from django.db import transaction
from django.db.models import Q

from inbox import access
from inbox.access import NotTheirs, Viewer, viewer_of
from inbox.answering.command import READ_WITHIN, Command, execute, is_uncertain
from inbox.answering.outcome import Kind, Outcome, refused
from inbox.audit import decision_log
from inbox.audit.decision_log import entry_by
from inbox.audit.origin import BACKGROUND, Origin
from inbox.mirror import groups as mirror
from inbox.mobius.errors import Conflict, MobiusError, NotFound, Rejected, Unauthorized
from inbox.mobius.timing import time_limit
from inbox.mobius.types import PolicyKind
from inbox.models import Group, Membership, Reviewer, Upstream
from inbox.people import credentials
from inbox.people.clients import NoCredential, RequestCredential, member_credential, service_client
from inbox.people.names import names_of


class Verb(StrEnum):
    ADDED = "member_added"
    REMOVED = "member_removed"
    ROUTED = "routing_changed"


@dataclass(frozen=True)
class Change:
    """``user_id`` goes with the first two verbs, ``routing`` with the third."""

    verb: Verb
    user_id: str = ""
    routing: PolicyKind = PolicyKind.ANY

    def is_in(self, group: Group) -> bool:
        if self.verb is Verb.ROUTED:
            return group.routing == self.routing
        member = Membership.objects.filter(group=group, user_id=self.user_id).exists()
        return member is (self.verb is Verb.ADDED)


@dataclass(frozen=True)
class GroupCommand(Command[Group]):
    """``person`` is the member's name. ``before``: the mirror already showed the change."""

    reviewer: Reviewer
    upstream: Upstream
    group: Group
    change: Change
    credential: RequestCredential
    origin: Origin
    person: str
    before: bool

    async def send(self) -> None:
        client, group, change = self.credential.client(), self.group.mobius_id, self.change
        match change.verb:
            case Verb.ADDED:
                await client.add_member(group, change.user_id)
            case Verb.REMOVED:
                await client.remove_member(group, change.user_id)
            case Verb.ROUTED:
                await client.update_group(group, routing=change.routing)

    async def read(self, *, within: float = READ_WITHIN) -> bool:
        async with time_limit(within):
            await mirror.poll(service_client(self.upstream), self.upstream)
        return True

    def on_accepted(self, response: None) -> None:
        """The response does not show the group."""
        self._log()

    def on_recheck(self, snapshot: bool | None) -> Outcome[Group]:
        return self._outcome(Kind.CHANGED, checked=bool(snapshot))

    def on_not_sent(self, error: MobiusError) -> Outcome[Group]:
        return self._outcome(Kind.UNREACHABLE)

    def on_error(self, error: MobiusError, snapshot: bool | None) -> Outcome[Group]:
        if isinstance(error, Unauthorized):
            credentials.mark_refused(self.reviewer)
            return self._outcome(Kind.TOKEN_REFUSED)
        uncertain, read = is_uncertain(error), bool(snapshot)
        group = Group.objects.filter(pk=self.group.pk, deleted=False).first()
        if read and group is None:
            return self._outcome(Kind.DELETED)
        if not uncertain:
            return self._refused(error)
        if group is None or not read:
            self._log(arrived="unknown")
            return self._outcome(Kind.UNCONFIRMED, checked=False)
        if self.change.is_in(group) and not self.before:
            self._log()
            return self._outcome(Kind.CHANGED)
        return self._outcome(Kind.STILL_OPEN)

    def _refused(self, error: MobiusError) -> Outcome[Group]:
        match error, self.change.verb:
            case (Conflict(), Verb.ADDED) | (NotFound(), Verb.REMOVED):
                return self._outcome(Kind.ALREADY_SO)
            case (Rejected() | NotFound(), Verb.ADDED):
                return self._outcome(Kind.UNKNOWN_PERSON)
            case _:
                return refused(error, self.group, verb=self.change.verb)

    def _outcome(self, kind: Kind, *, checked: bool = True) -> Outcome[Group]:
        return Outcome(
            kind,
            self.group,
            self.change.verb,
            user_id=self.change.user_id,
            person=self.person,
            routing=self.change.routing,
            checked=checked,
        )

    @transaction.atomic
    def _log(self, **facts: Any) -> None:
        group, change = self.group, self.change
        value = {"group": group.mobius_id, "handle": group.handle}
        if change.verb is Verb.ROUTED:
            value |= {"from": group.routing, "to": change.routing.value}
        else:
            value["user"] = change.user_id
        decision_log.append(
            entry_by(
                self.reviewer,
                verb=change.verb.value,
                upstream=self.upstream,
                origin=self.origin,
                group_id=group.mobius_id,
                title=group.name,
                credential_kind=self.credential.kind,
                value=value | facts,
            )
        )


async def add_member(
    *, reviewer: Reviewer, group: str, user_id: str, origin: Origin = BACKGROUND
) -> Outcome[Group]:
    """Raises ``NotTheirs``."""
    return await _change(reviewer, group, Change(Verb.ADDED, user_id), origin)


async def remove_member(
    *, reviewer: Reviewer, group: str, user_id: str, origin: Origin = BACKGROUND
) -> Outcome[Group]:
    """Raises ``NotTheirs``."""
    return await _change(reviewer, group, Change(Verb.REMOVED, user_id), origin)


async def change_routing(
    *, reviewer: Reviewer, group: str, routing: PolicyKind, origin: Origin = BACKGROUND
) -> Outcome[Group]:
    """For future questions. Raises ``NotTheirs``."""
    return await _change(reviewer, group, Change(Verb.ROUTED, routing=routing), origin)


def find(viewer: Viewer, upstream: Upstream, group: str) -> Group | None:
    """By handle or id; None if the viewer may not open its page."""
    named = Q(handle=group) | Q(mobius_id=group)
    return access.groups(viewer, upstream).filter(named).first()


async def _change(reviewer: Reviewer, key: str, change: Change, origin: Origin) -> Outcome[Group]:
    ready = await sync_to_async(_prepare)(reviewer, key, change, origin)
    return await execute(ready)


def _prepare(
    reviewer: Reviewer, key: str, change: Change, origin: Origin
) -> GroupCommand | Outcome[Group]:
    viewer, upstream = viewer_of(reviewer.user), Upstream.current()
    group = find(viewer, upstream, key)
    if group is None or not access.has_permission(viewer, access.MANAGE_GROUPS):
        raise NotTheirs(key)
    try:
        credential = member_credential(reviewer)
    except NoCredential as none:
        return Outcome(Kind.NO_CREDENTIAL, group, change.verb, lost=none.lost)
    person = names_of(upstream, [change.user_id]).of(change.user_id)
    before = change.is_in(group)
    return GroupCommand(reviewer, upstream, group, change, credential, origin, person, before)
