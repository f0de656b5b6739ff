"""How old the mirror is, in words."""

from datetime import UTC, datetime, timedelta

import pytest

from inbox.mirror.freshness import Pulse, trouble_of
from inbox.mobius import errors

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
AWAY = "Mobius is not answering"


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


def told(**facts: object) -> tuple[str, str]:
    pulse = Pulse()
    pulse.note(**facts)
    fresh = pulse.present(NOW)
    return fresh.state, fresh.sentence


def test_it_is_live_after_a_walk_with_the_stream_open() -> None:
    assert told(connected=True, walked=True, seeded=True) == ("live", "Live.")


def test_it_catches_up_until_the_walk_is_over() -> None:
    assert told(connected=True, seeded=True) == ("catching_up", "Catching up.")
    assert told(connected=True) == ("catching_up", "Reading everything for the first time.")


def test_it_catches_up_while_events_wait() -> None:
    assert told(connected=True, walked=True, seeded=True, behind=True)[0] == "catching_up"


def test_a_blip_is_no_news() -> None:
    assert told(seeded=True, broken_at=ago(seconds=1), trouble=AWAY)[0] == "catching_up"
    assert told(seeded=True, broken_at=ago(seconds=3), trouble=AWAY)[0] == "stale"


@pytest.mark.parametrize(
    ("age", "words"),
    [
        ({"seconds": 40}, "40 s"),
        ({"minutes": 5}, "5 min"),
        ({"hours": 3}, "3 h"),
        ({"days": 4}, "4 days"),
    ],
)
def test_it_says_how_old_it_is_and_why(age: dict[str, float], words: str) -> None:
    facts = {"seeded": True, "broken_at": ago(**age), "heard_at": ago(**age), "trouble": AWAY}
    assert told(**facts) == ("stale", f"Last updated {words} ago: {AWAY}.")


def test_nothing_has_been_read_yet() -> None:
    assert told() == ("never", "Nothing has been read yet.")
    assert told(broken_at=ago(seconds=9), trouble=AWAY) == (
        "never",
        f"Nothing has been read yet: {AWAY}.",
    )


def test_a_change_rings_and_no_change_does_not(rung: list[str]) -> None:
    pulse = Pulse()
    pulse.note(connected=True, walked=True, seeded=True)
    assert rung == ["freshness"]
    pulse.note(heard_at=NOW, lag=0.1)
    assert rung == ["freshness"]
    pulse.note(connected=False)
    assert rung == ["freshness", "freshness"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errors.Unauthorized("mbx_secret"), "Mobius refuses the service key"),
        (errors.Denied("no"), "the service key is not meant for this project"),
        (errors.NotFound("no"), "Mobius does not know this project"),
        (errors.RateLimited("no"), "Mobius asks to be called less often"),
        (errors.Nonsense("no"), "Mobius gives answers that cannot be read"),
        (errors.Unreachable("no", sent=False), AWAY),
        (errors.Unavailable("no"), AWAY),
    ],
)
def test_what_went_wrong_is_said_in_our_own_words(error: errors.MobiusError, words: str) -> None:
    assert trouble_of(error) == words
