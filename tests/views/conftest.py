"""The cast, ready to open pages."""

import pytest
from django.test import Client

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
