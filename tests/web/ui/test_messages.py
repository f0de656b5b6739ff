from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from inbox.access import Viewer
from inbox.answering import claiming
from inbox.answering.outcome import Kind, Outcome
from inbox.answering.underway import Underway
from inbox.mirror.rows import interaction_row, run_row
from inbox.mobius.types import Answer, InteractionStatus, Policy, PolicyKind, Question
from inbox.models import Group, Interaction, Run, Upstream
from inbox.upstream import groups, run_control
from inbox.web.ui.messages import Message
from inbox.web.ui.outcome_messages import (
    answer_message,
    claim_message,
    group_message,
    nudge_message,
    run_message,
)
from tests.support.snapshots import answered, ask, at, group_ask, reply, run
from tests.web import cast

RINA = Viewer(0, "user_rina", "Rina")
SAVED = "Your draft is saved."
NOW = timezone.now()


@pytest.fixture(autouse=True)
def people(db: None) -> None:
    cast.people()


def row(interaction: Any) -> Interaction:
    item = interaction_row(Upstream(), interaction, 0)
    item.upstream = Upstream()
    return item


def part(by: str, value: Any = True) -> Answer:
    return reply(by, value, at=at(1))


def about_answer(
    kind: Kind, interaction: Any = None, *, draft_saved: bool = False, **facts: Any
) -> Message:
    outcome = Outcome(kind, row(interaction or ask(run_id="run_1")), **facts)
    return answer_message(outcome, RINA, draft_saved=draft_saved)


def about_claim(kind: Kind, interaction: Any = None, verb: str = "claim", **facts: Any) -> Message:
    return claim_message(Outcome(kind, row(interaction or group_ask()), verb, **facts), RINA)


def about_group(kind: Kind, verb: str = groups.Verb.ADDED, **facts: Any) -> Message:
    group = Group(name="Approvers")
    return group_message(Outcome(kind, group, verb, user_id="user_lee", person="Lee", **facts))


def about_run(kind: Kind, verb: str = run_control.Verb.CANCEL, **facts: Any) -> Message:
    of = run_row(Upstream(), run(), 0)
    return run_message(Outcome(kind, of, verb, signal="documents", **facts))


def test_an_answer_that_resumes_the_run_says_so() -> None:
    message = about_answer(Kind.ANSWERED, answered(ask(run_id="run_1"), "user_rina", 2))
    assert (str(message), message.status) == ("Approved. The run has resumed.", 200)


def test_an_answer_of_several_says_who_it_is_waiting_for() -> None:
    interaction = group_ask(run_id="run_1", responses=(part("user_sam"), part("user_rina", False)))
    message = about_answer(Kind.PENDING_OTHERS, interaction)
    assert str(message) == ("Rejected. 2 of 3 have answered, including you. Still waiting for Lee.")


def test_the_first_answer_of_several_says_so() -> None:
    message = about_answer(Kind.PENDING_OTHERS, group_ask(responses=(part("user_rina"),)))
    expected = "Approved. Yours is the first of 3 answers. Still waiting for Sam and Lee."
    assert str(message) == expected


def test_the_last_of_several_says_that_all_have_answered() -> None:
    members = ("user_rina", "user_sam")
    responses = tuple(part(member) for member in members)
    message = about_answer(
        Kind.ANSWERED, group_ask(run_id="run_1", members=members, responses=responses)
    )
    assert message.text == "All 2 have answered. The run has resumed."


@pytest.mark.parametrize(
    ("interaction", "text"),
    [
        (ask(), "Mobius is still processing it."),
        (group_ask(), "Others still have to answer."),
    ],
)
def test_an_accepted_answer_is_received(interaction: Any, text: str) -> None:
    assert str(about_answer(Kind.RECEIVED, interaction)) == f"Answer received. {text}"


def test_a_closed_question_says_who_answered_what() -> None:
    closed = answered(group_ask(policy=Policy(kind=PolicyKind.ANY)), "user_lee", 2)
    message = about_answer(Kind.CLOSED, closed, draft_saved=True)
    assert message.title.startswith("Lee answered this ")
    assert message.title.endswith(": Approved")
    assert message.text == f"Your answer wasn't sent. {SAVED}"
    assert (message.status, message.tone, message.retryable) == (409, "info", False)
    assert about_claim(Kind.CLOSED, closed).title == message.title


