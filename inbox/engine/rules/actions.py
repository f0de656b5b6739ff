import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from inbox.engine.rules import times
from inbox.engine.rules.errors import StepFailed
from inbox.lib import exact


def _print(parameters: dict[str, Any], now: datetime) -> Any:
    return parameters.get("message", "")


def _json(parameters: dict[str, Any], now: datetime) -> Any:
    return parameters


def _time(parameters: dict[str, Any], now: datetime) -> Any:
    return times.to_text(now)


def _random(parameters: dict[str, Any], now: datetime) -> Any:
    low, high = parameters.get("min", 0), parameters.get("max", 100)
    if any(isinstance(bound, bool) or not isinstance(bound, int) for bound in (low, high)):
        raise StepFailed("action_failed", "min and max must be whole numbers")
    if low > high:
        raise StepFailed("action_failed", "min is greater than max")
    return low + secrets.randbelow(high - low + 1)


def _fail(parameters: dict[str, Any], now: datetime) -> Any:
    raise StepFailed("action_failed", _line(parameters.get("message", "the workflow says so")))


BUILT_IN: dict[str, Callable[[dict[str, Any], datetime], Any]] = {
    "print": _print,
    "json": _json,
    "time": _time,
    "random": _random,
    "fail": _fail,
}


def perform(action: str, parameters: dict[str, Any], now: datetime) -> tuple[dict[str, Any], str]:
    """Return the step's output and a line for the run's log. Raises StepFailed."""
    value = BUILT_IN[action](parameters, now)
    return {"value": value}, _line(value)


def _line(value: Any) -> str:
    return value if isinstance(value, str) else exact.dumps(value, ensure_ascii=False)
