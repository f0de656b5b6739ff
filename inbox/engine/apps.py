"""The engine's Django app."""

from django.apps import AppConfig


class EngineConfig(AppConfig):
    """The embedded engine; its tables live in the database alias ``engine``."""

    name = "inbox.engine"
    label = "engine"
    verbose_name = "Embedded engine"
    default_auto_field = "django.db.models.BigAutoField"
