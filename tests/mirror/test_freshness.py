from datetime import UTC, datetime, timedelta

import pytest

from inbox.mirror.freshness import Reason, Stage, SyncStatus, Trouble, trouble_of
from inbox.mobius import errors

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
AWAY = Trouble(Reason.NOT_RESPONDING)


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


def state_and_stage(**facts: object) -> tuple[str, Stage]:
    sync_status = SyncStatus()
    sync_status.update(**facts)
    fresh = sync_status.current(NOW)
    return fresh.state, fresh.stage


def test_it_is_live_after_a_full_sync_with_the_stream_open() -> None:
    assert state_and_stage(connected=True, full_sync_done=True, seeded=True) == ("live", Stage.LIVE)


def test_it_is_catching_up_until_the_full_sync_is_done() -> None:
    assert state_and_stage(connected=True, seeded=True) == ("catching_up", Stage.CATCHING_UP)
    assert state_and_stage(connected=True) == ("catching_up", Stage.FIRST_SYNC)


def test_it_is_catching_up_while_events_are_queued() -> None:
    assert (
        state_and_stage(connected=True, full_sync_done=True, seeded=True, behind=True)[0]
        == "catching_up"
    )


def test_a_short_interruption_changes_nothing() -> None:
    assert state_and_stage(seeded=True, broken_at=ago(seconds=1), trouble=AWAY)[0] == "catching_up"
    assert state_and_stage(seeded=True, broken_at=ago(seconds=3), trouble=AWAY)[0] == "stale"


def test_a_stream_that_was_closed_a_moment_ago_counts_as_open() -> None:
    closed = {"seeded": True, "broken_at": ago(seconds=8), "trouble": AWAY}
    grace = {"grace_until": NOW + timedelta(seconds=2)}
    assert state_and_stage(**closed, **grace) == ("live", Stage.LIVE)
    assert state_and_stage(**closed, grace_until=ago(seconds=1))[0] == "stale"
    assert state_and_stage(connected=True, seeded=True, **grace) == ("live", Stage.LIVE)
    refused = {"connected": True, "seeded": True, "trouble": Trouble(Reason.REFUSED)}
    assert state_and_stage(**refused, **grace)[0] == "catching_up"


def test_a_key_that_is_refused_beside_an_open_stream_does_not_catch_up() -> None:
    facts = {"connected": True, "full_sync_done": True, "seeded": True, "heard_at": ago(minutes=1)}
    refused = Trouble(Reason.KEY_REFUSED)
    assert state_and_stage(**facts, trouble=refused) == ("stale", Stage.KEY_REFUSED)


def test_a_silent_stream_is_not_live_until_something_comes() -> None:
    facts = {"connected": True, "seeded": True, "silent": True, "heard_at": ago(seconds=20)}
    assert state_and_stage(**facts) == ("stale", Stage.NO_UPDATES)


def test_it_knows_since_when_there_were_no_updates_and_why() -> None:
    sync_status = SyncStatus()
    sync_status.update(seeded=True, broken_at=ago(hours=3), heard_at=ago(hours=3), trouble=AWAY)
    fresh = sync_status.current(NOW)
    assert (fresh.stage, fresh.no_updates_since) == (Stage.NO_UPDATES, ago(hours=3))
    assert fresh.because == AWAY


def test_it_is_not_live_without_its_database() -> None:
    live = {"connected": True, "full_sync_done": True, "seeded": True}
    reason = Reason.DATABASE_READ_ONLY
    away = {"database_problem": reason, "database_failed_at": ago(minutes=2)}
    sync_status = SyncStatus()
    assert sync_status.current().database
    sync_status.update(**live, **away)
    fresh = sync_status.current(NOW)
    assert (fresh.stage, fresh.no_updates_since) == (Stage.NO_UPDATES, ago(minutes=2))
    assert (fresh.because, fresh.database) == (Trouble(reason), False)


def test_it_is_a_problem_once_it_has_not_been_live_for_five_minutes() -> None:
    sync_status = SyncStatus()
    assert not sync_status.current().dead
    sync_status.update(seeded=True, broken_at=datetime.now(UTC), trouble=AWAY)
    assert not sync_status.current().dead
    later = datetime.now(UTC) + timedelta(minutes=6)
    assert sync_status.current(later).dead
    sync_status.update(connected=True, full_sync_done=True, trouble=None, heard_at=later)
    assert not sync_status.current(later).dead


