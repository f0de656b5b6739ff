"""Three web processes on one PostgreSQL, behind a proxy, with an engine of their own."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx_sse
import psycopg
from cryptography.fernet import Fernet

from tests.fixtures_engine import Project
from tests.support import databases
from tests.support.engine_process import EngineProcess
from tests.support.product import Product
from tests.support.push import base64url
from tests.support.round_robin import RoundRobin


def until(true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.1)


class Cluster:
    """``settings``: more variables for each process."""

    def __init__(self, folder: Path, **settings: str) -> None:
        shared = databases.environment(folder / "engine", "cluster", installed=True)
        self.database = shared["DATABASE_URL"]
        self.engine = EngineProcess(shared)
        self.engine.start()
        self.project = Project(self.engine, "cluster")
        self.proxy = RoundRobin(lambda: [one.web for one in self.products if one.running])
        keys = {
            "SECRET_KEY": "x" * 60,
            "CREDENTIAL_KEYS": Fernet.generate_key().decode(),
            "VAPID_KEY": base64url(os.urandom(32)),
        }
        mobius = {
            "MOBIUS_BASE_URL": self.engine.base_url,
            "MOBIUS_PROJECT": self.project.handle,
            "MOBIUS_API_KEY": self.project.service_key,
        }
        more = {"PUBLIC_URL": self.proxy.url, "DATABASE_CONNECTIONS": "20", **settings}
        self.products = [
            Product(
                folder / name, {**shared, **keys, **mobius, **more, "DATA_DIR": str(folder / name)}
            )
            for name in ("one", "two", "three")
        ]

    def __enter__(self) -> "Cluster":
        self.proxy.__enter__()
        try:
            for product in self.products:
                product.folder.mkdir()
                product.start()
        except AssertionError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for product in self.products:
            if product.running:
                os.killpg(product.pid, signal.SIGCONT)
                product.stop()
        self.proxy.__exit__()
        self.engine.stop()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database, autocommit=True) as session:
            cursor = session.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def leader(self, *, besides: Product | None = None) -> Product:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            holders = self.rows("SELECT holder FROM inbox_lease WHERE until > clock_timestamp()")
            for product in self.products:
                names = [f"-{product.pid}-" in holder for (holder,) in holders]
                if product is not besides and product.running and any(names):
                    return product
            time.sleep(0.1)
        raise AssertionError("no process leads")

    def ask(self, person: str, message: str, *, workflow: str = "cluster") -> str:
        asked = {"type": "user", "id": person}
        config = {
            "type": "approval",
            "message": message,
            "target": asked,
            "timeout": "1h",
            "spec": {"mode": "confirm"},
        }
        spec = {"name": workflow, "steps": [{"name": "ask", "interaction": config}]}
        run = self.project.http.post("runs", json={"spec": spec}).json()["id"]
        with httpx_sse.connect_sse(
            self.project.http, "GET", f"runs/{run}/events", params={"since": "0"}
        ) as source:
            next(event for event in source.iter_sse() if event.event == "interaction_created")
        [found] = self.project.http.get("interactions", params={"run_id": run}).json()["items"]
        return str(found["id"])
