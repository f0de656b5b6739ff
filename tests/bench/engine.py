"""`python -m tests.bench.engine [calls]`: the embedded engine by itself, in milliseconds for each
kind of call. *Answer of a run* includes the rest of the run.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import httpx

from tests.fixtures_engine import Project, fresh_project
from tests.support.databases import environment
from tests.support.engine_process import EngineProcess

WARM_UP = 20
TICK = os.sysconf("SC_CLK_TCK")


def processor_ms(engine: EngineProcess) -> float:
    fields = Path(f"/proc/{engine.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1e3 / TICK


def measure(
    project: Project, kind: str, calls: Iterable[Callable[[], httpx.Response]]
) -> list[dict[str, Any]]:
    took, found = [], []
    used = processor_ms(project.engine)
    for call in calls:
        began = time.perf_counter()
        response = call()
        took.append((time.perf_counter() - began) * 1e3)
        found.append(response.raise_for_status().json())
    each = (processor_ms(project.engine) - used) / len(took)
    if len(took) > WARM_UP:
        p10, p50 = statistics.quantiles(took, n=10)[0], statistics.median(took)
        print(f"{kind:18} {p50:8.2f} {p10:8.2f} {each:8.2f}")
    return found


def calls(project: Project, count: int) -> None:
    http, rina = project.http, project.as_("user_rina")
    question = {
        "type": "approval",
        "message": "Ship it?",
        "target": {"type": "user", "id": "user_rina"},
        "spec": {"mode": "confirm"},
    }

    def ask() -> httpx.Response:
        return http.post("interactions", json=question)

    asked = measure(project, "ask", [ask] * count)
    paths = [f"interactions/{item['id']}" for item in asked]
    measure(project, "read", [lambda path=path: rina.get(path) for path in paths])
    measure(project, "answer", [answering(rina, path) for path in paths])
    measure(project, "list 50", [lambda: rina.get("interactions", params={"limit": 50})] * count)

    runs = [project.start(project.question()) for _ in range(count)]
    paths = [f"interactions/{project.pending(run['id'])['id']}" for run in runs]

    def answers() -> Iterable[Callable[[], httpx.Response]]:
        yield from (answering(rina, path) for path in paths)
        for run in runs:
            project.wait_for(run["id"], "completed")

    measure(project, "answer of a run", answers())


def answering(http: httpx.Client, path: str) -> Callable[[], httpx.Response]:
    return lambda: http.post(f"{path}/respond", json={"value": True})


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as folder:
        engine = EngineProcess(environment(Path(folder), "bench"))
        engine.start()
        try:
            project = fresh_project(engine)
            calls(project, WARM_UP)
            calls(project, count)
            project.close()
        finally:
            engine.stop()


if __name__ == "__main__":
    main()
