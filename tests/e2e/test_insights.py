"""A lead reads the charts: drawn under the policy, in both themes, and to be read as a table."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from reviewer_site.environment import ROOT
from tests.support.databases import environment
from tests.support.product import Product

pytestmark = pytest.mark.browser

COLOUR = """
(id) => {
  const canvas = document.querySelector(`[data-chart="data-${id}"]`);
  return Chart.getChart(canvas).data.datasets.map((set) => set.borderColor);
}
"""


SEGMENTS = """
() => {
  const canvas = document.querySelector('[data-chart="data-endings"]');
  return Chart.getChart(canvas).data.datasets.flatMap((set) => set.backgroundColor);
}
"""


LOWEST = """
() => {
  const chart = Chart.getChart(document.querySelector('[data-chart="data-time-to-answer"]'));
  const [point] = chart.getDatasetMeta(1).data.filter((each) => !each.skip);
  const marks = chart.scales.y.ticks.map((tick) => tick.label);
  return [point.y <= chart.chartArea.bottom, ...marks];
}
"""
"""Whether the only median is within the plot, and the marks of its axis."""

TALLY = """
from datetime import timedelta
from django.utils import timezone
from inbox.mirror.durations import bucket
from inbox.models import Tally, Upstream
Tally.objects.create(
    upstream=Upstream.current(),
    day=timezone.localdate() - timedelta(days=2),
    workflow="instant",
    type="approval",
    answered=1,
    answer_times={bucket(0.02): 1},
)
"""


SPREAD = """
() => {
  for (const canvas of document.querySelectorAll("canvas")) canvas.style.width = "3000px";
  const places = [document.documentElement, ...document.querySelectorAll(".page-scroll")];
  return places.map((place) => place.scrollWidth - place.clientWidth);
}
"""
"""As in a window that has just become smaller: a plot follows a frame later, or more."""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One of its own: a history would disturb other tests."""
    folder = tmp_path_factory.mktemp("insights")
    product = Product(folder, environment(folder, "insights", installed=True))
    product.start()
    yield product
    product.stop()


def test_a_lead_reads_a_past_in_charts_tables_and_files(
    product: Product, sign_in: Callable[..., Page]
) -> None:
    created = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "demo", "--history", "2"],
        cwd=ROOT,
        env=product.environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    assert "questions in 2 days" in created.stdout
    again = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "demo", "--history", "2"],
        cwd=ROOT,
        env=product.environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert again.returncode == 1
    assert "already has a history" in again.stderr

    tess = sign_in("tess", color_scheme="light")
    # The history may still be on its way.
    expect(tess.locator("#freshness")).to_have_text("Live")
    tess.get_by_role("navigation", name="Main", exact=True).get_by_role(
        "link", name="Insights"
    ).click()
    tess.get_by_role("link", name="7 days").click()
    expect(tess.get_by_role("link", name="7 days")).to_have_attribute("aria-current", "true")
    flow = tess.locator("#chart-flow")
    expect(flow.locator("canvas")).to_be_visible()
    drawn = json.loads(tess.locator("#data-flow").text_content() or "")
    flow.get_by_text("Show as table").click()
    answered = flow.locator("tbody td:nth-child(3)").all_inner_texts()
    assert [int(one) for one in answered] == drawn["series"][1]["values"]
    with tess.expect_download() as taken:
        flow.get_by_role("link", name="CSV of Asked and answered each day").click()
    lines = taken.value.path().read_text().splitlines()
    assert [int(line.split(",")[2]) for line in lines[1:]] == drawn["series"][1]["values"]

    day = tess.evaluate(COLOUR, "flow")
    tess.emulate_media(color_scheme="dark")
    tess.wait_for_function(f"(id) => ({COLOUR})(id)[0] !== {json.dumps(day[0])}", arg="flow")
    tess.get_by_label("Type").select_option("review")
    tess.get_by_role("button", name="Show", exact=True).click()
    tess.wait_for_url("**type=review**")
    expect(tess.get_by_label("Type")).to_have_value("review")

    expect(tess.locator("canvas").first).to_be_visible()
    assert tess.evaluate(SPREAD) == [0, 0]

    tess.emulate_media(forced_colors="active")
    tess.goto("/insights/")
    expect(tess.locator("#chart-endings canvas")).to_be_visible()
    segments = tess.evaluate(SEGMENTS)
    assert len(set(segments)) == len(segments) > 1


def test_times_under_a_second_are_within_the_plot(
    product: Product, sign_in: Callable[..., Page]
) -> None:
    product.manage("shell", "--no-imports", "-c", TALLY)
    tess = sign_in("tess")
    tess.goto("/insights/?span=7&workflow=instant")
    expect(tess.locator("#chart-time-to-answer canvas")).to_be_visible()
    assert tess.evaluate(LOWEST) == [True, "under 1 s", "1 s", "5 s"]


def test_the_filters_are_in_one_column_where_two_would_cut_them_off(
    product: Product, sign_in: Callable[..., Page]
) -> None:
    tess = sign_in("tess", viewport={"width": 320, "height": 640})
    tess.goto("/insights/")
    fields = tess.locator("#insights-chosen .field")
    lefts = fields.evaluate_all("all => all.map((field) => field.getBoundingClientRect().left)")
    assert lefts == [lefts[0]] * 6
