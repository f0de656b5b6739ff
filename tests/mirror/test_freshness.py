"""How old the mirror is, in words."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from inbox.mirror.freshness import KEY_REFUSED, SyncStatus, explained, trouble_of
from inbox.mobius import errors

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
AWAY = "Mobius isn't responding"


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


def told(**facts: object) -> tuple[str, str]:
    sync_status = SyncStatus()
    sync_status.update(**facts)
    fresh = sync_status.present(NOW)
    return fresh.state, fresh.sentence


def test_it_is_live_after_a_walk_with_the_stream_open() -> None:
    assert told(connected=True, full_sync_done=True, seeded=True) == ("live", "Live.")


def test_it_catches_up_until_the_walk_is_over() -> None:
    assert told(connected=True, seeded=True) == ("catching_up", "Catching up.")
    assert told(connected=True) == ("catching_up", "First sync in progress.")


def test_it_catches_up_while_events_wait() -> None:
    assert told(connected=True, full_sync_done=True, seeded=True, behind=True)[0] == "catching_up"


def test_a_blip_is_no_news() -> None:
    assert told(seeded=True, broken_at=ago(seconds=1), trouble=AWAY)[0] == "catching_up"
    assert told(seeded=True, broken_at=ago(seconds=3), trouble=AWAY)[0] == "stale"


def test_a_stream_that_was_closed_a_moment_ago_counts_as_open() -> None:
    closed = {"seeded": True, "broken_at": ago(seconds=8), "trouble": AWAY}
    grace = {"grace_until": NOW + timedelta(seconds=2)}
    assert told(**closed, **grace) == ("live", "Live.")
    assert told(**closed, grace_until=ago(seconds=1))[0] == "stale"
    assert told(connected=True, seeded=True, **grace) == ("live", "Live.")
    refused = {"connected": True, "seeded": True, "trouble": "Mobius refuses a request"}
    assert told(**refused, **grace)[0] == "catching_up"


def test_a_key_that_is_refused_beside_an_open_stream_does_not_catch_up() -> None:
    facts = {"connected": True, "full_sync_done": True, "seeded": True, "heard_at": ago(minutes=1)}
    assert told(**facts, trouble=KEY_REFUSED) == ("stale", "Mobius refuses the service key.")


def test_a_silent_stream_is_not_live_until_something_comes() -> None:
    facts = {"connected": True, "seeded": True, "silent": True, "heard_at": ago(seconds=20)}
    assert told(**facts) == ("stale", "No updates since 11:59.")


@pytest.mark.parametrize(
    ("age", "when"),
    [({"seconds": 40}, "11:59"), ({"hours": 3}, "09:00"), ({"days": 4}, "26 Feb, 12:00")],
)
def test_it_says_since_when_there_were_no_updates_and_why(age: dict[str, float], when: str) -> None:
    facts = {"seeded": True, "broken_at": ago(**age), "heard_at": ago(**age), "trouble": AWAY}
    assert told(**facts) == ("stale", f"No updates since {when}: {AWAY}.")


def test_the_time_is_that_of_the_installation(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Helsinki"
    facts = {"seeded": True, "broken_at": ago(hours=1), "heard_at": ago(hours=1)}
    assert told(**facts) == ("stale", "No updates since 13:00.")


def test_it_is_not_live_without_its_database() -> None:
    live = {"connected": True, "full_sync_done": True, "seeded": True}
    away = {"database_problem": "no database", "database_failed_at": ago(minutes=2)}
    assert told(**live, **away) == ("stale", "No updates since 11:58: no database.")
    sync_status = SyncStatus()
    assert sync_status.present().database
    sync_status.update(**away)
    assert not sync_status.present().database


def test_it_is_a_problem_once_it_has_not_been_live_for_five_minutes() -> None:
    sync_status = SyncStatus()
    assert sync_status.problems() == []
    sync_status.update(seeded=True, broken_at=datetime.now(UTC), trouble=AWAY)
    assert sync_status.problems() == []
    later = datetime.now(UTC) + timedelta(minutes=6)
    (problem,) = sync_status.problems(later)
    assert AWAY in problem
    sync_status.update(connected=True, full_sync_done=True, trouble="", heard_at=later)
    assert sync_status.problems(later) == []


def test_pages_look_again_where_time_alone_changes_what_they_say(rung: list[str]) -> None:
    sync_status = SyncStatus()
    soon = datetime.now(UTC) + timedelta(seconds=0.2)
    sync_status.update(connected=True, full_sync_done=True, seeded=True, live_until=soon)
    assert rung == ["freshness"]
    # What has been told is not told again.
    sync_status.refresh()
    assert rung == ["freshness"]
    while datetime.now(UTC) < soon:
        sync_status.refresh()
    sync_status.refresh()
    sync_status.refresh()
    assert rung == ["freshness"] * 2


def test_a_sync_that_hears_nothing_for_five_minutes_is_a_problem() -> None:
    sync_status = SyncStatus()
    sync_status.update(connected=True, full_sync_done=True, seeded=True, heard_at=ago(minutes=6))
    assert len(sync_status.problems(NOW)) == 1


def test_a_refused_key_is_a_problem_at_once() -> None:
    sync_status = SyncStatus()
    sync_status.update(trouble=trouble_of(errors.Unauthorized("no")))
    assert sync_status.problems() == ["Mobius refuses the service key."]


def test_nothing_has_been_read_yet() -> None:
    assert told() == ("never", "Waiting for the first sync.")
    assert told(broken_at=ago(seconds=9), heard_at=ago(seconds=9), trouble=AWAY) == (
        "never",
        f"Waiting for the first sync: {AWAY}.",
    )
    assert SyncStatus().present(NOW).unread


def refusal(kind: type[errors.MobiusError], status: int, **how: Any) -> errors.MobiusError:
    error = kind("limit is at most 50.\n", status=status, **how)
    error.request = "GET /interactions"
    return error


def test_each_state_of_the_connection_has_a_sentence_of_its_own() -> None:
    def stale(error: errors.MobiusError) -> str:
        facts = {"seeded": True, "broken_at": ago(hours=1), "heard_at": ago(hours=1)}
        return told(**facts, trouble=trouble_of(error))[1]

    away = errors.Unreachable("no", sent=False)
    unknown = errors.NotFound("The project was not found.", code="not_found", status=404)
    sentences = [
        told(broken_at=ago(seconds=9), trouble=trouble_of(away))[1],
        stale(away),
        stale(errors.Unauthorized("no")),
        stale(errors.Denied("no")),
        stale(unknown),
        stale(refusal(errors.Rejected, 422)),
        stale(refusal(errors.NotFound, 404)),
        stale(errors.RateLimited("no")),
        stale(errors.Unavailable("no", status=503)),
        told(connected=True, seeded=True)[1],
        told(connected=True)[1],
        told(connected=True, full_sync_done=True, seeded=True)[1],
    ]
    since = "No updates since 11:00"
    assert sentences == [
        "Mobius hasn't been reached yet.",
        f"{since}: Mobius isn't responding.",
        f"{since}: Mobius refuses the service key.",
        f"{since}: the service key isn't for this project.",
        f"{since}: Mobius doesn't know this project.",
        f"{since}: Mobius refuses GET /interactions (422).",
        f"{since}: Mobius refuses GET /interactions (404).",
        f"{since}: Mobius is limiting requests.",
        f"{since}: Mobius returned an error (503).",
        "Catching up.",
        "First sync in progress.",
        "Live.",
    ]


def test_a_rate_limit_says_until_when() -> None:
    found = re.fullmatch(
        r"Mobius is limiting requests until (?:.+, )?(\d\d:\d\d)",
        trouble_of(errors.RateLimited("no", retry_after=120)),
    )
    assert found
    minutes = {f"{timezone.localtime() + timedelta(minutes=m):%H:%M}" for m in (1, 2, 3)}
    assert found[1] in minutes
    said = trouble_of(errors.RateLimited("no", retry_after=1e9))
    # It is asked again after a day at the latest.
    assert f" until {timezone.localtime() + timedelta(days=1):%-d %b}" in said


def test_of_a_silent_stream_administrators_read_how_long_it_was() -> None:
    silent = errors.Silent("Mobius has sent nothing for 45 s.", sent=True)
    assert (trouble_of(silent), explained(silent)) == ("", "Mobius has sent nothing for 45 s")


def test_a_long_message_of_mobius_is_cut() -> None:
    words = explained(errors.Rejected("x" * 500, status=400))
    assert words == f"Mobius refuses a request (400: {'x' * 200}…)"


@pytest.mark.parametrize(
    ("error", "paused"),
    [
        (errors.Unreachable("no", sent=False), True),
        (errors.Silent("no", sent=True), False),
        (errors.Unauthorized("no"), False),
        (errors.RateLimited("no"), False),
        (errors.Rejected("no"), False),
    ],
)
def test_answering_is_paused_only_while_mobius_cannot_be_reached(
    error: errors.MobiusError, paused: bool
) -> None:
    sync_status = SyncStatus()
    facts = {"seeded": True, "broken_at": ago(hours=1), "heard_at": ago(hours=1)}
    sync_status.update(**facts, trouble=trouble_of(error))
    assert sync_status.present(NOW).paused == paused
    sync_status.update(connected=True, full_sync_done=True, trouble="")
    assert not sync_status.present(NOW).paused


def test_a_change_rings_and_no_change_does_not(rung: list[str]) -> None:
    sync_status = SyncStatus()
    sync_status.update(connected=True, full_sync_done=True, seeded=True)
    assert rung == ["freshness"]
    sync_status.update(heard_at=NOW, lag=0.1)
    assert rung == ["freshness"]
    sync_status.update(connected=False)
    assert rung == ["freshness", "freshness"]


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
def test_what_is_refused_is_named_to_administrators_alone(request_: str, shown: str) -> None:
    error = errors.Rejected("Ask Lee.", status=422)
    error.request = request_
    assert trouble_of(error) == f"Mobius refuses {shown} (422)"
    assert explained(error) == f"Mobius refuses {request_} (422: Ask Lee)"
    sync_status = SyncStatus()
    sync_status.update(seeded=True, broken_at=ago(hours=1), trouble=trouble_of(error))
    assert sync_status.present(NOW).explained == ""
    sync_status.update(trouble=trouble_of(error), explained=explained(error))
    assert sync_status.present(NOW).explained == explained(error)
    assert "Lee" not in sync_status.present(NOW).sentence
    sync_status.update(connected=True, full_sync_done=True, trouble="")
    assert sync_status.present(NOW).explained == ""


def test_what_mobius_says_is_not_told_to_readers() -> None:
    assert "secret" not in trouble_of(errors.Unauthorized("mbx_secret"))
    assert trouble_of(errors.Nonsense("no")) == "Mobius sent a response that can't be read"


def test_what_is_too_large_names_the_settings_to_administrators_alone() -> None:
    error = errors.TooLarge("no")
    assert trouble_of(error) == "Mobius sent more data at once than can be read"
    assert explained(error) == f"{trouble_of(error)} (MOBIUS_EVENT_LIMIT, MOBIUS_RESPONSE_LIMIT)"
