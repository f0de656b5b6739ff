"""What becomes a notification event, and what does not."""

import pytest

from inbox.mobius.types import InteractionStatus, Policy, PolicyKind, Target
from inbox.models import Notice, NotificationEvent, Reviewer, Upstream
from tests.support.sending import plan_all
from tests.support.snapshots import LEE, RINA, SAM, ask, group_ask, reply
from tests.web import cast
from tests.web.cast import soon, tell

ANY = Policy(kind=PolicyKind.ANY)


@pytest.fixture(autouse=True)
def upstream(db: None) -> Upstream:
    cast.people()
    upstream = Upstream.current()
    upstream.seeded_at = soon(days=-1)
    upstream.save()
    return upstream


def events() -> list[tuple[str, str]]:
    rows = NotificationEvent.objects.order_by("pk")
    return [(row.kind, row.occurrence) for row in rows]


def bell(username: str) -> list[str]:
    plan_all(soon())
    rows = Notice.objects.filter(reviewer__user__username=username, read_at=None)
    return [row.kind for row in rows.order_by("pk")]


def test_a_new_question_is_one_event_however_often_it_is_read() -> None:
    tell(ask(created_at=soon()))
    tell(ask(minutes=1, created_at=soon(), message="Ship it now?"))
    assert events() == [("asked", "0")]


def test_questions_from_before_the_first_full_sync_are_no_events(upstream: Upstream) -> None:
    upstream.seeded_at = None
    upstream.save()
    tell(ask(created_at=soon()))
    assert events() == []


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"policy": ANY}, "asked_group"),
        ({"policy": Policy(kind=PolicyKind.ALL)}, "asked"),
        ({"policy": Policy(kind=PolicyKind.QUORUM, quorum=2)}, "asked"),
        ({"policy": ANY, "group_id": None, "target": Target(type="group", id="")}, "asked"),
    ],
)
def test_only_a_group_of_which_one_answers_is_told_as_a_group(
    fields: dict[str, object], kind: str
) -> None:
    tell(group_ask(created_at=soon(), **fields))
    assert events() == [(kind, "0")]


def test_more_than_twenty_named_people_are_told_as_a_group() -> None:
    crowd = tuple(f"user_{number}" for number in range(21))
    unnamed = {"group_id": None, "target": Target(type="group", id="")}
    tell(group_ask(created_at=soon(), policy=ANY, members=crowd, **unnamed))
    assert events() == [("asked_group", "0")]


def test_the_bell_has_a_question_until_it_is_settled() -> None:
    tell(group_ask(created_at=soon(), policy=ANY, group_id="grp_board"))
    assert bell("sam") == ["asked_group"]
    tell(
        group_ask(
            minutes=1,
            created_at=soon(),
            policy=ANY,
            status=InteractionStatus.COMPLETED,
            responses=(reply(RINA, True),),
        )
    )
    assert bell("sam") == []


def test_an_expired_question_is_told_to_those_who_have_not_answered() -> None:
    tell(group_ask(created_at=soon(), responses=(reply(SAM, True),)))
    tell(
        group_ask(
            minutes=1,
            created_at=soon(),
            status=InteractionStatus.EXPIRED,
            responses=(reply(SAM, True),),
        )
    )
    assert bell("rina") == ["expired"]
    assert bell("sam") == []


def test_who_holds_an_answer_is_not_told(settings: object) -> None:
    tell(group_ask(created_at=soon(), members=(RINA, LEE)))
    lee = Reviewer.objects.get(user__username="lee")
    lee.user.is_active = False
    lee.user.save()
    assert bell("rina") == ["asked"]
    assert bell("lee") == []
