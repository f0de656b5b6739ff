from collections.abc import Callable, Iterator
from typing import Any

import pytest

from inbox.mobius import Backoff, MobiusClient, Timeouts
from inbox.mobius.adapters import tolerant
from tests.support.scripted_server import ScriptedServer

TOKEN = "mbx_0123456789abcdef"
PATIENT = Timeouts(connect=60, read=60, total=60, opening=60)
"""However busy the machine is, nothing comes too late."""
Connect = Callable[..., MobiusClient]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def connect(server: ScriptedServer) -> Connect:
    def make(**changes: Any) -> MobiusClient:
        settings: dict[str, Any] = {
            "base_url": server.base_url,
            "project": "demo",
            "token": TOKEN,
            "timeouts": PATIENT,
            "backoff": Backoff(base=0.01, cap=0.05),
        }
        return MobiusClient(**{**settings, **changes})

    return make


def interaction(id: str = "int_1", **fields: Any) -> dict[str, Any]:
    return {
        "id": id,
        "type": "approval",
        "status": "pending",
        "run_id": "run_1",
        "signal_name": f"interaction:{id}",
        "message": "Ship it?",
        "context": {"version": "4.2.0"},
        "spec": {"mode": "confirm", "default_confirmed": False},
        "target": {"type": "user", "id": "user_rina"},
        "responder": None,
        "response": None,
        "expires_at": "2026-01-02T00:00:00.000000Z",
        "completed_at": None,
        "created_at": "2026-01-01T00:00:00.000000Z",
        "updated_at": "2026-01-01T00:00:00.000001Z",
        "target_group_id": None,
        "target_member_snapshot": None,
        "routing_policy_snapshot": None,
        "require_all": False,
        "claimed_by": None,
        "claimed_at": None,
        "partial_responses": None,
        **fields,
    }


def run(id: str = "run_1", **fields: Any) -> dict[str, Any]:
    return {
        "id": id,
        "workflow_name": "release",
        "status": "suspended",
        "queue": "default",
        "attempt": 1,
        "inputs": {},
        "metadata": {"requested_by": "user_sam"},
        "wait_summary": {
            "waiting_paths": 1,
            "kind_counts": {"interaction": 1},
            "next_wake_at": "2026-01-02T00:00:00Z",
            "waiting_on_signal_names": ["interaction:int_1"],
            "interaction_ids": ["int_1"],
        },
        "created_at": "2026-01-01T00:00:00.000000Z",
        "updated_at": "2026-01-01T00:00:00.000001Z",
        **fields,
    }


@pytest.fixture(autouse=True)
def nothing_noted() -> None:
    tolerant.noted.clear()
