"""Apart from the questions so that another worker can take it."""

import pytest
from playwright.sync_api import Browser

from tests.e2e.inspection import faults
from tests.support.product import Product
from tests.tour import pages
from tests.tour.tour import Subject

pytestmark = pytest.mark.slow

OURS = [subject for subject in pages.SUBJECTS if subject is not pages.django_admin]


@pytest.mark.parametrize("subject", OURS)
def test_nothing_is_wrong(browser: Browser, toured: Product, subject: Subject) -> None:
    assert faults(browser, toured, subject) == []
