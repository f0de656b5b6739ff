"""The Django app."""

from django.apps import AppConfig


class InboxConfig(AppConfig):
    """The reviewer inbox."""

    name = "inbox"
    verbose_name = "Reviewer inbox"
    default_auto_field = "django.db.models.BigAutoField"
