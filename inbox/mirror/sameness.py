"""What a reading says that the mirror does not hold yet."""

from django.db.models import Model

from inbox.mirror.snapshots import Snapshot, Thing
from inbox.mirror.upsert import chunks
from inbox.models import Interaction, Run, Upstream

_BOOKKEEPING = frozenset({"id", "upstream", "run", "seq", "raw"})


def drop_unchanged(
    upstream: Upstream, model: type[Interaction | Run], told: dict[str, list[Snapshot[Thing]]]
) -> dict[str, list[Snapshot[Thing]]]:
    """``told`` without what a list repeats word for word, which is most of a full sync."""
    read = {
        id: snapshots[0].thing
        for id, snapshots in told.items()
        if len(snapshots) == 1 and not snapshots[0].logged
    }
    same: set[str] = set()
    for ids in chunks(read):
        rows = model._default_manager.filter(upstream=upstream, mobius_id__in=ids, gone=False)
        for id, updated_at, raw in rows.values_list("mobius_id", "updated_at", "raw"):
            if read[id].updated_at == updated_at and read[id].raw == raw:
                same.add(id)
    return {id: snapshots for id, snapshots in told.items() if id not in same}


def has_changed(had: Model | None, now: Model) -> bool:
    """They tell different things. Which event told it, and the payload's form, do not count."""
    return had is None or any(
        getattr(had, field.attname) != getattr(now, field.attname)
        for field in now._meta.concrete_fields
        if field.name not in _BOOKKEEPING
    )
