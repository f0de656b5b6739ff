"""Comparing payloads with stored rows."""

from collections.abc import Mapping
from types import MappingProxyType

from django.db.models import Model

from inbox.mirror.snapshots import Resource, Snapshot
from inbox.mirror.upsert import chunks
from inbox.models import Interaction, Run, Upstream

_BOOKKEEPING = frozenset({"id", "upstream", "run", "seq", "raw"})


def drop_unchanged(
    upstream: Upstream,
    model: type[Interaction | Run],
    snapshots_by_id: dict[str, list[Snapshot[Resource]]],
    loaded: Mapping[str, Interaction | Run] = MappingProxyType({}),
) -> dict[str, list[Snapshot[Resource]]]:
    """Equal ones are most of a full sync. ``loaded`` are rows that the caller has read, by ID."""
    resources = {
        id: snapshots[0].resource
        for id, snapshots in snapshots_by_id.items()
        if len(snapshots) == 1 and not snapshots[0].logged
    }
    same = {
        id
        for id, resource in resources.items()
        if (row := loaded.get(id)) is not None
        and not row.deleted
        and (row.updated_at, row.raw) == (resource.updated_at, resource.raw)
    }
    for ids in chunks(resources.keys() - loaded.keys()):
        rows = model._default_manager.filter(upstream=upstream, mobius_id__in=ids, deleted=False)
        for id, updated_at, raw in rows.values_list("mobius_id", "updated_at", "raw"):
            if resources[id].updated_at == updated_at and resources[id].raw == raw:
                same.add(id)
    return {id: snapshots for id, snapshots in snapshots_by_id.items() if id not in same}


def has_changed(stored: Model | None, row: Model) -> bool:
    """Bookkeeping and the raw payload don't count."""
    return stored is None or any(
        getattr(stored, field.attname) != getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.name not in _BOOKKEEPING
    )
