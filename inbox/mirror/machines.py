"""The names of machines: service keys and agents, which ask questions and may be asked."""

from collections.abc import Iterable

from asgiref.sync import sync_to_async
from django.db import transaction

from inbox.mobius.client import MobiusClient
from inbox.mobius.lists import walk
from inbox.mobius.types import Person
from inbox.models import Machine


async def read(client: MobiusClient) -> None:
    """Raises MobiusError, in which case nothing changes."""
    listed = [machine async for machine in walk(client.machines)]
    await sync_to_async(_store)(listed)


@transaction.atomic
def _store(listed: Iterable[Person]) -> None:
    named = {machine.user_id[:200]: machine.name[:300] for machine in listed if machine.name}
    stored = dict(Machine.objects.values_list("mobius_id", "name"))
    if named == stored:
        return
    Machine.objects.exclude(mobius_id__in=named).delete()
    Machine.objects.bulk_create(
        [Machine(mobius_id=id_, name=name) for id_, name in named.items()],
        update_conflicts=True,
        unique_fields=["mobius_id"],
        update_fields=["name"],
    )
