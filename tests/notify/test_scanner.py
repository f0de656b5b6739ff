"""Link scanners and previews open every link of a message, signed in or not, and change nothing."""

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from inbox.mobius.types import InteractionStatus, Policy, PolicyKind
from inbox.models import (
    Delivery,
    GroupChannel,
    Interaction,
    NotificationEvent,
    Reviewer,
    Run,
    Upstream,
)
from inbox.models.notification import Channel
from inbox.notify import emails, group_channels, mails, push
from inbox.notify.messages import Message, Row
from inbox.notify.subjects import Subject
from inbox.people import links
from inbox.people.accounts import Added, Person
from inbox.web.people.link_mail import link_rows, mails_of
from tests.support import scripted_server as scripted
from tests.support.scripted_server import ScriptedServer
from tests.support.sending import plan_all, send_to_channels
from tests.support.snapshots import ask, group_ask, reply, run
from tests.web import cast
from tests.web.cast import soon, tell

SITE = "http://127.0.0.1:8000"
ANY = Policy(kind=PolicyKind.ANY)
CHANGES_BY_READING = {Session}
"""Each visit of someone who is signed in may renew their session."""


@pytest.fixture
def asked(db: None) -> list[Interaction]:
    """Open to one person, to a group, claimed, and answered."""
    cast.people()
    Upstream.objects.filter(pk=Upstream.current().pk).update(seeded_at=soon(days=-1))
    claim: dict[str, Any] = {"claimed_by": "user_sam", "claimed_at": soon()}
    done: dict[str, Any] = {
        "status": InteractionStatus.COMPLETED,
        "responses": (reply("user_sam", True),),
    }
    tell(
        run(),
        ask("int_1", run_id="run_1", created_at=soon(), expires_at=soon(hours=1)),
        group_ask("int_2", created_at=soon(), policy=ANY),
        group_ask("int_3", created_at=soon(), policy=ANY, **claim),
        group_ask("int_4", created_at=soon(), policy=ANY, **done),
    )
    return list(Interaction.objects.order_by("pk"))


@pytest.fixture
def receiver(settings: Any) -> Iterator[ScriptedServer]:
    settings.NOTIFY_PRIVATE_HOSTS = ("127.0.0.1",)
    with ScriptedServer() as server:
        server.on("POST", "/", scripted.Reply(200), always=True)
        yield server


def to_rina(asked: list[Interaction]) -> list[str]:
    """The texts of emails and push messages of each kind, and of a digest."""
    rina = Reviewer.objects.get(user__username="rina")
    texts = []
    about_others: dict[str, list[Subject]] = {
        **{kind: [rina] for kind in NotificationEvent.ABOUT_PEOPLE},
        **{kind: [Run.objects.get()] for kind in NotificationEvent.ABOUT_RUNS},
    }
    for kind in NotificationEvent.Kind:
        rows = [_row(subject, kind, rina) for subject in about_others.get(kind, asked)]
        for some, digest in [([row], False) for row in rows] + [(rows, True)]:
            mail = emails.written(Message("id", Channel.EMAIL, rina, some, digest=digest))
            pushed = push.text_of(Message("id", Channel.PUSH, rina, some, digest=False))
            texts += [*_parts(mail), pushed]
    return texts


def _row(subject: Subject, kind: str, reviewer: Reviewer) -> Row:
    event = NotificationEvent(
        upstream=Upstream.current(),
        kind=kind,
        subject=subject.mobius_id,
        actor_name="Tess",
        at=soon(),
    )
    return Row(Delivery(event=event, reviewer=reviewer), subject)


def _parts(mail: mails.Mail) -> list[str]:
    return [mail.text, unescape(mail.html), *mail.headers.values()]


def to_channels(receiver: ScriptedServer) -> list[str]:
    """One about a question, and one about several."""
    for kind in GroupChannel.Kind:
        url = f"{receiver.base_url}/{kind}"
        group_channels.put(Upstream.current(), "all", "", kind, url, titles=True)
    now = soon()
    plan_all(now)
    send_to_channels(soon(minutes=1))
    tell(*(ask(f"int_1{number}", created_at=soon()) for number in range(6)))
    plan_all(soon())
    send_to_channels(soon(minutes=2))
    assert len({request.path for request in receiver.requests}) == len(GroupChannel.Kind)
    # JSON writes no quotes or line breaks into an address, but its strings may end with one.
    return [json.dumps(json.loads(request.body), indent=1) for request in receiver.requests]


def to_new_people(settings: Any) -> list[str]:
    """Sign-in links: of someone new, and of someone who has a password."""
    settings.SENDS_MAIL = True
    User.objects.create_user("nina", "nina@example.com")
    users = User.objects.filter(username__in=("rina", "nina"))
    added = [
        Added(Person(username=user.get_username()), links.make_sign_in(user)) for user in users
    ]
    return [part for mail in mails_of(link_rows(added)) for part in _parts(mail)]


def found_in(texts: list[str]) -> list[str]:
    """All links to this site, without those twice."""
    found = re.findall(rf'{SITE}(/[^\s"<>|)\\]*)', "\n".join(texts))
    return list(dict.fromkeys(path.rstrip(".") for path in found))


def stored() -> dict[str, list[dict[str, Any]]]:
    tables = set(apps.get_models(include_auto_created=True)) - CHANGES_BY_READING
    return {
        table._meta.label: list(table._base_manager.order_by("pk").values())
        for table in tables
        if table._meta.managed and table._meta.app_label != "engine"
    }


def test_opening_every_link_of_every_message_changes_nothing(
    asked: list[Interaction], receiver: ScriptedServer, settings: Any
) -> None:
    paths = found_in(to_rina(asked) + to_channels(receiver) + to_new_people(settings))
    for part in ("/interactions/int_", "/notifications/off/", "/account/", "/accounts/link/"):
        assert any(part in path for path in paths), part
    visitors = [Client(), cast.sign_in("rina")]
    before = stored()
    for path in paths:
        for visitor in visitors:
            assert visitor.get(path, follow=True).status_code == 200, path
            assert visitor.head(path, follow=True).status_code == 200, path
    after = stored()
    assert [table for table in before if before[table] != after[table]] == []
