from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from inbox.mirror.freshness import Reason, SyncStatus, Trouble, trouble_of
from inbox.mobius import errors
from inbox.web.ui.freshness import explained, freshness_text, trouble_text
from inbox.web.ui.script_words import WORDS

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
AWAY = trouble_of(errors.Unreachable("no", sent=False))


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


def says(**facts: object) -> str:
    sync_status = SyncStatus()
    sync_status.update(**facts)
    return freshness_text(sync_status.current(NOW), NOW)


def refusal(kind: type[errors.MobiusError], status: int) -> errors.MobiusError:
    message = "limit is at most 50.\n"
    error = kind(message, status=status, upstream_message=message)
    error.request = "GET /interactions"
    return error


@pytest.mark.parametrize(
    ("age", "when"),
    [({"seconds": 40}, "11:59"), ({"hours": 3}, "09:00"), ({"days": 4}, "Thu 12:00")],
)
def test_it_says_since_when_there_were_no_updates_and_why(age: dict[str, float], when: str) -> None:
    facts = {"seeded": True, "broken_at": ago(**age), "heard_at": ago(**age), "trouble": AWAY}
    assert says(**facts) == f"No updates since {when}. Mobius isn't responding."


def test_the_time_is_that_of_the_installation(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Helsinki"
    facts = {"seeded": True, "broken_at": ago(hours=1), "heard_at": ago(hours=1)}
    assert says(**facts) == "No updates since 13:00."


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (errors.Unreachable("no", sent=False), "Mobius isn't responding."),
        (errors.Unauthorized("mbx_secret"), "Mobius doesn't accept the service key."),
        (errors.Denied("no"), "The service key isn't for this project."),
        (
            errors.NotFound("The project was not found.", code="not_found", status=404),
            "Mobius doesn't know this project.",
        ),
        (refusal(errors.Rejected, 422), "Mobius refused GET /interactions (422)."),
        (refusal(errors.NotFound, 404), "Mobius refused GET /interactions (404)."),
        (errors.NotFound("There is no such call."), "Mobius refused a request."),
        (errors.RateLimited("no"), "Mobius is limiting requests."),
        (errors.Unavailable("no", status=503), "Mobius returned an error (503)."),
        (errors.InvalidResponse("no"), "Mobius sent a response that can't be read."),
        (errors.TooLarge("no"), "Mobius sent a response that's too large to read."),
        (errors.Silent("no", sent=True), ""),
    ],
)
def test_each_failure_has_a_sentence_of_its_own(error: errors.MobiusError, why: str) -> None:
    facts = {"seeded": True, "broken_at": ago(hours=1), "heard_at": ago(hours=1)}
    trouble = trouble_of(error)
    assert says(**facts, trouble=trouble) == f"No updates since 11:00. {why}".strip()


def test_every_reason_that_readers_hear_of_has_words() -> None:
    assert {reason for reason in Reason if reason.name.lower() not in WORDS} == {Reason.SILENT}


def test_a_stage_without_a_failure_has_a_sentence_of_its_own() -> None:
    assert [
        says(broken_at=ago(seconds=9), trouble=AWAY),
        says(broken_at=ago(seconds=9), heard_at=ago(seconds=9), trouble=AWAY),
        says(connected=True),
        says(connected=True, seeded=True),
        says(connected=True, seeded=True, trouble=trouble_of(errors.RateLimited("no"))),
        says(connected=True, seeded=True, trouble=trouble_of(errors.Denied("no"))),
        says(connected=True, full_sync_done=True, seeded=True),
        says(seeded=True),
    ] == [
        "Mobius hasn't been reached yet.",
        "Waiting for the first sync. Mobius isn't responding.",
        "First sync in progress.",
        "Catching up.",
        "Catching up. Mobius is limiting requests.",
        "The service key isn't for this project.",
        "Live.",
        "No updates.",
    ]


def test_a_rate_limit_says_until_when() -> None:
    until = Trouble(Reason.RATE_LIMITED, until=NOW + timedelta(minutes=2))
    assert trouble_text(until, NOW) == "Mobius is limiting requests until 12:02."


@pytest.mark.parametrize(
    ("request_", "shown"),
    [
        ("GET /interactions", "GET /interactions"),
        ("GET /interactions/int_9", "GET /interactions/…"),
        ("GET /runs/9/events", "GET /runs/…/events"),
        ("GET /groups/approvers/members", "GET /groups/…/members"),
        ("GET /runs/events", "GET /runs/events"),
        ("GET /members/me", "GET /members/me"),
    ],
)
def test_the_refused_call_is_named_only_to_administrators(request_: str, shown: str) -> None:
    error = errors.Rejected("Ask Lee.", status=422, upstream_message="Ask Lee.")
    error.request = request_
    sync_status = SyncStatus()
    sync_status.update(seeded=True, broken_at=ago(hours=1), trouble=trouble_of(error))
    fresh = sync_status.current(NOW)
    assert freshness_text(fresh, NOW).endswith(f"Mobius refused {shown} (422).")
    assert explained(fresh) == f"Mobius refused {request_} (422: Ask Lee)."
    sync_status.update(connected=True, full_sync_done=True, trouble=None)
    assert explained(sync_status.current(NOW)) == ""


def test_administrators_read_how_long_a_stream_was_silent_and_which_settings_set_a_limit() -> None:
    silent = errors.Silent("Mobius hasn't sent anything for 45 s.", sent=True)
    silent.silence = 45.2
    sync_status = SyncStatus()
    facts = {"seeded": True, "silent": True, "broken_at": ago(hours=1)}
    sync_status.update(**facts, trouble=trouble_of(silent))
    assert explained(sync_status.current(NOW)) == "Mobius hasn't sent anything for 45 s."
    sync_status.update(trouble=trouble_of(errors.TooLarge("no")))
    assert "MOBIUS_EVENT_LIMIT" in explained(sync_status.current(NOW))
    sync_status.update(trouble=AWAY)
    assert explained(sync_status.current(NOW)) == ""
