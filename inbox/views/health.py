"""Is it alive, and can it serve."""

from typing import Any

from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from inbox.mirror import freshness

ENGINE = "engine"
"""The app whose tables are in a database of its own, which this process may not have."""


@require_safe
@never_cache
async def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers. Nothing else is asked."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """503 without a database or with migrations to come; Mobius and the lag are told only."""
    database, migrations = _database(), False
    if database:
        migrations = _migrated()
    ready = database and migrations
    state = {
        "status": "ready" if ready else "not ready",
        "database": "ok" if database else "not answering",
        "migrations": "ok" if migrations else "not applied" if database else "unknown",
        **_upstream(),
    }
    return JsonResponse(state, status=200 if ready else 503)


def _database() -> bool:
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _migrated() -> bool:
    """Read anew each time: a newer release may have migrated, or rolled back, under this one."""
    executor = MigrationExecutor(connections["default"])
    own = [node for node in executor.loader.graph.leaf_nodes() if node[0] != ENGINE]
    return not executor.migration_plan(own)


def _upstream() -> dict[str, Any]:
    now = freshness.present()
    return {
        "upstream": now.state,
        "upstream_heard_at": None if now.since is None else now.since.isoformat(),
        "sync_lag_seconds": round(now.lag, 3),
        "sync": now.sentence,
    }
