from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from inbox.lib.startup import StartRefused
from inbox.mirror.freshness import Reason, SyncStatus, Trouble
from inbox.processes.leader_election import fingerprint, push_fingerprint, require_same_keys
from inbox.processes.lease import State

NOW = datetime.now(UTC)


def test_a_follower_shows_what_the_leader_reports() -> None:
    leader, follower = SyncStatus(), SyncStatus()
    until = NOW + timedelta(minutes=5)
    leader.update(
        connected=True,
        seeded=True,
        heard_at=NOW,
        lag=0.25,
        skipped=("int_1", "int_2"),
        trouble=Trouble(Reason.RATE_LIMITED, status=429, until=until, message="slow down"),
        database_problem=Reason.DATABASE_SILENT,
    )
    follower.follow(leader.report())
    leader.update(database_problem=None)
    assert follower.facts == leader.facts
    assert follower.facts.trouble is not None
    assert follower.facts.trouble.message == "slow down"


def test_it_is_not_live_while_no_one_leads() -> None:
    leader, follower = SyncStatus(), SyncStatus()
    leader.update(connected=True, seeded=True, full_sync_done=True, heard_at=NOW)
    follower.follow(leader.report())
    assert follower.current().state == "live"
    follower.follow(None)
    later = datetime.now(UTC) + timedelta(seconds=3)
    assert follower.current(later).state == "stale"
    follower.follow(leader.report())
    assert follower.current().state == "live"


@pytest.mark.parametrize(
    "state",
    [
        None,
        State(1, led=True, report={}),
        State(1, led=True, report={"secret_key": fingerprint()}),
        State(1, led=False, report={"secret_key": "another"}),
    ],
)
def test_it_starts_beside_processes_with_its_key_or_none(state: State | None) -> None:
    require_same_keys(state)


def test_it_does_not_start_beside_a_leader_with_another_secret_key(settings: Any) -> None:
    state = State(1, led=True, report={"secret_key": fingerprint()})
    settings.SECRET_KEY = "another" * 10
    with pytest.raises(StartRefused, match="has a different SECRET_KEY"):
        require_same_keys(state)


def test_it_does_not_start_beside_a_leader_with_another_key_for_web_push(settings: Any) -> None:
    settings.PUSH_CONTACT = "https://inbox.example.com"
    report = {"secret_key": fingerprint(), "vapid_key": push_fingerprint()}
    require_same_keys(State(1, led=True, report=report))
    settings.VAPID_KEY = "another"
    with pytest.raises(StartRefused, match="has a different VAPID_KEY"):
        require_same_keys(State(1, led=True, report=report))
    settings.PUSH_CONTACT = ""
    require_same_keys(State(1, led=True, report=report))
