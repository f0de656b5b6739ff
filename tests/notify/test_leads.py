"""What team leads are told, and what concerns an account instead of a question."""

import io
from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command

from inbox.access import TEAM_LEAD
from inbox.mobius.types import InteractionStatus, Run, RunStatus, Target
from inbox.models import (
    Delivery,
    FailureLimit,
    Notice,
    NotificationTimes,
    Reviewer,
    Upstream,
)
from inbox.models.notification import Channel, Kind, When
from inbox.notify import failures, plan, reminders
from inbox.people import accounts, credentials
from tests.support.mailbox import Mailbox
from tests.support.sending import plan_all, send_to_people
from tests.support.snapshots import NOON, RINA, SAM, ask, group_ask, run
from tests.support.tags import text_of
from tests.web import cast
from tests.web.cast import soon, tell

# The mail server that the tests start is on loopback.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@pytest.fixture(autouse=True)
def upstream(db: None) -> Upstream:
    cast.people()
    upstream = Upstream.current()
    upstream.seeded_at = soon(days=-1)
    upstream.save()
    NotificationTimes.objects.all().delete()
    return upstream


@pytest.fixture
def tess() -> Reviewer:
    tess = Reviewer.objects.get(user__username="tess")
    tess.user.email = "tess@example.com"
    tess.user.save()
    return tess


def bell(username: str) -> list[str]:
    plan_all(soon())
    rows = Notice.objects.filter(reviewer__user__username=username, read_at=None)
    return [row.kind for row in rows.order_by("pk")]


def listed(username: str) -> str:
    return text_of(cast.sign_in(username).get("/notifications/").content.decode())


def test_leads_are_told_before_a_question_expires_and_when_it_has(
    upstream: Upstream, mailbox: Mailbox, tess: Reviewer
) -> None:
    plan.choose(tess, Kind.EXPIRING_UNANSWERED, Channel.EMAIL, When.NOW)
    tell(run(status=RunStatus.SUSPENDED, created_at=soon()))
    question = {"created_at": soon(minutes=-96), "expires_at": soon(minutes=4), "run_id": "run_1"}
    tell(ask(**question))
    reminders.write(upstream, soon())
    assert bell("tess") == ["expiring_unanswered"]
    send_to_people(soon(minutes=1))
    tell(run(minutes=1, status=RunStatus.FAILED, updated_at=soon(minutes=5)))
    closed = {"status": InteractionStatus.EXPIRED, "updated_at": soon(minutes=5)}
    tell(ask(**question, **closed))
    plan_all(soon())
    send_to_people(soon(minutes=12))
    own = [mail for mail in mailbox.mails if mail["To"] == "tess@example.com"]
    before, after = (mail.get_body(("plain",)).get_content() for mail in own)
    assert "Nobody has answered this question yet" in before
    assert "This question expired without an answer" in after
    assert "its run failed" in after
    assert "because you chose to be told of it, as a team lead" in after


def test_leads_are_told_of_a_claim_that_lasts_too_long_once(upstream: Upstream) -> None:
    since = soon() - settings.CLAIM_STALE_AFTER - timedelta(minutes=2)
    tell(group_ask(created_at=soon(days=-1), claimed_by=SAM, claimed_at=since))
    for _ in range(2):
        reminders.write(upstream, soon())
    assert bell("tess") == ["claimed_too_long"]
    assert "Sam has claimed this question and not answered it" in listed("tess")
    assert "claimed_too_long" not in bell("sam")


def failed(*minutes: float, workflow: str = "release") -> list[Run]:
    """Runs that failed so many minutes ago."""
    return [
        run(
            f"run_{workflow}_{ago}",
            workflow=workflow,
            status=RunStatus.FAILED,
            created_at=soon(days=-1),
            updated_at=soon(minutes=-ago),
        )
        for ago in minutes
    ]


def test_leads_are_told_when_the_runs_of_a_workflow_fail(tess: Reviewer) -> None:
    tell(*failed(50, 40), *failed(45, workflow="refund"))
    assert bell("tess") == []
    tell(*failed(30))
    assert bell("tess") == ["run_failed"]
    assert "Runs of release fail" in listed("tess")
    Notice.objects.all().delete()
    tell(*failed(20))
    assert bell("tess") == []
    assert bell("rina") == []


