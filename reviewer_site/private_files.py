"""Folders and files that only the account running the product may read."""

import fcntl
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = 0o700
FILE = 0o600

OWN_FILES = ("secrets.env", "serve.json", "decisions.json", "*.lock", "static/**/*")
"""The product's files in ``DATA_DIR`` besides its databases."""
SIDE_FILES = ("", "-wal", "-shm", "-journal", ".lock")
"""Suffixes of the files of a SQLite database."""


def make_folder(path: Path) -> None:
    """Create ``path`` and missing parents with mode 0700; existing folders stay as they are."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=FOLDER, exist_ok=True)


def make_file(path: Path) -> None:
    """Create an empty file with mode 0600 unless it exists."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, FILE))


def write(path: Path, text: str) -> None:
    """Write ``path`` atomically, with mode 0600."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    make_file(temporary)
    temporary.write_text(text)
    temporary.replace(path)


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a lock on ``path`` against other threads and processes; the kernel releases it however
    the process ends. The file and its folder are created.

    Raises BlockingIOError without ``wait`` if the lock is held.
    """
    make_folder(path.parent)
    # A child process doesn't inherit the descriptor, so one that outlives this process has no lock.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def restrict(folder: Path, databases: Iterable[Path]) -> None:
    """Set the product's own files to 0600: those in ``folder`` and its SQLite ``databases``."""
    paths = [path for pattern in OWN_FILES for path in folder.glob(pattern)]
    paths += [Path(f"{database}{ending}") for database in databases for ending in SIDE_FILES]
    for path in paths:
        if path.is_file() and not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) != FILE:
            path.chmod(FILE)


def others_can_enter(folder: Path) -> bool:
    """Whether accounts other than the folder's owner can access its files."""
    return bool(folder.stat().st_mode & (stat.S_IXGRP | stat.S_IXOTH))
