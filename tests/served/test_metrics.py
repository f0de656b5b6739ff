from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.served.visitor import Visitor
from tests.support.crowd import enter
from tests.support.databases import environment
from tests.support.product import Product, ask, interaction_of

pytestmark = [pytest.mark.slow, pytest.mark.any_database]

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    product = Product(tmp_path, environment(tmp_path, "metrics", installed=True))
    product.environment["METRICS_TOKEN"] = TOKEN
    product.start()
    yield product
    product.stop()


def read(visitor: Visitor) -> dict[str, Metric]:
    answer = visitor.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return {metric.name: metric for metric in text_string_to_metric_families(answer.text)}


def test_they_count_what_people_do_and_name_no_one(product: Product) -> None:
    rina = Visitor(product.web, "rina", enter(product, {"rina": "user_rina"})["rina"])
    with product.api() as api, rina.hearing() as until:
        item_id = interaction_of(api, ask(api, "Ship it?"))["id"]
        until(lambda: rina.get(f"/interactions/{item_id}/").status_code == 200)
        rina.post(f"/interactions/{item_id}/respond", {"value": "true", "confirmed": "on"})
        found = read(rina)
    assert [one.value for one in found["inbox_open_streams"].samples] == [1]
    counts = {
        tuple(sorted(one.labels.items())): one.value
        for metric in found.values()
        for one in metric.samples
        if one.name.endswith("_count")
    }
    assert counts[("outcome", "answered"),] == 1
    assert counts[("route", "interaction"), ("status", "2xx")] >= 1
    answered = ("call", "POST /interactions/{id}/respond"), ("result", "200")
    assert counts[answered] == 1
    text = str(list(found.values()))
    for word in ("rina", item_id, TOKEN, "live-inbox"):
        assert word not in text
    rina.close()
