"""The cast, ready to open pages."""

from collections.abc import Iterator

import pytest
from django.test import Client

from inbox.mirror.freshness import Facts, pulse
from tests.views import cast


@pytest.fixture
def people(db: None) -> None:
    cast.people()


@pytest.fixture
def rina(people: None) -> Client:
    return cast.sign_in("rina")


@pytest.fixture
def sam(people: None) -> Client:
    return cast.sign_in("sam")


@pytest.fixture
def tess(people: None) -> Client:
    return cast.sign_in("tess")


@pytest.fixture
def mallory(people: None) -> Client:
    return cast.stranger()


@pytest.fixture
def away() -> Iterator[None]:
    """Mobius was heard 40 seconds ago, and has not answered since."""
    since = cast.soon(seconds=-40)
    pulse.note(seeded=True, heard_at=since, broken_at=since, trouble="Mobius is not answering")
    yield
    pulse.note(**vars(Facts()))
