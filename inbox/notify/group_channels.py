"""Group channels: who has which, and the messages to them.

They are planned with the deliveries to people. A question that someone has claimed or that no
longer waits for an answer is not sent any more.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import uuid4

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import transaction
from django.db.models import F, Min, Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_variables

from inbox.lib import metrics
from inbox.models import (
    ChannelMessage,
    Delivery,
    Group,
    GroupChannel,
    Interaction,
    NotificationEvent,
    StoppedChannel,
    Upstream,
)
from inbox.models.notification import OLD_NEWS, TOO_OLD
from inbox.notify import messages as wording
from inbox.notify import outgoing, webhooks
from inbox.notify.outgoing import NotPosted, Why
from inbox.notify.pacing import CHANNELS_AT_ONCE, MOST, MOST_WITHIN, next_try
from inbox.people import vault

log = logging.getLogger(__name__)

Kind, Scope = GroupChannel.Kind, GroupChannel.Scope
State, Reason = ChannelMessage.State, Delivery.Reason

TOLD = (NotificationEvent.Kind.ASKED, NotificationEvent.Kind.ASKED_GROUP)
GONE = 410


@dataclass(frozen=True)
class Message:
    """``rows`` have one ``message`` ID, which is the same at each attempt."""

    channel: GroupChannel
    rows: Sequence[ChannelMessage]
    items: Sequence[Interaction]

    @property
    def id(self) -> str:
        return self.rows[0].message


@sensitive_variables("url", "secret")
def put(
    upstream: Upstream,
    scope: str,
    of: str,
    kind: str,
    url: str,
    *,
    titles: bool,
    secret: str = "",
    added_by: str = "",
) -> str:
    """Replaces the channel of the same kind for the same. Returns the secret of a ``webhook``, a
    new one without ``secret``, and for others an empty string. ``outgoing.check`` checks ``url``.
    """
    if kind == Kind.WEBHOOK:
        secret = secret or webhooks.new_secret()
    GroupChannel.objects.update_or_create(
        upstream=upstream,
        scope=scope,
        of=of,
        kind=kind,
        defaults={
            "host": urlsplit(url).hostname or "",
            "url": vault.seal(url),
            "secret": vault.seal(secret) if secret else b"",
            "old_secret": b"",  # nosec B105 # none
            "titles": titles,
            "added_by": added_by,
            "created_at": timezone.now(),
            "disabled_at": None,
            "error": "",
        },
    )
    return secret


@transaction.atomic
def rotate(channel: GroupChannel) -> str:
    """Returns the new secret. Messages are signed with the one before as well, until ``settle``."""
    secret = webhooks.new_secret()
    row = GroupChannel.objects.select_for_update().get(pk=channel.pk)
    row.old_secret, row.secret = row.secret, vault.seal(secret)
    row.save(update_fields=["secret", "old_secret"])
    return secret


def settle(channel: GroupChannel) -> None:
    GroupChannel.objects.filter(pk=channel.pk).update(old_secret=b"")


def plan(event: NotificationEvent, item: Interaction, now: datetime) -> None:
    """Not for old news."""
    if event.kind not in TOLD or not _waits(item):
        return
    rows = [
        ChannelMessage(
            event=event, channel=channel, due_at=now + settings.NOTIFY_CHAT_AFTER, created_at=now
        )
        for channel in _channels_of(item)
    ]
    ChannelMessage.objects.bulk_create(rows, ignore_conflicts=True)


def _channels_of(item: Interaction) -> Iterable[GroupChannel]:
    agents = {item.asked_by, item.details.get("created_by") or ""} - {""}
    wanted = (
        Q(scope=Scope.ALL)
        | Q(scope=Scope.AGENT, of__in=agents)
        | Q(scope=Scope.WORKFLOW, of=item.workflow)
    )
    if item.target_type == "group":
        named = {item.group_id or "", item.target_id} - {""}
        known = Group.objects.filter(
            Q(mobius_id__in=named) | Q(handle__in=named), upstream=item.upstream_id
        )
        wanted |= Q(
            scope=Scope.GROUP, of__in=named | set(known.values_list("mobius_id", flat=True))
        )
    found = GroupChannel.objects.filter(wanted, upstream=item.upstream_id, disabled_at=None)
    return found.order_by("pk")


def _waits(item: Interaction) -> bool:
    return item.pending and not item.claimed_by


async def send(message: Message, now: datetime) -> None:
    if await sync_to_async(_was_stopped)(message):
        return
    try:
        reply = await post(message)
    except NotPosted as failed:
        log.warning("a message to a group channel could not be sent: %s", failed)
        lasting = failed.why in outgoing.LASTING
        await sync_to_async(_failed)(message, failed.why, now, lasting=lasting)
        return
    if reply.ok:
        await sync_to_async(_sent)(message, now)
        return
    log.warning("a group channel answered with status %d", reply.status)
    gone = reply.status == GONE
    await sync_to_async(_failed)(message, str(reply.status), now, lasting=gone, reply=reply)


async def post(message: Message) -> outgoing.Reply:
    """Raises ``NotPosted``."""
    content = await sync_to_async(_written)(message)
    return await _post(message.channel, message.id, content)


async def post_test(channel: GroupChannel) -> outgoing.Reply:
    """Raises ``NotPosted``."""
    inbox = f"{settings.PUBLIC_URL}/"
    with _as_installed():
        heading = _("A test from Reviewer inbox")
        payload = webhooks.Payload(heading, [], 0, inbox)
        content = webhooks.body(channel.kind, payload, titles=False, at=timezone.now())
    return await _post(channel, f"msg_{uuid4().hex}", content)


@sensitive_variables("url", "keys")
async def _post(channel: GroupChannel, id: str, content: bytes) -> outgoing.Reply:
    try:
        url = vault.unseal(channel.url)
        keys = [vault.unseal(sealed) for sealed in (channel.secret, channel.old_secret) if sealed]
    except vault.KeyLost:
        raise NotPosted(Why.KEY_LOST) from None
    headers = {"Content-Type": "application/json"}
    if keys:
        headers |= webhooks.signed(id, content, keys, timezone.now())
    return await outgoing.post(url, content, headers)


@transaction.atomic
def due(now: datetime, *, besides: Collection[int]) -> dict[int, Sequence[Message]]:
    """What is to be sent now, by the ``pk`` of the channel, without the channels ``besides``. It is
    stored as being sent before it is.
    """
    free = CHANNELS_AT_ONCE - len(besides)
    if free <= 0:
        return {}
    upstream = Upstream.current()
    rows = ChannelMessage.objects.filter(event__upstream=upstream).exclude(channel__in=besides)
    _take_up_interrupted(rows, now)
    waiting = rows.filter(state=State.WAITING, due_at__lte=now)
    waiting = waiting.exclude(channel__kind__in=StoppedChannel.names())
    first = waiting.values_list("channel").annotate(first=Min("due_at")).order_by("first")[:free]
    found = waiting.filter(channel__in=[pk for pk, _ in first]).select_related("event", "channel")
    items = Interaction.objects.by_mobius_id(upstream, {row.event.subject for row in found})
    by_channel: dict[GroupChannel, list[ChannelMessage]] = defaultdict(list)
    for row in found.order_by("due_at", "pk"):
        if reason := _why_dropped(row, items.get(row.event.subject), now):
            row.state, row.reason, row.closed_at = State.DROPPED, reason, now
            row.save(update_fields=["state", "reason", "closed_at"])
        else:
            by_channel[row.channel].append(row)
    return {
        channel.pk: [
            _message(channel, part, [items[row.event.subject] for row in part])
            for part in _parts(channel, same, now)
        ]
        for channel, same in by_channel.items()
    }


def _was_stopped(message: Message) -> bool:
    """Switched off since the message was prepared, which then counts as not tried."""
    if message.channel.kind not in StoppedChannel.names():
        return False
    _rows(message).update(state=State.WAITING, tries=F("tries") - 1)
    return True


def started(kind: str, now: datetime) -> None:
    """The kind of channel was switched on. What has become old news meanwhile isn't sent."""
    waiting = ChannelMessage.objects.filter(channel__kind=kind, state=State.WAITING)
    old = waiting.filter(event__at__lt=now - OLD_NEWS)
    old.update(state=State.DROPPED, reason=Reason.TOO_OLD, closed_at=now)