@pytest.mark.parametrize(
    ("minutes", "reached"),
    [
        ([0, 10], False),
        ([0, 10, 59], True),
        ([0, 10, 60], False),
        ([0, 10, 20, 30], False),
        ([0, 10, 20, 120, 130, 140], True),
    ],
)
def test_a_limit_is_reached_anew_only_after_it_was_not(
    minutes: Sequence[int], reached: bool
) -> None:
    times = [NOON + timedelta(minutes=minute) for minute in minutes]
    assert failures.reaches(FailureLimit(), times[-4:]) is reached


def test_each_lead_has_a_limit_of_their_own(tess: Reviewer) -> None:
    limit = {"failures": "2", "minutes": "30"}
    assert cast.sign_in("tess").post("/account/notifications/failures", limit).status_code == 303
    tell(*failed(80, 45))
    assert bell("tess") == []
    tell(*failed(20))
    assert bell("tess") == ["run_failed"]
    refused = cast.sign_in("tess").post(
        "/account/notifications/failures", limit | {"failures": "0"}
    )
    assert refused.status_code == 422


def test_the_command_sets_the_limit(tess: Reviewer) -> None:
    chosen = ("set_notifications", "tess", "run_failed", "push", "now")
    call_command(*chosen, "--failures", "5", "--minutes", "120", stdout=io.StringIO())
    assert (tess.failure_limit.failures, tess.failure_limit.minutes) == (5, 120)
    with pytest.raises(CommandError, match="greater than or equal to 5"):
        call_command(*chosen, "--minutes", "1")


def test_who_is_no_lead_any_more_gets_no_message(mailbox: Mailbox, tess: Reviewer) -> None:
    plan.choose(tess, Kind.RUN_FAILED, Channel.EMAIL, When.NOW)
    tell(*failed(3, 2, 1))
    plan_all(soon())
    tess.user.groups.remove(Group.objects.get(name=TEAM_LEAD))
    send_to_people(soon(minutes=6))
    assert mailbox.mails == []
    assert list(Delivery.objects.values_list("state", "reason")) == [("dropped", "no_access")]


def test_leads_learn_once_of_someone_who_is_asked_and_has_no_account() -> None:
    stranger = Target(type="user", id="user_nora")
    tell(ask("int_1", target=stranger, created_at=soon()))
    tell(ask("int_2", target=stranger, created_at=soon()))
    assert bell("tess") == ["no_account"]
    Notice.objects.all().delete()
    tell(ask("int_3", target=stranger, created_at=soon()))
    assert bell("tess") == []


def test_a_mobius_id_brings_one_summary(mailbox: Mailbox) -> None:
    user = User.objects.create_user("nora", "nora@example.com")
    plan.choose(user.reviewer, Kind.ASKED, Channel.EMAIL, When.NOW)
    stranger = Target(type="user", id="user_nora")
    tell(*(ask(f"int_{n}", target=stranger, created_at=soon(days=-1)) for n in range(3)))
    plan_all(soon())
    accounts.set_mobius_id(user, "user_nora")
    assert bell("nora") == ["summary"]
    assert "3 questions wait for you" in listed("nora")
    send_to_people(soon(minutes=6))
    [mail] = mailbox.mails
    assert mail["Subject"] == "3 questions wait for you"


def test_a_refused_token_is_told_once_until_there_is_another(mailbox: Mailbox) -> None:
    rina = Reviewer.objects.get(mobius_id=RINA)
    plan.choose(rina, Kind.TOKEN_REFUSED, Channel.EMAIL, When.NOW)
    for _ in range(2):
        credentials.mark_refused(rina)
    assert bell("rina") == ["token_refused"]
    send_to_people(soon(minutes=6))
    [mail] = mailbox.mails
    assert mail["Subject"] == "Your member token has a problem"
    assert "/account/" in mail.get_body(("plain",)).get_content()


def test_only_leads_may_choose_what_leads_are_told() -> None:
    for_leads = "Any question is about to expire or has expired unanswered"
    pages = [
        text_of(cast.sign_in(name).get("/account/notifications/").content.decode())
        for name in ("tess", "rina")
    ]
    assert [for_leads in page for page in pages] == [True, False]
