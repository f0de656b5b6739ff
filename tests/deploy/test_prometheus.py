"""Prometheus reads a product, answers the queries of the dashboard, and raises the alerts."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

import pytest

from tests.deploy.test_alerts import panels, rules
from tests.fixtures_engine import Project
from tests.served.visitor import Visitor
from tests.support.crowd import enter
from tests.support.databases import environment
from tests.support.engine_process import EngineProcess
from tests.support.ports import reserve
from tests.support.product import Product
from tests.support.prometheus import Prometheus, eventually

pytestmark = [pytest.mark.slow, pytest.mark.process]

TOKEN = "0123456789abcdef0123456789abcdef"
TAMPER = (
    "from tests.support.tampering import lift_triggers, run_sql; lift_triggers();"
    "run_sql('UPDATE inbox_decision SET comment = %s WHERE number = 1', ['It was not me.'])"
)


@dataclass
class Watched:
    engine: EngineProcess
    project: Project
    product: Product
    rina: Visitor
    prometheus: Prometheus


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("watched")
    settings = environment(folder, "watched", installed=True)
    engine = EngineProcess(settings)
    engine.start()
    project = Project(engine, "watched")
    settings |= {
        "METRICS_TOKEN": TOKEN,
        "MOBIUS_BASE_URL": engine.base_url,
        "MOBIUS_PROJECT": project.handle,
        "MOBIUS_API_KEY": project.service_key,
    }
    with reserve() as reserved:
        target = f"127.0.0.1:{reserved.getsockname()[1]}"
        product = Product(folder, settings)
        product.environment["PORT"] = target.rpartition(":")[2]
        product.start()
        rina = Visitor(product.web, "rina", enter(product, {"rina": "user_rina"})["rina"])
        with Prometheus(tmp_path_factory.mktemp("prometheus"), target=target, token=TOKEN) as found:
            yield Watched(engine, project, product, rina, found)
        rina.close()
        product.stop()
    project.close()
    engine.stop()


def test_each_query_of_the_dashboard_has_figures_once_people_have_answered(
    watched: Watched,
) -> None:
    rina, prometheus = watched.rina, watched.prometheus

    def empty_panels() -> list[str]:
        return [
            title for title, query in panels() if not any(map(isfinite, prometheus.query(query)))
        ]

    def answers() -> list[float]:
        return prometheus.query('inbox_answer_seconds_count{outcome="answered"}')

    with rina.hearing() as until:
        # A rate needs an answer after the first one that Prometheus has read.
        for number in (1, 2):
            path = f"/interactions/{watched.project.ask()['id']}/"
            until(lambda path=path: rina.get(path).status_code == 200)
            rina.post(f"{path}respond", {"value": "true", "confirmed": "on"})
            eventually(answers, [number])
        eventually(empty_panels, [])
    # While the machine is busy, a scrape may take longer than its second.
    eventually(
        lambda: {name: prometheus.query(query) for name, query in rules()},
        {name: [] for name, _ in rules()},
    )
    eventually(prometheus.alerts, {})


def test_what_goes_wrong_raises_its_alert(watched: Watched) -> None:
    product, alerts = watched.product, watched.prometheus.alerts
    expiring = {"InboxQuestionsExpiring": "pending"}
    watched.project.start(watched.project.question(timeout="30m"))
    eventually(alerts, expiring)
    product.stop()
    eventually(alerts, {"InboxDown": "pending"})
    product.manage("shell", "--no-imports", "-c", TAMPER)
    watched.engine.revoke(watched.project.service_key)
    product.start()
    refused = {"InboxKeyRefused": "pending"}
    eventually(alerts, expiring | refused | {"InboxDecisionLogNotIntact": "firing"})