def _take_up_interrupted(rows: QuerySet[ChannelMessage], now: datetime) -> None:
    """A process ended while it sent these. A webhook's receiver knows a repeated message by its ID;
    a chat doesn't, so it gets it once more at most.
    """
    begun = rows.filter(state=State.SENDING)
    begun.filter(channel__kind=Kind.WEBHOOK).update(state=State.WAITING)
    begun.filter(twice=True).update(state=State.FAILED, closed_at=now)
    begun.update(state=State.WAITING, twice=True)


def _why_dropped(
    row: ChannelMessage, item: Interaction | None, now: datetime
) -> Delivery.Reason | None:
    if item is None:
        return Reason.NO_ACCESS
    if row.channel.disabled_at is not None:
        return Reason.OFF
    if not _waits(item):
        return Reason.SETTLED
    kept_too_long = not row.tries and row.created_at < now - TOO_OLD
    return Reason.TOO_OLD if kept_too_long else None


def _parts(
    channel: GroupChannel, rows: Sequence[ChannelMessage], now: datetime
) -> list[list[ChannelMessage]]:
    """Rows that are sent as one message each. Those for which there is no room wait until there is,
    and are one message then.
    """
    begun: dict[str, list[ChannelMessage]] = defaultdict(list)
    for row in rows:
        if row.message:
            begun[row.message].append(row)
    parts = list(begun.values())
    fresh = [row for row in rows if not row.message]
    recent = ChannelMessage.objects.filter(
        channel=channel, state=State.SENT, closed_at__gt=now - MOST_WITHIN
    )
    times = dict(recent.values_list("message", "closed_at")).values()
    sent = sorted(at for at in times if at is not None)
    room = MOST - len(sent) - len(parts)
    if len(fresh) <= room:
        return parts + [[row] for row in fresh]
    if room > 0:
        return [*parts, fresh]
    free_at = (sent[-MOST] if len(sent) >= MOST else now) + MOST_WITHIN
    ChannelMessage.objects.filter(pk__in=[row.pk for row in fresh]).update(due_at=free_at)
    return parts


