"""The engine's tables live in a database of their own."""

from typing import Any

ALIAS = "engine"


class EngineRouter:
    """Sends the engine's models to ``ALIAS`` and keeps all others out of it."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        """``ALIAS`` for the engine's models, no opinion on others."""
        return ALIAS if model._meta.app_label == "engine" else None

    db_for_write = db_for_read

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool | None:
        """No relation crosses the two databases."""
        labels = {one._meta.app_label, other._meta.app_label}
        return labels == {"engine"} if "engine" in labels else None

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        """Each database has its own tables only."""
        return (db == ALIAS) == (app_label == "engine")
