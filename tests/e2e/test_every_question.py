"""The inbox and its questions in every state, at every width and in both themes."""

import pytest
from playwright.sync_api import Browser

from tests.e2e.inspection import faults
from tests.support.product import Product
from tests.tour import questions
from tests.tour.tour import Subject

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("subject", questions.SUBJECTS)
def test_nothing_is_wrong(browser: Browser, toured: Product, subject: Subject) -> None:
    assert faults(browser, toured, subject) == []
