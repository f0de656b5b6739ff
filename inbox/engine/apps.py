from django.apps import AppConfig


class EngineConfig(AppConfig):
    name = "inbox.engine"
    label = "engine"
    verbose_name = "Embedded engine"
    default_auto_field = "django.db.models.BigAutoField"
