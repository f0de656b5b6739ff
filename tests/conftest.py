import inspect
import os
import signal
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from hypothesis import HealthCheck, settings

from tests.support import worker_databases

PROCESS_FIXTURES = {
    "browser",
    "engine",
    "guide_server",
    "installation",
    "limited",
    "logged",
    "mortal",
    "own",
    "product",
    "scene",
    "toured",
}
"""Fixtures that start a browser, the product, or a Mobius of their own."""
WITHOUT_DATABASE = {"browser", "guide_server"}
"""Those of them that use no database."""
DATABASE_FIXTURES = {"db", "live_server", "transactional_db"} | PROCESS_FIXTURES - WITHOUT_DATABASE

pytest_plugins = [
    "tests.fixtures_engine",
    "tests.fixtures_desk",
    "tests.fixtures_log",
    "tests.fixtures_mail",
]

# How long an example takes says how busy the machine is. Where a change is judged, the examples
# are the same each time; at a desk they are new ones.
settings.register_profile(
    "suite",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("suite")

# What a shell starts in the background is deaf to Ctrl-C, and so would be all that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Mark what ``make quick``, ``make test`` and the run on PostgreSQL leave out, and leave out
    what only PostgreSQL can do.
    """
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        left_out = [item for item in items if item.get_closest_marker("postgresql")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        marked = any(map(item.get_closest_marker, ("django_db", "postgresql", "process")))
        if not marked and not DATABASE_FIXTURES & fixtures:
            item.add_marker(pytest.mark.any_database)
        if PROCESS_FIXTURES & fixtures:
            item.add_marker(pytest.mark.process)
        if "playwright" in fixtures and not item.get_closest_marker("story"):
            item.add_marker(pytest.mark.browser)
    # The longest first, so that no worker waits for one at the end. Where Django's own database is
    # used too, pytest-django's order stays: what empties its tables comes last.
    items.sort(key=lambda item: not _is_long(item))


def _is_long(item: Any) -> bool:
    uses_tables = item.get_closest_marker("django_db") or "db" in getattr(item, "fixturenames", ())
    return bool(item.get_closest_marker("process")) and not uses_tables


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    from inbox.audit import decision_log  # noqa: PLC0415 - it needs Django's applications

    with django_db_blocker.unblock():
        worker_databases.take_copies()
        # An anchor file knows databases by their name.
        decision_log.begin()
    yield
    with django_db_blocker.unblock():
        worker_databases.drop_copies()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: Any) -> bool | None:
    """Run a coroutine test over the test's own database connection, so that rollback works."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    async_to_sync(pyfuncitem.obj)(**arguments)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Generator[None, Any, Any]:
    """A skipped test fails where nothing may be missing."""
    report: Any = yield
    if report.skipped and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and CI must skip nothing: {report.longrepr}"
    return report
