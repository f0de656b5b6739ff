"""The addresses of a running product in ``serve.json``, and a lock for each process."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.core.management.base import CommandError

from inbox.lib import private_files

FILE = "serve.json"


def write(folder: Path, **addresses: str) -> None:
    private_files.write(folder / FILE, json.dumps(addresses, indent=2) + "\n")


def read(folder: Path) -> dict[str, str] | None:
    """None before the first start."""
    try:
        return dict(json.loads((folder / FILE).read_text()))
    except FileNotFoundError:
        return None


@contextmanager
def single_instance_lock(folder: Path, name: str) -> Iterator[None]:
    """Raises CommandError if another process holds it, or the folder can't be written."""
    try:
        with ExitStack() as stack:
            try:
                stack.enter_context(private_files.locked(folder / f"{name}.lock", wait=False))
            except BlockingIOError:
                raise CommandError(
                    f"{name} is already running with DATA_DIR {folder}. Stop it first, or choose "
                    "another folder with DATA_DIR."
                ) from None
            yield
    except OSError as error:
        if not _is_below(folder, error.filename):
            raise
        raise CommandError(
            f"{error.filename} can't be written: {error.strerror}. Make DATA_DIR {folder} "
            "writable for this account, or choose another folder with DATA_DIR."
        ) from error


def _is_below(folder: Path, filename: object) -> bool:
    return isinstance(filename, str | os.PathLike) and Path(filename).is_relative_to(folder)
