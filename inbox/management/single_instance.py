"""A lock for one process per data folder: two engines on a database would both run its runs."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management.base import CommandError

from reviewer_site import private_files


@contextmanager
def single_instance_lock(folder: Path, name: str) -> Iterator[None]:
    """Hold ``folder/name.lock``; the kernel releases it however the process ends.

    Raises CommandError if another process holds it, or the folder can't be written.
    """
    try:
        private_files.make_folder(folder)
        # Not inherited: a child that outlives its parent must not keep the lock.
        descriptor = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(descriptor, folder, name)
            yield
        finally:
            os.close(descriptor)
    except OSError as error:
        if not _is_below(folder, error.filename):
            raise
        raise CommandError(
            f"{error.filename} can't be written: {error.strerror}. Make DATA_DIR {folder} "
            "writable for this account, or choose another folder with DATA_DIR."
        ) from error


def _lock(descriptor: int, folder: Path, name: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CommandError(
            f"{name} is already running with DATA_DIR {folder}. Stop it first, or choose "
            "another folder with DATA_DIR."
        ) from None


def _is_below(folder: Path, filename: object) -> bool:
    return isinstance(filename, str | os.PathLike) and Path(filename).is_relative_to(folder)
