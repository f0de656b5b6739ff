import threading

import pytest
from django.db import connections

from inbox.models import OneTimeLink
from inbox.people import links


@pytest.mark.django_db(transaction=True)
def test_setup_links_made_at_once_leave_one_valid() -> None:
    together = threading.Barrier(4)

    def make() -> None:
        try:
            together.wait()
            links.make_setup()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert OneTimeLink.objects.count() == 1
