"""Prometheus as docs/metrics.md sets it up for a product, but reading it every second."""

import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from reviewer_site.environment import ROOT

RULES = ROOT / "deploy" / "alerts.yml"
LISTENS = re.compile(r'"Listening on".* address=(\S+)')


class Prometheus:
    """A server with its data in ``folder`` that reads the metrics at ``target``. Used with
    ``with``.
    """

    def __init__(self, folder: Path, *, target: str, token: str, rules: Path = RULES) -> None:
        self._folder = folder
        (folder / "token").write_text(token)
        (folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
            f"rule_files: [{rules}]\n{_scrape_configs(folder / 'token', target)}"
        )

    def __enter__(self) -> Self:
        program = shutil.which("prometheus")
        if program is None:
            pytest.skip("prometheus is not installed")
        self._process = subprocess.Popen(
            [
                program,
                f"--config.file={self._folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={self._folder / 'data'}",
                "--web.listen-address=127.0.0.1:0",
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stderr is not None
        said, address = [], ""
        for line in self._process.stderr:
            said.append(line)
            if found := LISTENS.search(line):
                address = found[1]
            if "Server is ready" in line:
                break
        else:
            raise AssertionError("".join(said))
        self._http = httpx.Client(base_url=f"http://{address}/api/v1/", timeout=30)
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self._process.terminate()
        self._process.communicate(timeout=30)

    def query(self, expression: str) -> list[float]:
        found = self._get("query", query=expression)["result"]
        return [float(series["value"][1]) for series in found]

    def alerts(self) -> dict[str, str]:
        """The state of each active alert, by name: ``pending`` or ``firing``."""
        return {one["labels"]["alertname"]: one["state"] for one in self._get("alerts")["alerts"]}

    def _get(self, path: str, **parameters: str) -> Any:
        answer = self._http.get(path, params=parameters).json()
        assert answer["status"] == "success", answer
        return answer["data"]


def eventually(look: Callable[[], Any], expected: Any, within: float = 60) -> None:
    deadline = time.monotonic() + within
    while (found := look()) != expected:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def _scrape_configs(token: Path, target: str) -> str:
    document = (ROOT / "docs" / "metrics.md").read_text()
    found = re.search(r"```yaml\n(scrape_configs:.*?)```", document, re.DOTALL)
    assert found is not None
    text = found[1]
    replaced = {"/etc/prometheus/inbox-token": str(token), "10.0.0.7:8000": target}
    for was, becomes in replaced.items():
        assert was in text
        text = text.replace(was, becomes)
    return text
