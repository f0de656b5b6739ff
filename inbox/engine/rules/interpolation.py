"""``${inputs.x}`` and ``${steps.NAME.value}`` inside a step's strings."""

import re
from collections.abc import Mapping
from typing import Any

from inbox.engine.rules.errors import StepFailed
from inbox.lib import exact

MAX_INSERTED = 1024 * 1024
"""Characters of JSON that the references of a step may insert."""

_REFERENCE = re.compile(r"\$\{([^{}]*)\}")
_INDEX = re.compile(r"[0-9]{1,9}")


class Scope:
    def __init__(self, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        self._inputs = inputs
        self._outputs = outputs
        self._left = MAX_INSERTED

    def fill(self, template: Any) -> Any:
        """A string that is nothing but a reference becomes the value itself. Raises StepFailed for
        an unknown reference and for too much text.
        """
        if isinstance(template, str):
            reference = _REFERENCE.fullmatch(template)
            return self._look_up(reference[1]) if reference else self.text(template)
        if isinstance(template, dict):
            return {key: self.fill(value) for key, value in template.items()}
        if isinstance(template, list):
            return [self.fill(value) for value in template]
        return template

    def text(self, template: str) -> str:
        """Other values become JSON."""
        return _REFERENCE.sub(lambda match: _as_text(self._look_up(match[1])), template)

    def _look_up(self, reference: str) -> Any:
        path = reference.strip()
        root, _, remainder = path.partition(".")
        if root == "inputs" and remainder:
            value = _walk(self._inputs, remainder, reference)
        elif root == "steps" and remainder:
            value = self._of_step(remainder, reference)
        else:
            raise _unknown(reference)
        self._left -= len(exact.dumps(value))
        if self._left < 0:
            raise StepFailed("too_large", "its references insert more than 1 MiB")
        return value

    def _of_step(self, remainder: str, reference: str) -> Any:
        for name in sorted(self._outputs, key=len, reverse=True):
            if remainder == name:
                return self._outputs[name]
            if remainder.startswith(f"{name}."):
                return _walk(self._outputs[name], remainder[len(name) + 1 :], reference)
        raise _unknown(reference)


def has_step_references(template: Any) -> bool:
    text = exact.dumps(template)
    return "${" in text and "steps" in text


def _walk(value: Any, path: str, reference: str) -> Any:
    for part in path.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and _INDEX.fullmatch(part) and int(part) < len(value):
            value = value[int(part)]
        else:
            raise _unknown(reference)
    return value


def _unknown(reference: str) -> StepFailed:
    return StepFailed("unknown_reference", f"${{{reference}}} refers to nothing")


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else exact.dumps(value, ensure_ascii=False)
