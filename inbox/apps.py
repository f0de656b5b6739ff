"""The Django app."""

from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import post_migrate, post_save


class InboxConfig(AppConfig):
    """The reviewer inbox."""

    name = "inbox"
    verbose_name = "Reviewer inbox"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Roles after each migrate, a reviewer beside each account."""
        from inbox.reviewers import identity, roles  # noqa: PLC0415 - models load before

        post_migrate.connect(roles.make_roles, sender=self, dispatch_uid="inbox.roles")
        post_save.connect(
            identity.make_reviewer,
            sender=settings.AUTH_USER_MODEL,
            dispatch_uid="inbox.identity",
        )
