"""The embedded Mobius as a Django app."""

from django.apps import AppConfig


class EngineConfig(AppConfig):
    """Its tables are in the database alias ``engine``."""

    name = "inbox.engine"
    label = "engine"
    verbose_name = "Embedded engine"
    default_auto_field = "django.db.models.BigAutoField"
