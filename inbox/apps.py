from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate, post_save, pre_migrate, pre_save
from django.utils.translation import gettext_lazy


class InboxConfig(AppConfig):
    name = "inbox"
    verbose_name = gettext_lazy("Reviewer inbox")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from inbox.answering import awaited_releases, checkers, held, observed  # noqa: PLC0415
        from inbox.audit import decision_log, rights_log  # noqa: PLC0415
        from inbox.lib import metrics  # noqa: PLC0415 - models load before
        from inbox.mirror import members, observers  # noqa: PLC0415
        from inbox.models import append_only  # noqa: PLC0415
        from inbox.notify import events  # noqa: PLC0415
        from inbox.people import (  # noqa: PLC0415
            credentials,
            known_browser,
            member_tokens,
            names,
            push_browsers,
            roles,
            sessions,
        )
        from inbox.processes import lease  # noqa: PLC0415
        from inbox.upstream import installation, token_revocations  # noqa: PLC0415

        connection_created.connect(metrics.time_queries, dispatch_uid="inbox.lib.metrics")
        connection_created.connect(lease.check_writes, dispatch_uid="inbox.lease")
        post_migrate.connect(roles.make_roles, sender=self, dispatch_uid="inbox.roles")
        pre_migrate.connect(
            append_only.log_missing_triggers, sender=self, dispatch_uid="inbox.triggers"
        )
        post_migrate.connect(
            append_only.install_triggers, sender=self, dispatch_uid="inbox.append_only"
        )
        post_migrate.connect(decision_log.begin, sender=self, dispatch_uid="inbox.decision_head")
        observers.on_answers(observed.enter)
        observers.on_questions(held.return_overtaken)
        observers.on_questions(awaited_releases.note_releases)
        observers.on_questions(checkers.tell_leads)
        observers.on_changes(events.observe)
        observers.on_runs(events.observe_runs)
        credentials.refused.connect(events.token_refused, dispatch_uid="inbox.token_refused")
        member_tokens.mobius_id_changed.connect(
            members.follow_mobius_id, dispatch_uid="inbox.mapped_groups"
        )
        rights_log.connect()
        user_logged_in.connect(known_browser.signed_in, dispatch_uid="inbox.known_browser")
        user_logged_in.connect(push_browsers.signed_in, dispatch_uid="inbox.push_browsers")
        user_logged_in.connect(sessions.signed_in, dispatch_uid="inbox.sessions")
        pre_save.connect(
            installation.before_an_account,
            sender=settings.AUTH_USER_MODEL,
            dispatch_uid="inbox.secrets",
        )
        post_save.connect(
            roles.make_reviewer,
            sender=settings.AUTH_USER_MODEL,
            dispatch_uid="inbox.identity",
        )
        post_save.connect(
            names.account_saved,
            sender=settings.AUTH_USER_MODEL,
            dispatch_uid="inbox.name_of_account",
        )
        post_save.connect(
            names.reviewer_saved, sender="inbox.Reviewer", dispatch_uid="inbox.name_of_reviewer"
        )
        post_save.connect(
            token_revocations.on_stored,
            sender="inbox.TokenRevocation",
            dispatch_uid="inbox.token_revocations",
        )