def _message(
    channel: GroupChannel, rows: list[ChannelMessage], items: list[Interaction]
) -> Message:
    id = rows[0].message or f"msg_{uuid4().hex}"
    for row in rows:
        row.message = id
    ChannelMessage.objects.filter(pk__in=[row.pk for row in rows]).update(
        message=id, state=State.SENDING, tries=F("tries") + 1
    )
    return Message(channel, rows, items)


def _as_installed() -> translation.override:
    return translation.override(settings.LANGUAGE_CODE)


def _written(message: Message) -> bytes:
    """In the installation's language and time zone."""
    titles = message.channel.titles and settings.NOTIFY_TITLES
    with _as_installed(), timezone.override(None):
        lines = [_line(item, titles=titles) for item in message.items]
        count = len(lines)
        heading = _("A question waits for an answer")
        if count > 1:
            words = ngettext(
                "%(count)d question waits for you", "%(count)d questions wait for you", count
            )
            heading = words % {"count": count}
        listed = lines[: webhooks.MOST_LISTED]
        payload = webhooks.Payload(heading, listed, count, f"{settings.PUBLIC_URL}/")
        return webhooks.body(message.channel.kind, payload, titles=titles, at=timezone.now())


def _line(item: Interaction, *, titles: bool) -> webhooks.Line:
    facts = [item.workflow, wording.deadline(item)]
    return webhooks.Line(
        id=item.mobius_id,
        title=wording.title_of(item) if titles else _("Open the question"),
        facts=" · ".join(fact for fact in facts if fact),
        url=f"{settings.PUBLIC_URL}{item.get_absolute_url()}",
        workflow=item.workflow,
        due_at=item.due_at,
    )


def _sent(message: Message, now: datetime) -> None:
    count = _rows(message).update(state=State.SENT, closed_at=now, error="")
    metrics.DELIVERIES.labels(message.channel.kind, State.SENT).inc(count)
    GroupChannel.objects.filter(pk=message.channel.pk).exclude(error="").update(error="")


def _failed(
    message: Message,
    error: str,
    now: datetime,
    *,
    lasting: bool,
    reply: outgoing.Reply | None = None,
) -> None:
    """``lasting``: another attempt would fail too."""
    channel = GroupChannel.objects.filter(pk=message.channel.pk)
    channel.update(error=error)
    if reply is not None and reply.status == GONE:
        channel.update(disabled_at=now)
    first = message.rows[0]
    if lasting or first.created_at < now - TOO_OLD:
        lost = _rows(message).update(state=State.FAILED, closed_at=now, error=error)
        metrics.DELIVERIES.labels(message.channel.kind, State.FAILED).inc(lost)
        return
    due_at = next_try(first.tries, now)
    if reply is not None and reply.retry_after is not None:
        due_at = max(due_at, now + reply.retry_after)
    _rows(message).update(state=State.WAITING, due_at=due_at, error=error)


def _rows(message: Message) -> QuerySet[ChannelMessage]:
    return ChannelMessage.objects.filter(pk__in=[row.pk for row in message.rows])
