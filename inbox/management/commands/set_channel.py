import asyncio
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q

from inbox.audit.origin import os_user
from inbox.management.preparing import make_ready
from inbox.models import Group, GroupChannel, Upstream
from inbox.notify import group_channels, outgoing, webhooks

Kind = GroupChannel.Kind
Scope = GroupChannel.Scope


class Command(BaseCommand):
    help = "Tell a chat or a webhook of new questions. Replaces the channel of the same kind."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--group", help="its handle or Mobius ID")
        which.add_argument("--workflow", metavar="NAME")
        which.add_argument("--agent", metavar="ID")
        which.add_argument("--all", action="store_true", help="all questions")
        parser.add_argument("kind", choices=Kind.values)
        parser.add_argument("url", metavar="URL")
        parser.add_argument(
            "--titles", action="store_true", help="everyone in the channel may read titles"
        )
        parser.add_argument(
            "--secret-stdin", action="store_true", help="read the secret of a webhook from stdin"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        make_ready()
        kind, url = options["kind"], options["url"]
        secret = sys.stdin.readline().strip() if options["secret_stdin"] else ""
        if options["secret_stdin"] and not (kind == Kind.WEBHOOK and webhooks.is_secret(secret)):
            raise CommandError("Only a webhook has a secret: whsec_ and 24 to 64 bytes in base64.")
        try:
            asyncio.run(outgoing.check(url))
        except outgoing.NotPosted as failed:
            raise CommandError(outgoing.words(failed.why)) from None
        upstream = Upstream.current()
        scope, of = _of(upstream, options)
        made = group_channels.put(
            upstream,
            scope,
            of,
            kind,
            url,
            titles=options["titles"],
            secret=secret,
            added_by=os_user(),
        )
        self.stdout.write(f"The channel is set: {kind} for {of or 'all questions'}.")
        if made and not secret:
            self.stdout.write(f"Its secret, which is not shown again: {made}")


def _of(upstream: Upstream, options: dict[str, Any]) -> tuple[str, str]:
    """The scope and whom it is for."""
    if named := options["group"]:
        found = Group.objects.filter(Q(mobius_id=named) | Q(handle=named), upstream=upstream)
        group = found.first()
        if group is None and upstream.has_groups:
            raise CommandError(f"There is no group {named}.")
        return Scope.GROUP, group.mobius_id if group else named
    if options["workflow"]:
        return Scope.WORKFLOW, options["workflow"]
    return (Scope.AGENT, options["agent"]) if options["agent"] else (Scope.ALL, "")
