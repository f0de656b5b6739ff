import re

import pytest
from django.test import Client

from inbox.mirror.freshness import Facts, sync_status
from tests.support.tags import text_of


@pytest.fixture(autouse=True)
def never_read() -> None:
    sync_status.update(**vars(Facts()))


@pytest.mark.parametrize("path", ["/runs/", "/runs/blocked/", "/insights/"])
def test_a_page_with_figures_waits_for_the_first_sync(tess: Client, path: str) -> None:
    page = tess.get(path).content.decode()
    assert "Waiting for the first sync" in text_of(page)
    assert set(re.findall(r'class="figure">\s*([^\s<]+)', page)) <= {"–"}


@pytest.mark.usefixtures("synced")
@pytest.mark.parametrize("path", ["/runs/", "/runs/blocked/", "/insights/"])
def test_after_it_nothing_is_a_figure_too(tess: Client, path: str) -> None:
    page = tess.get(path).content.decode()
    assert "Waiting for the first sync" not in text_of(page)
    assert "0" in re.findall(r'class="figure">\s*([^\s<]+)', page)