def test_a_title_of_two_sentences_has_both_full_stops() -> None:
    expired = ask(status=InteractionStatus.EXPIRED, completed_at=at(2))
    message = about_answer(Kind.CLOSED, expired)
    assert message.title.endswith(". It can no longer be answered.")
    assert "answered. Your answer" in str(message)


def test_a_text_that_was_sent_is_quoted() -> None:
    asked = ask(run_id="run_1", questions=(Question(mode="input"),))
    sent = answered(asked, "user_rina", 2, "It arrives on Monday.")
    assert str(about_answer(Kind.ANSWERED, sent)) == (
        "Answer sent: “It arrives on Monday”. The run has resumed."
    )


def test_an_answer_of_mine_that_came_before_is_repeated() -> None:
    interaction = group_ask(responses=(part("user_rina", False),))
    message = about_answer(Kind.ALREADY_ANSWERED, interaction)
    assert message.title.startswith("You answered this ")
    assert message.title.endswith(": Rejected")


def test_an_answer_of_mine_that_was_made_elsewhere_is_said_to_be() -> None:
    cast.tell(group_ask(responses=(part("user_rina", False),)))
    outcome = Outcome(Kind.ALREADY_ANSWERED, Interaction.objects.get())
    title = answer_message(outcome, RINA).title
    assert title.startswith("You answered this outside this app ")
    assert title.endswith(": Rejected")


@pytest.mark.parametrize(
    ("ago", "title", "text"),
    [
        (timedelta(seconds=40), "Lee claimed this 40 s ago", "You can answer if Lee releases it."),
        (timedelta(minutes=9), "Claimed by Lee since", "You can answer if Lee releases it."),
        (timedelta(hours=1), "Claimed by Lee since", "It was claimed 1 h ago. Only Lee can"),
    ],
)
def test_a_claim_by_someone_else_names_them(ago: timedelta, title: str, text: str) -> None:
    interaction = group_ask(claimed_by="user_lee", claimed_at=timezone.now() - ago)
    for message in (
        about_answer(Kind.CLAIMED_BY_ANOTHER, interaction),
        about_claim(Kind.CLAIMED_BY_ANOTHER, interaction),
    ):
        assert message.title.startswith(title)
        assert message.text.startswith(text)
        assert (message.status, message.retryable) == (409, True)


@pytest.mark.parametrize(
    ("accepted_at", "title"), [(None, "Sam is answering this"), (NOW, "Sam answered this ")]
)
def test_an_answer_that_is_underway_names_the_person(accepted_at: Any, title: str) -> None:
    message = about_answer(Kind.PROCESSING, underway=Underway(False, "Sam", accepted_at))
    assert message.title.startswith(title)
    assert "Your answer wasn't sent." in message.text


@pytest.mark.parametrize(
    "kind",
    [kind for kind in Kind if kind not in (Kind.PROCESSING, Kind.ALREADY_ANSWERED, Kind.ANSWERED)],
)
def test_a_draft_is_called_saved_only_where_it_was(kind: Kind) -> None:
    done = Outcome(kind, row(ask())).done
    interaction = group_ask(responses=(part("user_rina"),))
    assert SAVED not in about_answer(kind, interaction).text
    assert (SAVED in about_answer(kind, interaction, draft_saved=True).text) is not done


