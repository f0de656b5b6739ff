"""System checks for ``manage.py check --database default``."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import router

from inbox.models import Decision, append_only


@register(Tags.database)
def the_log_is_append_only(
    *, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Check that the database refuses to change or delete entries of the decision log."""
    return [
        Error(
            f"The trigger {name} that protects the decision log is missing or was changed.",
            hint="Recreate it with migrate --skip-checks, then run verify_decisions.",
            obj=using,
            id="inbox.E001",
        )
        for using in databases or ()
        if router.allow_migrate_model(using, Decision)
        for name in append_only.missing(using=using)
    ]
