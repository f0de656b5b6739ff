"""One process at a time in a data folder: two engines on one database would both run its runs."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management.base import CommandError


@contextmanager
def sole(folder: Path, name: str) -> Iterator[None]:
    """Hold ``folder/name.lock`` meanwhile; the kernel lets go of it however the process ends.

    Raises CommandError where another process holds it.
    """
    # Not inherited: a child that outlives its parent must not keep the folder closed.
    held = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                f"{name} is running already with DATA_DIR {folder}; stop it first, or choose "
                "another folder with DATA_DIR."
            ) from None
        yield
    finally:
        os.close(held)