@pytest.mark.parametrize(
    ("kind", "facts", "title", "advice"),
    [
        (Kind.UNREACHABLE, {}, "Mobius can't be reached", "Try again in a moment."),
        (
            Kind.RATE_LIMITED,
            {"retry_after": 30.0},
            "Mobius is limiting requests",
            "Try again in 30 s.",
        ),
        (Kind.RATE_LIMITED, {}, "Mobius is limiting requests", "Try again in a moment."),
        (
            Kind.TOKEN_REFUSED,
            {},
            "Mobius no longer accepts your member token",
            "Add a new token on the Account page.",
        ),
        (
            Kind.NO_CREDENTIAL,
            {},
            "You don't have a member token yet",
            "Add your token on the Account page.",
        ),
        (
            Kind.NO_CREDENTIAL,
            {"lost": True},
            "Your member token can no longer be read",
            "Add your token on the Account page.",
        ),
    ],
)
def test_the_same_failure_reads_the_same_on_every_page(
    kind: Kind, facts: dict[str, Any], title: str, advice: str
) -> None:
    unchanged = {
        "Your answer": about_answer(kind, **facts),
        "Nothing was changed.": about_claim(kind, **facts),
        "Nothing was changed": about_group(kind, **facts),
        "The run wasn't changed.": about_run(kind, **facts),
        "No signal was sent.": about_run(kind, run_control.Verb.SIGNAL, **facts),
    }
    for sentence, message in unchanged.items():
        assert message.title == title
        assert sentence in message.text
        assert message.text.endswith(advice)
        assert message.needs_token is (kind in (Kind.NO_CREDENTIAL, Kind.TOKEN_REFUSED))


def test_a_shared_question_needs_a_token_of_ones_own() -> None:
    message = about_answer(Kind.NO_CREDENTIAL, group_ask())
    assert "with their own token" in message.text


def test_a_refused_service_key_is_not_the_viewers_fault() -> None:
    message = about_answer(Kind.KEY_REFUSED)
    assert message.title == "Mobius refused the installation's service key"
    assert "your own member token" in message.text
    message = about_answer(Kind.KEY_REFUSED, status=403, message="not a member")
    assert message.title == "The service key may not answer this question for you"
    assert message.text.startswith("Mobius says: not a member.")


@pytest.mark.parametrize(
    "message",
    [
        (Kind.UNCONFIRMED, {}),
        (Kind.RATE_LIMITED, {"checked": False}),
        (Kind.STILL_OPEN, {}),
    ],
)
def test_an_unconfirmed_answer_is_not_called_unsent(message: Any) -> None:
    kind, facts = message
    interaction = about_answer(kind, **facts)
    assert "We couldn't confirm that your answer was received" in str(interaction)
    assert "wasn't sent" not in interaction.text
    assert interaction.status == 503


def test_the_message_of_mobius_is_quoted() -> None:
    for message in (
        about_answer(Kind.NOT_ACCEPTED, message="Too late."),
        about_claim(Kind.NOT_ACCEPTED, message="Too late."),
        about_group(Kind.NOT_ACCEPTED, message="Too late."),
        about_run(Kind.NOT_ACCEPTED, message="Too late."),
    ):
        assert message.text.startswith("Mobius says: Too late.")
        assert (message.status, message.tone) == (422, "bad")


def test_a_refusal_without_a_reason_says_its_status() -> None:
    message = about_answer(Kind.NOT_ACCEPTED, status=413)
    assert message.text.startswith("Mobius returned an error (413).")


def test_a_claim_and_a_release_say_what_follows() -> None:
    assert str(about_claim(Kind.CLAIMED)) == (
        "You claimed this question. "
        "Others can view it, but only you can answer until you release it."
    )
    assert about_claim(Kind.RELEASED, verb="release").title == "You released this question"
    assert about_claim(Kind.STILL_OPEN).title == "The question is still unclaimed"
    still_mine = about_claim(Kind.STILL_OPEN, verb=claiming.Verb.RELEASE)
    assert still_mine.title == "The question is still claimed by you"


@pytest.mark.parametrize(
    ("verb", "routing", "title"),
    [
        (groups.Verb.ADDED, "", "Lee was added to Approvers"),
        (groups.Verb.REMOVED, "", "Lee was removed from Approvers"),
        (groups.Verb.ROUTED, PolicyKind.ANY, "Routing for Approvers is now “First to answer”"),
        (groups.Verb.ROUTED, PolicyKind.ALL, "Routing for Approvers is now “All members”"),
    ],
)
def test_a_change_of_a_group_is_named(verb: str, routing: str, title: str) -> None:
    message = about_group(Kind.CHANGED, verb, routing=routing)
    assert (message.title, message.text) == (title, "Changes apply to new questions only.")
    later = about_group(Kind.CHANGED, verb, routing=routing, checked=False)
    assert later.text.endswith("The change appears on this page within a minute.")