def test_pages_reload_when_only_the_passing_of_time_changes_their_text(rung: list[str]) -> None:
    sync_status = SyncStatus()
    later = datetime.now(UTC) + timedelta(hours=1)
    sync_status.update(connected=True, full_sync_done=True, seeded=True, live_until=later)
    assert rung == ["freshness"]
    # What was published is not published again.
    sync_status.refresh()
    assert rung == ["freshness"]
    soon = datetime.now(UTC) + timedelta(seconds=0.1)
    sync_status.update(live_until=soon)
    while datetime.now(UTC) < soon:
        sync_status.refresh()
    sync_status.refresh()
    sync_status.refresh()
    assert rung == ["freshness"] * 2


def test_a_sync_without_news_for_five_minutes_is_a_problem() -> None:
    sync_status = SyncStatus()
    sync_status.update(connected=True, full_sync_done=True, seeded=True, heard_at=ago(minutes=6))
    assert sync_status.current(NOW).dead


def test_a_refused_key_is_a_problem_at_once() -> None:
    sync_status = SyncStatus()
    sync_status.update(trouble=trouble_of(errors.Unauthorized("no")))
    assert sync_status.current().key_refused


def test_nothing_has_been_read_yet() -> None:
    assert state_and_stage() == ("never", Stage.WAITING)
    heard = {"broken_at": ago(seconds=9), "heard_at": ago(seconds=9)}
    assert state_and_stage(**heard, trouble=AWAY) == ("never", Stage.WAITING)
    assert state_and_stage(broken_at=ago(seconds=9), trouble=AWAY) == ("never", Stage.NOT_REACHED)
    assert SyncStatus().current(NOW).unread


def test_a_rate_limit_is_tried_again_after_a_day_at_the_latest() -> None:
    before = datetime.now(UTC)
    until = trouble_of(errors.RateLimited("no", retry_after=1e9)).until
    after = datetime.now(UTC)
    assert until is not None
    assert before + timedelta(hours=24) <= until <= after + timedelta(hours=24, minutes=1)


def test_the_end_of_a_rate_limit_is_rounded_up_to_a_minute() -> None:
    now = datetime.now(UTC)
    ends = now.replace(second=0, microsecond=500_000) + timedelta(hours=1)
    until = trouble_of(errors.RateLimited("no", retry_after=(ends - now).total_seconds())).until
    assert until is not None
    assert ends <= until


def test_a_silent_stream_is_no_trouble_for_readers() -> None:
    silent = errors.Silent("Mobius hasn't sent anything for 45 s.", sent=True)
    facts = {"seeded": True, "connected": True, "full_sync_done": True}
    assert state_and_stage(**facts, trouble=trouble_of(silent)) == ("live", Stage.LIVE)
    assert str(trouble_of(silent)) == "Mobius hasn't sent anything for 45 s"


def test_a_long_message_of_mobius_is_cut() -> None:
    error = errors.Rejected("no", status=400, upstream_message="x" * 500)
    words = str(trouble_of(error))
    assert words == f"Mobius refused a request (400: {'x' * 200}…)"


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
    assert sync_status.current(NOW).paused == paused
    sync_status.update(connected=True, full_sync_done=True, trouble=None)
    assert not sync_status.current(NOW).paused


def test_only_a_change_is_published(rung: list[str]) -> None:
    sync_status = SyncStatus()
    sync_status.update(connected=True, full_sync_done=True, seeded=True)
    assert rung == ["freshness"]
    sync_status.update(heard_at=NOW, lag=0.1)
    assert rung == ["freshness"]
    sync_status.update(connected=False)
    assert rung == ["freshness", "freshness"]


def test_a_change_that_only_administrators_see_does_not_notify_pages(rung: list[str]) -> None:
    sync_status = SyncStatus()
    facts = {"seeded": True, "broken_at": ago(hours=1)}
    for message in ("no such thing (1)", "no such thing (2)"):
        error = errors.Rejected(message, status=422, upstream_message=message)
        error.request = "GET /interactions/int_9"
        sync_status.update(**facts, trouble=trouble_of(error))
    assert rung == ["freshness"]


def test_the_log_names_what_was_refused_and_never_a_key() -> None:
    error = errors.Rejected("Ask Lee.", status=422, upstream_message="Ask Lee.")
    error.request = "GET /interactions/int_9"
    assert str(trouble_of(error)) == "Mobius refused GET /interactions/int_9 (422: Ask Lee)"
    error.upstream_message = ""
    assert str(trouble_of(error)) == "Mobius refused GET /interactions/int_9 (422)"
    assert "secret" not in str(trouble_of(errors.Unauthorized("mbx_secret")))
    assert "MOBIUS_EVENT_LIMIT" in str(trouble_of(errors.TooLarge("no")))
