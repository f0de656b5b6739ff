from inbox.models import Recipient
from tests.mirror.conftest import Mirror
from tests.support.snapshots import LEE, NOON, RINA, SAM, ask, at, group_ask, reply

ANY = {"policy": {"kind": "any"}}


def marks() -> dict[str, str]:
    rows = Recipient.objects.select_related("interaction")
    return {
        row.user_id: "unread" if row.unread else "changed" if row.changed else "" for row in rows
    }


def see(*people: str, minutes: float = 0) -> None:
    Recipient.objects.filter(user_id__in=people).update(seen=at(minutes))


def test_a_new_question_is_unread_and_a_change_by_upstream_marks_what_was_seen(
    mirror: Mirror,
) -> None:
    mirror.tell(group_ask(**ANY))
    see(RINA)
    assert marks() == {RINA: "", SAM: "unread", LEE: "unread"}
    mirror.tell(group_ask(minutes=1, message="Ship it now?", **ANY))
    assert marks() == {RINA: "changed", SAM: "unread", LEE: "unread"}


def test_a_claim_and_its_release_are_a_change_for_the_others_alone(mirror: Mirror) -> None:
    mirror.tell(group_ask(**ANY))
    see(RINA, SAM)
    mirror.tell(group_ask(minutes=1, claimed_by=RINA, claimed_at=at(1), **ANY))
    assert marks() == {RINA: "", SAM: "changed", LEE: "unread"}
    see(SAM, minutes=1)
    mirror.tell(group_ask(minutes=2, **ANY))
    assert marks() == {RINA: "", SAM: "changed", LEE: "unread"}


def test_a_claim_of_what_was_unread_or_had_changed_leaves_it_so(mirror: Mirror) -> None:
    mirror.tell(group_ask(**ANY))
    see(RINA)
    mirror.tell(group_ask(minutes=1, message="Ship it now?", **ANY))
    for who in (RINA, SAM):
        mirror.tell(
            group_ask(minutes=2, message="Ship it now?", claimed_by=who, claimed_at=at(2), **ANY)
        )
    assert marks() == {RINA: "changed", SAM: "unread", LEE: "unread"}


def test_a_claim_that_came_with_another_change_does_not_hide_that(mirror: Mirror) -> None:
    mirror.tell(group_ask(**ANY))
    see(RINA)
    mirror.tell(group_ask(minutes=1, message="Ship it now?", claimed_by=RINA, **ANY))
    assert marks()[RINA] == "changed"


def test_answering_marks_a_question_as_seen_and_later_answers_as_changes(mirror: Mirror) -> None:
    one, two = (reply(who, True, at=at(1)) for who in (RINA, SAM))
    mirror.tell(group_ask())
    mirror.tell(group_ask(minutes=1, responses=(one,)))
    assert marks() == {RINA: "", SAM: "unread", LEE: "unread"}
    mirror.tell(group_ask(minutes=2, responses=(one, two)))
    assert marks() == {RINA: "changed", SAM: "", LEE: "unread"}


def test_a_question_that_is_told_again_stays_seen(mirror: Mirror) -> None:
    mirror.tell(ask(expires_at=at(60)))
    see(RINA)
    mirror.tell(ask(minutes=1, expires_at=at(90)))
    assert Recipient.objects.get().seen == NOON
