"""The alert rules and the dashboard: that they fire, and ask for what the product exposes."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from inbox.lib import metrics
from reviewer_site.environment import ROOT

FOLDER = ROOT / "deploy"
TESTED = ROOT / "tests" / "deploy" / "alerts_test.yml"
NAME = re.compile(r"\b(?:inbox_\w+|up)\b")
LABELS = re.compile(r"by \(([^)]*)\)")


def promtool(*words: str) -> str:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed")
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.any_database
@pytest.mark.process
def test_each_alert_fires_when_it_should_and_not_otherwise() -> None:
    promtool("check", "rules", str(FOLDER / "alerts.yml"))
    promtool("test", "rules", str(TESTED))


def test_each_alert_is_tested() -> None:
    named = re.findall(r"- alert: (\w+)", (FOLDER / "alerts.yml").read_text())
    tested = TESTED.read_text()
    silent = re.findall(r"alertname: (\w+), exp_alerts: \[\]", tested)
    fired = re.findall(r"alertname: (\w+)\n\s+exp_alerts:\n", tested)
    assert set(named) == set(silent) == set(fired)


def exposed() -> dict[str, set[str]]:
    """The names of all series, with the labels of each; ``up`` is Prometheus' own."""
    found: dict[str, set[str]] = {"up": {"job", "instance"}}
    for one in metrics.REGISTRY._collector_to_names:
        series = ("_bucket", "_count", "_sum") if one._type == "histogram" else ("",)
        for end in series:
            labels = {*one._labelnames, "job", "instance"} | ({"le"} if end == "_bucket" else set())
            found[one._name + end] = labels
    return found


def panels() -> Iterator[tuple[str, str]]:
    board = json.loads((FOLDER / "dashboard.json").read_text())
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def rules() -> list[tuple[str, str]]:
    return re.findall(r"alert: (\w+)\n\s+expr: (.*)", (FOLDER / "alerts.yml").read_text())


def queries() -> list[tuple[str, str]]:
    return [*panels(), *rules()]


@pytest.mark.parametrize(("title", "query"), queries(), ids=str)
def test_each_query_asks_for_what_is_exposed(title: str, query: str) -> None:
    names = NAME.findall(query)
    known = exposed()
    assert names, query
    assert [name for name in names if name not in known] == []
    grouped = {label.strip() for labels in LABELS.findall(query) for label in labels.split(",")}
    for name in names:
        assert grouped <= known[name], query


@pytest.mark.any_database
@pytest.mark.process
def test_each_query_can_be_read() -> None:
    for _, query in queries():
        promtool("promql", "format", "--experimental", query)
