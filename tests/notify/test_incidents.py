"""Administrators are told once what they have to fix, and once when it is fixed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from inbox.audit.flaw import Flaw
from inbox.audit.log_status import log_verifier
from inbox.audit.problem import Problem
from inbox.audit.verify import Verdict
from inbox.mirror.freshness import Facts, Reason, Trouble, sync_status
from inbox.mobius.generations import Found
from inbox.mobius.types import Generation
from inbox.models import Incident, Notice, Upstream
from inbox.notify import incidents
from inbox.notify.incidents import Kind
from tests.support.mailbox import Mailbox
from tests.support.tags import text_of
from tests.web.cast import people, sign_in, soon

# The mail server that the tests start is on loopback.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

SAID = {
    Kind.KEY_REFUSED: "Set a valid MOBIUS_API_KEY",
    Kind.PROJECT_UNKNOWN: "MOBIUS_PROJECT is wrong",
    Kind.SYNC_DEAD: "for more than five minutes",
    Kind.LOG_BROKEN: "run verify_decisions",
}
"""What only the banner says."""


@pytest.fixture(autouse=True)
def _everything_is_well_again(db: None) -> Iterator[None]:
    people()
    yield
    sync_status.update(**vars(Facts()))
    log_verifier.report(Verdict(0))
    log_verifier.last = None


def go_wrong(kind: Kind) -> None:
    away = {"connected": False, "full_sync_done": False, "seeded": True, "heard_at": soon()}
    match kind:
        case Kind.KEY_REFUSED:
            sync_status.update(**away, trouble=Trouble(Reason.KEY_REFUSED))
        case Kind.PROJECT_UNKNOWN:
            sync_status.update(**away, trouble=Trouble(Reason.PROJECT_UNKNOWN))
        case Kind.SYNC_DEAD:
            since = {"heard_at": soon(minutes=-6), "broken_at": soon(minutes=-6)}
            sync_status.update(**away | since, trouble=Trouble(Reason.NOT_RESPONDING))
        case Kind.LOG_BROKEN:
            log_verifier.report(Verdict(1, Problem(Flaw.HEAD_MISSING)))


def recover() -> None:
    now = datetime.now(UTC)
    live = {"connected": True, "full_sync_done": True, "seeded": True, "heard_at": now}
    sync_status.update(**live, broken_at=None, trouble=None)
    log_verifier.verify_next_part()


def notices(username: str) -> list[tuple[str, str, bool]]:
    rows = Notice.objects.filter(reviewer__user__username=username)
    return [(row.kind, row.reason, row.read_at is None) for row in rows]


@pytest.mark.parametrize("kind", SAID)
def test_administrators_have_a_banner_on_every_page_while_it_lasts(kind: Kind) -> None:
    admin, tess = sign_in("admin"), sign_in("tess")
    go_wrong(kind)
    for path in ("/inbox/", "/account/", "/connection/", "/notifications/"):
        assert SAID[kind] in shown(admin, path)
        assert SAID[kind] not in shown(tess, path)
    recover()
    assert SAID[kind] not in shown(admin, "/inbox/")


def shown(client: Client, path: str) -> str:
    return text_of(client.get(path, follow=True).content.decode())


@pytest.mark.parametrize("kind", SAID)
def test_they_are_notified_once_and_again_when_it_is_over(kind: Kind) -> None:
    go_wrong(kind)
    incidents.record()
    assert notices("admin") == [(kind, "", True)]
    assert notices("tess") == []
    Notice.objects.update(read_at=soon())
    incidents.record()
    assert notices("admin") == [(kind, "", False)]
    recover()
    incidents.record()
    assert notices("admin") == [(kind, "over", True)]
    assert Incident.objects.get().ended_at is not None
    Notice.objects.update(read_at=soon())
    incidents.record()
    assert notices("admin") == [(kind, "over", False)]
    go_wrong(kind)
    incidents.record()
    assert notices("admin") == [(kind, "", True)]
    assert Incident.objects.count() == 2


def test_the_notification_says_what_is_wrong_and_what_is_over() -> None:
    admin = sign_in("admin")
    go_wrong(Kind.KEY_REFUSED)
    incidents.record()
    assert SAID[Kind.KEY_REFUSED] in shown(admin, "/notifications/")
    recover()
    incidents.record()
    assert "Mobius accepts the service key again." in shown(admin, "/notifications/")
    assert SAID[Kind.KEY_REFUSED] not in shown(admin, "/notifications/")


def test_a_restart_repeats_nothing_and_ends_nothing() -> None:
    go_wrong(Kind.KEY_REFUSED)
    go_wrong(Kind.LOG_BROKEN)
    incidents.record()
    Notice.objects.update(read_at=soon())
    sync_status.update(**vars(Facts()))
    log_verifier.report(Verdict(0))
    incidents.record()
    assert {kind for kind, _, unread in notices("admin") if unread} == set()
    assert not Incident.objects.exclude(ended_at=None).exists()


def test_a_refused_key_is_not_also_a_dead_sync() -> None:
    go_wrong(Kind.SYNC_DEAD)
    sync_status.update(trouble=Trouble(Reason.KEY_REFUSED))
    assert incidents.current() == [Kind.KEY_REFUSED]


def test_they_are_told_once_that_the_api_has_changed() -> None:
    admin = sign_in("admin")
    Upstream.choose(Found(Generation.A, "GET /v1/projects/demo/groups"))
    incidents.record()
    assert notices("admin") == []
    Upstream.choose(Found(Generation.C, "GET /v1/interactions"))
    for _ in range(2):
        incidents.record()
        assert notices("admin") == [(Kind.API_CHANGED, "", True)]
    assert "Mobius has another API now" in shown(admin, "/notifications/")
    assert "Mobius has another API now" not in shown(admin, "/inbox/")


@pytest.fixture
def mailbox(mailbox: Mailbox, settings: Any) -> Mailbox:
    settings.ADMIN_EMAIL = ["operations@example.com"]
    return mailbox


async def test_one_mail_is_sent_and_another_when_it_is_over(mailbox: Mailbox) -> None:
    go_wrong(Kind.KEY_REFUSED)
    for _ in range(2):
        await sync_to_async(incidents.record)()
        assert await incidents.mail()
    [began] = mailbox.mails
    assert began["Subject"] == "Reviewer inbox: Mobius doesn't accept the service key"
    assert (began["From"], began["To"]) == (
        "reviewer-inbox@127.0.0.1",
        "operations@example.com",
    )
    assert "Set a valid MOBIUS_API_KEY" in began.get_payload()
    await sync_to_async(recover)()
    for _ in range(2):
        await sync_to_async(incidents.record)()
        assert await incidents.mail()
    _, over = mailbox.mails
    assert over["Subject"] == "Reviewer inbox: Mobius accepts the service key again"
    assert "and ended at" in over.get_payload()


async def test_a_mail_that_could_not_be_sent_is_sent_later(
    mailbox: Mailbox, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_HOST_PASSWORD = "wrong-password"
    go_wrong(Kind.SYNC_DEAD)
    await sync_to_async(incidents.record)()
    assert not await incidents.mail()
    assert "could not be sent" in caplog.text
    assert "wrong-password" not in caplog.text
    settings.EMAIL_HOST_PASSWORD = "pass word"
    assert await incidents.mail()
    assert len(mailbox.mails) == 1


async def test_what_began_long_ago_is_only_mailed_when_it_ends(mailbox: Mailbox) -> None:
    await Incident.objects.acreate(
        upstream=await sync_to_async(Upstream.current)(),
        kind=Kind.SYNC_DEAD,
        began_at=soon(days=-1),
        ended_at=soon(minutes=-1),
    )
    assert await incidents.mail()
    [over] = mailbox.mails
    assert "and ended at" in over.get_payload()


async def test_one_mail_is_sent_about_another_api(mailbox: Mailbox) -> None:
    for generation in (Generation.A, Generation.C):
        await sync_to_async(Upstream.choose)(Found(generation, "GET /v1/interactions"))
    for _ in range(2):
        await sync_to_async(incidents.record)()
        assert await incidents.mail()
    [mail] = mailbox.mails
    assert mail["Subject"] == "Reviewer inbox: Mobius has another API now, and the inbox uses it"
    assert "It happened at" in mail.get_payload()


async def test_without_an_address_no_mail_is_sent(mailbox: Mailbox, settings: Any) -> None:
    settings.ADMIN_EMAIL = []
    go_wrong(Kind.SYNC_DEAD)
    await sync_to_async(incidents.record)()
    assert await incidents.mail()
    assert mailbox.mails == []
