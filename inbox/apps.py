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
        """Roles, triggers and the log's head after each migrate; a reviewer beside each account."""
        from inbox import checks  # noqa: F401, PLC0415 - models load before
        from inbox.mirror import observers  # noqa: PLC0415
        from inbox.models import append_only  # noqa: PLC0415
        from inbox.reviewers import identity, roles  # noqa: PLC0415
        from inbox.services import decision_log, observed  # noqa: PLC0415

        post_migrate.connect(roles.make_roles, sender=self, dispatch_uid="inbox.roles")
        post_migrate.connect(append_only.lay, sender=self, dispatch_uid="inbox.append_only")
        post_migrate.connect(decision_log.begin, sender=self, dispatch_uid="inbox.decision_head")
        observers.on_answers(observed.enter)
        post_save.connect(
            identity.make_reviewer,
            sender=settings.AUTH_USER_MODEL,
            dispatch_uid="inbox.identity",
        )