@pytest.mark.parametrize(
    ("kind", "verb", "title", "status"),
    [
        (Kind.ALREADY_SO, groups.Verb.ADDED, "Lee is already in Approvers", 409),
        (Kind.ALREADY_SO, groups.Verb.REMOVED, "Lee is no longer in Approvers", 409),
        (Kind.UNKNOWN_PERSON, groups.Verb.ADDED, "Mobius doesn't know the ID user_lee", 422),
        (Kind.DELETED, groups.Verb.ROUTED, "Approvers no longer exists in Mobius", 409),
        (Kind.NOT_ALLOWED, groups.Verb.ADDED, "Mobius doesn't let you change this group", 409),
        (Kind.STILL_OPEN, groups.Verb.ADDED, "The change wasn't made", 503),
    ],
)
def test_a_group_that_was_not_changed_says_why(
    kind: Kind, verb: str, title: str, status: int
) -> None:
    message = about_group(kind, verb)
    assert (message.title, message.status) == (title, status)


def test_a_name_with_a_percent_sign_is_shown_as_it_is() -> None:
    group = Group(name="50% rule")
    message = group_message(Outcome(Kind.DELETED, group, groups.Verb.ADDED))
    assert message.title == "50% rule no longer exists in Mobius"


@pytest.mark.parametrize(
    ("fields", "end"),
    [
        ({"status": "completed"}, "had already completed"),
        ({"status": "failed"}, "had already failed"),
        ({"status": "failed", "state": "cancelled"}, "had already been cancelled"),
    ],
)
def test_a_run_that_had_already_ended_is_reported_without_an_error(
    fields: dict[str, str], end: str
) -> None:
    of = Run(mobius_id="run_1", workflow="release", **fields)
    message = run_message(Outcome(Kind.ENDED_BEFORE, of, run_control.Verb.CANCEL))
    assert message.title.endswith(end)
    assert (message.text, message.status, message.tone) == ("Nothing was cancelled.", 200, "info")


def test_the_message_warns_that_a_signal_may_arrive_twice() -> None:
    message = about_run(Kind.UNCONFIRMED, run_control.Verb.SIGNAL)
    assert "it may arrive twice" in message.text
    assert message.text.startswith("Your text is still in this tab.")
    assert (message.status, message.tone) == (503, "warn")


def test_the_name_to_type_is_named() -> None:
    message = about_run(Kind.WRONG_NAME)
    assert message.outcome.subject.confirmation_text in message.text
    assert message.status == 422


@pytest.mark.parametrize(
    ("kind", "title", "text"),
    [
        (Kind.NUDGED, "Nudged Lee at ", "Lee has been notified."),
        (
            Kind.TOO_SOON,
            "Lee was nudged at ",
            "Each person can be nudged about a question once an hour",
        ),
        (Kind.THEY_ANSWERED, "Lee has already answered", "No nudge was sent."),
        (Kind.CLAIMED_BY_ANOTHER, "Someone else has claimed it", "Only they can answer now"),
        (Kind.NO_ACCOUNT, "user_lee has no account here", "No nudge was sent. Contact them"),
        (Kind.DEACTIVATED, "Lee's account is deactivated", "No nudge was sent. Contact them"),
        (
            Kind.YOURSELF,
            "This question is waiting for you",
            "No nudge was sent. Answer it instead.",
        ),
        (Kind.CLOSED, "The question has been answered", "No nudge was sent."),
    ],
)
def test_a_nudge_says_what_came_of_it(kind: Kind, title: str, text: str) -> None:
    item = row(answered(ask(), "user_rina", 2))
    item.state = "completed"
    outcome = Outcome(kind, item, "nudge", user_id="user_lee", person="Lee", at=NOW)
    message = nudge_message(outcome, NOW)
    assert message.title.startswith(title)
    assert message.text.startswith(text)
    assert message.status == (200 if kind is Kind.NUDGED else 409)
