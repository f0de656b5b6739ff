"""A mail server, a push service and webhooks on loopback, which take what the product sends to
people and group channels.

As a program (``python -m tests.support.receivers``) in the product's environment it reads a JSON
line that ``Receivers.reach`` writes, and sets the product up to send there.
"""

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.message import EmailMessage
from types import TracebackType
from typing import Any

from aiosmtpd.controller import Controller

from reviewer_site.environment import ROOT
from tests.support import ports
from tests.support.mailbox import Mailbox
from tests.support.product import Product
from tests.support.push import Browser
from tests.support.scripted_server import Exchange, Request, ScriptedServer, head

WEBHOOK, CHAT = "webhook", "slack"
CHANNELS = ("email", "push", WEBHOOK, CHAT)


class Gate:
    """What arrives here waits while it is shut."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()
        self._arrived = threading.Semaphore(0)

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    def wait_for(self, count: int) -> None:
        for _ in range(count):
            assert self._arrived.acquire(timeout=60), "nothing arrived"

    async def passed(self) -> bool:
        """True at once if it is open; else False, once it is."""
        if self._open.is_set():
            return True
        self._arrived.release()
        await asyncio.to_thread(self._open.wait, 60)
        return False


@dataclass
class Copy:
    """A message as it was received. ``to`` is a username, with email an address, or a workflow. A
    repeat has the same ``identity``; a chat's is empty.
    """

    channel: str
    to: str
    identity: str
    text: str
    at: float = field(default_factory=time.monotonic)


@dataclass
class Receivers:
    """Messages wait at ``begun`` before they are read, and at ``read`` before they are answered."""

    begun: Gate = field(default_factory=Gate)
    read: Gate = field(default_factory=Gate)
    browser: Browser = field(default_factory=Browser)
    copies: list[Copy] = field(default_factory=list)

    def __enter__(self) -> "Receivers":
        self._http = ScriptedServer()
        self._http.on("POST", "/", _Take(self), always=True)
        self._http.__enter__()
        with ports.reserve() as reserved:
            port = reserved.getsockname()[1]
            self._mail = Controller(_Post(self), hostname="127.0.0.1", port=port, ready_timeout=60)
            self._mail.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.begun.open()
        self.read.open()
        self._mail.stop()
        self._http.__exit__(kind, error, trace)

    @property
    def settings(self) -> dict[str, str]:
        """Of the product, which sends without waiting whether something is seen or claimed."""
        return {
            "EMAIL_URL": f"smtp://127.0.0.1:{self._mail.port}",
            "ADMIN_EMAIL": "admin@example.com",
            # Their links have to lead to a place that others can reach.
            "PUBLIC_URL": "https://inbox.example.com",
            "NOTIFY_PRIVATE_HOSTS": "127.0.0.1",
            "NOTIFY_EMAIL_AFTER": "0",
            "NOTIFY_CHAT_AFTER": "0",
        }

    def reach(self, product: Product, people: Iterable[str], workflows: Iterable[str]) -> None:
        """From now on people get push messages and emails at once, and workflows have channels."""
        wanted = {
            "people": list(people),
            "workflows": list(workflows),
            "url": self._http.base_url,
            "keys": self.browser.keys,
        }
        program = [sys.executable, "-m", "tests.support.receivers"]
        subprocess.run(
            program,
            cwd=ROOT,
            env=product.environment,
            input=json.dumps(wanted),
            text=True,
            check=True,
        )

    def about(self, text: str) -> dict[str, list[Copy]]:
        """The copies with ``text``, by channel."""
        found: dict[str, list[Copy]] = defaultdict(list)
        for copy in list(self.copies):
            if text in copy.text:
                found[copy.channel].append(copy)
        return found

    def take(self, request: Request) -> None:
        channel, to = request.path.split("/")[1:]
        text, identity = request.body.decode(errors="replace"), ""
        if channel == "push":
            said = self.browser.read(request)
            text = json.dumps(said)
            topic = request.headers.get("topic", "")
            identity = " ".join(
                (topic, said["notification"]["tag"], said["notification"]["data"]["id"])
            )
        elif channel == WEBHOOK:
            identity = request.headers["webhook-id"]
        self.copies.append(Copy(channel, to, identity, text))


class _Take:
    reads_body = False

    def __init__(self, receivers: Receivers) -> None:
        self._receivers = receivers

    async def run(self, exchange: Exchange) -> None:
        if not await self._receivers.begun.passed():
            exchange.cut()
            return
        await exchange.read_body()
        self._receivers.take(exchange.request)
        await self._receivers.read.passed()
        await exchange.write(head(201, {"content-length": "0"}))


class _Post(Mailbox):
    def __init__(self, receivers: Receivers) -> None:
        super().__init__()
        self._receivers = receivers

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if not await self._receivers.begun.passed():
            return "421 Try again later"
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        await self._receivers.read.passed()
        return answer

    def handle_message(self, message: Any) -> None:
        super().handle_message(message)
        mail: EmailMessage = self.mails[-1]
        body = mail.get_body(("plain",))
        assert body is not None
        copy = Copy("email", mail["To"], mail["Message-ID"], body.get_content())
        self._receivers.copies.append(copy)


def _reach(people: list[str], workflows: list[str], url: str, keys: dict[str, str]) -> None:
    import django  # noqa: PLC0415 - the parent imports this file without Django's settings

    django.setup()

    from django.contrib.auth.models import User  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from inbox.models import (  # noqa: PLC0415
        NotificationChoice,
        NotificationEvent,
        PushBrowser,
        Reviewer,
        Upstream,
    )
    from inbox.notify import group_channels  # noqa: PLC0415
    from inbox.people import push_browsers  # noqa: PLC0415

    now, key = timezone.now(), push_browsers.public_key()
    reviewers = list(Reviewer.objects.filter(user__username__in=people).select_related("user"))
    for reviewer in reviewers:
        reviewer.user.email = f"{reviewer.user.username}@example.com"
    User.objects.bulk_update([reviewer.user for reviewer in reviewers], ["email"], 500)
    NotificationChoice.objects.bulk_create(
        NotificationChoice(reviewer=reviewer, kind=kind, channel=channel, when="now")
        for reviewer in reviewers
        for kind in (NotificationEvent.Kind.ASKED, NotificationEvent.Kind.ASKED_GROUP)
        for channel in ("email", "push")
    )
    PushBrowser.objects.bulk_create(
        PushBrowser(
            reviewer=reviewer,
            endpoint=f"{url}/push/{reviewer.user.username}",
            key=key,
            created_at=now,
            used_at=now,
            **keys,
        )
        for reviewer in reviewers
    )
    for workflow in workflows:
        for kind in (WEBHOOK, CHAT):
            address = f"{url}/{kind}/{workflow}"
            group_channels.put(Upstream.current(), "workflow", workflow, kind, address, titles=True)


if __name__ == "__main__":
    _reach(**json.loads(sys.stdin.read()))
