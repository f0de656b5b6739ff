"""The tables of a database, brought up to date before a start."""

from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connections

_SETTING = {"default": "DATABASE_URL", "engine": "ENGINE_DATABASE_URL"}


def bring_up_to_date(alias: str) -> None:
    """Migrate. Raises CommandError with one sentence where the database cannot be opened."""
    connection = connections[alias]
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        # The first line says it; what follows is the driver's advice.
        why = str(error).partition("\n")[0]
        name = connection.settings_dict["NAME"]
        raise CommandError(
            f"{_SETTING[alias]}: the database {name} cannot be opened: {why}."
        ) from None
    call_command("migrate", database=alias, verbosity=0, interactive=False)
